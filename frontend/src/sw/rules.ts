/** What of the page is kept for times without a network; written into the worker when the page is built. */
export interface Shell {
  /** Changes with any of the files. */
  version: string;
  /** Paths, without "/" itself. */
  files: readonly string[];
}

const PREFIX = "shell-";
const PAGE = "/";

export function cacheOf(version: string): string {
  return PREFIX + version;
}

/** What the worker answers itself: nothing of the service's calls and pages, whatever comes of them. */
export type Answer = "page" | "file" | "no";

/** @param url of a request of this origin or another; `mode` and `method` as of Request */
export function answerOf(url: URL, origin: string, method: string, mode: string): Answer {
  if (method !== "GET" || url.origin !== origin) return "no";
  if (mode === "navigate") return url.pathname === PAGE || url.pathname === "/index.html" ? "page" : "no";
  const kept =
    url.pathname.startsWith("/assets/") || ["/icon.svg", "/manifest.webmanifest"].includes(url.pathname);
  return kept ? "file" : "no";
}

/** Shells of other versions, the oldest first. */
export function others(caches: readonly string[], version: string): string[] {
  return caches.filter((name) => name.startsWith(PREFIX) && name !== cacheOf(version));
}

/**
 * How many shells of other versions stay. A tab may still run on the one before this, though another tab's visit has
 * brought this one; and one that was built between the two, and never served a page, must not push that out.
 */
const STAY = 2;

/** Shells of other versions that nobody needs any more once this version serves the pages. */
export function outdated(caches: readonly string[], version: string): string[] {
  return others(caches, version).slice(0, -STAY);
}
