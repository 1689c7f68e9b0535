import type { Clock } from "./clock";

/** How often the server is asked at most; any call of the page tells its time as well. */
const OFTEN_MS = 4 * 60_000;
/** How often it is looked whether the device slept or was set. */
const LOOK_MS = 15_000;
const PATIENCE_MS = 10_000;

/**
 * Ask the server for its time every few minutes, and as soon as the device is seen to have slept or to have been set.
 * Gives the way to stop. Never throws; without a network the clock goes on with what it knows.
 */
export function watchTime(clock: Clock, fetching: typeof fetch = (...all) => fetch(...all)): () => void {
  let asked = -Infinity;
  const look = () => {
    if (document.visibilityState === "hidden") return;
    const due = clock.ticks() - asked > OFTEN_MS || clock.doubtful;
    if (due) {
      asked = clock.ticks();
      void askTime(clock, fetching);
    }
  };
  const over = new AbortController();
  const { signal } = over;
  const timer = setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("online", look, { signal });
  window.addEventListener("pageshow", look, { signal });
  look();
  return () => {
    clearInterval(timer);
    over.abort();
  };
}

/** One cheap call; its reply's header is all that counts. */
export async function askTime(clock: Clock, fetching: typeof fetch): Promise<void> {
  const sent = clock.ticks();
  try {
    const reply = await fetching("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    clock.heard(sent, reply.headers.get("X-Server-Time"));
  } catch {
    // There is a next time.
  }
}
