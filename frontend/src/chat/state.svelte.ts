import type { Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import type { MessageEntry, RefusedEntry } from "../outbox/entries";
import type { Visit } from "../visit";
import { Bringing } from "./bringing";
import { Paths, type Taken, take } from "./calls";
import { type Draft, Kept } from "./kept";
import { type Exchange, answered, composerOf, modelIsAway, waitingExchange } from "./log";
import { asSent, faultOf, withoutNul } from "./message";
import { NO_REPLY } from "./rules";
import { Tabs } from "./tabs";
import { SeenTimes } from "./times";
import { REUSED, Transcript } from "./transcript.svelte";
import { Wakings } from "./wakings";

/** A fault that the person is told of: a code that the words have a sentence for, and what to quote. */
export interface Trouble {
  code: string;
  requestId: string | null;
}

const TICK_MS = 15_000;
/** The session stands elsewhere than this page thinks. */
const MOVED_ON = new Set(["wrong_step", "session_ended", "not_found"]);

/** The interview on this page: what is written, what is sent, and how it ends. */
export class Chat {
  draft = $state.raw<Draft>(newDraft());
  trouble = $state.raw<Trouble | null>(null);
  /** After a pause the person chose to go on. */
  goesOn = $state(false);
  begins = $state(false);
  sending = $state(false);
  finishing = $state<"no" | "settling" | "calling">("no");
  movedOn = $state(false);
  /** An invisible sign that cannot be sent was taken out of what was written. */
  cleaned = $state(false);
  private now = $state(0);

  readonly transcript: Transcript;
  readonly times: SeenTimes;
  private readonly paths: Paths;
  private readonly kept: Kept;
  private readonly tabs: Tabs;
  private readonly bringing: Bringing;
  private readonly wakings = new Wakings();
  private readonly closing = new AbortController();
  private leaving: (() => void)[] = [];
  /** What stood in the composer when it was last sent here. */
  private sent: Pick<Draft, "message_id" | "text"> | null = null;
  private loaded: Promise<void> = Promise.resolve();

  constructor(private readonly visit: Visit) {
    const { outbox, api, clock, session } = visit;
    this.paths = new Paths(session.id);
    this.kept = new Kept(outbox, session.id, session.chat.assessment_id);
    this.times = new SeenTimes(api, clock, session.created_at, (id) => this.paths.timing(id));
    this.tabs = new Tabs(session.chat.assessment_id, () => void this.transcript.sync());
    const shared = { visit, kept: this.kept, wakings: this.wakings, closing: this.closing.signal };
    this.transcript = new Transcript({
      ...shared,
      paths: this.paths,
      accepted: () => (this.goesOn = false),
      begun: (message) => this.times.begun(message),
      adopted: () => this.adopted(),
      refused: (code) => this.moved(code),
      failed: (error) => this.failed(error),
    });
    this.bringing = new Bringing({
      ...shared,
      transcript: this.transcript,
      loaded: () => this.loaded,
      taken: () => this.tabs.tell(),
    });
  }

  readonly composer = $derived.by(() => {
    const { interview, exchanges } = this.transcript;
    return interview === null ? "begin" : composerOf(interview, exchanges, this.goesOn);
  });
  readonly fault = $derived(faultOf(this.draft.text));
  readonly maySend = $derived(this.composer === "write" && this.fault === null && !this.sending);
  /** How many more messages with a reply there must be before the person may finish. */
  readonly left = $derived.by(() =>
    Math.max(0, (this.transcript.interview?.min_turns ?? 0) - answered(this.transcript.exchanges)),
  );
  readonly mayFinish = $derived.by(() => {
    const { interview, exchanges, newest } = this.transcript;
    if (interview === null || newest === null) return false;
    return this.left === 0 || interview.paused || modelIsAway(exchanges, this.now);
  });

  /** Show what is known here, then what the service knows, and go on with what was under way. */
  open(): void {
    this.wakings.open();
    this.wakings.listen(() => void this.transcript.sync());
    const { outbox, clock } = this.visit;
    const ticking = setInterval(() => (this.now = clock.now()), TICK_MS);
    this.leaving = [
      () => clearInterval(ticking),
      outbox.whenDelivered(({ entry }) => entry.kind === "message" && this.elsewhere(entry)),
      outbox.whenRefused((one) => one.kind === "message" && this.refusedElsewhere(one)),
    ];
    this.loaded = Promise.all([this.transcript.load(), this.loadDraft()]).then(() => undefined);
    outbox.bringMessagesBy((entry) => this.bringing.bring(entry));
    this.visit.stay(true);
  }

  /** Leave: replies under way go on without a reader, and the outbox brings what waits by itself. */
  close(): void {
    this.closing.abort();
    this.visit.outbox.bringMessagesBy(null);
    this.transcript.close();
    for (const leave of this.leaving) leave();
    this.times.leave();
    this.tabs.close();
    this.wakings.close();
  }

  private async loadDraft(): Promise<void> {
    const draft = await this.kept.draft();
    if (draft !== undefined && this.draft.text === "" && this.transcript.find(draft.message_id) === undefined)
      this.draft = draft;
  }

  /** Begin the interview: its greeting comes as turn 0. A repeat, here or after a reload, begins no second one. */
  async begin(): Promise<void> {
    if (this.begins) return;
    this.begins = true;
    const id = (await this.kept.start()) ?? crypto.randomUUID();
    await this.kept.keepStart(id);
    for (let tries = 1; !this.closing.signal.aborted; tries += 1) {
      try {
        this.begun(await take(this.visit.api, this.paths.start, { message_id: id }));
        break;
      } catch (error) {
        this.failed(error);
        if (error instanceof Refused && !error.passing) break;
        await this.wakings.pauseAfter(tries, error, this.closing.signal);
      }
    }
    this.begins = false;
  }

  private begun({ accepted, connection }: Taken): void {
    this.trouble = null;
    // An interview that another tab began has a greeting of its own id.
    const id = accepted.messageId;
    if (this.transcript.find(id) === undefined)
      this.transcript.exchanges.unshift(greeting(id, this.visit.clock.now()));
    this.transcript.hear(id, accepted);
    this.transcript.follow(id, connection);
    this.tabs.tell();
  }

  /** Take what stands in the composer, and keep it on this device. */
  write(text: string): void {
    const clean = withoutNul(text);
    this.cleaned = clean !== text || (this.cleaned && clean !== "");
    const started = this.draft.typing_started_ms ?? this.stamp().session_ms;
    this.draft = { ...this.draft, text: clean, typing_started_ms: clean === "" ? null : started };
    this.kept.keepDraft(this.draft);
  }

  /** Put what was written into the outbox, and show it; the outbox has it brought. */
  async send(): Promise<void> {
    if (!this.maySend) return;
    this.sending = true;
    this.sent = this.draft;
    const entry = this.entry();
    this.visit.capture("MESSAGE_SEND", { message_id: entry.message });
    try {
      await this.visit.outbox.put(entry);
      this.transcript.add(entry);
      this.parted();
      this.trouble = null;
    } catch {
      await this.sendUnkept(entry);
    }
    this.sending = false;
  }

  /** This device has no room: the message is brought at once, and stays in the composer until it was taken. */
  private async sendUnkept(entry: MessageEntry): Promise<void> {
    try {
      await this.bringing.bring(entry);
      this.parted();
    } catch {
      const { transcript } = this;
      transcript.exchanges = transcript.exchanges.filter(
        (one) => one.messageId !== entry.message || one.turnNumber !== null,
      );
      this.trouble = { code: "not_kept", requestId: null };
    }
  }

  private entry(): MessageEntry {
    const stamp = this.stamp();
    const { message_id, text, typing_started_ms } = this.draft;
    const timing: Record<string, number> = { send_clicked_ms: stamp.session_ms };
    if (typing_started_ms !== null) timing["typing_started_ms"] = typing_started_ms;
    const assessment_id = this.visit.session.chat.assessment_id;
    return {
      kind: "message",
      session: this.visit.session.id,
      message: message_id,
      body: { ...stamp, message_id, message: asSent(text), assessment_id, timing },
    };
  }

  private stamp() {
    return this.visit.clock.stamp(this.visit.session.created_at);
  }

  private clear(): void {
    this.draft = newDraft();
    this.cleaned = false;
    this.kept.keepDraft(this.draft);
  }

  /** Ask for the reply of a turn again, under the same id: nothing is doubled. */
  async tryAgain(exchange: Exchange): Promise<void> {
    const before = exchange.reply;
    exchange.reply = { ...NO_REPLY };
    const { messageId, message } = exchange;
    const body = { message_id: messageId, message, assessment_id: this.visit.session.chat.assessment_id };
    try {
      const taken =
        message === null
          ? await take(this.visit.api, this.paths.start, { message_id: messageId })
          : await take(this.visit.api, this.paths.turns, body);
      this.trouble = null;
      this.transcript.hear(messageId, taken.accepted);
      this.transcript.follow(messageId, taken.connection);
      this.tabs.tell();
    } catch (error) {
      const shown = this.transcript.find(messageId);
      if (shown !== undefined && shown.reply.end === null) shown.reply = before;
      this.failed(error);
    }
  }

  /** Put words that were refused into the composer, before what stands there; they may be sent as a new message. */
  async takeBack(exchange: Exchange): Promise<void> {
    const words = exchange.message ?? "";
    this.write(this.draft.text === "" ? words : `${words}\n\n${this.draft.text}`);
    await this.drop(exchange);
  }

  /** The person has done with words that were refused. */
  async drop(exchange: Exchange): Promise<void> {
    const { transcript } = this;
    transcript.exchanges = transcript.exchanges.filter((one) => one.messageId !== exchange.messageId);
    await this.kept.forgetNotSent(exchange.messageId);
  }

  /** Try at once what waits. */
  nudge(): void {
    this.visit.outbox.nudge();
    this.wakings.wake("network");
  }

  /** Finish, once all that was sent is kept. `keepOn` calls it off while it waits for that. */
  async finish(): Promise<void> {
    if (this.finishing !== "no") return;
    this.finishing = "settling";
    await this.visit.outbox.settled(this.visit.session.id);
    if (this.finishing !== "settling" || this.closing.signal.aborted) return;
    this.finishing = "calling";
    try {
      await this.visit.api.call(this.paths.complete, { method: "POST", body: {} });
      this.tabs.tell();
      await this.goOn();
    } catch (error) {
      this.failed(error);
      void this.transcript.sync();
    }
    this.finishing = "no";
  }

  keepOn(): void {
    if (this.finishing === "settling") this.finishing = "no";
  }

  /** The conversation has ended, or the session has moved on: the page goes where the session stands. */
  async goOn(): Promise<void> {
    this.visit.stay(false);
    await this.visit.refresh().catch((error: unknown) => this.failed(error));
  }

  /** A message was taken from another tab, or brought by the outbox itself. */
  private elsewhere({ session, message }: MessageEntry): void {
    if (session !== this.visit.session.id) return;
    // A read-back of before it was taken, while the outbox had given it up already, has not found it at all.
    if ((this.transcript.find(message)?.turnNumber ?? null) === null) void this.transcript.sync();
  }

  private refusedElsewhere({ session, item, code }: RefusedEntry): void {
    if (session !== this.visit.session.id) return;
    const exchange = this.transcript.find(item);
    if (exchange?.whereabouts === "waiting") void this.transcript.refuse(exchange, code);
    // Words of this tab may have been kept by another one, under an id of their own.
    else if (code === REUSED) void this.transcript.sync();
  }

  private adopted(): void {
    this.now = this.visit.clock.now();
    if (this.trouble?.code === "unreachable" || this.trouble?.code === "unavailable") this.trouble = null;
    this.parted();
  }

  /**
   * The draft was sent. What was typed on to it here, until the box could be emptied, is a draft of its own; so are
   * words that were changed since, here or in another tab, as they stand.
   */
  private parted(): void {
    const { message_id, text } = this.draft;
    const known = this.transcript.find(message_id);
    if (known === undefined) return;
    if (known.message === asSent(text)) return this.clear();
    const before = this.sent?.message_id === message_id ? this.sent.text : "";
    if (before !== "" && text.startsWith(before)) {
      this.draft = newDraft();
      this.write(text.slice(before.length));
    } else {
      this.draft = { ...this.draft, message_id: crypto.randomUUID() };
      this.kept.keepDraft(this.draft);
    }
  }

  private moved(code: string): void {
    // An interview that was begun anew takes this one's place, with the words that were not sent.
    if (code === "assessment_replaced") void this.goOn();
    else if (MOVED_ON.has(code)) {
      this.movedOn = true;
      // Without a turn there is nothing to be read first, and nothing that would lead on.
      if (this.transcript.newest === null) void this.visit.refresh();
    }
  }

  /** The page asks for a login; what was interrupted goes on after it. */
  private loginWanted(): void {
    this.visit.refresh().then(
      () => {
        if (this.trouble?.code === "login_required") this.trouble = null;
        this.wakings.wake("network");
      },
      () => undefined,
    );
  }

  private failed(error: unknown): void {
    if (error instanceof Refused) {
      this.trouble = { code: error.code, requestId: error.requestId };
      if (error.status === 401) this.loginWanted();
      this.moved(error.code);
    } else {
      const requestId = error instanceof Unreachable ? error.requestId : null;
      this.trouble = { code: "unreachable", requestId };
    }
  }
}

function newDraft(): Draft {
  return { message_id: crypto.randomUUID(), text: "", typing_started_ms: null };
}

function greeting(id: Id, now: number): Exchange {
  return { ...waitingExchange(id, "", now), message: null };
}
