import type { Id, Interview, Turn } from "../api/contract";
import type { MessageEntry } from "../outbox/entries";
import { NO_REPLY, type Reply, UNTOLD, storedReply } from "./rules";

/**
 * Where the person's words are: `waiting` on this device, `sent` (committed by the service), `refused` for good,
 * with the words kept here.
 */
export type Whereabouts = "waiting" | "sent" | "refused";

/** One turn as the log shows it. */
export interface Exchange {
  messageId: Id;
  /** null: the service does not know it yet. */
  turnNumber: number | null;
  /** null: the greeting, which answers nothing. */
  message: string | null;
  whereabouts: Whereabouts;
  /** Why it was refused. */
  refusal: string | null;
  /** When it was sent, in milliseconds since 1970 on the service's clock. */
  sentAt: number;
  safety: boolean;
  reply: Reply;
}

/** A message that the service refused for good: the words stay until the person has done with them. */
export interface NotSent {
  message_id: Id;
  text: string;
  code: string;
  sent_at: number;
}

/** An exchange for a message that waits on this device. */
export function waitingExchange(messageId: Id, message: string, sentAt: number): Exchange {
  return {
    messageId,
    turnNumber: null,
    message,
    whereabouts: "waiting",
    refusal: null,
    sentAt,
    safety: false,
    reply: { ...NO_REPLY },
  };
}

/** What this device has beside what the service knows. */
export interface OfDevice {
  unsent: readonly MessageEntry[];
  notSent: readonly NotSent[];
  /** The message whose reply is being read here: what is shown of it is newer than what was read back. */
  live: Id | null;
  /** What is shown now. */
  shown: readonly Exchange[];
  /** When the session was created, in milliseconds since 1970. */
  createdAt: number;
}

/** Put together what the service knows and what waits here: each message once, by its id, in the order of the talk. */
export function merged(turns: readonly Turn[], device: OfDevice): Exchange[] {
  const known = new Set(turns.map((turn) => turn.message_id));
  const told = [...turns]
    .sort((one, other) => one.turn_number - other.turn_number)
    .map((turn) => toldExchange(turn, device));
  const refused = device.notSent.filter((one) => !known.has(one.message_id));
  const refusedIds = new Set(refused.map((one) => one.message_id));
  const waiting = device.unsent.filter((one) => !known.has(one.message) && !refusedIds.has(one.message));
  return [
    ...told,
    ...refused.map(refusedExchange),
    ...waiting.map((one) =>
      waitingExchange(one.message, one.body.message, device.createdAt + one.body.session_ms),
    ),
  ];
}

function toldExchange(turn: Turn, device: OfDevice): Exchange {
  const shown = device.shown.find((one) => one.messageId === turn.message_id)?.reply;
  return {
    messageId: turn.message_id,
    turnNumber: turn.turn_number,
    message: turn.message,
    whereabouts: "sent",
    refusal: null,
    sentAt: Date.parse(turn.sent_at),
    safety: turn.safety,
    reply:
      shown !== undefined && device.live === turn.message_id
        ? shown
        : withToldThings(storedReply(turn), shown),
  };
}

/** A stream tells more than what is read back later: the help, and why there is no reply. */
function withToldThings(stored: Reply, shown: Reply | undefined): Reply {
  if (shown === undefined) return stored;
  const untold = stored.end?.kind === "error" && stored.end.code === UNTOLD && shown.end?.kind === "error";
  return { ...stored, end: untold ? shown.end : stored.end, help: shown.help, pauses: shown.pauses };
}

function refusedExchange(one: NotSent): Exchange {
  return {
    ...waitingExchange(one.message_id, one.text, one.sent_at),
    whereabouts: "refused",
    refusal: one.code,
  };
}

/** Messages of the person's that have a reply, as the service counts them for `min_turns`; the greeting is none. */
export function answered(exchanges: readonly Exchange[]): number {
  return exchanges.filter((one) => (one.turnNumber ?? 0) > 0 && one.reply.text !== "").length;
}

const SILENT_MESSAGES = 3;
const SILENT_MS = 15 * 60_000;

/** Whether the model counts as away: three messages in a row, or 15 minutes, without any reply. */
export function modelIsAway(exchanges: readonly Exchange[], now: number): boolean {
  const told = exchanges.filter((one) => one.turnNumber !== null);
  const lastReplied = told.findLastIndex((one) => one.reply.text !== "");
  const silent = told.slice(lastReplied + 1);
  const failed = silent.filter((one) => one.reply.end !== null && one.turnNumber !== 0).length;
  const since = Math.min(...silent.map((one) => one.sentAt));
  return failed >= SILENT_MESSAGES || now - since >= SILENT_MS;
}

/** What the composer is for, now. */
export type Composer = "begin" | "write" | "wait" | "paused" | "ended";

/** Whether a new message may be sent, and if not, why. `goesOn`: the person chose to, after a pause. */
export function composerOf(
  interview: Pick<Interview, "ended" | "paused">,
  exchanges: readonly Exchange[],
  goesOn: boolean,
): Composer {
  if (interview.ended) return "ended";
  const told = exchanges.filter((one) => one.turnNumber !== null);
  const newest = told.at(-1);
  if (newest === undefined) return "begin";
  if (newest.reply.end === null || exchanges.some((one) => one.whereabouts === "waiting")) return "wait";
  return interview.paused && !goesOn ? "paused" : "write";
}
