import { beforeEach, expect, test } from "vitest";
import { Clock } from "./clock";
import type { Memory } from "./memory";
import { askTime } from "./watch";

const SERVER = Date.parse("2026-01-01T00:00:00.000Z");
const HOUR = 3_600_000;

/** A device: true time goes on, its two clocks tell it as they can. */
class FakeDevice {
  passed = 0;
  slept = 0;
  set = 0;
  readonly clock = new Clock(
    () => this.passed - this.slept,
    () => SERVER + this.passed + this.set,
  );

  get truth(): number {
    return SERVER + this.passed;
  }

  /** A call that takes so long, there and back alike. */
  call(took: number): void {
    const sent = this.clock.ticks();
    this.passed += took / 2;
    const said = new Date(this.truth).toISOString();
    this.passed += took / 2;
    this.clock.heard(sent, said);
  }

  sleep(ms: number): void {
    this.passed += ms;
    this.slept += ms;
  }
}

let device: FakeDevice;

beforeEach(() => {
  device = new FakeDevice();
});

test("a device set to another day tells the server's time", () => {
  device.set = 5 * 365 * 24 * HOUR;
  const clock = new Clock(
    () => device.passed,
    () => device.truth + device.set,
  );
  const sent = clock.ticks();
  device.passed += 100;
  clock.heard(sent, "2026-01-01T00:00:00.050Z");
  device.passed += 5000;
  const stamp = clock.stamp("2026-01-01T00:00:00.000Z");
  expect(stamp.session_ms).toBe(5100);
  expect(stamp.client_time).toBe(new Date(device.truth + device.set).toISOString());
});

test("the best round trip tells the offset", () => {
  let ticks = 0;
  const clock = new Clock(
    () => ticks,
    () => ticks,
  );
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

test("of a good round trip long ago and a fair one now, the one that errs less counts", () => {
  let ticks = 0;
  let server = 0;
  const clock = new Clock(
    () => ticks,
    () => ticks,
  );
  const call = (took: number) => {
    const sent = clock.ticks();
    ticks += took;
    server += took;
    clock.heard(sent, new Date(1_000_000 + server - took / 2).toISOString());
  };
  call(10);
  ticks += HOUR;
  server += HOUR + 200;
  call(100);
  expect(clock.now()).toBe(1_000_000 + server);
});

test("a device that slept tells the time after it, before the server is heard again", () => {
  device.call(20);
  device.sleep(2 * HOUR);
  expect(device.clock.now()).toBe(device.truth);
  expect(device.clock.doubtful).toBe(true);
  device.call(300);
  expect(device.clock.now()).toBe(device.truth);
  expect(device.clock.doubtful).toBe(false);
});

test("a reply that was waited for asleep tells nothing", () => {
  device.call(20);
  const sent = device.clock.ticks();
  const said = new Date(device.truth).toISOString();
  device.sleep(HOUR);
  device.passed += 50;
  device.clock.heard(sent, said);
  expect(device.clock.now()).toBe(device.truth);
  expect(device.clock.doubtful).toBe(true);
});

test.each([-24 * HOUR, 24 * HOUR, -30_000])(
  "a device that is set by %i ms meanwhile changes nothing",
  (by) => {
    device.call(20);
    device.clock.now();
    device.set = by;
    device.passed += 1000;
    expect(device.clock.now()).toBe(device.truth);
    device.call(200);
    expect(device.clock.now()).toBe(device.truth);
    expect(device.clock.ahead).toBe(by);
  },
);

test("without a server the device's own time must do", () => {
  device.set = -HOUR;
  device.clock.heard(0, null);
  device.clock.heard(0, "no time");
  expect(device.clock.known).toBe(false);
  expect(device.clock.now()).toBe(device.truth - HOUR);
  expect(device.clock.ahead).toBe(0);
});

test("the server is asked for its time by a cheap call, and a failure is no fault", async () => {
  const told = new Response("", { headers: { "X-Server-Time": new Date(SERVER).toISOString() } });
  await askTime(device.clock, () => Promise.reject(new TypeError("Failed to fetch")));
  expect(device.clock.known).toBe(false);
  await askTime(device.clock, () => Promise.resolve(told));
  expect(device.clock.known).toBe(true);
});

test("a load without the server goes on by what an earlier one heard", () => {
  let kept = 0;
  const memory: Memory = { recall: () => kept, keep: (ahead) => (kept = ahead) };
  const day = 24 * HOUR;
  const earlier = new Clock(
    () => 1_000,
    () => SERVER + day,
    memory,
  );
  earlier.heard(1_000, new Date(SERVER).toISOString());
  const later = new Clock(
    () => 5,
    () => SERVER + day + 60_000,
    memory,
  );
  expect(later.known).toBe(false);
  expect(later.stamp(new Date(SERVER).toISOString()).session_ms).toBe(60_000);
});
