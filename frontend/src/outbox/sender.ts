import type { Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import type { Bringing, Told } from "./bringing";
import type { Calls } from "./calls";
import type { Kind } from "./entries";
import { nextJobs, nextTime, type Job, type Road, type Waiting } from "./order";
import type { Queue } from "./queue";
import { backOff, LANE, verdict, type Lane } from "./rules";
import { Uplink } from "./uplink";

/** How the way to the service is. */
export type Trouble = "offline" | "login" | null;

/** Who is logged in is asked again so often while a login is wanted, though nobody says that there was one. */
const LOGIN_AGAIN_MS = 60_000;
/** A person who enters something has it asked sooner, but not with each click. */
const LOGIN_CLICK_MS = 5_000;
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
  private askedAt = -Infinity;
  /** Counts what tells of a new login: a 401 to what was sent before says nothing of it. */
  private logins = 0;
  private askTries = 0;
  private readonly notBefore: Record<Lane, number> = { words: 0, ledger: 0, pictures: 0 };
  private readonly uplink = new Uplink();
  private readonly running = new Map<Job, { stop: AbortController; since: number; over: Promise<void> }>();
  private calls = 0;
  private lastClick = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly person: Id,
    private readonly queue: Queue,
    private readonly service: Calls,
    private readonly bringing: Bringing,
    private readonly told: Pick<Told, "changed">,
  ) {}

  start(): void {
    this.active = true;
    this.finishing = false;
    // What it knew of the way is old.
    if (this.trouble !== null) this.ask();
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
  more(kind: Kind): void {
    if (LANE[kind] === "words") {
      this.lastClick = performance.now();
      this.holdBackPictures((size, ms) => this.uplink.mustYield(size, ms));
      // The person is there: whether the service or the login is back is looked at now, not after the pause.
      const soon = this.trouble === "login" && performance.now() < this.askedAt + LOGIN_CLICK_MS;
      if (this.active && this.trouble !== null && !soon) this.ask();
    }
    this.pump();
  }

  /** Try all again at once. */
  nudge(): void {
    this.known = false;
    this.logins += 1;
    this.askTries = 0;
    this.hurry();
    // Though nothing waits: the sign must not go on telling of a fault that is over.
    if (this.trouble !== null) this.ask();
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
    this.askedAt = performance.now();
    const logins = this.logins;
    void this.service
      .me()
      .then((id) => this.heardOf(id))
      .catch((error: unknown) => this.notHeard(error, logins))
      .finally(() => (this.asking = false))
      .then(() => {
        if (this.known) this.pump();
        else if (logins !== this.logins) this.ask();
      });
  }

  private heardOf(id: Id): void {
    this.askTries = 0;
    if (id !== this.person) return this.heardOfAnother();
    this.known = true;
    this.logins += 1;
    // Only words: a picture that fails by itself must keep its pauses.
    this.notBefore.words = 0;
    for (const one of this.queue.all) if (LANE[one.row.kind] === "words") one.notBefore = 0;
    this.setTrouble(null);
  }

  /** A 404 was theirs: it says nothing of what this person may do. */
  private heardOfAnother(): void {
    for (const one of this.queue.all) one.doubted = false;
    this.wantLogin();
  }

  private notHeard(error: unknown, logins: number): void {
    if (isLoginWanted(error)) return logins === this.logins ? this.wantLogin() : undefined;
    this.askTries += 1;
    const pause = backOff("words", this.askTries, error);
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
    const logins = this.logins;
    this.calls += 1;
    for (const one of job.items) {
      Object.assign(one, { busy: true, call: this.calls, since });
      one.tries += 1;
    }
    const over = this.attempt(job, stop.signal, since)
      .catch((failure: unknown) =>
        isLoginWanted(failure) && logins !== this.logins ? this.doubt() : this.failed(job, failure, since),
      )
      .catch((failure: unknown) => this.pause(job, failure))
      .then(() => {
        this.running.delete(job);
        for (const one of job.items) one.busy = false;
        this.told.changed();
        this.pump();
      });
    this.running.set(job, { stop, since, over });
  }

  /** What became of it could not be written down: it is begun again, and never without a pause. */
  private pause(job: Job, failure: unknown): void {
    for (const one of job.items)
      one.notBefore = performance.now() + backOff(LANE[job.kind], one.tries, failure);
  }

  private async attempt(job: Job, signal: AbortSignal, since: number): Promise<void> {
    await this.bringing.all(job, signal);
    if (job.kind === "capture") this.uplink.done(job.items[0]?.row.size ?? 0, performance.now() - since);
    this.setTrouble(null);
  }

  private async failed(job: Job, failure: unknown, since: number): Promise<void> {
    if (failure === HELD_BACK) {
      for (const one of job.items) one.tries -= 1;
      this.uplink.cut(job.items[0]?.row.size ?? 0, performance.now() - since);
      return;
    }
    const lane = LANE[job.kind];
    if (failure instanceof Unreachable) this.known = false;
    // A proxy that cuts off large bodies is no end of the way: whether words get through is asked.
    if (failure instanceof Unreachable && failure.reason === "network") {
      if (lane === "pictures") this.ask();
      else this.setTrouble("offline");
    }
    const left = job.items.filter((one) => this.queue.get(one.row) === one);
    for (const one of left) {
      const shared = left.length > 1 || job.items.length > 1;
      await this.judge(one, lane, failure, shared);
    }
  }

  private async judge(one: Waiting, lane: Lane, failure: unknown, shared: boolean): Promise<void> {
    const decided = verdict(one.row.kind, failure, one.tries, one.doubted);
    const now = performance.now();
    // Only the try right after it was asked who is logged in confirms a 404: until a later one the login may change.
    if (decided.then !== "refuse") one.doubted = false;
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
        if (failure instanceof Refused)
          await this.bringing.refuse(one, failure.code, failure.requestId, failure.help);
        return;
      case "retry":
        if (decided.whose === "lane")
          this.notBefore[lane] = Math.max(this.notBefore[lane], now + decided.afterMs);
        else one.notBefore = now + decided.afterMs;
        if (shared && decided.whose === "item") one.alone = true;
    }
  }
}

function isLoginWanted(failure: unknown): boolean {
  return failure instanceof Refused && failure.status === 401;
}
