import type { Id } from "../api/contract";
import { expiresAt, isOver, type Course } from "./rules";

/** What a look at a person's database shows without its key. */
export interface Held {
  rows: readonly { session: Id; at: number }[];
  refused: readonly { session: Id; at: string }[];
  kept: readonly { name: string; session: Id | null; at: number }[];
  courses: readonly Course[];
}

export interface LettingGo {
  /** All that there is of these goes. */
  sessions: Id[];
  /** These kept values go. */
  kept: string[];
  left: Left;
}

/**
 * `nothing`: all sessions are over, nothing waits, nothing is to be shown: the database may go. `never`: nothing was
 * ever put, such as right after a first login.
 */
export type Left = "something" | "nothing" | "never";

/**
 * Decide what has had its time: of a session that is over, what is kept goes once nothing of it waits, and all of it
 * when the service would not take it any more.
 */
export function whatToLetGo(held: Held, now: number): LettingGo {
  const course = new Map(held.courses.map((one) => [one.session, one]));
  const all = new Set([
    ...course.keys(),
    ...[...held.rows, ...held.refused].map((one) => one.session),
    ...held.kept.flatMap((one) => one.session ?? []),
  ]);
  const newest = (session: Id) => Math.max(0, ...timesOf(held, session));
  const expired = [...all].filter((session) => now > expiresAt(course.get(session), newest(session)));
  const left = [...all].filter((session) => !expired.includes(session));
  const open = left.filter((session) => !isOver(course.get(session), now));
  const waits = (session: Id) => held.rows.some((row) => row.session === session);
  const anyLeft = left.some(
    (session) => waits(session) || held.refused.some((one) => one.session === session),
  );
  const nothingOpen = open.length === 0 && all.size > 0 && !anyLeft;
  const kept = held.kept.filter((one) =>
    one.session === null
      ? nothingOpen || now > expiresAt(undefined, one.at)
      : isOver(course.get(one.session), now) && !waits(one.session),
  );
  const never = all.size === 0 && held.kept.length === 0;
  const rest = never ? "never" : nothingOpen ? "nothing" : "something";
  return { sessions: expired, kept: kept.map((one) => one.name), left: rest };
}

function timesOf(held: Held, session: Id): number[] {
  return [
    ...[...held.rows, ...held.kept].filter((one) => one.session === session).map((one) => one.at),
    ...held.refused.filter((one) => one.session === session).map((one) => Date.parse(one.at)),
  ];
}
