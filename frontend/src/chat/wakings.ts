import { askedMs, pauseMs } from "../api/pauses";
import { PAUSES } from "./rules";

export type Waking = "network" | "person";

/** Signs that it is worth trying now: the network came back, or the person did. */
export class Wakings {
  private readonly listening = new Set<(by: Waking) => void>();
  private readonly online = () => this.wake("network");
  private readonly back = () => {
    if (document.visibilityState === "visible") this.wake("person");
  };
  // A page out of the back-forward cache has lost all its connections.
  private readonly thawed = (event: PageTransitionEvent) => event.persisted && this.wake("network");

  open(): void {
    addEventListener("online", this.online);
    addEventListener("focus", this.back);
    addEventListener("pageshow", this.thawed);
    document.addEventListener("visibilitychange", this.back);
  }

  close(): void {
    removeEventListener("online", this.online);
    removeEventListener("focus", this.back);
    removeEventListener("pageshow", this.thawed);
    document.removeEventListener("visibilitychange", this.back);
    this.listening.clear();
  }

  listen(hear: (by: Waking) => void): () => void {
    this.listening.add(hear);
    return () => this.listening.delete(hear);
  }

  wake(by: Waking): void {
    for (const hear of [...this.listening]) hear(by);
  }

  /** Wait after try `tries`, counted from 1, which met `fault`; a sign ends it early unless the service asked to wait. */
  pauseAfter(tries: number, fault: unknown, signal: AbortSignal, chance?: number): Promise<void> {
    return this.pause(pauseMs(tries, PAUSES, fault, chance), signal, askedMs(fault) === null);
  }

  /** Wait; a sign ends it early unless it was asked for by the service (`early` false), an abort always. */
  async pause(ms: number, signal: AbortSignal, early = true): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const over = () => {
        clearTimeout(timer);
        forget();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const timer = setTimeout(over, ms);
      const forget = early ? this.listen(over) : () => undefined;
      signal.addEventListener("abort", over);
    });
  }
}
