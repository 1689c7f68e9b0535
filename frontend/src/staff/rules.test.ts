import { describe, expect, it } from "vitest";
import { byAssessment, factsOf, inSession, isOutcome, makerOf, placeOf, queryOf, unanswered } from "./rules";

describe("the staff's addresses", () => {
  it.each([
    ["#/staff", { name: "sessions" }],
    ["#/staff/", { name: "sessions" }],
    ["/staff/sessions", { name: "sessions" }],
    ["#/staff/sessions/s-1", { name: "session", id: "s-1" }],
    ["#/staff/alerts", { name: "alerts" }],
    ["#/staff/alerts/a-1", { name: "alert", id: "a-1" }],
    ["#/staff/alerts/a-1?from=mail", { name: "alert", id: "a-1" }],
    ["alerts/a-1", { name: "alert", id: "a-1" }],
    ["#/staff/unknown", { name: "sessions" }],
  ])("%s", (route, place) => {
    expect(placeOf(route)).toEqual(place);
  });
});

it("asks for what is filtered, and for nothing where a filter is empty", () => {
  expect(queryOf({ study: " demo ", participant: "", state: "OPEN" }, 50, null)).toBe(
    "limit=50&study=demo&state=OPEN",
  );
  expect(queryOf({}, 200, "c-1")).toBe("limit=200&cursor=c-1");
});

it.each([
  [0, "0:00"],
  [65_400, "1:05"],
  [3_600_000, "1:00:00"],
  [-900, "-0:00"],
])("tells %d ms in a session as %s", (milliseconds, told) => {
  expect(inSession(milliseconds)).toBe(told);
});

it("counts what was not answered, of a questionnaire that was asked", () => {
  expect(unanswered({ total: 9, answered: 7, end_reason: null })).toBe(2);
  expect(unanswered({ total: 9, answered: 0, end_reason: "skipped" })).toBe(0);
});

it("tells who made a reply", () => {
  const made = { connection: "default", provider: "openai", model: "m", fallback_for: null };
  expect(makerOf({ safety: true, made: null })).toBe("safety");
  expect(makerOf({ safety: false, made: null })).toBe("fixed");
  expect(makerOf({ safety: false, made })).toBe("model");
  expect(makerOf({ safety: false, made: { ...made, provider: "scripted" } })).toBe("script");
});

it("parts what counts from what was begun again", () => {
  const rows = [{ assessment_id: "old" }, { assessment_id: "new" }];
  expect(byAssessment(rows, "new")).toEqual({ current: [rows[1]], earlier: [rows[0]] });
});

it("tells an event's facts in one line", () => {
  expect(factsOf({ part: "phq", scopes: ["chat"] })).toBe('part: phq, scopes: ["chat"]');
});

it("knows outcomes by their names alone", () => {
  expect(isOutcome("not_reached")).toBe(true);
  expect(isOutcome("Called twice, no answer")).toBe(false);
});
