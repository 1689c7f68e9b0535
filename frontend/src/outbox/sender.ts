import type { Help, Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import type { Calls } from "./calls";
import type {
  AnnouncementEntry,
  AnswerEntry,
  BringMessage,
  CaptureEntry,
  Delivered,
  NewEntry,
  RefusedEntry,
} from "./entries";
import { nextJobs, nextTime, type Job, type Road, type Waiting } from "./order";
import type { Queue } from "./queue";
import { backOff, LANE, sendAgain, verdict, type Lane } from "./rules";
import type { Shelf } from "./shelf";
import { Uplink } from "./uplink";

/** How the way to the service is. */
export type Trouble = "offline" | "login" | null;

/** What the sender tells of. */
export interface Told {
  delivered(delivered: Delivered): void;
  refused(refused: RefusedEntry, help: Help | null): void;
  /** The queue or the trouble changed. */
  changed(): void;
}

/** Who is logged in is asked again so often while a login is wanted, though nobody says that there was one. */
const LOGIN_AGAIN_MS = 60_000;
/** What is under way may take so long when another page wants to send. */
const FINISH_MS = 1_000;
const HELD_BACK = new DOMException("makes way", "AbortError");

/** Brings what waits to the service, while it leads. */
export class Sender {
  trouble: Trouble = null;
  private active = false;
  private finishing = false;
  /** Whether it is known that `person` is the one logged in: what is sent goes under the cookie's login. */
  private known = true;
  private asking = false;
  private askTries = 0;
  private readonly notBefore: Record<Lane, number> = { words: 0, ledger: 0, pictures: 0 };
  private readonly uplink = new Uplink();
  private readonly running = new Map<Job, { stop: AbortController; since: number; over: Promise<void> }>();
  private calls = 0;
  private lastClick = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;
  bring: BringMessage | null = null;

  constructor(
    private readonly person: Id,
    private readonly queue: Queue,
    private readonly shelf: Shelf,
    private readonly service: Calls,
    private readonly told: Told,
    private readonly serverNow: () => number,
  ) {}

  start(): void {
    this.active = true;
    this.finishing = false;
    this.pump();
  }

  stop(): void {
    this.active = false;
    this.clearTimer();
    for (const [job, { stop }] of this.running) if (job.kind === "capture") stop.abort(HELD_BACK);
  }

  /** Begin nothing more; resolves when answers and messages that are under way came back, or soon. */
  async finish(): Promise<void> {
    this.finishing = true;
    this.holdBackPictures(() => true);
    const words = [...this.running].filter(([job]) => job.kind !== "capture").map(([, run]) => run.over);
    await Promise.race([Promise.allSettled(words), new Promise((resolve) => setTimeout(resolve, FINISH_MS))]);
  }

  /** Something was put. */
  more(kind: NewEntry["kind"]): void {
    if (LANE[kind] === "words") {
      this.lastClick = performance.now();
      this.holdBackPictures((size, ms) => this.uplink.mustYield(size, ms));
      // The person is there: whether the service is back is looked at now, not after the pause.
      if (this.active && this.trouble === "offline") this.ask();
    }
    this.pump();
  }

  /** Try all again at once. */
  nudge(): void {
    this.known = false;
    this.askTries = 0;
    this.hurry();
    if (this.trouble === "login") this.ask();
    this.pump();
  }

  /** Who is logged in may be another by now: nothing is sent before it is known. */
  doubt(): void {
    this.known = false;
  }

  /** The browser says that there is no network; it is not asked for it. */
  cutOff(): void {
    if (this.trouble === null) this.setTrouble("offline");
  }

  pump(): void {
    if (!this.active || this.finishing) return;
    this.clearTimer();
    // One look at the time: what is due between two looks would be neither begun nor waited for.
    const road = this.road();
    const jobs = nextJobs(this.queue.all, road);
    if (jobs.length > 0 && !this.known) return this.ask();
    for (const job of jobs) this.begin(job);
    const next = nextTime(this.queue.all, road);
    if (next !== undefined) this.wakeIn(next - road.now);
  }

  private road(): Road {
    const { notBefore, lastClick } = this;
    return { now: performance.now(), notBefore, narrow: this.uplink.narrow, lastClick };
  }

  private wakeIn(ms: number): void {
    this.clearTimer();
    this.timer = setTimeout(() => this.pump(), Math.max(0, Math.ceil(ms)));
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private hurry(): void {
    for (const lane of Object.values(LANE)) this.notBefore[lane] = 0;
    for (const one of this.queue.all) one.notBefore = 0;
  }

  private setTrouble(trouble: Trouble): void {
    if (this.trouble === trouble) return;
    this.trouble = trouble;
    this.told.changed();
  }

  private holdBackPictures(which: (size: number, ms: number) => boolean): void {
    for (const [job, { stop, since }] of this.running) {
      const size = job.items[0]?.row.size ?? 0;
      if (job.kind === "capture" && which(size, performance.now() - since)) stop.abort(HELD_BACK);
    }
  }

  /** Make sure that this person is the one logged in. */
  private ask(): void {
    if (this.asking) return;
    this.asking = true;
    void this.service
      .me()
      .then((id) => this.heardOf(id))
      .catch((error: unknown) => this.notHeard(error))
      .finally(() => (this.asking = false))
      .then(() => (this.known ? this.pump() : undefined));
  }

  private heardOf(id: Id): void {
    this.askTries = 0;
    if (id !== this.person) return this.wantLogin();
    this.known = true;
    // Only words: a picture that fails by itself must keep its pauses.
    this.notBefore.words = 0;
    for (const one of this.queue.all) if (LANE[one.row.kind] === "words") one.notBefore = 0;
    this.setTrouble(null);
  }

  private notHeard(error: unknown): void {
    if (error instanceof Refused && error.status === 401) return this.wantLogin();
    this.askTries += 1;
    const retryAfter = error instanceof Refused ? error.retryAfterSeconds : null;
    const pause = backOff("words", this.askTries, retryAfter);
    if (this.trouble !== "login") this.setTrouble("offline");
    this.again(pause);
  }

  private wantLogin(): void {
    this.known = false;
    this.setTrouble("login");
    this.again(LOGIN_AGAIN_MS);
  }

  /** Ask again who is logged in after `ms`, before anything else. */
  private again(ms: number): void {
    for (const lane of Object.values(LANE))
      this.notBefore[lane] = Math.max(this.notBefore[lane], performance.now() + ms);
    if (this.active) this.wakeIn(ms);
  }

  private begin(job: Job): void {
    const stop = new AbortController();
    const since = performance.now();
    this.calls += 1;
    for (const one of job.items) {
      Object.assign(one, { busy: true, call: this.calls, since });
      one.tries += 1;
    }
    const over = this.attempt(job, stop.signal, since)
      .catch((failure: unknown) => this.failed(job, failure, since))
      .catch(() => undefined)
      .then(() => {
        this.running.delete(job);
        for (const one of job.items) one.busy = false;
        this.told.changed();
        this.pump();
      });
    this.running.set(job, { stop, since, over });
  }

  private async attempt(job: Job, signal: AbortSignal, since: number): Promise<void> {
    const pairs = await this.opened(job.items);
    if (pairs.length === 0) return;
    await this.send(job.kind, pairs, signal);
    if (job.kind === "capture") this.uplink.done(job.items[0]?.row.size ?? 0, performance.now() - since);
    this.setTrouble(null);
  }

  /** Entries with their rows; what cannot be opened any more is refused here and now. */
  private async opened(items: readonly Waiting[]): Promise<[Waiting, NewEntry][]> {
    const pairs: [Waiting, NewEntry][] = [];
    for (const one of items) {
      try {
        const entry = await this.shelf.open(one.row);
        if (entry === undefined) this.queue.remove([one.row]);
        else pairs.push([one, entry]);
      } catch (error) {
        if (!(error instanceof DOMException && error.name === "OperationError")) throw error;
        await this.refuse(one, "unreadable", null, null);
      }
    }
    return pairs;
  }

  private async send(
    kind: NewEntry["kind"],
    pairs: [Waiting, NewEntry][],
    signal: AbortSignal,
  ): Promise<void> {
    const first = pairs[0];
    if (first === undefined) return;
    const [one, entry] = first;
    if (kind === "answer") return this.sendAnswers(pairs as [Waiting, AnswerEntry][], signal);
    if (entry.kind === "message") {
      await (this.bring?.(entry) ?? this.service.message(entry, signal));
      return this.taken(one, entry, null, null);
    }
    if (kind === "announcement") {
      const reply = await this.service.announcements(
        pairs.map((pair) => pair[1] as AnnouncementEntry),
        signal,
      );
      for (const [each, announced] of pairs) await this.taken(each, announced, reply, null);
      return;
    }
    const receipt = await this.service.capture(entry as CaptureEntry, signal);
    await this.taken(one, entry, receipt, null);
  }

  private async sendAnswers(pairs: [Waiting, AnswerEntry][], signal: AbortSignal): Promise<void> {
    const [first] = pairs;
    if (first === undefined) return;
    if (pairs.length === 1) {
      const reply = await this.service.answer(first[1], signal);
      return this.answered(first[0], first[1], reply, reply.help ?? null, signal);
    }
    const { responses, help } = await this.service.answers(
      pairs.map((pair) => pair[1]),
      signal,
    );
    let shown = help ?? null;
    for (const [one, entry] of pairs) {
      const reply = responses.find((each) => each.question_id === entry.question);
      if (reply === undefined) throw new Unreachable("unreadable");
      await this.answered(one, entry, reply, shown, signal);
      shown = null;
    }
  }

  private async answered(
    one: Waiting,
    entry: AnswerEntry,
    reply: { stale: boolean; version: number; value: number | null },
    help: Help | null,
    signal: AbortSignal,
  ): Promise<void> {
    if (reply.stale && (await this.raised(one, entry, reply, signal))) return;
    await this.taken(one, entry, reply, help);
  }

  /** Put the person's newest choice above the stored version, in the place of the one that came too late. */
  private async raised(
    one: Waiting,
    entry: AnswerEntry,
    reply: { version: number; value: number | null },
    signal: AbortSignal,
  ): Promise<boolean> {
    const newer = this.queue.rows.some(
      (row) =>
        row.kind === "answer" &&
        row.session === entry.session &&
        row.item === entry.question &&
        row.seq > one.row.seq,
    );
    if (!sendAgain(entry.body, reply, newer)) return false;
    const stored = await this.service.stored(entry, signal);
    if (!sendAgain(entry.body, stored, newer)) return false;
    const version = Math.max(stored?.version ?? 0, reply.version) + 1;
    const again = { ...entry, body: { ...entry.body, version } };
    const row = await this.shelf.replace(one.row, again, one.row.at);
    if (row === undefined) this.queue.remove([one.row]);
    else this.queue.replace(row);
    return true;
  }

  private async taken(one: Waiting, entry: NewEntry, reply: unknown, help: Help | null): Promise<void> {
    await this.shelf.drop([one.row]);
    this.queue.remove([one.row]);
    this.told.delivered({ entry: withoutPicture(entry), reply, help });
  }

  private async failed(job: Job, failure: unknown, since: number): Promise<void> {
    if (failure === HELD_BACK) {
      for (const one of job.items) one.tries -= 1;
      this.uplink.cut(job.items[0]?.row.size ?? 0, performance.now() - since);
      return;
    }
    const lane = LANE[job.kind];
    if (failure instanceof Unreachable) this.known = false;
    if (failure instanceof Unreachable && failure.reason === "network") this.setTrouble("offline");
    const left = job.items.filter((one) => this.queue.get(one.row) === one);
    for (const one of left) {
      const shared = left.length > 1 || job.items.length > 1;
      await this.judge(one, lane, failure, shared);
    }
  }

  private async judge(one: Waiting, lane: Lane, failure: unknown, shared: boolean): Promise<void> {
    const decided = verdict(one.row.kind, failure, one.tries, one.doubted);
    const now = performance.now();
    switch (decided.then) {
      case "login":
        return this.wantLogin();
      case "doubt":
        this.known = false;
        one.doubted = true;
        return;
      case "refuse":
        // The service judges a shared call as a whole: each gets its own verdict by itself.
        if (shared) {
          one.alone = true;
          return;
        }
        if (failure instanceof Refused) await this.refuse(one, failure.code, failure.requestId, failure.help);
        return;
      case "retry":
        if (decided.whose === "lane")
          this.notBefore[lane] = Math.max(this.notBefore[lane], now + decided.afterMs);
        else one.notBefore = now + decided.afterMs;
        if (shared && decided.whose === "item") one.alone = true;
    }
  }

  private async refuse(
    one: Waiting,
    code: string,
    requestId: string | null,
    help: Help | null,
  ): Promise<void> {
    const { kind, session, item } = one.row;
    const at = new Date(this.serverNow()).toISOString();
    const refused = { kind, session, item, code, requestId, at };
    const mine = await this.shelf.refuse(one.row, refused);
    this.queue.remove([one.row]);
    if (mine) this.told.refused(refused, help);
  }
}

function withoutPicture(entry: NewEntry): NewEntry {
  return entry.kind === "capture" ? { ...entry, picture: new Blob([]) } : entry;
}
