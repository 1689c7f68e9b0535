import { expect, test } from "vitest";
import { Refused, Unreachable } from "../api/failures";
import type { Kind } from "./entries";
import { backOff, expiresAt, isOver, sendAgain, verdict } from "./rules";

const refused = (status: number, code = "any", retryAfter: number | null = null) =>
  new Refused(status, code, "No.", "r", [], retryAfter);

/** Status, code, kind; what becomes of it the first time, when it is known who is logged in. */
const TABLE: [number, string, Kind, string][] = [
  [401, "login_required", "answer", "login"],
  [401, "login_required", "capture", "login"],
  [408, "timeout", "answer", "retry lane"],
  [429, "too_many", "answer", "retry lane"],
  [503, "unavailable", "answer", "retry lane"],
  [503, "unavailable", "capture", "retry lane"],
  [500, "internal", "answer", "retry item"],
  [502, "unknown", "answer", "retry item"],
  [403, "cross_site", "answer", "retry item"],
  [400, "bad_json", "answer", "refuse"],
  [404, "not_found", "answer", "refuse"],
  [405, "method_not_allowed", "answer", "refuse"],
  [413, "too_large", "capture", "refuse"],
  [415, "unsupported_type", "capture", "refuse"],
  [422, "invalid", "answer", "refuse"],
  [422, "bad_image", "capture", "refuse"],
  [409, "completed", "answer", "refuse"],
  [409, "session_ended", "answer", "refuse"],
  [409, "wrong_step", "answer", "refuse"],
  [409, "turn_running", "message", "retry item"],
  [409, "chat_not_started", "message", "retry item"],
  [409, "chat_ended", "message", "refuse"],
  [409, "message_id_reused", "message", "refuse"],
  [409, "assessment_replaced", "message", "refuse"],
  [409, "session_ended", "message", "refuse"],
  [409, "wrong_step", "message", "refuse"],
  [409, "wrong_step", "capture", "retry item"],
  [409, "wrong_step", "announcement", "retry item"],
  [409, "session_ended", "capture", "refuse"],
  [409, "capture_id_reused", "capture", "refuse"],
];

test.each(TABLE)("%i %s of a %s", (status, code, kind, becomes) => {
  const decided = verdict(kind, refused(status, code), 1, true);
  expect(decided.then === "retry" ? `retry ${decided.whose}` : decided.then).toBe(becomes);
});

test("a 404 says nothing before it is known who is logged in", () => {
  expect(verdict("answer", refused(404), 1, false)).toEqual({ then: "doubt" });
});

test("a conflict that passes is given up in the end, a running reply only after minutes", () => {
  expect(verdict("capture", refused(409, "wrong_step"), 10, true)).toEqual({ then: "refuse" });
  expect(verdict("message", refused(409, "turn_running"), 100, true).then).toBe("retry");
});

test("a proxy's page instead of a reply holds up that picture alone, but all answers", () => {
  const page = new Unreachable("unreadable");
  expect(verdict("capture", page, 1, true)).toMatchObject({ whose: "item" });
  expect(verdict("answer", page, 1, true)).toMatchObject({ whose: "lane" });
});

test("pictures wait longer than words", () => {
  const lost = new Unreachable("network");
  expect(backOff("words", 50, lost, 0)).toBe(7_500);
  expect(backOff("pictures", 50, lost, 0)).toBe(30_000);
});

test("a late choice is sent again only if it is the person's newest, and another one is stored", () => {
  const own = { value: 2, session_ms: 5000 };
  expect(sendAgain(own, { value: 1, session_ms: 4000 }, false)).toBe(true);
  expect(sendAgain(own, { value: 1, session_ms: null }, false)).toBe(true);
  expect(sendAgain(own, { value: 1, session_ms: 4000 }, true)).toBe(false);
  expect(sendAgain(own, { value: 2, session_ms: 4000 }, false)).toBe(false);
  expect(sendAgain(own, { value: 1, session_ms: 6000 }, false)).toBe(false);
});

const HOUR = 3_600_000;

test.each([
  ["COMPLETED", 24],
  ["INCOMPLETE", 7 * 24],
  [null, 7 * 24],
])("after %s things are kept for %i hours", (state, hours) => {
  expect(expiresAt({ session: "s", state, until: 1000 }, 0)).toBe(1000 + hours * HOUR);
});

test("a session that was never heard to end is over when its time is", () => {
  expect(isOver({ session: "s", state: null, until: 1000 }, 999)).toBe(false);
  expect(isOver({ session: "s", state: null, until: 1000 }, 1001)).toBe(true);
  expect(isOver({ session: "s", state: "COMPLETED", until: 1000 }, 0)).toBe(true);
  expect(isOver(undefined, 9e15)).toBe(false);
});
