import type { Api } from "../api/client";
import type { Id, StudyName, User } from "../api/contract";
import { Refused } from "../api/failures";

/** Who sits at the desk. Reactive: `user` is undefined until it is known, null where a login is wanted. */
export class Desk {
  user = $state.raw<User | null | undefined>(undefined);
  studies = $state.raw<readonly StudyName[]>([]);
  failure = $state.raw<unknown>(null);
  /** The login ended while the desk was in use. */
  lapsed = $state(false);

  constructor(readonly api: Api) {}

  /** Ask who is logged in. */
  async arrive(): Promise<void> {
    this.failure = null;
    try {
      const me = await this.api.call<{ user: User; studies: StudyName[] }>("/auth/me");
      [this.user, this.studies] = [me.user, me.studies];
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.user = null;
      else this.failure = error;
    }
  }

  /** @throws Refused, Unreachable. */
  async logIn(username: string, password: string): Promise<void> {
    await this.api.call("/auth/login", { method: "POST", body: { username, password } });
    this.lapsed = false;
    await this.arrive();
  }

  /** @throws Refused, Unreachable: the login still stands. */
  async logOut(): Promise<void> {
    await this.api.call("/auth/logout", { method: "POST" });
    this.user = null;
  }

  /** A call's error: an ended login leads back to the login, anything else is the caller's to show. */
  readonly judge = (error: unknown): unknown => {
    if (!(error instanceof Refused) || error.status !== 401) return error;
    this.lapsed = true;
    this.user = null;
    return null;
  };
}

/** A long list, read page by page. Reactive. */
export class Paged<T extends { id: Id }> {
  rows = $state.raw<readonly T[]>([]);
  next = $state.raw<Id | null>(null);
  busy = $state(false);
  failure = $state.raw<unknown>(null);
  /** Whether the first page has come. */
  read = $state(false);
  private turn = 0;

  constructor(
    private readonly judge: (error: unknown) => unknown,
    private readonly page: (cursor: Id | null) => Promise<{ rows: T[]; next: Id | null }>,
  ) {}

  /** Read from the beginning. */
  async load(): Promise<void> {
    await this.fetch(null);
  }

  async more(): Promise<void> {
    if (this.next !== null && !this.busy) await this.fetch(this.next);
  }

  private async fetch(cursor: Id | null): Promise<void> {
    // A newer filter overtakes an older one whose reply is still under way.
    const turn = ++this.turn;
    this.busy = true;
    this.failure = null;
    try {
      const { rows, next } = await this.page(cursor);
      if (turn !== this.turn) return;
      this.rows = cursor === null ? rows : [...this.rows, ...rows];
      this.next = next;
      this.read = true;
    } catch (error) {
      if (turn === this.turn) this.failure = this.judge(error);
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  }
}

/** Something read once, and again when asked. Reactive. */
export class Reading<T> {
  value = $state.raw<T | null>(null);
  busy = $state(false);
  failure = $state.raw<unknown>(null);

  constructor(
    private readonly judge: (error: unknown) => unknown,
    private readonly work: () => Promise<T>,
  ) {}

  async load(): Promise<void> {
    this.busy = true;
    this.failure = null;
    try {
      this.value = await this.work();
    } catch (error) {
      this.failure = this.judge(error);
    } finally {
      this.busy = false;
    }
  }
}
