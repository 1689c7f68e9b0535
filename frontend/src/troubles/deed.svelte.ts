import { onDestroy } from "svelte";
import { Refused } from "../api/failures";
import { access } from "./access.svelte";
import { pauseMs } from "../api/pauses";
import { passes, PAUSES } from "./rules";

/** Deals with a refusal; gives whether it did: what it did not is shown. */
export type Answered = (refused: Refused) => boolean | Promise<boolean>;

/** What is to be done; `still` tells whether anybody waits for it, to be asked after each wait of its own. */
export type Work = (still: () => boolean) => Promise<unknown>;

/** Something a person wants done: tried until it is done, refused, or no longer wanted; never rejects. */
export class Deed {
  /** Reactive, as are the next two. */
  busy = $state(false);
  fault = $state.raw<unknown>(null);
  /** Seconds until the next try; 0: none is planned. */
  seconds = $state(0);

  /** Counts runs: one that was given up finds another number. */
  private turn = 0;
  private wake: (() => void) | null = null;

  /** Give whether `work` was done. A second call while one runs does nothing. */
  async run(work: Work, refused: Answered = () => false): Promise<boolean> {
    if (this.busy) return false;
    const turn = ++this.turn;
    const still = () => turn === this.turn;
    this.busy = true;
    this.fault = null;
    try {
      return await this.untilDone(work, refused, still);
    } finally {
      if (still()) {
        this.busy = false;
        this.seconds = 0;
      }
    }
  }

  /** Try at once. */
  again(): void {
    this.wake?.();
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.turn += 1;
    this.busy = false;
    this.fault = null;
    this.seconds = 0;
    this.wake?.();
  }

  private async untilDone(work: Work, refused: Answered, still: () => boolean): Promise<boolean> {
    for (let tries = 1; still(); tries += 1) {
      try {
        await work(still);
        if (still()) this.fault = null;
        return still();
      } catch (thrown) {
        if (!still()) return false;
        const fault = await this.leftOf(thrown, refused);
        if (fault === null) return false;
        if (fault instanceof Refused && fault.code === "login_required") await access.back();
        else if (passes(fault)) await this.pause(fault, tries);
        else {
          this.fault = fault;
          return false;
        }
      }
    }
    return false;
  }

  /** Give what is left of a fault once `refused` dealt with it: nothing, or what went wrong at that. */
  private async leftOf(thrown: unknown, refused: Answered): Promise<unknown> {
    if (!(thrown instanceof Refused) || thrown.code === "login_required") return thrown;
    try {
      return (await refused(thrown)) ? null : thrown;
    } catch (fault) {
      return fault;
    }
  }

  private async pause(fault: unknown, tries: number): Promise<void> {
    this.fault = fault;
    this.seconds = Math.ceil(pauseMs(tries, PAUSES, fault) / 1000);
    await new Promise<void>((resolve) => {
      const each = setInterval(() => {
        this.seconds -= 1;
        if (this.seconds <= 0) done();
      }, 1000);
      const done = () => {
        clearInterval(each);
        this.seconds = 0;
        removeEventListener("online", done);
        this.wake = null;
        resolve();
      };
      addEventListener("online", done);
      this.wake = done;
    });
  }
}

/** A deed of a component: given up when it goes. */
export function deed(): Deed {
  const made = new Deed();
  onDestroy(() => made.stop());
  return made;
}
