import { Refused, Unreachable } from "../api/failures";
import { spoken } from "../words/languages.svelte";
import type { StaffWords } from "./words";

/** A date and time as the reader writes it. */
export function dateTime(moment: string): string {
  const form = new Intl.DateTimeFormat(spoken.now, { dateStyle: "medium", timeStyle: "short" });
  return form.format(new Date(moment));
}

export function number(value: number, digits = 2): string {
  return new Intl.NumberFormat(spoken.now, { maximumFractionDigits: digits }).format(value);
}

/** What a session has not brought, in words. */
export function missingOf(w: StaffWords, missing: { answers: number; captures: number }): string {
  const parts = [];
  if (missing.answers > 0) parts.push(w.missingAnswers(missing.answers));
  if (missing.captures > 0) parts.push(w.missingCaptures(missing.captures));
  return parts.join(", ") || w.nothingMissing;
}

type Kind = "network" | "timeout" | "unreadable" | "forbidden" | "missing" | "many" | "busy" | "odd";

/** What kind of failure an error is, and the number to quote for it. */
export function failureOf(error: unknown): { kind: Kind; requestId: string | null } {
  if (error instanceof Unreachable) return { kind: error.reason, requestId: error.requestId };
  if (!(error instanceof Refused)) return { kind: "odd", requestId: null };
  return { kind: refusedKind(error.status), requestId: error.requestId };
}

function refusedKind(status: number): Kind {
  if (status === 403) return "forbidden";
  if (status === 404) return "missing";
  if (status === 429) return "many";
  return status === 408 || status >= 500 ? "busy" : "odd";
}
