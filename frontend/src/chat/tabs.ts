import type { Id } from "../api/contract";

/** The other tabs of this interview in this browser: told that something changed, and never a word of it. */
export class Tabs {
  private readonly channel: BroadcastChannel | null;

  constructor(interview: Id, hear: () => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`chat/${interview}`);
    if (this.channel !== null) this.channel.onmessage = () => hear();
  }

  tell(): void {
    try {
      this.channel?.postMessage(null);
    } catch {
      // The view was left while its call was under way: the others find it when they look.
    }
  }

  close(): void {
    this.channel?.close();
  }
}
