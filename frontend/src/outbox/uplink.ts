/** Below this a picture that is under way is let finish: ending it would cost more than it gives. */
const SOON_MS = 150;
/** Longer than this, an answer behind a picture would be late. */
const LATE_MS = 400;
/** How much a new measurement counts. */
const WEIGHT = 0.4;

/** What the pictures' own uploads tell of the way to the service. */
export class Uplink {
  /** Bytes a millisecond; null before anything was measured. */
  private rate: number | null = null;
  private usual = 0;

  /** A picture of `size` bytes was taken after `ms`. */
  done(size: number, ms: number): void {
    const measured = size / Math.max(ms, 1);
    this.rate = this.rate === null ? measured : this.rate + WEIGHT * (measured - this.rate);
    this.usual = this.usual === 0 ? size : this.usual + WEIGHT * (size - this.usual);
  }

  /** It was ended after `ms`, before it was taken: the way is at most so fast. */
  cut(size: number, ms: number): void {
    if (ms < SOON_MS) return;
    const most = size / ms;
    this.rate = this.rate === null ? most : Math.min(this.rate, most);
    if (this.usual === 0) this.usual = size;
  }

  /** Whether a picture of usual size would hold up an answer. */
  get narrow(): boolean {
    return this.rate !== null && this.usual / this.rate > LATE_MS;
  }

  /** Whether a picture of `size` that is under way for `ms` is to make way for an answer. */
  mustYield(size: number, ms: number): boolean {
    return this.rate === null || size / this.rate - ms > SOON_MS;
  }
}
