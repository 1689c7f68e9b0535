import { expect, test } from "vitest";
import type { Turn } from "../api/contract";
import type { MessageEntry } from "../outbox/entries";
import {
  type Exchange,
  type OfDevice,
  answered,
  composerOf,
  merged,
  modelIsAway,
  waitingExchange,
} from "./log";
import { NO_REPLY, UNTOLD } from "./rules";

const CREATED = Date.parse("2026-01-01T00:00:00.000Z");
const NOTHING: OfDevice = { unsent: [], notSent: [], live: null, shown: [], createdAt: CREATED };

function turn(number: number, changes: Partial<Turn> = {}): Turn {
  return {
    turn_number: number,
    message_id: `m${number}`,
    state: "complete",
    message: number === 0 ? null : `words ${number}`,
    reply: `reply ${number}`,
    safety: false,
    conversation_ended: false,
    sent_at: new Date(CREATED + number * 60_000).toISOString(),
    first_token_at: null,
    completed_at: null,
    ...changes,
  };
}

function unsent(id: string, message: string): MessageEntry {
  const body = { message_id: id, message, assessment_id: "a", session_ms: 5000, client_time: "" };
  return { kind: "message", session: "s", message: id, body };
}

const shown = (exchanges: Exchange[]) =>
  exchanges.map((one) => [one.messageId, one.whereabouts, one.message]);

test("what waits on the device stands below what the service knows", () => {
  const log = merged([turn(1), turn(0)], { ...NOTHING, unsent: [unsent("m2", "later")] });
  expect(shown(log)).toEqual([
    ["m0", "sent", null],
    ["m1", "sent", "words 1"],
    ["m2", "waiting", "later"],
  ]);
});

test("a message that was taken, but is still in the outbox, is shown once", () => {
  const log = merged([turn(0), turn(1)], { ...NOTHING, unsent: [unsent("m1", "words 1")] });
  expect(shown(log)).toEqual([
    ["m0", "sent", null],
    ["m1", "sent", "words 1"],
  ]);
});

test("refused words stay, and go once the service has them after all", () => {
  const notSent = [{ message_id: "m1", text: "words 1", code: "chat_ended", sent_at: CREATED }];
  expect(shown(merged([turn(0)], { ...NOTHING, notSent }))).toEqual([
    ["m0", "sent", null],
    ["m1", "refused", "words 1"],
  ]);
  expect(shown(merged([turn(0), turn(1)], { ...NOTHING, notSent }))).toHaveLength(2);
});

test("a reply that is being read is not set back by what was read of it from elsewhere", () => {
  const live = { ...waitingExchange("m1", "words 1", 0), turnNumber: 1 };
  live.reply = { ...NO_REPLY, text: "reply 1 and more", lastId: "16" };
  const [, one] = merged([turn(0), turn(1, { state: "streaming", reply: "reply 1" })], {
    ...NOTHING,
    live: "m1",
    shown: [live],
  });
  expect(one?.reply).toEqual(live.reply);
});

test("what only a stream told is kept: the help, and why there is no reply", () => {
  const help = { text: "help", hotlines: [] };
  const safe = { ...waitingExchange("m1", "", 0), turnNumber: 1 };
  safe.reply = {
    ...NO_REPLY,
    text: "reply 1",
    help,
    pauses: true,
    end: { kind: "complete", conversationEnded: false },
  };
  const failed = { ...waitingExchange("m2", "", 0), turnNumber: 2 };
  failed.reply = { ...NO_REPLY, end: { kind: "error", code: "model_timeout", retry: true } };
  const turns = [turn(0), turn(1, { safety: true }), turn(2, { state: "failed", reply: "" })];
  const log = merged(turns, { ...NOTHING, shown: [safe, failed] });
  expect(log[1]?.reply).toMatchObject({ help, pauses: true });
  expect(log[2]?.reply.end).toEqual({ kind: "error", code: "model_timeout", retry: true });
  expect(merged(turns, NOTHING)[2]?.reply.end).toMatchObject({ code: UNTOLD });
});

test("messages count for the minimum once they have a reply, broken off or safe, and the greeting does not", () => {
  const turns = [
    turn(0),
    turn(1, { state: "failed", reply: "" }),
    turn(2, { state: "interrupted" }),
    turn(3, { safety: true }),
  ];
  expect(answered(merged(turns, NOTHING))).toBe(2);
});

test("three messages in a row without a reply let the person finish", () => {
  const failed = (number: number) => turn(number, { state: "failed", reply: "" });
  const now = CREATED + 5 * 60_000;
  expect(modelIsAway(merged([turn(0), failed(1), failed(2)], NOTHING), now)).toBe(false);
  expect(modelIsAway(merged([turn(0), failed(1), failed(2), failed(3)], NOTHING), now)).toBe(true);
  expect(modelIsAway(merged([turn(0), failed(1), turn(2), failed(3), failed(4)], NOTHING), now)).toBe(false);
});

test("15 minutes without a reply let the person finish, counted from the first message that has none", () => {
  const log = merged([turn(0), turn(1), turn(2, { state: "failed", reply: "" })], NOTHING);
  const since = CREATED + 2 * 60_000;
  expect(modelIsAway(log, since + 15 * 60_000 - 1)).toBe(false);
  expect(modelIsAway(log, since + 15 * 60_000)).toBe(true);
  expect(modelIsAway(merged([turn(0), turn(1)], NOTHING), since + 60 * 60_000)).toBe(false);
});

test("one message is on its way at a time", () => {
  const open = { ended: false, paused: false };
  const log = merged([turn(0), turn(1)], NOTHING);
  expect(composerOf(open, [], false)).toBe("begin");
  expect(composerOf(open, log, false)).toBe("write");
  expect(composerOf(open, [...log, waitingExchange("m2", "", 0)], false)).toBe("wait");
  expect(composerOf(open, merged([turn(0), turn(1, { state: "pending" })], NOTHING), false)).toBe("wait");
});

test("after a reply that failed another message may be written", () => {
  const open = { ended: false, paused: false };
  for (const state of ["failed", "interrupted"] as const)
    expect(composerOf(open, merged([turn(0), turn(1, { state, reply: "" })], NOTHING), false)).toBe("write");
});

test("a pause closes the composer until the person chose to go on, an end for good", () => {
  const log = merged([turn(0), turn(1, { safety: true })], NOTHING);
  expect(composerOf({ ended: false, paused: true }, log, false)).toBe("paused");
  expect(composerOf({ ended: false, paused: true }, log, true)).toBe("write");
  expect(composerOf({ ended: true, paused: false }, log, true)).toBe("ended");
});
