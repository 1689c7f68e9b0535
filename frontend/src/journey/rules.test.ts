import { describe, expect, test } from "vitest";
import type { Session } from "../api/contract";
import {
  closingOf,
  hasEnded,
  NOTHING_SEEN,
  openOnes,
  restartable,
  screenOf,
  wantsCamera,
  withAnswered,
} from "./rules";

const part = { started_at: null, completed_at: null, end_reason: null };
const ALL_SEEN = { welcome: true, instructions: true, cooldown: true };

function session(more: object): Session {
  const base = {
    id: "s",
    state: "CONSENT",
    next_step: "phq",
    progress: 25,
    end_reason: null,
    consent: { accepted: true, agreed: ["questionnaire", "chat", "camera"] },
    camera_check: { ok: true },
    phq: { ...part, answered: 0, total: 9 },
    chat: { ...part },
  };
  return { ...base, ...more } as unknown as Session;
}

describe("the screen of a session", () => {
  test("is the step that the service names, after the texts that were not read", () => {
    const fresh = session({ state: "CREATED", next_step: "consent" });
    expect(screenOf(fresh, NOTHING_SEEN)).toBe("welcome");
    expect(screenOf(fresh, ALL_SEEN)).toBe("consent");
    expect(screenOf(session({ next_step: "camera_check" }), NOTHING_SEEN)).toBe("camera");
    expect(screenOf(session({}), NOTHING_SEEN)).toBe("instructions");
    expect(screenOf(session({}), ALL_SEEN)).toBe("phq");
    expect(screenOf(session({ next_step: "complete" }), ALL_SEEN)).toBe("finishing");
  });

  test("on another device what was begun goes on without the texts before it", () => {
    const begun = { ...part, started_at: "2026-01-01T00:00:00.000Z" };
    expect(screenOf(session({ next_step: "chat", chat: begun }), NOTHING_SEEN)).toBe("chat");
  });

  test("there is a pause between the parts, and none where a part was left out", () => {
    const done = { ...part, started_at: "x", completed_at: "x", end_reason: "completed" };
    const skipped = { ...part, completed_at: "x", end_reason: "skipped" };
    expect(screenOf(session({ next_step: "chat", phq: done }), NOTHING_SEEN)).toBe("cooldown");
    expect(screenOf(session({ next_step: "chat", phq: done }), ALL_SEEN)).toBe("chat");
    expect(screenOf(session({ next_step: "chat", phq: skipped }), NOTHING_SEEN)).toBe("instructions");
  });

  test("after the end it is the thanks, or what became of it", () => {
    expect(screenOf(session({ state: "COMPLETED", next_step: null }), NOTHING_SEEN)).toBe("thanks");
    expect(screenOf(session({ state: "INCOMPLETE", next_step: null }), ALL_SEEN)).toBe("closed");
  });
});

test("each end is told in its own way", () => {
  const told = (state: string, end_reason: string) => closingOf(session({ state, end_reason }));
  expect(told("ABANDONED", "consent_declined")).toBe("declined");
  expect(told("ABANDONED", "withdrawn")).toBe("withdrawn");
  expect(told("ABANDONED", "participant")).toBe("stopped");
  expect(told("ABANDONED", "restarted")).toBe("restarted");
  expect(told("INCOMPLETE", "expired")).toBe("expired");
  expect(told("FAILED", "staff")).toBe("failed");
});

test("only what has not ended is open", () => {
  const [open, ended] = [session({}), session({ state: "FAILED" })];
  expect([hasEnded(open), hasEnded(ended)]).toEqual([false, true]);
  expect(openOnes([open, ended])).toEqual([open]);
});

test("a part can be begun again while it is its turn and after it ended, not before and not if left out", () => {
  const done = { ...part, completed_at: "x", end_reason: "completed" };
  expect(restartable(session({}))).toEqual(["all", "phq"]);
  expect(restartable(session({ next_step: "chat", phq: done }))).toEqual(["all", "phq", "chat"]);
  expect(restartable(session({ next_step: "chat", phq: { ...done, end_reason: "skipped" } }))).toEqual([
    "all",
    "chat",
  ]);
  expect(restartable(session({ consent: { accepted: null, agreed: [] } }))).toEqual([]);
});

test("pictures belong to the parts, if agreed to and not gone on without a camera", () => {
  expect(wantsCamera(session({}))).toBe(true);
  expect(wantsCamera(session({ camera_check: { ok: null } }))).toBe(true);
  expect(wantsCamera(session({ camera_check: { ok: false } }))).toBe(false);
  expect(wantsCamera(session({ next_step: "camera_check" }))).toBe(false);
  expect(wantsCamera(session({ consent: { accepted: true, agreed: ["questionnaire"] } }))).toBe(false);
});

test("the progress moves with each saved answer, as the service counts it, and never back", () => {
  let moved = session({});
  for (let count = 1; count <= 9; count += 1) moved = withAnswered(moved, count, 9);
  expect([moved.progress, moved.phq.answered]).toEqual([60, 9]);
  expect(withAnswered(moved, 3, 9).progress).toBe(60);
});
