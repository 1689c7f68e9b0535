import type { Help, Hotline, Question, Scale } from "../api/contract";

/** Whether an answer asks for help to be shown at once: the service's own rule, known here so that it works offline. */
export function isRisk(question: Question, scale: Scale, value: number | null): boolean {
  return question.risk && value !== null && value > scale.min;
}

/** A hotline as it may be touched: links are left out where what stands there is none. */
export interface Reachable {
  name: string;
  phone: string | null;
  call: string | null;
  url: string | null;
  link: string | null;
  hours: string | null;
}

const PLACEHOLDER = /^\s*PLACEHOLDER/i;
const DIALLED = /^\+?[0-9*#]{2,20}$/;

/** Read a hotline that a study wrote: only `tel:`, `https:` and `http:` may be followed, and no placeholder. */
export function reachable(hotline: Hotline): Reachable {
  const placeholder = PLACEHOLDER.test(hotline.name);
  const phone = hotline.phone ?? null;
  const url = hotline.url ?? null;
  return {
    name: hotline.name,
    phone,
    call: placeholder || phone === null ? null : dialled(phone),
    url,
    link: placeholder || url === null ? null : followed(url),
    hours: hotline.hours ?? null,
  };
}

function dialled(phone: string): string | null {
  const number = phone.replace(/[\s().\-/\u00a0\u2010-\u2015]/g, "");
  return DIALLED.test(number) ? `tel:${number}` : null;
}

function followed(url: string): string | null {
  try {
    const read = new URL(url);
    return read.protocol === "https:" || read.protocol === "http:" ? read.href : null;
  } catch {
    return null;
  }
}

/** What a help panel shows; `known` is false where only the general text can be given. */
export function shownHelp(help: Help | null, general: string): { help: Help; known: boolean } {
  return help === null || (help.text.trim() === "" && help.hotlines.length === 0)
    ? { help: { text: general, hotlines: [] }, known: false }
    : { help, known: true };
}
