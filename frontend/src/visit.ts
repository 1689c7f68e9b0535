import type { Api } from "./api/client";
import type { Id, Session, Trigger } from "./api/contract";
import type { Clock } from "./clock/clock";
import type { Outbox } from "./outbox/entries";

/** What rooms of the page are given: each takes what it needs, and none reaches for another room. */
export interface Visit {
  readonly api: Api;
  readonly clock: Clock;
  readonly outbox: Outbox;
  /** Reactive: the session as the service last told it. */
  readonly session: Session;
  /** Take a picture, if the study wants one at this; returns at once, never fails, never delays. */
  capture(trigger: Trigger, of?: { question_id?: Id; message_id?: Id }): void;
  /** Ask the service how the session stands; the page moves on to the step it names. */
  refresh(): Promise<void>;
  /**
   * Stay with the chat, though it has ended, until it says that its last words were read: also when the page is left,
   * or opened again, meanwhile. Ends of the session are followed all the same.
   */
  stay(is: boolean): void;
  /** Show the help text at once, above all, also offline. `version` is that of the help shown. */
  showHelp(): void;
}
