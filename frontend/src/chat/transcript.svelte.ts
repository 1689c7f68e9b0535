import type { Id, Interview } from "../api/contract";
import { Refused } from "../api/failures";
import type { MessageEntry, NewEntry } from "../outbox/entries";
import type { Visit } from "../visit";
import type { Paths } from "./calls";
import type { StreamEvent } from "../api/events";
import { Follower } from "./follower";
import type { Kept } from "./kept";
import { type Exchange, merged, waitingExchange } from "./log";
import { follow, isToBeJoined } from "./rules";
import type { Connection } from "../api/stream";
import type { Wakings } from "./wakings";

/** The service's code for an id that came with other words before, such as those of one draft in two tabs. */
export const REUSED = "message_id_reused";

/** What the transcript is given, and whom it tells. */
export interface TranscriptParts {
  visit: Visit;
  kept: Kept;
  paths: Paths;
  wakings: Wakings;
  closing: AbortSignal;
  /** The service knows this message from now on. */
  accepted: (message: Id) => void;
  /** The first words of a reply came that nobody has seen yet. */
  begun: (message: Id) => void;
  /** It was read back anew. */
  adopted: () => void;
  /** The service will not take a message, for this reason. */
  refused: (code: string) => void;
  failed: (error: unknown) => void;
}

/** The turns as this page shows them, kept equal to what the service holds and what waits on this device. */
export class Transcript {
  interview = $state<Omit<Interview, "turns"> | null>(null);
  exchanges = $state<Exchange[]>([]);
  /** The connection to a running reply is lost; it is made again by itself. */
  lost = $state(false);

  private following: { id: Id; follower: Follower; done: Promise<void> } | null = null;
  private syncing: Promise<boolean> | null = null;
  private again = false;
  /** How many messages were accepted here. */
  private taken = 0;
  private tries = 0;
  private waits = false;
  private helped: Id | undefined;

  constructor(private readonly parts: TranscriptParts) {}

  /** Show what was last seen here, then what the service knows; resolves after the first try. */
  async load(): Promise<void> {
    const [seen, helped] = await Promise.all([this.parts.kept.seen(), this.parts.kept.helped()]);
    this.helped = helped;
    if (seen !== undefined && this.interview === null) {
      this.exchanges = seen.exchanges;
      this.interview = seen.interview;
      for (const entry of await this.unsent()) this.add(entry);
    }
    await this.sync();
  }

  close(): void {
    this.following?.follower.stop();
  }

  /** The newest turn that the service knows. Not `$derived`: it is read after the view has gone, too. */
  get newest(): Exchange | null {
    return this.exchanges.findLast((one) => one.turnNumber !== null) ?? null;
  }

  find(id: Id): Exchange | undefined {
    return this.exchanges.find((one) => one.messageId === id);
  }

  /** Show a message that waits on this device. */
  add(entry: MessageEntry): void {
    if (this.find(entry.message) !== undefined) return;
    this.exchanges.push(
      waitingExchange(entry.message, entry.body.message, this.createdAt + entry.body.session_ms),
    );
  }

  /** Resolves when the reply that is being read has ended, or nobody reads it any more. */
  get reading(): Promise<void> | null {
    return this.following?.done ?? null;
  }

  /**
   * Ask how the interview stands. One call at a time; asked for meanwhile, it is made once more. Never fails: gives
   * whether it was told.
   */
  sync(): Promise<boolean> {
    if (this.syncing !== null) this.again = true;
    this.syncing ??= this.syncAll().finally(() => (this.syncing = null));
    return this.syncing;
  }

  private async syncAll(): Promise<boolean> {
    for (;;) {
      this.again = false;
      const told = await this.syncOnce();
      if (!this.again || this.parts.closing.aborted) return told;
    }
  }

  private async syncOnce(): Promise<boolean> {
    const taken = this.taken;
    try {
      const { turns, ...interview } = await this.parts.visit.api.call<Interview>(this.parts.paths.chat);
      if (this.parts.closing.aborted) return false;
      await this.adopt(interview, turns, taken);
      this.tries = 0;
      return true;
    } catch (error) {
      this.parts.failed(error);
      if (!(error instanceof Refused) || error.passing) this.later(error);
      return false;
    }
  }

  private later(error: unknown): void {
    if (this.waits) return;
    this.waits = true;
    const { wakings, closing } = this.parts;
    this.tries += 1;
    void wakings.pauseAfter(this.tries, error, closing).then(() => {
      this.waits = false;
      if (!closing.aborted) void this.sync();
    });
  }

