const AHEAD = "clock-ahead";

/** Where a clock keeps how far the device's own one is ahead, for a load that the server cannot be heard in. */
export interface Memory {
  /** Milliseconds; 0 where nothing is kept. */
  recall(): number;
  keep(ahead: number): void;
}

/** This browser's: a number that tells nothing of anybody. */
export const ofThisBrowser: Memory = {
  recall() {
    try {
      const kept = Number(localStorage.getItem(AHEAD));
      return Number.isFinite(kept) ? kept : 0;
    } catch {
      return 0;
    }
  },
  keep(ahead) {
    try {
      localStorage.setItem(AHEAD, String(Math.round(ahead)));
    } catch {
      // A browser that keeps nothing: without the server the device's own clock has to do.
    }
  },
};

/** Nothing is kept. */
export const noMemory: Memory = { recall: () => 0, keep: () => undefined };
