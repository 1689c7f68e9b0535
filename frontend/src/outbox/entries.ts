import type { Announcement, Help, Id } from "../api/contract";
import type { Stamp } from "../clock/clock";

/** What waits for the service. Each is kept by IndexedDB before it is shown, and dropped only after 2xx. */
export type NewEntry = AnswerEntry | MessageEntry | AnnouncementEntry | CaptureEntry;
export type Kind = NewEntry["kind"];

interface OfSession {
  session: Id;
  /** When the session was created and until when it runs: what is kept how long follows from its end. */
}

export interface AnswerEntry extends OfSession {
  kind: "answer";
  question: Id;
  body: Stamp & { value: number | null; version: number; response_time_ms?: number; help_shown?: number };
}

export interface MessageEntry extends OfSession {
  kind: "message";
  message: Id;
  body: Stamp & { message_id: Id; message: string; assessment_id: Id; timing?: Record<string, number> };
}

export interface AnnouncementEntry extends OfSession {
  kind: "announcement";
  body: Announcement;
}

export interface CaptureEntry extends OfSession {
  kind: "capture";
  capture: Id;
  metadata: Omit<Announcement, "capture_id" | "skipped">;
  /** Hex. */
  sha256: string;
  picture: Blob;
}

/** One that the service refused for good; the person sees that it is there, and why. */
export interface RefusedEntry {
  kind: Kind;
  session: Id;
  /** The question's, message's or capture's id. */
  item: Id;
  code: string;
  requestId: string | null;
  at: string;
}

/** What came back for an answer: the stored value may be newer than the one sent. */
export type Delivered = { entry: NewEntry; reply: unknown; help: Help | null };

/**
 * How a message is brought: the chat reads the reply's stream itself, so it brings its messages itself.
 * Resolves once the service has `accepted` (from then on the message is kept there).
 * @throws Refused, Unreachable.
 */
export type BringMessage = (entry: MessageEntry) => Promise<void>;

export type Sign = "saved" | "saving" | "offline" | "login" | "full";

/** The one durable queue. Reactive where said. */
export interface Outbox {
  /** Reactive: what the page says of it. `login`: a login is wanted; `full`: the device has no room. */
  readonly sign: Sign;
  /** Reactive: entries that wait, by kind. */
  readonly waiting: Readonly<Record<Kind, number>>;
  /** Reactive: bytes of pictures that wait. */
  readonly pictureBytes: number;
  /** Reactive. */
  readonly refused: readonly RefusedEntry[];

  /** Resolves once IndexedDB holds it (durability strict). @throws DOMException no room (QuotaExceededError). */
  put(entry: NewEntry): Promise<void>;
  /** What still waits of a session, oldest first: answers and messages that the service does not know yet. */
  unsent(session: Id): Promise<NewEntry[]>;
  /** Be told of each that was taken; gives the way to stop. */
  whenDelivered(tell: (delivered: Delivered) => void): () => void;
  /** Who brings messages while there is a chat; null: the outbox does, and reads until `accepted`. */
  bringMessagesBy(bring: BringMessage | null): void;
  /** Resolves when no answer and no message waits any more. */
  settled(): Promise<void>;
  /** Try at once: the person asked, came back, or logged in. */
  nudge(): void;
  /** Forget what is of `session` and not sent; a withdrawal of all, or of the camera's scope (captures alone). */
  forget(session: Id, kinds?: readonly Kind[]): Promise<void>;
  /** Keep a value for the next visit, encrypted as entries are, such as the session as it stood. */
  keep(name: string, value: unknown): Promise<void>;
  kept<T>(name: string): Promise<T | undefined>;
  /** The session ended: when entries of it, and what is kept, may be forgotten follows from its state. */
  ended(session: Id, state: string, at: string): Promise<void>;
}
