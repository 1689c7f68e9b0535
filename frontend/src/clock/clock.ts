/** How many round trips are remembered: the best of them tells the offset. */
const REMEMBERED = 20;

interface Sample {
  offset: number;
  roundTrip: number;
}

/** What every answer, message and capture carries: the session's time and the device's own. */
export interface Stamp {
  session_ms: number;
  client_time: string;
}

/**
 * One clock: the server's, told by the best round trip, carried on by the device's monotonic time, so that a device
 * that is set to another day, or set anew meanwhile, tells the same times.
 */
export class Clock {
  private samples: Sample[] = [];

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly wall: () => number = () => Date.now(),
  ) {}

  /** Monotonic milliseconds, for `heard`, and for how long something took. */
  ticks(): number {
    return this.monotonic();
  }

  /** A reply to a call that was sent at `sent` (of `ticks`) said that the server's time is `serverTime`. */
  heard(sent: number, serverTime: string | null): void {
    const server = serverTime === null ? Number.NaN : Date.parse(serverTime);
    if (Number.isNaN(server)) return;
    const now = this.monotonic();
    this.samples.push({ offset: server - (sent + now) / 2, roundTrip: now - sent });
    if (this.samples.length > REMEMBERED) this.samples.shift();
  }

  /** Whether a server has told its time. */
  get known(): boolean {
    return this.samples.length > 0;
  }

  /** The server's time now, in milliseconds since 1970; the device's own while no server has told it. */
  now(): number {
    const best = this.samples.reduce<Sample | null>(
      (least, one) => (least === null || one.roundTrip < least.roundTrip ? one : least),
      null,
    );
    return best === null ? this.wall() : this.monotonic() + best.offset;
  }

  /** How far the device's clock is ahead of the server's, in milliseconds; 0 while unknown. */
  get ahead(): number {
    return this.known ? this.wall() - this.now() : 0;
  }

  /** The time of now in a session that was created at `createdAt`. */
  stamp(createdAt: string): Stamp {
    return {
      session_ms: Math.round(this.now() - Date.parse(createdAt)),
      client_time: new Date(this.wall()).toISOString(),
    };
  }
}
