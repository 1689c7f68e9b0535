import { expect, test } from "vitest";
import { answerOf, others, outdated } from "./rules";

const ORIGIN = "https://study.example";

test.each([
  ["/", "GET", "navigate", "page"],
  ["/assets/main.1234.js", "GET", "no-cors", "file"],
  ["/icon.svg", "GET", "no-cors", "file"],
  ["/api/sessions", "GET", "cors", "no"],
  ["/api/auth/me", "GET", "navigate", "no"],
  ["/assessment/camera/upload", "POST", "cors", "no"],
  ["/docs", "GET", "navigate", "no"],
  ["/healthz", "GET", "cors", "no"],
  ["/metrics", "GET", "navigate", "no"],
  ["/sw.js", "GET", "same-origin", "no"],
])("%s by %s (%s): %s", (path, method, mode, answer) => {
  expect(answerOf(new URL(path, ORIGIN), ORIGIN, method, mode)).toBe(answer);
});

test("another origin's files are none of the worker's", () => {
  expect(answerOf(new URL("https://other.example/assets/a.js"), ORIGIN, "GET", "no-cors")).toBe("no");
});

test("of other versions the two newest shells stay, which a tab may run on, and no other cache is touched", () => {
  expect(others(["shell-1", "shell-2", "else"], "2")).toEqual(["shell-1"]);
  expect(outdated(["shell-1", "shell-2", "else"], "2")).toEqual([]);
  expect(outdated(["shell-1", "shell-2", "else", "shell-3", "shell-4"], "4")).toEqual(["shell-1"]);
});
