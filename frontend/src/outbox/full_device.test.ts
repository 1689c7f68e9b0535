import { afterEach, expect, test, vi } from "vitest";
import type { Outbox } from "./entries";
import type { FakePage } from "./fakes/browser";
import { announcement, answer, capture } from "./fakes/entries";
import { refuseToAdd, refuseToPut } from "./fakes/full";
import { Ground } from "./fakes/ground";
import { Shelves } from "./shelves";
import { Store } from "./store";

const on = new Ground();
afterEach(() => void vi.restoreAllMocks());

/** The service takes no answer, for good. */
function refuseAnswers(): void {
  on.service.fault = ({ path }) =>
    path.includes("/responses/") ? { status: 422, code: "invalid" } : undefined;
}

test("a refused entry is never dropped untold where the device cannot keep it", async () => {
  const outbox = await on.open();
  refuseToAdd("refused");
  refuseAnswers();
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.waiting.answer).toBe(0), 4_000);
  expect(outbox.refused).toMatchObject([{ kind: "answer", item: "q1", code: "invalid" }]);
  expect(outbox.sign).toBe("full");
  expect(on.service.calls("PUT", "/responses/q1")).toHaveLength(1);
  await outbox.dismissRefused();
  expect(outbox.sign).toBe("saved");
});

test("a refusal that can be written nowhere is tried again after pauses, and is not shown as saved", async () => {
  const outbox = await on.open();
  refuseToAdd("refused");
  const drop = vi.spyOn(Store.prototype, "drop").mockRejectedValue(new DOMException("broken", "DataError"));
  refuseAnswers();
  await outbox.put(answer("q1", 1, 3));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(on.service.calls("PUT", "/responses/q1").length).toBeLessThan(5);
  expect(outbox.sign).toBe("saving");
  drop.mockRestore();
  await vi.waitFor(() => expect(outbox.refused).toMatchObject([{ item: "q1" }]), 8_000);
  expect(outbox.waiting.answer).toBe(0);
});

test("the newest click that came too late is sent above the stored version from a full device, too", async () => {
  on.service.answers.set("q1", { value: 0, version: 5, session_ms: 500 });
  const page = on.browser.page();
  const outbox = await on.open(page);
  refuseToPut("entries");
  let puts = 0;
  on.service.fault = ({ method }) => (method === "PUT" && (puts += 1) === 2 ? "network" : undefined);
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(puts).toBe(2));
  expect(outbox.sign).toBe("full");
  page.say("online");
  await vi.waitFor(() => expect(outbox.sign).toBe("saved"), 4_000);
  expect(on.service.answers.get("q1")).toMatchObject({ value: 3, version: 6 });
});

test("what a full device could not write anew keeps its place before what was put later", async () => {
  const shelves = new Shelves(await Store.open("p"));
  const first = await shelves.add(answer("q1", 1, 1), 0);
  await shelves.add(answer("q1", 2, 2), 0);
  refuseToPut("entries");
  expect(await shelves.replace(first, answer("q1", 6, 1), 0)).toEqual(first);
  const opened = await Promise.all((await shelves.rows()).map((row) => shelves.open(row)));
  expect(opened).toEqual([answer("q1", 6, 1), answer("q1", 2, 2)]);
  await shelves.drop([first]);
  expect(await shelves.rows()).toHaveLength(1);
  expect(shelves.overflowing).toBe(false);
  shelves.close();
});

test("what another page has brought is not sent again for what a full device could not write anew", async () => {
  const [one, other] = [new Shelves(await Store.open("p")), new Shelves(await Store.open("p"))];
  const row = await one.add(answer("q1", 1, 1), 0);
  refuseToPut("entries");
  await one.replace(row, answer("q1", 6, 1), 0);
  await other.drop([row]);
  expect(await one.rows()).toEqual([]);
  expect(one.overflowing).toBe(false);
  one.close();
  other.close();
});

test("a full device tells the ledger that a picture was skipped, though its announcement cannot be altered", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const outbox = await on.open(page);
  await outbox.put(announcement("c1"));
  await vi.waitFor(() => expect(on.service.calls("POST", "/captures/expected")).toHaveLength(1));
  refuseToAdd("captures");
  refuseToPut("entries");
  await outbox.put(capture("c1"));
  on.service.fault = () => undefined;
  page.say("online");
  await vi.waitFor(() => expect(on.service.announced.get("c1")).toBe(true), 4_000);
});

/** The device has no room for one entry, and then has. */
function fullForOne(): void {
  const full = new DOMException("no room", "QuotaExceededError");
  vi.spyOn(Store.prototype, "add").mockRejectedValueOnce(full);
}

/** How much lies on the device, as the next page would find it. */
async function onDevice(person = "person"): Promise<number> {
  const store = await Store.open(person);
  const { length } = await store.rows();
  store.close();
  return length;
}

