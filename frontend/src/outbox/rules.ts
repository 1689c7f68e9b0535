import type { Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import { pauseMs, type Pauses } from "../api/pauses";
import type { Kind } from "./entries";

/** Entries that wait for each other's faults: an overload by pictures never holds up an answer. */
export type Lane = "words" | "ledger" | "pictures";
export const LANE: Record<Kind, Lane> = {
  answer: "words",
  message: "words",
  announcement: "ledger",
  capture: "pictures",
};

/** What becomes of an entry that did not get 2xx. */
export type Verdict =
  /** Kept; tried again by itself (`item`), or its whole lane waits (`lane`). */
  | { then: "retry"; whose: "item" | "lane"; afterMs: number }
  /** For good: it goes to the list that the person sees. */
  | { then: "refuse" }
  /** Kept; nothing is sent before a login of this person. */
  | { then: "login" }
  /** Kept; nothing is known before it is known who is logged in. */
  | { then: "doubt" };

const PAUSES: Record<Lane, Pauses> = {
  words: { firstMs: 500, longestMs: 15_000 },
  ledger: { firstMs: 1_000, longestMs: 30_000 },
  pictures: { firstMs: 2_000, longestMs: 60_000 },
};
/** Other codes than the contract's, by a proxy or a wrong origin, may be mended by the operator. */
const FORBIDDEN_MS = 60_000;

/** How long an entry of `lane` waits after try `tries`. */
export function backOff(lane: Lane, tries: number, fault: unknown, chance?: number): number {
  return pauseMs(tries, PAUSES[lane], fault, chance);
}

/** Conflicts that pass by themselves: how long between tries, and how many tries before it counts as refused. */
const PASSING_CONFLICTS: Record<Kind, Record<string, { everyMs: number; tries: number }>> = {
  answer: {},
  // A reply runs for three minutes at most, then its lease is taken over; a message is never given up for it sooner.
  message: { turn_running: { everyMs: 2_000, tries: 300 }, chat_not_started: { everyMs: 2_000, tries: 10 } },
  // Pictures of the camera's check may be put while the check's own call is still under way.
  announcement: { wrong_step: { everyMs: 3_000, tries: 10 } },
  capture: { wrong_step: { everyMs: 3_000, tries: 10 } },
};

/**
 * Decide on an entry's failure.
 * @param tries how often it was sent, this time included
 * @param known the failure came after it was made sure that this person is logged in: a 404 is one
 */
export function verdict(
  kind: Kind,
  failure: unknown,
  tries: number,
  known: boolean,
  chance?: number,
): Verdict {
  const lane = LANE[kind];
  const after = backOff(lane, tries, failure, chance);
  if (failure instanceof Unreachable) return unreachable(lane, failure, after);
  if (!(failure instanceof Refused)) return later("item", after);
  const { status } = failure;
  if (status === 401) return { then: "login" };
  if (status === 408 || status === 429 || status === 503) return later("lane", after);
  if (status >= 500) return later("item", after);
  if (status === 404) return known ? { then: "refuse" } : { then: "doubt" };
  if (status === 403) return later("item", FORBIDDEN_MS);
  if (status === 409) return conflict(kind, failure.code, tries);
  return { then: "refuse" };
}

function later(whose: "item" | "lane", afterMs: number): Verdict {
  return { then: "retry", whose, afterMs };
}

/** A proxy that answers one picture with a page of its own must not hold up the others. */
function unreachable(lane: Lane, failure: Unreachable, afterMs: number): Verdict {
  const ownFault = lane === "pictures" && failure.reason !== "network";
  return later(ownFault ? "item" : "lane", afterMs);
}

function conflict(kind: Kind, code: string, tries: number): Verdict {
  const passing = PASSING_CONFLICTS[kind][code];
  return passing !== undefined && tries < passing.tries ? later("item", passing.everyMs) : { then: "refuse" };
}

/** A value as it was chosen, with the time of the click on the session's clock. */
interface Choice {
  value: number | null;
  session_ms?: number | null;
}

/**
 * Whether a choice that came too late (`stale`) is the person's newest and is to be sent again above the stored
 * version: nothing newer waits here, another value is stored, and that was not chosen later on another device.
 */
export function sendAgain(own: Choice, stored: Choice | undefined, newerWaits: boolean): boolean {
  if (newerWaits || stored === undefined || stored.value === own.value) return false;
  return (stored.session_ms ?? -Infinity) <= (own.session_ms ?? Infinity);
}

/** What the store knows in the clear of a session: how long its things are kept follows from it alone. */
export interface Course {
  session: Id;
  /** The service's state; null while it is only known when the session ends by itself. */
  state: string | null;
  /** When it ended, or ends by itself; milliseconds since 1970, the server's time. */
  until: number;
}

const HOUR = 3_600_000;
/** As long as the service takes what comes late; after that keeping would serve nobody. */
export const KEPT_MS: Record<string, number> = {
  COMPLETED: 24 * HOUR,
  INCOMPLETE: 7 * 24 * HOUR,
  // Ended by restart of the whole session: the service takes late answers as after INCOMPLETE.
  ABANDONED: 7 * 24 * HOUR,
  FAILED: 24 * HOUR,
};
/** Of a session of which nothing was ever heard, from the time of its last entry. */
const UNHEARD_MS = 30 * 24 * HOUR;

/** Whether a session is over, by itself or by a verb. */
export function isOver(course: Course | undefined, now: number): boolean {
  return course !== undefined && (course.state !== null || now > course.until);
}

/** When what is kept of a session is to go, whether it was sent or not. `newest`: when the last of it was put. */
export function expiresAt(course: Course | undefined, newest: number): number {
  if (course === undefined) return newest + UNHEARD_MS;
  return course.until + (KEPT_MS[course.state ?? "INCOMPLETE"] ?? KEPT_MS["INCOMPLETE"] ?? 0);
}
