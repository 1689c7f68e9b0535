export type Language = "en" | "id";
export const LANGUAGES: Record<Language, string> = { en: "English", id: "Bahasa Indonesia" };

/** The language the page speaks; a session's own, once there is one. */
class Spoken {
  now = $state<Language>("en");

  /** Speak the first of `wanted` that the page has; regions do not matter (`id-ID` is `id`). */
  speak(...wanted: readonly string[]): void {
    const found = wanted.map((one) => one.split("-")[0]).find((one) => one !== undefined && one in LANGUAGES);
    if (found !== undefined) this.now = found as Language;
  }
}

export const spoken = new Spoken();

/** A room's words in all languages, each with the same names. */
export type Words<T> = Record<Language, T>;

/** Choose the form of `count` (CLDR's plural rules). */
export function plural(
  language: Language,
  count: number,
  forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string },
): string {
  const form = forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
  return form.replace("{count}", new Intl.NumberFormat(language).format(count));
}
