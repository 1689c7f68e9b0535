import type { Announcement, Help, Id, Session } from "../api/contract";
import type { Stamp } from "../clock/clock";

/** What waits for the service. Each is kept by IndexedDB before it is shown, and dropped only after 2xx. */
export type NewEntry = AnswerEntry | MessageEntry | AnnouncementEntry | CaptureEntry;
export type Kind = NewEntry["kind"];

interface OfSession {
  session: Id;
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
  /** The service's code, or `unreadable`: the device gave back other bytes than it was given. */
  code: string;
  requestId: string | null;
  at: string;
}

/** What of a session says how long its entries are kept on the device. */
export type Standing = Pick<Session, "id" | "state" | "expires_at" | "completed_at">;

/**
 * What was taken, in whichever tab of this person; of a capture without its picture. A message that no chat brought is
 * told of once more if help comes with its reply.
 */
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
  /**
   * Reactive: what the page says of answers and messages (pictures have their count). `login`: a login of this person
   * is wanted; `full`: the device has no room, so that what is not sent yet is lost with the page.
   */
  readonly sign: Sign;
  /** Reactive: entries that wait, by kind. */
  readonly waiting: Readonly<Record<Kind, number>>;
  /** Reactive: bytes of pictures that wait. */
  readonly pictureBytes: number;
  /** Reactive. */
  readonly refused: readonly RefusedEntry[];

  /** Reactive: whether a picture of usual size would be kept. The camera takes, and announces, none while not. */
  readonly roomForPictures: boolean;
  /** Whether the device keeps entries at all; if not, they wait in memory and the sign says `full`. */
  readonly durable: boolean;

  /**
   * Resolves once IndexedDB holds it (durability strict). Where the device refuses, it waits in memory and `sign`
   * says `full`; a picture for which there is no room is told as `skipped` instead, while its announcement waits.
   * Never throws for want of room.
   */
  put(entry: NewEntry): Promise<void>;
  /** What still waits of a session, oldest first: answers and messages that the service does not know yet. */
  unsent(session: Id): Promise<NewEntry[]>;
  /** Be told of each that was taken; gives the way to stop. */
  whenDelivered(tell: (delivered: Delivered) => void): () => void;
  /** Be told of each that was refused for good; `help` where the service sent it beside the error. */
  whenRefused(tell: (refused: RefusedEntry, help: Help | null) => void): () => void;
  /** The person has seen what was refused. */
  dismissRefused(): Promise<void>;
  /** Who brings messages while there is a chat; null: the outbox does, and reads until `accepted`. */
  bringMessagesBy(bring: BringMessage | null): void;
  /** How many pictures of `session` wait, or their announcements alone. Reactive. */
  picturesWait(session: Id): number;
  /** Resolves when no answer and no message of `session` waits any more. */
  settled(session: Id): Promise<void>;
  /** Try at once: the person asked, came back, or logged in. */
  nudge(): void;
  /** Forget all that there is of `session`, after a withdrawal of all; or what waits of `kinds`, of some scopes. */
  forget(session: Id, kinds?: readonly Kind[]): Promise<void>;
  /**
   * Keep a value for the next visit, encrypted as entries are, such as the session as it stood. It goes with
   * `session`'s end, or without one when no session of the person is open any more.
   */
  keep(name: string, value: unknown, session?: Id): Promise<void>;
  kept<T>(name: string): Promise<T | undefined>;
  /** The session ended: when entries of it, and what is kept, may be forgotten follows from its state. */
  ended(session: Id, state: string, at: string): Promise<void>;
  /** How a session stands, at each reply that tells it: its end, or when it will end by itself. */
  follow(session: Standing): Promise<void>;
  /** Stop sending and listening, such as before another person's outbox is opened. What waits stays kept. */
  close(): void;
}
