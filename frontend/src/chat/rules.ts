import type { Help, Turn } from "../api/contract";
import type { StreamEvent } from "../api/events";
import type { Pauses } from "../api/pauses";

/** How a reply ended. An error's `code` is the service's; `retry`: the same message may be brought again. */
export type End =
  { kind: "complete"; conversationEnded: boolean } | { kind: "error"; code: string; retry: boolean };

/** A reply as far as it has come. While `end` is null it is still being made, or waited for. */
export interface Reply {
  text: string;
  /** The last id that came with a stream: what a join names, so that it sends the rest and no more. */
  lastId: string | null;
  /** The stream began anew: the next piece takes the place of the text, which stays to be seen until then. */
  anew: boolean;
  /** The place in the queue before the model. */
  place: number | null;
  help: Help | null;
  pauses: boolean;
  end: End | null;
}

export const NO_REPLY: Readonly<Reply> = {
  text: "",
  lastId: null,
  anew: false,
  place: null,
  help: null,
  pauses: false,
  end: null,
};

/** What of a turn has come after an event. The text up to an id plus what joining at it sends is the whole text. */
export function follow(reply: Reply, event: StreamEvent): Reply {
  switch (event.kind) {
    case "accepted":
      return { ...reply, anew: true, lastId: event.id };
    case "waiting":
      return { ...reply, place: event.position };
    case "help":
      return { ...reply, help: event.help, pauses: event.policy === "pause" };
    case "chunk": {
      const text = reply.anew ? event.text : reply.text + event.text;
      return { ...reply, text, anew: false, place: null, lastId: event.id ?? reply.lastId };
    }
    case "complete":
      return ended(reply, { kind: "complete", conversationEnded: event.conversationEnded });
    case "error":
      return ended(reply, { kind: "error", code: event.code, retry: event.retry });
  }
}

function ended(reply: Reply, end: End): Reply {
  return { ...reply, text: reply.anew ? "" : reply.text, anew: false, place: null, end };
}

/** Whether the event is the last of its stream; without one the turn is unknown, and joined again. */
export function isLast(event: StreamEvent): boolean {
  return event.kind === "complete" || event.kind === "error";
}

/** The code of an error of which only its stream says more: why it failed, and whether it may be asked again. */
export const UNTOLD = "untold";

/** The reply of a turn as it was read back. */
export function storedReply(turn: Turn): Reply {
  return { ...NO_REPLY, text: turn.reply, end: storedEnd(turn) };
}

function storedEnd(turn: Turn): End | null {
  switch (turn.state) {
    case "complete":
      return { kind: "complete", conversationEnded: turn.conversation_ended };
    case "stopped":
      return { kind: "complete", conversationEnded: true };
    case "interrupted":
    case "failed":
      return { kind: "error", code: turn.reply === "" ? UNTOLD : "interrupted", retry: false };
    default:
      return null;
  }
}

/** Whether the newest turn's stream has something to tell beyond what was read back. */
export function isToBeJoined(reply: Reply, safety: boolean): boolean {
  if (reply.end === null) return true;
  return (safety && reply.help === null) || (reply.end.kind === "error" && reply.end.code === UNTOLD);
}

/** Between tries to read what a reply has become. */
export const PAUSES: Pauses = { firstMs: 400, longestMs: 15_000 };
/** After this much silence, a sign that the network or the person is back is enough to join anew. */
export const DOUBTFUL_MS = 17_000;
