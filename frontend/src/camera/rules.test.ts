import { describe, expect, it } from "vitest";
import type { CameraSettings, Session, Trigger } from "../api/contract";
import {
  browserOf,
  fitted,
  intervalOf,
  isBlack,
  isOpen,
  isWanted,
  judge,
  mayHold,
  mayLeave,
  type Moment,
  MOST_UNDER_WAY,
  nextDue,
  problemOf,
  sizeOf,
  type Standing,
  stateOf,
} from "./rules";

const SETTINGS: CameraSettings = {
  recording_mode: "EVENT_DRIVEN",
  interval_seconds: null,
  capture_on_button_click: true,
  capture_on_message_send: true,
  capture_on_question_start: true,
  allow_manual: true,
  resolution: "1280x720",
  quality: 0.8,
  min_spacing_ms: 500,
  max_captures: 2000,
  version: 1,
};
const EVERY: Trigger[] = ["INTERVAL", "QUESTION_START", "BUTTON_CLICK", "MESSAGE_SEND", "MANUAL"];
const PAGE = "page-of-ours";

function session(changes: Partial<Session> = {}): Session {
  return {
    state: "PHQ_IN_PROGRESS",
    next_step: "phq",
    page_id: PAGE,
    consent: { agreed: ["questionnaire", "chat", "camera"] },
    camera_check: { mode: "optional", ok: true },
    expires_at: "2026-01-02T00:00:00.000Z",
    ...changes,
  } as Session;
}

function agreed(...names: string[]): Partial<Session> {
  return { consent: { agreed: names } } as Partial<Session>;
}

function moment(changes: Partial<Moment> = {}): Moment {
  return {
    settings: SETTINGS,
    state: "recording",
    open: true,
    now: 10_000,
    lastAt: null,
    announced: 0,
    underWay: 0,
    room: true,
    ...changes,
  };
}

describe("which triggers a study wants", () => {
  // As tests/camera/test_triggers.py has it for the server.
  const wanted = (settings: Partial<CameraSettings>) =>
    EVERY.filter((trigger) => isWanted({ ...SETTINGS, ...settings }, trigger));
  const none = {
    capture_on_button_click: false,
    capture_on_message_send: false,
    capture_on_question_start: false,
    allow_manual: false,
  };

  it.each<[Partial<CameraSettings>, Trigger[]]>([
    [{}, ["QUESTION_START", "BUTTON_CLICK", "MESSAGE_SEND", "MANUAL"]],
    [{ ...none }, []],
    [{ ...none, capture_on_button_click: true }, ["BUTTON_CLICK"]],
    [{ ...none, capture_on_message_send: true }, ["MESSAGE_SEND"]],
    [{ ...none, capture_on_question_start: true }, ["QUESTION_START"]],
    [{ ...none, allow_manual: true }, ["MANUAL"]],
    [{ recording_mode: "INTERVAL", interval_seconds: 1 }, ["INTERVAL", "MANUAL"]],
    [{ ...none, recording_mode: "INTERVAL", interval_seconds: 1 }, ["INTERVAL"]],
    [{ recording_mode: "OFF" }, []],
    [{ ...none, recording_mode: "OFF" }, []],
  ])("%o", (settings, triggers) => {
    expect(wanted(settings)).toEqual(triggers);
  });
});

describe("whether this page may hold the camera", () => {
  it.each<[string, Partial<Session>, boolean]>([
    ["during the parts", {}, true],
    ["at the check", { next_step: "camera_check", camera_check: { mode: "optional", ok: null } }, true],
    [
      "at the check, after a failed one",
      { next_step: "camera_check", camera_check: { mode: "required", ok: false } },
      true,
    ],
    ["before any page is known", { page_id: null }, true],
    ["before consent", { next_step: "consent", ...agreed() }, false],
    ["without the scope", agreed("questionnaire", "chat"), false],
    ["after the end", { next_step: null, state: "COMPLETED" }, false],
    ["given up at the check", { camera_check: { mode: "optional", ok: false } }, false],
    ["owned by a newer page", { page_id: "another" }, false],
  ])("%s: %o", (_, changes, held) => {
    expect(mayHold(session(changes), PAGE)).toBe(held);
  });

  it("lets a picture leave after the session was completed, not after a withdrawal", () => {
    expect(mayLeave(session({ state: "COMPLETED", next_step: null }))).toBe(true);
    expect(mayLeave(session(agreed("questionnaire")))).toBe(false);
    expect(mayLeave(session({ state: "ABANDONED", next_step: null }))).toBe(false);
  });
});

describe("when pictures are taken", () => {
  const before = Date.parse("2026-01-01T12:00:00Z");
  it.each<[Partial<Session>, number, boolean]>([
    [{ next_step: "phq" }, before, true],
    [{ next_step: "chat" }, before, true],
    [{ next_step: "camera_check" }, before, false],
    [{ next_step: "complete" }, before, false],
    [{ next_step: null }, before, false],
    [{ next_step: "phq" }, Date.parse("2026-01-02T00:00:00Z"), false],
  ])("%o at %d", (changes, now, open) => {
    expect(isOpen(session(changes), now)).toBe(open);
  });
});

