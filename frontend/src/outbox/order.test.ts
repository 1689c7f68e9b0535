import { expect, test } from "vitest";
import type { Kind } from "./entries";
import { nextJobs, nextTime, QUIET_MS, type Road, type Waiting } from "./order";

let seq = 0;

function waiting(kind: Kind, item: string, more: Partial<Waiting> = {}): Waiting {
  const sealed = { iv: new Uint8Array(12), bytes: new ArrayBuffer(0) };
  const row = { seq: (seq += 1), kind, session: "s", item, size: 100, at: 0, sealed };
  return {
    row,
    tries: 0,
    notBefore: 0,
    alone: false,
    doubted: false,
    busy: false,
    call: 0,
    since: 0,
    ...more,
  };
}

const road = (more: Partial<Road> = {}): Road => ({
  now: 1_000_000,
  notBefore: { words: 0, ledger: 0, pictures: 0 },
  narrow: false,
  lastClick: 0,
  ...more,
});

const names = (queue: Waiting[], on = road()) =>
  nextJobs(queue, on).map((job) => `${job.kind}:${job.items.map((one) => one.row.item).join("+")}`);

test("answers and messages come before announcements, and those before pictures", () => {
  const picture = waiting("capture", "c1");
  const told = waiting("announcement", "c2");
  const said = waiting("message", "m1");
  const chosen = waiting("answer", "q1");
  expect(names([picture, told, said, chosen])).toEqual(["message:m1", "answer:q1"]);
  expect(names([picture, told])).toEqual(["announcement:c2"]);
  expect(names([picture])).toEqual(["capture:c1"]);
});

test("nothing less is begun while an answer is on its way", () => {
  const underWay = waiting("answer", "q1", { busy: true, call: 1, since: 999_000 });
  expect(names([underWay, waiting("capture", "c1")])).toEqual([]);
});

test("a message that waits long for its turn holds up no picture", () => {
  const long = waiting("message", "m1", { busy: true, call: 1, since: 990_000 });
  expect(names([long, waiting("capture", "c1")])).toEqual(["capture:c1"]);
  expect(nextTime([waiting("message", "m1", { busy: true, since: 999_000 })], road())).toBe(1_002_000);
});

test("answers to one question go one after the other, also while the first has a pause", () => {
  expect(names([waiting("answer", "q1", { busy: true, call: 1 }), waiting("answer", "q1")])).toEqual([]);
  expect(names([waiting("answer", "q1", { notBefore: 2_000_000 }), waiting("answer", "q1")])).toEqual([]);
});

test("messages go one after the other", () => {
  expect(names([waiting("message", "m1"), waiting("message", "m2")])).toEqual(["message:m1"]);
});

test("two answers have calls of their own, more share one, each question once", () => {
  expect(names([waiting("answer", "q1"), waiting("answer", "q2")])).toEqual(["answer:q1", "answer:q2"]);
  const many = ["q1", "q2", "q1", "q3", "q4"].map((item) => waiting("answer", item));
  expect(names(many)).toEqual(["answer:q1+q2+q3+q4"]);
});

test("a new answer goes out beside those that are on their way", () => {
  const shared = ["q1", "q2", "q3"].map((item) => waiting("answer", item, { busy: true, call: 7 }));
  expect(names([...shared, waiting("answer", "q4")])).toEqual(["answer:q4"]);
});

test("who failed in company goes alone", () => {
  const many = ["q1", "q2", "q3", "q4"].map((item) => waiting("answer", item, { alone: true }));
  expect(names(many)).toEqual(["answer:q1", "answer:q2"]);
});

test("a picture waits for its announcement", () => {
  const told = waiting("announcement", "c1", { notBefore: 2_000_000 });
  expect(names([told, waiting("capture", "c1"), waiting("capture", "c2")])).toEqual(["capture:c2"]);
});

test("on a narrow road pictures go one by one, and only while nothing is clicked", () => {
  const pictures = ["c1", "c2", "c3"].map((item) => waiting("capture", item));
  expect(names(pictures)).toEqual(["capture:c1", "capture:c2"]);
  expect(names(pictures, road({ narrow: true }))).toEqual(["capture:c1"]);
  const clicked = road({ narrow: true, lastClick: 999_000 });
  expect(names(pictures, clicked)).toEqual([]);
  expect(nextTime(pictures, clicked)).toBe(999_000 + QUIET_MS);
});

test("a lane's pause holds up that lane alone, and tells when to look again", () => {
  const on = road({ notBefore: { words: 0, ledger: 0, pictures: 1_005_000 } });
  const queue = [waiting("capture", "c1"), waiting("answer", "q1")];
  expect(names(queue, on)).toEqual(["answer:q1"]);
  expect(nextTime(queue, on)).toBe(1_005_000);
});
