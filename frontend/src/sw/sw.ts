import { answerOf, cacheOf, others, outdated, type Shell } from "./rules";

/** Written in when the page is built. */
declare const SHELL: Shell;
const shell = SHELL;
const TAKE_OVER = "take over";
const PAGE = "/";
const worker = self as unknown as ServiceWorkerGlobalScope;
const own = cacheOf(shell.version);

/** Routes that a browser may decide on without starting the worker; of Chromium. */
interface WithRoutes {
  addRoutes?(routes: { condition: { urlPattern: string }; source: "network" }): Promise<void>;
}

worker.addEventListener("install", (event) => {
  const direct = (event as unknown as WithRoutes).addRoutes?.({
    // An answer that is saved never waits for the worker to start.
    condition: { urlPattern: "/api/*" },
    source: "network",
  });
  event.waitUntil(Promise.all([fill(), direct?.catch(() => undefined)]));
});

/** All or nothing: a shell with a file missing would be a page that does not start. */
async function fill(): Promise<void> {
  const cache = await caches.open(own);
  try {
    // The page is asked for anew; files carry their hash in their name, so that the browser's copy will do.
    await cache.addAll([new Request(PAGE, { cache: "reload" }), ...shell.files]);
  } catch (error) {
    await caches.delete(own);
    throw error;
  }
}

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = outdated(await caches.keys(), shell.version);
      await Promise.all(names.map((name) => caches.delete(name)));
      // So that the first visit, too, outlives the network.
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("message", (event) => {
  if (event.data === TAKE_OVER) void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const answer = answerOf(new URL(request.url), worker.location.origin, request.method, request.mode);
  if (answer === "page") event.respondWith(page());
  if (answer === "file") event.respondWith(file(request));
});

/**
 * The page as it was built with its files. A newer version that waits takes over at a visit, when no other page runs
 * on this one's files; never in a page that is open.
 */
async function page(): Promise<Response> {
  const waiting = worker.registration.waiting;
  const open = await worker.clients.matchAll({ type: "window" });
  if (waiting !== null && open.length < 2) {
    const newer = others(await caches.keys(), shell.version).at(-1);
    const fresh = newer === undefined ? undefined : await (await caches.open(newer)).match(PAGE);
    if (fresh !== undefined) {
      waiting.postMessage(TAKE_OVER);
      return fresh;
    }
  }
  return (await (await caches.open(own)).match(PAGE)) ?? fetch(PAGE);
}

/** From whichever shell has it: a page may be of the version before or after. */
async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
