import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf-8");
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [
    String(name),
    { light: String(light), dark: String(dark) },
  ]),
);

/** Relative luminance of #rrggbb, as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].toSorted((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** What stands on what: text needs 4.5, edges and marks 3. */
const PAIRS: [on: string, what: string, least: number][] = [
  ...["paper", "sheet", "leaf-faint", "clay-faint"].flatMap((on): [string, string, number][] => [
    [on, "ink", 4.5],
    [on, "soft", 4.5],
    [on, "leaf", 4.5],
    [on, "clay", 4.5],
    [on, "edge", 3],
  ]),
  ["leaf", "on-leaf", 4.5],
  ["clay", "on-clay", 4.5],
  ["line", "soft", 4.5],
  ["line", "leaf", 3],
];

test("black on white is 21 to 1", () => expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5));

test.each(PAIRS)("on %s, %s is told apart by at least %d to 1, in light and dark", (on, what, least) => {
  for (const scheme of ["light", "dark"] as const) {
    const [ground, ink] = [tokens.get(on)?.[scheme], tokens.get(what)?.[scheme]];
    expect(ground && ink, `${on} and ${what} are tokens`).toBeTruthy();
    expect(contrast(String(ground), String(ink)), scheme).toBeGreaterThanOrEqual(least);
  }
});
