import type { Id } from "../api/contract";

const PERSON = "person";
const NOTICE = "notice";
/** A browser that keeps nothing: only the service can tell. */
const UNKNOWN = "unknown";

/** Stands for a researcher or admin, of whom nothing is kept. */
export const STAFF = "staff";

/**
 * Whose things on this device are opened while the service cannot be asked: an id alone, which tells nothing. Where
 * nobody is remembered nobody is logged in, so that a first visit need not ask.
 */
export function rememberPerson(id: Id | null): void {
  try {
    if (id === null) localStorage.removeItem(PERSON);
    else localStorage.setItem(PERSON, id);
  } catch {
    // A browser that keeps nothing: then the page needs the service to open.
  }
}

export function rememberedPerson(): Id | null {
  try {
    return localStorage.getItem(PERSON);
  } catch {
    return UNKNOWN;
  }
}

/** Whether this browser knows that somebody was logged in. */
export function someoneWasHere(): boolean {
  return ![null, UNKNOWN].includes(rememberedPerson());
}

export type NoticeName = "switched" | "left" | "ended";

/** Leave a word for the page as it is after it is loaded anew. */
export function leaveNotice(name: NoticeName): void {
  try {
    sessionStorage.setItem(NOTICE, name);
  } catch {
    // Then it is not said.
  }
}

export function takeNotice(): NoticeName | null {
  try {
    const found = sessionStorage.getItem(NOTICE);
    sessionStorage.removeItem(NOTICE);
    return found as NoticeName | null;
  } catch {
    return null;
  }
}
