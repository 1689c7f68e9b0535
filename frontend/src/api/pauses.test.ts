import { expect, test } from "vitest";
import { Refused, Unreachable } from "./failures";
import { askedMs, pauseMs } from "./pauses";

const PAUSES = { firstMs: 500, longestMs: 15_000 };
const lost = new Unreachable("network");
const busy = (seconds: number | null) => new Refused(503, "unavailable", "", "r", [], seconds);

test("pauses double up to the longest, half of each by chance", () => {
  expect(pauseMs(1, PAUSES, lost, 0)).toBe(250);
  expect(pauseMs(1, PAUSES, lost, 1)).toBe(500);
  expect(pauseMs(3, PAUSES, lost, 1)).toBe(2_000);
  expect(pauseMs(50, PAUSES, lost, 1)).toBe(15_000);
  expect(pauseMs(50, PAUSES, busy(null), 0)).toBe(7_500);
});

test("nothing is tried before Retry-After, and an hour of it is not believed", () => {
  expect(pauseMs(1, PAUSES, busy(7), 0)).toBe(7_000);
  expect(pauseMs(1, PAUSES, busy(7), 1)).toBe(7_500);
  expect(pauseMs(1, PAUSES, busy(3_600), 0)).toBe(120_000);
  expect(askedMs(busy(0))).toBeNull();
  expect(askedMs(lost)).toBeNull();
});
