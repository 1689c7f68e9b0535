/** Rules for what may be sent: the service's own, so that nothing is refused that looked fine. */

export const LONGEST = 8000;
/** From here on the counter is shown. */
export const NEAR_LONGEST = 7000;

// What the service trims beside what a page calls white space.
// eslint-disable-next-line no-control-regex
const EDGES = /^[\s\u001c-\u001f\u0085]+|[\s\u001c-\u001f\u0085]+$/gu;
const LONE_SURROGATES = /\p{Cs}/gu;

/** The text as it is sent: trimmed, with no half of a character, which could not be stored. */
export function asSent(text: string): string {
  return text.replace(LONE_SURROGATES, "\uFFFD").replace(EDGES, "");
}

/** Code points, as the service counts. */
export function length(text: string): number {
  return [...text].length;
}

/** A text without NUL, which can be pasted, not seen, and not stored. */
export function withoutNul(text: string): string {
  return text.replaceAll("\0", "");
}

export type Fault = "empty" | "too_long";

/** Why a text cannot be sent; null: it can. */
export function faultOf(text: string): Fault | null {
  const sent = asSent(text);
  if (sent === "") return "empty";
  return length(sent) > LONGEST ? "too_long" : null;
}
