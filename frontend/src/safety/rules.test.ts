import { expect, test } from "vitest";
import type { Question, Scale } from "../api/contract";
import { isRisk, reachable, shownHelp } from "./rules";

const scale: Scale = { min: 0, max: 3, labels: [] };
const ninth: Question = {
  id: "q9",
  position: 9,
  text: "...",
  category: "SUICIDAL_IDEATION",
  scored: true,
  required: true,
  risk: true,
};

test("any answer above the lowest to a risk question asks for help", () => {
  expect([0, 1, 2, 3].map((value) => isRisk(ninth, scale, value))).toEqual([false, true, true, true]);
  expect(isRisk(ninth, { ...scale, min: 1 }, 1)).toBe(false);
});

test("a skipped question and other questions ask for none", () => {
  expect(isRisk(ninth, scale, null)).toBe(false);
  expect(isRisk({ ...ninth, risk: false }, scale, 3)).toBe(false);
});

test("a hotline's number can be dialled however it is written", () => {
  expect(reachable({ name: "Line", phone: "+62 (21) 500-454" }).call).toBe("tel:+6221500454");
  expect(reachable({ name: "Line", phone: "119 ext 8" }).call).toBeNull();
  expect(reachable({ name: "Line", phone: "119 ext 8" }).phone).toBe("119 ext 8");
});

test("only pages of the web are linked", () => {
  expect(reachable({ name: "Line", url: "https://help.example/now" }).link).toBe("https://help.example/now");
  for (const url of ["javascript:alert(1)", "data:text/html,hi", "file:///etc/passwd", "help.example", ""])
    expect(reachable({ name: "Line", url }).link).toBeNull();
});

test("a placeholder is shown, but not to be dialled or followed", () => {
  const one = reachable({ name: "PLACEHOLDER: local line", phone: "112", url: "https://example.org" });
  expect(one).toMatchObject({ phone: "112", call: null, url: "https://example.org", link: null });
});

test("without a session the general text is shown, and no number", () => {
  expect(shownHelp(null, "Call your local emergency number.")).toEqual({
    help: { text: "Call your local emergency number.", hotlines: [] },
    known: false,
  });
  expect(shownHelp({ text: "Ours", hotlines: [] }, "general").known).toBe(true);
});
