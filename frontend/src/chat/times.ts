import type { Api } from "../api/client";
import type { Id } from "../api/contract";
import { Refused } from "../api/failures";
import type { Clock } from "../clock/clock";

const ATTEMPTS = 4;
const PAUSE_MS = 3_000;

/** Milliseconds on the session's clock, by name. */
export type Times = Record<string, number>;

/**
 * When replies were seen: `first_token_seen_ms`, when their first words were on a visible screen; `read_ms`, when a
 * reply was whole and its end stood on a visible screen. Told to the service as well as can be; never shown.
 */
export class SeenTimes {
  private readonly seen = new Map<Id, Times>();
  private readonly told = new Set<Id>();

  constructor(
    private readonly api: Api,
    private readonly clock: Clock,
    private readonly createdAt: string,
    private readonly pathOf: (message: Id) => string,
  ) {}

  /** The first words of a reply are on the page, and on the screen as soon as somebody looks. */
  begun(message: Id): void {
    whenSeen(() => this.note(message, "first_token_seen_ms"));
  }

  /** The end of a whole reply is on the screen. Only of those whose beginning was seen here. */
  read(message: Id): void {
    if (!this.seen.has(message) || this.told.has(message)) return;
    this.note(message, "read_ms");
    this.tell(message);
  }

  /** The page goes: tell what is known of replies that were not read to their end. */
  leave(): void {
    for (const message of this.seen.keys()) if (!this.told.has(message)) this.tell(message);
  }

  private note(message: Id, name: string): void {
    const times = this.seen.get(message) ?? {};
    if (name in times) return;
    this.seen.set(message, { ...times, [name]: this.clock.stamp(this.createdAt).session_ms });
  }

  private tell(message: Id): void {
    this.told.add(message);
    void this.bring(message, this.seen.get(message) ?? {}, ATTEMPTS);
  }

  private async bring(message: Id, times: Times, attempts: number): Promise<void> {
    try {
      await this.api.call(this.pathOf(message), { method: "PUT", body: times });
    } catch (error) {
      const final = error instanceof Refused && !error.passing;
      if (final || attempts <= 1) return;
      setTimeout(() => void this.bring(message, times, attempts - 1), PAUSE_MS * (ATTEMPTS - attempts + 1));
    }
  }
}

function whenSeen(then: () => void): void {
  if (document.visibilityState === "visible") requestAnimationFrame(then);
  else document.addEventListener("visibilitychange", () => whenSeen(then), { once: true });
}
