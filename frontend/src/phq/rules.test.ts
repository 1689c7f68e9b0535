import { describe, expect, test } from "vitest";
import type { Question, Questionnaire, StoredAnswer } from "../api/contract";
import type { AnswerEntry } from "../outbox/entries";
import {
  firstOpen,
  isDone,
  isNewer,
  merged,
  missingOf,
  nextVersion,
  placeOfKey,
  scaleOf,
  shownOf,
  stemOf,
  valueOfKey,
  type Answer,
} from "./rules";

const scale = { min: 0, max: 3, labels: [0, 1, 2, 3].map((value) => ({ value, text: `label ${value}` })) };

function question(id: string, position: number, more: Partial<Question> = {}): Question {
  return { id, position, text: id, category: "X", scored: true, required: true, risk: false, ...more };
}

const own = { min: 1, max: 4, labels: [1, 2, 3, 4].map((value) => ({ value, text: `own ${value}` })) };
const asked = [
  question("b", 2),
  question("a", 1),
  question("last", 3, { scored: false, required: false, scale: own, show_if: "any_above_min" }),
];
const questionnaire = { scale, questions: asked } as unknown as Questionnaire;

function answered(values: Record<string, number | null>): Map<string, Answer> {
  return new Map(Object.entries(values).map(([id, value]) => [id, { value, version: 1, session_ms: 10 }]));
}

const names = (questions: readonly Question[]) => questions.map((one) => one.id);

describe("which questions are asked", () => {
  test("in their places, and the last one only once an answer lies above the least", () => {
    expect(names(shownOf(questionnaire, answered({})))).toEqual(["a", "b"]);
    expect(names(shownOf(questionnaire, answered({ a: 0, b: 0 })))).toEqual(["a", "b"]);
    expect(names(shownOf(questionnaire, answered({ a: 0, b: 1 })))).toEqual(["a", "b", "last"]);
  });

  test("what was left out, and what is not scored, is not above the least", () => {
    expect(names(shownOf(questionnaire, answered({ a: null, last: 4 })))).toEqual(["a", "b"]);
  });

  test("a question's own labels go before the questionnaire's", () => {
    expect(scaleOf(asked[2] as Question, questionnaire)).toBe(own);
    expect(scaleOf(asked[0] as Question, questionnaire)).toBe(scale);
  });
});

describe("where a person stands", () => {
  const shown = shownOf(questionnaire, answered({ a: 1 }));

  test("goes on at the first question without an answer, else behind the last", () => {
    expect(firstOpen(shown, answered({}))).toBe(0);
    expect(firstOpen(shown, answered({ a: 1 }))).toBe(1);
    expect(firstOpen(shown, answered({ a: 1, b: 0 }))).toBe(2);
    expect(firstOpen(shown, answered({ a: 1, b: 0, last: null }))).toBe(3);
  });

  test("only required questions are missing, and only of those shown", () => {
    expect(names(missingOf(shown, answered({ a: 1 })))).toEqual(["b"]);
    expect(names(missingOf(shown, answered({ a: 1, b: 0 })))).toEqual([]);
  });

  test("a required question is not done by leaving it out", () => {
    expect(isDone(question("a", 1), answered({ a: null }))).toBe(false);
    expect(isDone(question("a", 1, { required: false }), answered({ a: null }))).toBe(true);
    expect(isDone(question("a", 1, { required: false }), answered({}))).toBe(false);
  });
});

describe("what is shown of answers here and there", () => {
  const stored = (value: number, version: number, session_ms: number | null) =>
    ({ question_id: "a", value, version, session_ms }) as StoredAnswer;
  const unsent = (value: number, version: number, session_ms: number): AnswerEntry => ({
    kind: "answer",
    session: "s",
    question: "a",
    body: { value, version, session_ms, client_time: "" },
  });

  test("what waits on this device goes before what the service has, if it was chosen later", () => {
    expect(merged([stored(1, 1, 100)], [unsent(3, 2, 200)]).get("a")?.value).toBe(3);
    expect(merged([stored(1, 5, 300)], [unsent(3, 2, 200)]).get("a")?.value).toBe(1);
  });

  test("a click of a higher version is shown though a clock that was set made its time older", () => {
    expect(merged([stored(1, 1, 100)], [unsent(3, 2, -86_400_000)]).get("a")?.value).toBe(3);
    expect(merged([], [unsent(1, 1, 100), unsent(2, 2, -86_400_000)]).get("a")?.value).toBe(2);
  });

  test("of two clicks that wait the later one is shown", () => {
    expect(merged([], [unsent(1, 1, 100), unsent(2, 2, 150)]).get("a")).toEqual({
      value: 2,
      version: 2,
      session_ms: 150,
    });
  });

  test("two pages that count the same versions are told apart by the session's time", () => {
    const early = { value: 1, version: 7, session_ms: 100 };
    expect(isNewer({ value: 2, version: 1, session_ms: 200 }, early)).toBe(true);
    expect(isNewer({ value: 2, version: 8, session_ms: 100 }, early)).toBe(true);
    expect(isNewer({ value: 2, version: 6, session_ms: null }, early)).toBe(false);
  });

  test("a version counts on from the stored one", () => {
    expect(nextVersion(undefined)).toBe(1);
    expect(nextVersion({ value: 1, version: 4, session_ms: 1 })).toBe(5);
  });
});

test("the sentence that each question completes is the last paragraph of the instructions", () => {
  expect(stemOf("Read this.\n\nAnd this.\n\nHow often?")).toEqual({
    before: "Read this.\n\nAnd this.",
    stem: "How often?",
  });
  expect(stemOf("How often?")).toEqual({ before: "", stem: "How often?" });
});

test("a digit chooses a value of the scale, and nothing else does", () => {
  expect([
    valueOfKey("2", scale),
    valueOfKey("4", scale),
    valueOfKey("4", own),
    valueOfKey("a", scale),
  ]).toEqual([2, null, 4, null]);
});

test("arrows go round among the answers, from the question to the first or the last", () => {
  expect([placeOfKey("ArrowDown", -1, 4), placeOfKey("ArrowUp", -1, 4)]).toEqual([0, 3]);
  expect([placeOfKey("ArrowRight", 3, 4), placeOfKey("ArrowLeft", 0, 4)]).toEqual([0, 3]);
  expect(placeOfKey("Tab", 0, 4)).toBeNull();
});
