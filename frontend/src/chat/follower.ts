import type { Api } from "../api/client";
import { Refused, Unreachable } from "../api/failures";
import type { StreamEvent } from "../api/events";
import { DOUBTFUL_MS, isLast } from "./rules";
import { Connection } from "../api/stream";
import type { Waking, Wakings } from "./wakings";

/** How a follower reaches its turn, and whom it tells. */
export interface Following {
  api: Api;
  /** Where the turn's events are joined. */
  path: string;
  /** The last id that came, kept by who hears the events. */
  lastId: () => string | null;
  hear: (event: StreamEvent) => void;
  /** The connection broke off, or could not be made; it is made again by itself. */
  lost: (why: Refused | Unreachable | null) => void;
  wakings: Wakings;
  chance?: () => number;
}

/** Reads one turn to its end, through as many connections as that takes. */
export class Follower {
  private readonly stopping = new AbortController();
  private connecting = new AbortController();
  private connection: Connection | null = null;
  private tries = 0;

  constructor(private readonly following: Following) {}

  /**
   * Resolves when the turn has ended, or `stop` was called. `first`: a connection that is open already.
   * @throws Refused the service says for good that there is no such turn for this login.
   */
  async run(first: Connection | null): Promise<"ended" | "stopped"> {
    const { wakings, lost, chance = Math.random } = this.following;
    const forget = wakings.listen((by) => this.woken(by));
    try {
      this.connection = first;
      for (;;) {
        const why = await this.readOnce();
        if (why === "ended") return why;
        if (this.stopping.signal.aborted) return "stopped";
        lost(why);
        this.tries += 1;
        await wakings.pauseAfter(this.tries, why, this.stopping.signal, chance());
      }
    } finally {
      forget();
    }
  }

  stop(): void {
    this.stopping.abort();
    this.leave();
  }

  /** Read one connection; gives why it was lost, if the turn did not come to its end on it. */
  private async readOnce(): Promise<"ended" | Refused | Unreachable | null> {
    try {
      this.connection ??= await this.join();
      for await (const event of this.connection.events) {
        if (this.stopping.signal.aborted) break;
        // A stream that only ever begins is no progress.
        if (event.kind !== "accepted") this.tries = 0;
        this.following.hear(event);
        if (isLast(event)) return "ended";
      }
      return null;
    } catch (error) {
      if (error instanceof Unreachable || (error instanceof Refused && error.passing)) return error;
      throw error;
    } finally {
      this.leave();
      this.connection = null;
    }
  }

  private async join(): Promise<Connection> {
    const id = this.following.lastId();
    const headers: Record<string, string> = id === null ? {} : { "Last-Event-ID": id };
    this.connecting = new AbortController();
    if (this.stopping.signal.aborted) this.connecting.abort(new Unreachable("network"));
    return Connection.open(this.following.api, this.following.path, { headers }, this.connecting);
  }

  private leave(): void {
    this.connection?.leave();
    this.connecting.abort(new Unreachable("network"));
  }

  private woken(by: Waking): void {
    this.tries = 0;
    const silent = this.connection === null ? 0 : Date.now() - this.connection.lastSign;
    // Another network leaves connections of the old one hanging; a page that slept may have missed its pings.
    if (by === "network" || silent > DOUBTFUL_MS) this.leave();
  }
}
