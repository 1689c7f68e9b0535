import type { Id } from "../api/contract";
import type { StaffTurn } from "./shapes";

export type Place =
  { name: "sessions" } | { name: "session"; id: Id } | { name: "alerts" } | { name: "alert"; id: Id };

/** Which screen an address such as `#/staff/alerts/<id>` means; the list of sessions for one unknown. */
export function placeOf(route: string): Place {
  const [name, id] = route
    .replace(/^#?\/?(staff)?\/?/, "")
    .split(/[/?]/)
    .filter((part) => part !== "");
  if (name === "alerts") return id === undefined ? { name: "alerts" } : { name: "alert", id };
  return name === "sessions" && id !== undefined ? { name: "session", id } : { name: "sessions" };
}

export interface Filters {
  study: string;
  participant: string;
  state: string;
}

/** The query of a page of a list; an empty filter is none. */
export function queryOf(filters: Partial<Filters>, limit: number, cursor: Id | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filters)) {
    if (value.trim() !== "") query.set(name, value.trim());
  }
  if (cursor !== null) query.set("cursor", cursor);
  return query.toString();
}

/** Time in a session as `m:ss`, `h:mm:ss` past an hour; before its begin with a minus. */
export function inSession(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const told =
    hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return milliseconds < 0 ? `-${told}` : told;
}

/** How many answers have not come; a questionnaire that was left out misses none. */
export function unanswered(phq: { total: number; answered: number; end_reason: string | null }): number {
  return phq.end_reason === "skipped" ? 0 : Math.max(0, phq.total - phq.answered);
}

export type Maker = "safety" | "fixed" | "script" | "model";

/** Who made a reply: a safety rule, the study's fixed words, the scripted interview, or a model. */
export function makerOf(turn: Pick<StaffTurn, "safety" | "made">): Maker {
  if (turn.safety) return "safety";
  if (turn.made === null) return "fixed";
  return turn.made.provider === "scripted" ? "script" : "model";
}

/** Those of the assessment that counts, and those of earlier ones that were begun again, in their order. */
export function byAssessment<T extends { assessment_id: Id }>(
  rows: T[],
  current: Id,
): { current: T[]; earlier: T[] } {
  const counts = (row: T) => row.assessment_id === current;
  return { current: rows.filter(counts), earlier: rows.filter((row) => !counts(row)) };
}

/** What an event says beside its name, in one line. */
export function factsOf(facts: Record<string, unknown>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");
}

/** Outcomes that are stored by these names; anything else is stored as it was written. */
export const OUTCOMES = ["reached_safe", "reached_referred", "not_reached", "no_risk_found"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export function isOutcome(text: string): text is Outcome {
  return (OUTCOMES as readonly string[]).includes(text);
}
