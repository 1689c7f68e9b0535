/** What a page has of its browser, beside the database: given, so that tests give other. */
export interface Device {
  /** Missing in old browsers. */
  readonly locks: LockManager | undefined;
  /** A line to the other pages of this origin; null where the browser has none. */
  channel(name: string): BroadcastChannel | null;
  /** Ask the browser once not to clear the database when the disk fills up. */
  persist(): void;
  /** Be told when the page came back to sight or the network came and went; gives the way to stop. */
  watch(tell: (what: "back" | "online" | "offline") => void): () => void;
}

let own: Device | null = null;

/** The page's own. */
export function theDevice(): Device {
  return (own ??= {
    locks: globalThis.navigator?.locks,
    channel: (name) => (typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name)),
    persist() {
      // Refused or unknown: the browser then clears as it sees fit, which docs/page-storage.md says.
      void askToPersist().catch(() => undefined);
    },
    watch,
  });
}

async function askToPersist(): Promise<void> {
  const storage = globalThis.navigator?.storage;
  if (storage?.persist !== undefined && !(await storage.persisted())) await storage.persist();
}

function watch(tell: (what: "back" | "online" | "offline") => void): () => void {
  if (typeof window === "undefined") return () => undefined;
  const over = new AbortController();
  const { signal } = over;
  window.addEventListener("online", () => tell("online"), { signal });
  window.addEventListener("offline", () => tell("offline"), { signal });
  window.addEventListener("pageshow", (event) => event.persisted && tell("back"), { signal });
  document.addEventListener(
    "visibilitychange",
    () => document.visibilityState === "visible" && tell("back"),
    { signal },
  );
  return () => over.abort();
}
