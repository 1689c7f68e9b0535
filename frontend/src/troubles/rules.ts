import { Refused, Unreachable } from "../api/failures";
import type { Pauses } from "../api/pauses";
import type { words } from "./words";

type Sentences = (typeof words)["en"];
type Plain = { [K in keyof Sentences]: Sentences[K] extends string ? K : never }[keyof Sentences];

/** Between tries that a person sees counted down. */
export const PAUSES: Pauses = { firstMs: 3_000, longestMs: 40_000 };

/** Name the sentence that tells a person of a fault. */
export function sentenceFor(fault: unknown): Plain {
  if (fault instanceof Unreachable) return fault.reason === "network" ? "offline" : fault.reason;
  if (fault instanceof DOMException && fault.name === "QuotaExceededError") return "full";
  if (!(fault instanceof Refused)) return "refused";
  if (fault.status === 429) return "tooMany";
  if (fault.status === 503 || fault.status === 408) return "unavailable";
  if (fault.status >= 500) return "broken";
  if (fault.code === "session_ended") return "ended";
  if (fault.code === "wrong_step" || fault.code === "completed") return "elsewhere";
  return "refused";
}

/** Whether the same call may be taken later without anything being changed. */
export function passes(fault: unknown): boolean {
  return (
    fault instanceof Unreachable ||
    (fault instanceof Refused && fault.passing && fault.code !== "bad_credentials")
  );
}

/** The id to quote to those who look after the service, where one came. */
export function requestIdOf(fault: unknown): string | null {
  return fault instanceof Refused || fault instanceof Unreachable ? fault.requestId : null;
}
