import { noMemory, type Memory } from "./memory";

/** How many round trips are remembered: the best of them tells the offset. */
const REMEMBERED = 20;
/** How far two clocks of a device and a server part in a millisecond, at most: quartz is that good. */
const DRIFT = 1e-4;
/** Steps of the two clocks that differ by more are no drift: the device slept, or was set. */
const JUMP_MS = 1_500;
/** A device that slept longer was more likely set to another day. */
const LONGEST_SLEEP_MS = 16 * 3_600_000;
/** What is kept of the device's clock is kept anew when it is off by more. */
const KEPT_WELL_MS = 1_000;

interface Sample {
  offset: number;
  roundTrip: number;
  /** When it was taken, in ticks. */
  at: number;
}

/** What every answer, message and capture carries: the session's time and the device's own. */
export interface Stamp {
  session_ms: number;
  client_time: string;
}

/**
 * One clock: the server's, told by the best round trip, carried on by the device's monotonic time, so that a device
 * that is set to another day, or set anew meanwhile, tells the same times.
 *
 * The monotonic time of many devices stands still while they sleep. Whether one slept or was set cannot be told, so
 * after a jump what was heard before is used until the server is heard again: a step forward of some hours counts as
 * sleep, any other as a clock that was set.
 */
export class Clock {
  private samples: Sample[] = [];
  private last: { ticks: number; wall: number };
  private slept = 0;
  /** Ticks when a jump was last seen; what is of before is of no more use once the server is heard. */
  private jumped: number | null = null;
  /** How far the device's clock was ahead when the server was heard, at this load or an earlier one. */
  private kept: number;

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly wall: () => number = () => Date.now(),
    private readonly memory: Memory = noMemory,
  ) {
    this.kept = memory.recall();
    this.last = { ticks: monotonic(), wall: wall() };
  }

  /** Monotonic milliseconds, for `heard`, and for how long something took. */
  ticks(): number {
    this.look();
    return this.last.ticks;
  }

  /** A reply to a call that was sent at `sent` (of `ticks`) said that the server's time is `serverTime`. */
  heard(sent: number, serverTime: string | null): void {
    const server = serverTime === null ? Number.NaN : Date.parse(serverTime);
    if (Number.isNaN(server)) return;
    this.look();
    // The device slept while it waited: how long the reply took is not known.
    if (this.jumped !== null && sent < this.jumped) return;
    if (this.jumped !== null) this.samples = [];
    this.jumped = null;
    this.slept = 0;
    const now = this.monotonic();
    this.samples.push({ offset: server - (sent + now) / 2, roundTrip: now - sent, at: now });
    if (this.samples.length > REMEMBERED) this.samples.shift();
    if (Math.abs(this.ahead - this.kept) <= KEPT_WELL_MS) return;
    this.kept = this.ahead;
    this.memory.keep(this.kept);
  }

  /** Whether a server has told its time. */
  get known(): boolean {
    return this.samples.length > 0;
  }

  /** Whether the device slept or was set since the server was last heard: it is to be asked anew. */
  get doubtful(): boolean {
    this.look();
    return !this.known || this.jumped !== null;
  }

  /** The server's time now, in milliseconds since 1970; by what an earlier load heard while no server has told it. */
  now(): number {
    this.look();
    const ticks = this.monotonic();
    const error = (one: Sample) => one.roundTrip / 2 + (ticks - one.at) * DRIFT;
    const best = this.samples.reduce<Sample | null>(
      (least, one) => (least === null || error(one) < error(least) ? one : least),
      null,
    );
    return best === null ? this.wall() - this.kept : ticks + best.offset + this.slept;
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

  private look(): void {
    const [ticks, wall] = [this.monotonic(), this.wall()];
    const more = wall - this.last.wall - (ticks - this.last.ticks);
    this.last = { ticks, wall };
    if (Math.abs(more) <= JUMP_MS) return;
    this.jumped = ticks;
    if (more > 0 && more <= LONGEST_SLEEP_MS) this.slept += more;
  }
}
