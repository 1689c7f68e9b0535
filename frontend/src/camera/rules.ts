import triggers from "../../../quart_assessment/camera/triggers.json";
import type { CameraSettings, Session, Trigger } from "../api/contract";

/** Pictures being made at once; past it a trigger is announced as skipped. */
export const MOST_UNDER_WAY = 4;
/** How long a trigger waits for a camera that is still warming up. */
export const WARM_UP_MS = 2000;

export type Problem = "denied" | "missing" | "busy" | "lost" | "unsupported";
export type CameraState = "off" | "asking" | "ready" | "recording" | "paused" | "problem" | "taken";
/** What the page has of the camera: nothing, a question to the person, a running one, or a reason why not. */
export type Stage = "off" | "asking" | "running" | "problem";

interface TriggerRule {
  modes: string[];
  setting: string | null;
  reference: string | null;
}

const RULES: Record<Trigger, TriggerRule> = triggers.triggers;

/** Whether a study with these settings wants pictures of this trigger; the rules are the server's own. */
export function isWanted(settings: CameraSettings, trigger: Trigger): boolean {
  const rule = RULES[trigger];
  if (!rule.modes.includes(settings.recording_mode)) return false;
  return rule.setting === null || settings[rule.setting as keyof CameraSettings] === true;
}

/** Whether this page may hold the camera: agreed to, not ended, not given up at the check, no newer page. */
export function mayHold(session: Session, pageId: string): boolean {
  if (session.next_step === null || session.next_step === "consent") return false;
  if (!session.consent.agreed.includes("camera")) return false;
  const givenUp = session.camera_check.ok === false && session.next_step !== "camera_check";
  return !givenUp && !isTaken(session, pageId);
}

/** Whether a newer page owns the camera. */
export function isTaken(session: Session, pageId: string): boolean {
  return session.page_id !== null && session.page_id !== pageId;
}

/** Whether pictures are taken now: from the end of the camera check until both parts are done. */
export function isOpen(session: Session, serverNow: number): boolean {
  const inParts = session.next_step === "phq" || session.next_step === "chat";
  return inParts && serverNow < Date.parse(session.expires_at);
}

/** Whether a picture that was taken may still leave: not once the agreement was taken back or the session given up. */
export function mayLeave(session: Session): boolean {
  return session.state !== "ABANDONED" && session.consent.agreed.includes("camera");
}

export interface Standing {
  stage: Stage;
  /** The page cannot be seen, or the device sends no pictures for now. */
  away: boolean;
  session: Session;
  pageId: string;
  serverNow: number;
}

/** What a person is told of the camera. */
export function stateOf({ stage, away, session, pageId, serverNow }: Standing): CameraState {
  if (isTaken(session, pageId) && session.next_step !== null) return "taken";
  if (!mayHold(session, pageId) || stage === "off") return "off";
  if (stage !== "running") return stage;
  if (away) return "paused";
  return isOpen(session, serverNow) ? "recording" : "ready";
}

/** What stands when a trigger fires. Times are of one monotonic clock. */
export interface Moment {
  settings: CameraSettings;
  state: CameraState;
  open: boolean;
  now: number;
  lastAt: number | null;
  /** Pictures announced so far in this session. */
  announced: number;
  underWay: number;
  /** Whether the device keeps another picture. */
  room: boolean;
}

export type SkipReason = "no_camera" | "paused" | "too_many_under_way" | "no_room";
/** `take`; `skip`: the study wants one that cannot be had, which is announced; `no`: nobody wants one. */
export type Verdict = { what: "take" } | { what: "skip"; why: SkipReason } | { what: "no" };

const NO: Verdict = { what: "no" };

/** Whether a picture is taken. What the study's own settings rule out is not announced at all. */
export function judge(trigger: Trigger, moment: Moment): Verdict {
  const { settings, state, now, lastAt } = moment;
  if (!moment.open || state === "off" || state === "taken" || !isWanted(settings, trigger)) return NO;
  if (lastAt !== null && now - lastAt < settings.min_spacing_ms) return NO;
  if (moment.announced >= settings.max_captures) return NO;
  const why = hindrance(moment);
  return why === null ? { what: "take" } : { what: "skip", why };
}

function hindrance(moment: Moment): SkipReason | null {
  if (moment.state === "paused") return "paused";
  if (moment.state === "problem") return "no_camera";
  if (moment.underWay >= MOST_UNDER_WAY) return "too_many_under_way";
  return moment.room ? null : "no_room";
}

export interface Size {
  width: number;
  height: number;
}

/** Read a resolution such as `1280x720`; null for what is none. */
export function sizeOf(resolution: string): Size | null {
  const found = /^(\d{2,5})x(\d{2,5})$/.exec(resolution);
  return found === null ? null : { width: Number(found[1]), height: Number(found[2]) };
}

/** The size of a picture: inside the study's, upright where the camera is, of the camera's shape, never enlarged. */
export function fitted(camera: Size, study: Size | null): Size {
  if (study === null) return camera;
  const turned = camera.height > camera.width !== study.height > study.width;
  const within = turned ? { width: study.height, height: study.width } : study;
  const scale = Math.min(1, within.width / camera.width, within.height / camera.height);
  return {
    width: Math.max(1, Math.round(camera.width * scale)),
    height: Math.max(1, Math.round(camera.height * scale)),
  };
}

/** When the next picture of an interval is due: what was missed meanwhile is not made up for. */
export function nextDue(begunAt: number, intervalMs: number, now: number): number {
  return begunAt + (Math.floor((now - begunAt) / intervalMs) + 1) * intervalMs;
}

/** The interval of a study in milliseconds; null where it has none. */
export function intervalOf(settings: CameraSettings): number | null {
  if (settings.recording_mode !== "INTERVAL" || settings.interval_seconds === null) return null;
  return settings.interval_seconds * 1000;
}

/** Why a camera could not be had, by the name of the browser's error. */
export function problemOf(errorName: string): Problem {
  switch (errorName) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unsupported";
  }
}

/** Whether a picture shows nothing at all, as cameras send while they warm up or are switched off. */
export function isBlack(rgba: Uint8ClampedArray): boolean {
  return rgba.every((value, place) => place % 4 === 3 || value <= 2);
}

export type Browser = "ios" | "android" | "firefox" | "safari" | "chromium";

/** Which help is right for a browser; they differ in where the permission is changed. */
export function browserOf(userAgent: string, touchPoints = 0): Browser {
  const tablet = userAgent.includes("Macintosh") && touchPoints > 1;
  if (/iPhone|iPad|iPod/.test(userAgent) || tablet) return "ios";
  if (userAgent.includes("Android")) return "android";
  if (userAgent.includes("Firefox")) return "firefox";
  return /Chrome|Chromium|Edg/.test(userAgent) ? "chromium" : "safari";
}
