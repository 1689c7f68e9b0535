import type { Id } from "../api/contract";

/** What tabs of one interview tell each other: that something changed, never a word of it. */
export interface News {
  /** The message that was sent, if that is the news. */
  sent?: Id;
}

/** The other tabs of this interview in this browser. */
export class Tabs {
  private readonly channel: BroadcastChannel | null;

  constructor(interview: Id, hear: (news: News) => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`chat/${interview}`);
    if (this.channel !== null) this.channel.onmessage = (event: MessageEvent<News>) => hear(event.data);
  }

  tell(news: News = {}): void {
    this.channel?.postMessage(news);
  }

  close(): void {
    this.channel?.close();
  }
}
