import type { Id } from "../api/contract";

/** What the page's tabs in one browser tell each other. */
export type Told = { person: Id | null } | { opened: Id; by: Id };

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("assessment");

export function tellTabs(what: Told): void {
  channel?.postMessage(what);
}

export function hearTabs(tell: (what: Told) => void): void {
  channel?.addEventListener("message", (event: MessageEvent<Told>) => tell(event.data));
}
