import { expect, test } from "vitest";
import { Refused, Unreachable } from "../api/failures";
import { passes, requestIdOf, sentenceFor } from "./rules";
import { words } from "./words";

const refused = (status: number, code: string, wait: number | null = null) =>
  new Refused(status, code, "", "req-1", [], wait);

test("every fault has a sentence in both languages", () => {
  const faults = [
    new Unreachable("network"),
    new Unreachable("timeout"),
    new Unreachable("unreadable"),
    new DOMException("", "QuotaExceededError"),
    refused(503, "unavailable"),
    refused(429, "too_many"),
    refused(500, "internal"),
    refused(409, "session_ended"),
    refused(409, "wrong_step"),
    refused(422, "invalid"),
    new TypeError("?"),
  ];
  const told = faults.map((fault) => sentenceFor(fault));
  expect(new Set(told).size).toBe(10);
  for (const name of told)
    expect([words.en[name], words.id[name]].every((one) => one.length > 10)).toBe(true);
});

test("what passes is tried again, what does not is not", () => {
  expect(passes(new Unreachable("timeout"))).toBe(true);
  expect(passes(refused(503, "unavailable"))).toBe(true);
  expect(passes(refused(401, "login_required"))).toBe(true);
  expect(passes(refused(401, "bad_credentials"))).toBe(false);
  expect(passes(refused(409, "wrong_step"))).toBe(false);
});

test("the id to quote is told where one came", () => {
  expect(requestIdOf(refused(500, "internal"))).toBe("req-1");
  expect(requestIdOf(new Unreachable("network"))).toBeNull();
  expect(requestIdOf(new Error("x"))).toBeNull();
});
