import { Refused } from "./failures";

/** How long to wait between tries: at first, and at most. */
export interface Pauses {
  firstMs: number;
  longestMs: number;
}

/** A service that says "in an hour" is asked again sooner: the person may be gone by then. */
const LONGEST_ASKED_MS = 120_000;

/** How long the service asked to wait by Retry-After; null where it asked for nothing. */
export function askedMs(fault: unknown): number | null {
  const seconds = fault instanceof Refused ? (fault.retryAfterSeconds ?? 0) : 0;
  return seconds > 0 ? Math.min(seconds * 1000, LONGEST_ASKED_MS) : null;
}

/**
 * How long to wait after try `tries`, which is counted from 1 and met `fault`: doubling, then half of it by chance, so
 * that many pages that lost one service do not come back together; never sooner than the service's Retry-After.
 */
export function pauseMs(
  tries: number,
  { firstMs, longestMs }: Pauses,
  fault: unknown,
  chance: number = Math.random(),
): number {
  const most = Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(tries - 1, 0), 10));
  const asked = askedMs(fault);
  return asked === null ? most / 2 + (chance * most) / 2 : asked + chance * Math.min(most, asked);
}