describe("what a person is told", () => {
  it.each<[string, Partial<Standing>, string]>([
    ["a running camera in the parts", {}, "recording"],
    ["a hidden page", { away: true }, "paused"],
    ["a running camera at the check", { session: session({ next_step: "camera_check" }) }, "ready"],
    ["a question to the person", { stage: "asking" }, "asking"],
    ["a problem", { stage: "problem" }, "problem"],
    ["nothing asked for", { stage: "off" }, "off"],
    ["a newer page, whatever the camera does", { session: session({ page_id: "another" }) }, "taken"],
    [
      "a newer page, after the end",
      { session: session({ page_id: "another", next_step: null, state: "COMPLETED" }) },
      "off",
    ],
    ["taken back", { session: session(agreed("chat")) }, "off"],
  ])("%s", (_, changes, state) => {
    const standing = { stage: "running", away: false, session: session(), pageId: PAGE, serverNow: 0 };
    expect(stateOf({ ...standing, ...changes } as Standing)).toBe(state);
  });
});

describe("what comes of a trigger", () => {
  it.each<[string, Partial<Moment>, string]>([
    ["a running camera", {}, "take"],
    ["one that is being opened", { state: "asking" }, "take"],
    ["outside of the parts", { open: false }, "no"],
    ["no camera wanted", { state: "off" }, "no"],
    ["another page's", { state: "taken" }, "no"],
    ["sooner than the study's spacing", { lastAt: 9_501 }, "no"],
    ["just as late as the study's spacing", { lastAt: 9_500 }, "take"],
    ["the last the study wants", { announced: 1999 }, "take"],
    ["more than the study wants", { announced: 2000 }, "no"],
    ["a hidden page", { state: "paused" }, "paused"],
    ["no camera to be had", { state: "problem" }, "no_camera"],
    ["the last place under way", { underWay: MOST_UNDER_WAY - 1 }, "take"],
    ["too many under way", { underWay: MOST_UNDER_WAY }, "too_many_under_way"],
    ["no room on the device", { room: false }, "no_room"],
  ])("%s: %o", (_, changes, outcome) => {
    const verdict = judge("BUTTON_CLICK", moment(changes));
    expect(verdict.what === "skip" ? verdict.why : verdict.what).toBe(outcome);
  });

  it("is nothing, and announced by nobody, where the study does not want the trigger", () => {
    const settings = { ...SETTINGS, capture_on_button_click: false };
    expect(judge("BUTTON_CLICK", moment({ settings, state: "problem" }))).toEqual({ what: "no" });
  });
});

describe("the size of a picture", () => {
  it.each([
    ["640x480 inside 1280x720 stays", [640, 480], "1280x720", [640, 480]],
    ["1920x1080 becomes 1280x720", [1920, 1080], "1280x720", [1280, 720]],
    ["4:3 keeps its shape", [1600, 1200], "1280x720", [960, 720]],
    ["an upright phone stays upright", [1080, 1920], "1280x720", [720, 1280]],
    ["a square", [1000, 1000], "1280x720", [720, 720]],
    ["a thin one is never nothing", [4000, 1], "320x240", [320, 1]],
    ["a study without a readable resolution takes the camera's", [640, 480], "large", [640, 480]],
  ])("%s", (_, [w, h], resolution, [width, height]) => {
    expect(fitted({ width: w as number, height: h as number }, sizeOf(resolution))).toEqual({
      width,
      height,
    });
  });
});

describe("an interval", () => {
  it("is due at whole multiples from its beginning, and does not make up for what was missed", () => {
    expect(nextDue(100, 1000, 100)).toBe(1100);
    expect(nextDue(100, 1000, 1099)).toBe(1100);
    expect(nextDue(100, 1000, 1100)).toBe(2100);
    expect(nextDue(100, 1000, 61_250)).toBe(62_100);
  });

  it("is the study's, in mode INTERVAL alone", () => {
    expect(intervalOf({ ...SETTINGS, recording_mode: "INTERVAL", interval_seconds: 5 })).toBe(5000);
    expect(intervalOf({ ...SETTINGS, interval_seconds: 5 })).toBeNull();
  });
});

describe("what stands in the way", () => {
  it.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "missing"],
    ["OverconstrainedError", "missing"],
    ["NotReadableError", "busy"],
    ["TypeError", "unsupported"],
  ])("%s is %s", (name, problem) => {
    expect(problemOf(name)).toBe(problem);
  });

  it("tells a frame that shows nothing from a dark room", () => {
    const nothing = new Uint8ClampedArray([0, 0, 0, 255, 2, 1, 0, 255]);
    expect(isBlack(nothing)).toBe(true);
    expect(isBlack(new Uint8ClampedArray([0, 0, 0, 255, 9, 4, 4, 255]))).toBe(false);
  });

  it.each([
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit Safari/604.1", 5, "ios"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit Version/18 Safari/605", 5, "ios"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit Version/18 Safari/605", 0, "safari"],
    ["Mozilla/5.0 (Linux; Android 15) AppleWebKit Chrome/140 Mobile Safari/537", 5, "android"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0", 0, "firefox"],
    ["Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/140 Safari/537 Edg/140", 0, "chromium"],
  ])("%s", (agent, touch, browser) => {
    expect(browserOf(agent, touch)).toBe(browser);
  });
});