  /** `taken`: how many messages had been accepted when it was asked for. */
  private async adopt(
    interview: Omit<Interview, "turns">,
    turns: Interview["turns"],
    taken: number,
  ): Promise<void> {
    const unsent = await this.unsent();
    const notSent = await this.parts.kept.notSent();
    // It may be of before a message that the outbox has given up by now: that one would be shown nowhere.
    if (taken !== this.taken) {
      this.again = true;
      return;
    }
    this.interview = interview;
    this.exchanges = merged(turns, {
      unsent,
      notSent,
      live: this.following?.id ?? null,
      shown: this.exchanges,
      createdAt: this.createdAt,
    });
    if (this.following === null) this.lost = false;
    const newest = this.newest;
    if (newest !== null && isToBeJoined(newest.reply, newest.safety)) this.follow(newest.messageId, null);
    this.remember();
    this.parts.adopted();
  }

  /** Show a message that waits on this device beside other words, which its id stands for; null: it is shown so. */
  addBeside(entry: MessageEntry): Exchange | null {
    const sentAt = this.createdAt + entry.body.session_ms;
    const words = entry.body.message;
    if (this.exchanges.some((one) => one.message === words && one.sentAt === sentAt)) return null;
    const id = crypto.randomUUID();
    this.exchanges.push(waitingExchange(id, words, sentAt));
    return this.find(id) ?? null;
  }

  /** Show words as refused for good, and keep them until the person has done with them. */
  async refuse(exchange: Exchange, code: string): Promise<void> {
    if (exchange.whereabouts !== "waiting") return;
    // The id stands for other words, under which these would not be found again.
    if (code === REUSED) exchange.messageId = crypto.randomUUID();
    exchange.whereabouts = "refused";
    exchange.refusal = code;
    const { messageId, message, sentAt } = exchange;
    await this.parts.kept.keepNotSent({ message_id: messageId, text: message ?? "", code, sent_at: sentAt });
    this.parts.refused(code);
    void this.sync();
  }

  private async unsent(): Promise<MessageEntry[]> {
    const { visit } = this.parts;
    const entries = await visit.outbox.unsent(visit.session.id).catch((): NewEntry[] => []);
    return entries.filter((one): one is MessageEntry => one.kind === "message");
  }

  /** Read a turn's reply to its end; `first`: a connection that is open already. */
  follow(id: Id, first: Connection | null): void {
    if (this.following?.id === id && first === null) return;
    this.following?.follower.stop();
    const { visit, paths, wakings, failed } = this.parts;
    const follower = new Follower({
      api: visit.api,
      path: paths.events(id),
      lastId: () => this.find(id)?.reply.lastId ?? null,
      hear: (event) => this.hear(id, event),
      lost: (why) => {
        this.lost = true;
        if (why instanceof Refused) failed(why);
      },
      wakings,
    });
    this.following = { id, follower, done: this.run(follower, first) };
  }

  private async run(follower: Follower, first: Connection | null): Promise<void> {
    try {
      await follower.run(first);
    } catch (error) {
      this.parts.failed(error);
    }
    if (this.following?.follower !== follower) return;
    this.following = null;
    this.lost = false;
    this.remember();
  }

  /** Take an event of a turn's stream. */
  hear(id: Id, event: StreamEvent): void {
    const exchange = this.find(id);
    if (exchange === undefined) return;
    this.lost = false;
    const first = event.kind === "chunk" && exchange.reply.text === "" && exchange.reply.end === null;
    exchange.reply = follow(exchange.reply, event);
    if (first) this.parts.begun(id);
    if (event.kind === "accepted" && exchange.turnNumber === null) this.accepted(exchange, event.turnNumber);
    if (event.kind === "help") this.help(exchange);
    if (event.kind === "complete") this.completed(exchange, event.conversationEnded);
  }

  private accepted(exchange: Exchange, turnNumber: number): void {
    exchange.turnNumber = turnNumber;
    exchange.whereabouts = "sent";
    this.taken += 1;
    if (this.interview !== null) this.interview.paused = false;
    this.parts.accepted(exchange.messageId);
  }

  private help(exchange: Exchange): void {
    exchange.safety = true;
    if (this.helped === exchange.messageId) return;
    this.helped = exchange.messageId;
    this.parts.visit.showHelp();
    void this.parts.kept.keepHelped(exchange.messageId);
  }

  private completed(exchange: Exchange, conversationEnded: boolean): void {
    if (this.interview === null || exchange.messageId !== this.newest?.messageId) return;
    if (exchange.reply.pauses && !conversationEnded) this.interview.paused = true;
    if (!conversationEnded) return;
    this.interview.ended = true;
    void this.sync();
  }

  private get createdAt(): number {
    return Date.parse(this.parts.visit.session.created_at);
  }

  private remember(): void {
    if (this.interview === null || this.parts.closing.aborted) return;
    const exchanges = $state.snapshot(this.exchanges).filter((one) => one.whereabouts === "sent");
    void this.parts.kept.keepSeen({ interview: $state.snapshot(this.interview), exchanges });
  }
}