test("an answer is kept on the device again as soon as no words are in memory, though pictures wait", async () => {
  let down = true;
  on.service.fault = ({ path }) => (down || path.includes("/captures/c") ? "network" : undefined);
  const outbox = await on.open();
  fullForOne();
  await outbox.put(answer("q1", 1, 3));
  await outbox.put(capture("c1"));
  expect(await onDevice()).toBe(1);
  down = false;
  outbox.nudge();
  await vi.waitFor(() => expect(outbox.waiting.answer).toBe(0), 4_000);
  expect(outbox.sign).not.toBe("full");
  down = true;
  await outbox.put(answer("q2", 1, 2));
  expect(await onDevice()).toBe(2);
});

test("a picture for which the device has no room is skipped, whatever waits in memory", async () => {
  on.service.fault = () => "network";
  const outbox = await on.open();
  refuseToAdd("entries", "captures");
  await outbox.put(answer("q1", 1, 3));
  await outbox.put(announcement("c1"));
  await outbox.put(capture("c1"));
  expect(outbox.pictureBytes).toBe(0);
  expect(await outbox.unsent("s")).toMatchObject([{ kind: "answer" }, { body: { skipped: true } }]);
});

test("words that follow others into memory keep the order of the clicks", async () => {
  const shelves = new Shelves(await Store.open("p"));
  await shelves.add(answer("q1", 1, 1), 0);
  fullForOne();
  await shelves.add(answer("q1", 2, 2), 0);
  await shelves.add(answer("q1", 3, 3), 0);
  const opened = await Promise.all((await shelves.rows()).map((row) => shelves.open(row)));
  expect(opened).toEqual([answer("q1", 1, 1), answer("q1", 2, 2), answer("q1", 3, 3)]);
  expect(await onDevice("p")).toBe(1);
  shelves.close();
});

test("of one picture a later announcement never comes before one that is in memory", async () => {
  const shelves = new Shelves(await Store.open("p"));
  fullForOne();
  await shelves.add(announcement("c1"), 0);
  await shelves.add(announcement("c1"), 0);
  expect(await onDevice("p")).toBe(0);
  await shelves.add(announcement("c2"), 0);
  await shelves.add(answer("q1", 1, 1), 0);
  expect(await onDevice("p")).toBe(2);
  shelves.close();
});

test("each of two pages without a device sends its own", async () => {
  vi.spyOn(Store, "open").mockRejectedValue(new DOMException("none", "SecurityError"));
  const [one, other] = [await on.open(), await on.open()];
  on.service.fault = () => "network";
  await one.put(answer("q1", 1, 3));
  await other.put(answer("q2", 1, 2));
  on.service.fault = () => undefined;
  await vi.waitFor(() => expect([...on.service.answers.keys()].sort()).toEqual(["q1", "q2"]), 6_000);
});

/** Two pages of a full device, each with an answer in its memory; the second sends. */
async function twoFullPages(): Promise<{ first: FakePage; both: Outbox[] }> {
  refuseToAdd("entries");
  on.service.fault = () => "network";
  const first = on.browser.page();
  const both = [await on.open(first), await on.open()];
  for (const [index, outbox] of both.entries()) await outbox.put(answer(`q${index}`, 1, 3));
  await vi.waitFor(() => expect(on.service.calls("PUT", "/responses/q1").length).toBeGreaterThan(0), 4_000);
  return { first, both };
}

const allSaved = (both: Outbox[]) =>
  vi.waitFor(() => expect(both.map((one) => one.sign)).toEqual(["saved", "saved"]), 12_000);

test("two pages of a full device take turns until each has sent its own", { timeout: 25_000 }, async () => {
  const { both } = await twoFullPages();
  const turns = vi.spyOn(on.browser.locks, "request");
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(turns.mock.calls.length).toBeLessThan(4);
  on.service.fault = () => undefined;
  await allSaved(both);
  const ended = turns.mock.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(turns.mock.calls.length).toBe(ended);
});

test("a page whose memory holds an answer sends it as soon as the network is back", async () => {
  const { first } = await twoFullPages();
  on.service.fault = () => undefined;
  first.say("online");
  await vi.waitFor(() => expect(on.service.answers.has("q0")).toBe(true), 2_000);
});

/** A full device; what was announced has arrived, and no picture does. */
async function announcedOn(...ids: string[]): Promise<Outbox> {
  const outbox = await on.open();
  refuseToAdd("captures");
  on.service.fault = ({ path }) => (path.includes("/captures/c") ? "network" : undefined);
  for (const id of ids) await outbox.put(announcement(id));
  await vi.waitFor(() => expect([...on.service.announced.keys()]).toEqual(ids), 4_000);
  await vi.waitFor(() => expect(outbox.waiting.announcement).toBe(0));
  return outbox;
}

test("a picture that was promised to the ledger is sent from memory where the device has no room", async () => {
  const outbox = await announcedOn("c1");
  on.service.fault = () => undefined;
  await outbox.put(capture("c1"));
  await vi.waitFor(() => expect(on.service.captures).toEqual(["c1"]), 4_000);
});

test("of pictures that a device has no room for no more than 10 MiB are in memory", async () => {
  const ids = ["c1", "c2", "c3"];
  const outbox = await announcedOn(...ids);
  const large = 4 * 1024 * 1024;
  for (const id of ids) await outbox.put(capture(id, large));
  expect(outbox.pictureBytes).toBe(2 * large);
  expect(outbox.sign).toBe("full");
});
