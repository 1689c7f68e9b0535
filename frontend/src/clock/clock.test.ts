import { expect, test } from "vitest";
import { Clock } from "./clock";

test("a device set to another day tells the server's time", () => {
  let ticks = 1000;
  const wrong = Date.parse("2031-01-01T00:00:00.000Z");
  const clock = new Clock(
    () => ticks,
    () => wrong + ticks,
  );
  const sent = clock.ticks();
  ticks += 100;
  clock.heard(sent, "2026-01-01T00:00:00.050Z");
  ticks += 5000;
  const stamp = clock.stamp("2026-01-01T00:00:00.000Z");
  expect(stamp.session_ms).toBe(5100);
  expect(stamp.client_time).toBe(new Date(wrong + ticks).toISOString());
});

test("the best round trip tells the offset", () => {
  let ticks = 0;
  const clock = new Clock(() => ticks);
  const call = (took: number, server: number) => {
    const sent = clock.ticks();
    ticks += took;
    clock.heard(sent, new Date(server).toISOString());
  };
  call(2000, 1_000_000);
  call(10, 1_001_005);
  call(3000, 1_009_000);
  expect(clock.now()).toBe(1_004_010);
});
