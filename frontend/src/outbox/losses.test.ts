import { IDBFactory } from "fake-indexeddb";
import { afterEach, expect, test, vi } from "vitest";
import type { Outbox } from "./entries";
import type { FakePage } from "./fakes/browser";
import { announcement, answer, capture } from "./fakes/entries";
import { Ground } from "./fakes/ground";
import { Queue } from "./queue";
import type { Row } from "./rows";
import { Store } from "./store";

const on = new Ground();
afterEach(() => void vi.restoreAllMocks());

/** Let the device write no sooner than `until` resolves. */
function slowDevice(until: Promise<void>) {
  const add = Store.prototype.add;
  return vi.spyOn(Store.prototype, "add").mockImplementation(async function (this: Store, ...all) {
    await until;
    return add.apply(this, all);
  });
}

test("what was chosen just now is waited for, though the device has not written it yet", async () => {
  let write = (): void => undefined;
  slowDevice(new Promise((resolve) => (write = resolve)));
  const outbox = await on.open();
  void outbox.put(answer("q1", 1, 3));
  let settled = false;
  const settling = outbox.settled("s").then(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(settled).toBe(false);
  expect(outbox.sign).toBe("saving");
  write();
  await settling;
  expect(on.service.answers.get("q1")?.value).toBe(3);
});

test("a device that never comes back from a write holds up no answer", { timeout: 15_000 }, async () => {
  slowDevice(new Promise(() => undefined));
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 3));
  await outbox.settled("s");
  expect(on.service.answers.get("q1")?.value).toBe(3);
});

test("a device whose databases never open does not hold up the page", { timeout: 25_000 }, async () => {
  const Silent = IDBOpenDBRequest as unknown as new () => IDBOpenDBRequest;
  vi.spyOn(IDBFactory.prototype, "open").mockImplementation(() => new Silent());
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 3));
  await outbox.settled("s");
  expect(outbox.durable).toBe(false);
});

/** With nothing that waits or is under way, the first page hears from its browser that there is no network. */
async function cutOffAtRest(page: FakePage): Promise<Outbox> {
  const outbox = await on.open(page);
  await vi.waitFor(() => expect(outbox.sign).toBe("saved"));
  page.say("offline");
  await vi.waitFor(() => expect(outbox.sign).toBe("offline"));
  return outbox;
}

test("the sign goes back to saved when the network does, though nothing waits", async () => {
  const page = on.browser.page();
  const outbox = await cutOffAtRest(page);
  page.say("online");
  await vi.waitFor(() => expect(outbox.sign).toBe("saved"));
});

test("a page that begins to send says of the way what it finds itself", async () => {
  const page = on.browser.page();
  const second = on.browser.page();
  await on.open(page);
  const other = await on.open(second);
  page.say("offline");
  await vi.waitFor(() => expect(other.sign).toBe("offline"));
  page.kill();
  await vi.waitFor(() => expect(other.sign).toBe("saved"));
});

test("what is taken back in one page is not sent by another", async () => {
  on.service.fault = () => "network";
  const sender = on.browser.page();
  const one = await on.open(sender);
  await one.put(announcement("c1"));
  const other = await on.open();
  expect(other.waiting.announcement).toBe(1);
  await other.forget("s", ["announcement", "capture"]);
  await vi.waitFor(() => expect(one.waiting.announcement).toBe(0));
  on.service.fault = () => undefined;
  sender.say("online");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(on.service.announced.size).toBe(0);
});

test("one picture that could not be kept does not end the taking of pictures", async () => {
  const outbox = await on.open();
  const broken = capture("c1");
  vi.spyOn(broken.picture, "arrayBuffer").mockRejectedValue(new DOMException("gone", "NotReadableError"));
  await outbox.put(announcement("c1"));
  await outbox.put(broken);
  expect(outbox.roomForPictures).toBe(true);
  await outbox.put(announcement("c2"));
  await outbox.put(capture("c2"));
  await vi.waitFor(() => expect(on.service.captures).toEqual(["c2"]), 4_000);
});

test("what was taken while two readings of the device overlapped does not wait again", async () => {
  const row = { seq: 1, kind: "answer", session: "s", item: "q1" } as Row;
  const queue = new Queue();
  queue.add(row);
  let tell: (rows: Row[]) => void = () => undefined;
  const first = queue.reload(() => new Promise((resolve) => (tell = resolve)));
  const second = queue.reload(async () => [row]);
  queue.remove([row]);
  tell([row]);
  await Promise.all([first, second]);
  expect(queue.all).toEqual([]);
});

test("of answers that were brought together each tells how far the questionnaire is", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const outbox = await on.open(page);
  const told: unknown[] = [];
  outbox.whenDelivered(({ reply }) => told.push(reply));
  for (const question of ["q1", "q2", "q3", "q4"]) await outbox.put(answer(question, 1, 1));
  on.service.fault = () => undefined;
  page.say("online");
  await vi.waitFor(() => expect(told).toHaveLength(4), 4_000);
  expect(on.service.calls("POST", "/phq/responses").length).toBeGreaterThan(0);
  for (const reply of told) expect(reply).toMatchObject({ answered: expect.any(Number), total: 9 });
});
