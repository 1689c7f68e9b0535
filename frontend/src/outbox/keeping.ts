import type { Id } from "../api/contract";
import type { Clock } from "../clock/clock";
import type { Standing } from "./entries";
import { isOver, KEPT_MS, type Course } from "./rules";
import type { Shelves } from "./shelves";

/** How long a session's things are kept, of what the service tells of it. */
export function courseOf(standing: Standing): Course {
  const over = KEPT_MS[standing.state] !== undefined;
  const at = over ? (standing.completed_at ?? standing.expires_at) : standing.expires_at;
  return { session: standing.id, state: over ? standing.state : null, until: Date.parse(at) };
}

/** What is kept for the next visit beside the queue, and when it all goes; one step after the other. */
export class Keeping {
  private last: Promise<unknown> = Promise.resolve();
  /** All sessions are over and nothing was left: nothing more is written, unless another session begins. */
  private spent = false;
  private closed = false;

  constructor(
    private readonly shelves: Shelves,
    private readonly clock: Clock,
    /** What had its time is gone; gives whether nothing waits any more. */
    private readonly letGo: () => Promise<boolean>,
  ) {}

  /** Something was put: there is a session that goes on. */
  began(): void {
    this.spent = false;
  }

  keep(name: string, value: unknown, session: Id | null): Promise<void> {
    return this.inTurn(async () => {
      if (this.spent || (session !== null && (await this.isOver(session)))) {
        await this.shelves.remember(name, value, session);
      } else await this.shelves.keep(name, value, session, this.clock.now());
    });
  }

  async kept<T>(name: string): Promise<T | undefined> {
    // What cannot be opened any more is as good as never kept.
    return (await this.shelves.kept(name).catch(() => undefined)) as T | undefined;
  }

  learn(course: Course): Promise<void> {
    return this.inTurn(async () => {
      const over = isOver(course, this.now);
      if (!over) this.spent = false;
      if (!this.spent) await this.shelves.learn(course).catch(() => undefined);
      if (over) await this.look();
    });
  }

  tidy(): Promise<void> {
    return this.inTurn(() => this.look());
  }

  /** Something of it was taken: if it is over, more may go. */
  async tidyAfter(session: Id): Promise<void> {
    if (await this.isOver(session)) await this.tidy();
  }

  close(): void {
    this.closed = true;
  }

  private inTurn<R>(work: () => Promise<R>): Promise<R> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async isOver(session: Id): Promise<boolean> {
    const courses = await this.shelves.courses().catch(() => []);
    const course = courses.find((one) => one.session === session);
    return isOver(course, this.now);
  }

  /** A device's own time ends no session. */
  private get now(): number {
    return this.clock.known ? this.clock.now() : -Infinity;
  }

  /** Only by the server's time: a device that is set to another day must not forget what was never sent. */
  private async look(): Promise<void> {
    if (!this.clock.known || this.closed) return;
    try {
      const left = await this.shelves.tidy(this.clock.now());
      if (!(await this.letGo()) || left !== "nothing") return;
      this.spent = true;
      await this.shelves.destroy();
    } catch {
      // It stays until the next look.
    }
  }
}
