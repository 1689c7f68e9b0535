import type { Language } from "../words/languages.svelte";

/** A day and its hour as they are said where the person is. */
export function day(moment: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(
    new Date(moment),
  );
}
