import type { Part, Session, State } from "../api/contract";
import type { Outbox } from "../outbox/entries";

/** What of the texts between the steps a person has read on this device; the service does not know of it. */
export interface Seen {
  welcome: boolean;
  instructions: boolean;
  cooldown: boolean;
}

export const NOTHING_SEEN: Seen = { welcome: false, instructions: false, cooldown: false };

export type ScreenName =
  "welcome" | "consent" | "camera" | "instructions" | "cooldown" | Part | "finishing" | "thanks" | "closed";

const ENDED: readonly State[] = ["COMPLETED", "ABANDONED", "INCOMPLETE", "FAILED"];

export function hasEnded(session: Session): boolean {
  return ENDED.includes(session.state);
}

/** Name the screen of a session: the step that the service names, and the texts before it that were not read yet. */
export function screenOf(session: Session, seen: Seen): ScreenName {
  if (session.state === "COMPLETED") return "thanks";
  if (hasEnded(session)) return "closed";
  switch (session.next_step) {
    case "consent":
      return seen.welcome ? "consent" : "welcome";
    case "camera_check":
      return "camera";
    case "phq":
    case "chat":
      return beforePart(session, session.next_step, seen);
    default:
      return "finishing";
  }
}

/** Whether the chat has come to its end by itself, so that its last words may still be on the screen. */
export function chatIsOver(session: Session): boolean {
  const { completed_at, end_reason } = session.chat;
  return completed_at !== null && end_reason !== "skipped" && !hasEnded(session);
}

function beforePart(session: Session, part: Part, seen: Seen): ScreenName {
  if (hasBegun(session, part)) return part;
  const other = session[part === "phq" ? "chat" : "phq"];
  if (other.completed_at !== null && other.end_reason !== "skipped") return seen.cooldown ? part : "cooldown";
  return seen.instructions ? part : "instructions";
}

function hasBegun(session: Session, part: Part): boolean {
  return session[part].started_at !== null;
}

/** The session to go on with: the one open; with several, the person chooses. */
export function openOnes(sessions: readonly Session[]): Session[] {
  return sessions.filter((one) => !hasEnded(one));
}

/** How a closed session is told of. */
export type Closing = "declined" | "withdrawn" | "stopped" | "restarted" | "expired" | "failed";

export function closingOf(session: Session): Closing {
  if (session.state === "INCOMPLETE") return "expired";
  if (session.state === "FAILED") return "failed";
  if (session.end_reason === "consent_declined") return "declined";
  if (session.end_reason === "withdrawn") return "withdrawn";
  return session.end_reason === "restarted" ? "restarted" : "stopped";
}

/** What can be begun again, if the study allows it: a part while it is its turn, and after it ended. */
export function restartable(session: Session): ("all" | Part)[] {
  if (session.consent.accepted !== true) return [];
  const parts = (["phq", "chat"] as const).filter((part) => {
    const { completed_at, end_reason } = session[part];
    return end_reason !== "skipped" && (completed_at !== null || session.next_step === part);
  });
  return ["all", ...parts];
}

const PHQ_SHARE = 35;

/** The session as it stands once the service counted `answered`; its own `progress` follows with the next reading. */
export function withAnswered(session: Session, answered: number, total: number): Session {
  const shareOf = (count: number) => Math.floor((PHQ_SHARE * count) / Math.max(1, total));
  const more = Math.max(0, shareOf(answered) - shareOf(session.phq.answered));
  return { ...session, progress: session.progress + more, phq: { ...session.phq, answered } };
}

/** Whether pictures belong to a session as it stands: agreed to, in a part, and not gone on without a camera. */
export function wantsCamera(session: Session): boolean {
  const inPart = session.next_step === "phq" || session.next_step === "chat";
  return inPart && session.consent.agreed.includes("camera") && session.camera_check.ok !== false;
}

/** What of the entries that wait is still on the device once the page is left: what its memory holds is not. */
export function leftBehind({ durable, sign }: Pick<Outbox, "durable" | "sign">): "all" | "some" | "nothing" {
  if (!durable) return "nothing";
  return sign === "full" ? "some" : "all";
}
