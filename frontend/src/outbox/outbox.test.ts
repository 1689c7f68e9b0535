import { expect, test, vi } from "vitest";
import type { Outbox } from "./entries";
import { announcement, answer, capture, message } from "./fakes/entries";
import { Ground } from "./fakes/ground";
import type { Fault } from "./fakes/service";
import { leftOnThisDevice, wipe } from "./outbox.svelte";

const on = new Ground();
const empty = (outbox: Outbox) =>
  vi.waitFor(
    () => expect(outbox.waiting).toEqual({ answer: 0, message: 0, announcement: 0, capture: 0 }),
    10_000,
  );
const saved = (outbox: Outbox) => vi.waitFor(() => expect(outbox.sign).toBe("saved"), 4_000);

/** Befall the first `times` calls that write. */
function first(times: number, fault: Fault): void {
  let left = times;
  on.service.fault = ({ method }) => (method !== "GET" && (left -= 1) >= 0 ? fault : undefined);
}

test("what is put arrives, and the sign says so", async () => {
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 2));
  await outbox.put(message("m1"));
  await outbox.put(announcement("c1"));
  await outbox.put(capture("c1"));
  await outbox.settled("s");
  await empty(outbox);
  expect(on.service.answers.get("q1")?.value).toBe(2);
  expect(on.service.messages).toEqual(["m1"]);
  expect(on.service.announced.get("c1")).toBe(false);
  expect(on.service.captures).toEqual(["c1"]);
  expect(outbox.sign).toBe("saved");
});

test("each click of a question arrives, in its order", async () => {
  const outbox = await on.open();
  await Promise.all([1, 2, 3, 4, 5].map((version) => outbox.put(answer("q1", version, version % 4))));
  await outbox.settled("s");
  expect(on.service.revisions.map((one) => [one.version, one.applied])).toEqual(
    [1, 2, 3, 4, 5].map((version) => [version, true]),
  );
});

test("what a killed page had put is sent by the next, once", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const before = await on.open(page);
  await before.put(answer("q1", 1, 3));
  await before.put(message("m1"));
  await before.put(capture("c1"));
  page.kill();
  on.service.fault = () => undefined;
  const after = await on.open();
  expect((await after.unsent("s")).map((one) => one.kind).sort()).toEqual(["answer", "message"]);
  await empty(after);
  expect(on.service.revisions).toHaveLength(1);
  expect(on.service.messages).toEqual(["m1"]);
  expect(on.service.captures).toEqual(["c1"]);
});

test("a reply that was lost is asked for again, and stored once", async () => {
  first(2, "lost");
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 3));
  await saved(outbox);
  expect(on.service.calls("PUT", "/phq/responses/q1").length).toBeGreaterThan(1);
  expect(on.service.revisions).toHaveLength(1);
});

test("without a network the sign says so, and at its return all is sent at once", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const outbox = await on.open(page);
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("offline"));
  on.service.fault = () => undefined;
  page.say("online");
  await saved(outbox);
  expect(on.service.answers.get("q1")?.value).toBe(3);
});

test("Retry-After is heeded", async () => {
  first(1, { status: 503, code: "unavailable", retryAfter: 1 });
  const outbox = await on.open();
  const began = performance.now();
  await outbox.put(answer("q1", 1, 3));
  await saved(outbox);
  expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
});

test("an ended login stops the sending until the same person is back", async () => {
  const outbox = await on.open();
  on.service.loggedIn = null;
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  on.service.loggedIn = "another";
  const writes = on.service.calls("PUT", "").length;
  outbox.nudge();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(outbox.sign).toBe("login");
  expect(on.service.calls("PUT", "")).toHaveLength(writes);
  on.service.loggedIn = "person";
  outbox.nudge();
  await saved(outbox);
  expect(on.service.answers.get("q1")?.value).toBe(3);
  expect(outbox.refused).toHaveLength(0);
});

test("a 404 under another's login is no refusal", async () => {
  const outbox = await on.open();
  on.service.loggedIn = "another";
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  expect(outbox.refused).toHaveLength(0);
  on.service.loggedIn = "person";
  outbox.nudge();
  await saved(outbox);
});

test("what waited from an earlier visit is not sent before it is known who is logged in", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  await (await on.open(page)).put(answer("q1", 1, 3));
  page.kill();
  on.service.fault = () => undefined;
  on.service.loggedIn = "another";
  const before = on.service.asked.length;
  const outbox = await on.open();
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  expect(on.service.asked.slice(before).filter((one) => one.method !== "GET")).toEqual([]);
});

test("another person's outbox in another page stops this one before it sends under their login", async () => {
  const mine = await on.open();
  on.service.loggedIn = "another";
  await on.open(on.browser.page(), "another");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await mine.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(mine.sign).toBe("login"));
  expect(on.service.calls("PUT", "")).toEqual([]);
});

test("a refused answer is shown with its code and request id, and holds up no other", async () => {
  on.service.fault = ({ path }) => (path.endsWith("/q1") ? { status: 409, code: "completed" } : undefined);
  const outbox = await on.open();
  const told: string[] = [];
  outbox.whenRefused((refused) => told.push(refused.code));
  await outbox.put(answer("q1", 1, 3));
  await outbox.put(answer("q2", 1, 1));
  await saved(outbox);
  expect(outbox.refused).toMatchObject([
    { kind: "answer", item: "q1", code: "completed", requestId: "request-1" },
  ]);
  expect(told).toEqual(["completed"]);
  const again = await on.open();
  expect(again.refused).toMatchObject([{ item: "q1" }]);
  await again.dismissRefused();
  expect((await on.open()).refused).toEqual([]);
});

test("many answers share a call, and one that is refused in it is refused alone", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const outbox = await on.open(page);
  for (let one = 1; one <= 9; one += 1) await outbox.put(answer(`q${one}`, 1, 1));
  on.service.asked.length = 0;
  on.service.fault = ({ path, body }) =>
    path.endsWith("/q5") || JSON.stringify(body ?? null).includes('"q5"')
      ? { status: 422, code: "invalid" }
      : undefined;
  page.say("online");
  await saved(outbox);
  expect(outbox.refused.map((one) => one.item)).toEqual(["q5"]);
  expect([...on.service.answers.keys()].sort()).toEqual(["q1", "q2", "q3", "q4", "q6", "q7", "q8", "q9"]);
});

test("the newest click that came too late is sent again above the stored version", async () => {
  on.service.answers.set("q1", { value: 0, version: 5, session_ms: 500 });
  const outbox = await on.open();
  await Promise.all([outbox.put(answer("q1", 1, 1)), outbox.put(answer("q1", 2, 3))]);
  await saved(outbox);
  expect(on.service.answers.get("q1")).toMatchObject({ value: 3 });
  expect(on.service.answers.get("q1")?.version).toBeGreaterThan(5);
});

test("a click that is newer on another device stays", async () => {
  on.service.answers.set("q1", { value: 0, version: 5, session_ms: 9000 });
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 3));
  await saved(outbox);
  expect(on.service.answers.get("q1")).toMatchObject({ value: 0, version: 5 });
});

test("two pages send what is put in either once, and both see it", async () => {
  const [one, other] = [await on.open(), await on.open()];
  const seen: string[] = [];
  one.whenDelivered(({ entry }) => entry.kind === "answer" && seen.push(entry.question));
  await one.put(answer("q1", 1, 1));
  await other.put(answer("q2", 1, 2));
  await one.put(answer("q3", 1, 3));
  await Promise.all([empty(one), empty(other)]);
  await vi.waitFor(() => expect([...seen].sort()).toEqual(["q1", "q2", "q3"]));
  expect(on.service.revisions).toHaveLength(3);
});

test("a page that is killed hands over to the other", async () => {
  const page = on.browser.page();
  const one = await on.open(page);
  const other = await on.open();
  on.service.fault = () => new Promise(() => undefined);
  await one.put(answer("q1", 1, 1));
  await vi.waitFor(() => expect(on.service.calls("PUT", "")).toHaveLength(1));
  page.kill();
  on.service.fault = () => undefined;
  await empty(other);
  expect(on.service.answers.get("q1")?.value).toBe(1);
});

test("a page that sleeps with the lock is passed over", async () => {
  const asleep = on.browser.page();
  const one = await on.open(asleep);
  asleep.freeze();
  const other = await on.open();
  await other.put(answer("q1", 1, 1));
  await empty(other);
  expect(on.service.answers.get("q1")?.value).toBe(1);
  expect(one.waiting).toBeDefined();
});

test("an answer goes out at once while a picture is on its way, and the picture follows", async () => {
  let stuck = true;
  on.service.fault = ({ path }) =>
    path.includes("/captures/c1") && stuck ? new Promise(() => undefined) : undefined;
  const outbox = await on.open();
  await outbox.put(capture("c1", 50_000));
  await vi.waitFor(() => expect(on.service.calls("PUT", "/captures/c1")).toHaveLength(1));
  stuck = false;
  await outbox.put(answer("q1", 1, 1));
  await outbox.settled("s");
  expect(on.service.captures).toEqual([]);
  await empty(outbox);
  expect(on.service.captures).toEqual(["c1"]);
});

test("pictures that alone do not get through leave the sign at saved, and answers go on", async () => {
  on.service.fault = ({ path }) => (path.includes("/captures/c1") ? "network" : undefined);
  const outbox = await on.open();
  await outbox.put(capture("c1"));
  await vi.waitFor(() => expect(on.service.calls("PUT", "/captures/c1")).toHaveLength(1));
  await outbox.put(answer("q1", 1, 1));
  await outbox.settled("s");
  expect(outbox.sign).toBe("saved");
  await vi.waitFor(() => expect(on.service.calls("PUT", "/captures/c1")).toHaveLength(2), 5_000);
  await vi.waitFor(() => expect(on.service.calls("GET", "/auth/me").length).toBeGreaterThanOrEqual(2));
  expect(outbox.sign).toBe("saved");
});

test("pictures that wait are counted by session, each once though its announcement waits, too", async () => {
  on.service.fault = () => "network";
  const outbox = await on.open();
  await outbox.put(announcement("c1"));
  await outbox.put(capture("c1"));
  await outbox.put(announcement("c2"));
  expect(outbox.picturesWait("s")).toBe(2);
  expect(outbox.picturesWait("older")).toBe(0);
});

test("what an older session cannot bring does not hold up another one's handing in", async () => {
  on.service.fault = ({ path }) =>
    path.includes("/sessions/older/") ? { status: 500, code: "internal_error" } : undefined;
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 1, 1000, "older"));
  await outbox.put(answer("q1", 1, 3));
  await outbox.settled("s");
  expect(on.service.answers.get("q1")?.value).toBe(3);
  expect(outbox.waiting.answer).toBe(1);
});

test("past the room for pictures none is kept, and the ledger is told that it was skipped", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  const outbox = await on.open(page);
  const large = 15 * 1024 * 1024;
  for (const id of ["c1", "c2", "c3"]) {
    await outbox.put(announcement(id));
    await outbox.put(capture(id, large));
  }
  expect(outbox.pictureBytes).toBe(2 * large);
  expect(outbox.roomForPictures).toBe(false);
  on.service.fault = () => undefined;
  page.say("online");
  await empty(outbox);
  expect(on.service.announced).toEqual(
    new Map([
      ["c1", false],
      ["c2", false],
      ["c3", true],
    ]),
  );
  expect(outbox.roomForPictures).toBe(true);
});

test("where the device keeps nothing, answers go out directly and the sign says so", async () => {
  vi.stubGlobal("indexedDB", undefined);
  const outbox = await on.open();
  await outbox.put(answer("q1", 1, 1));
  await outbox.settled("s");
  expect(outbox.durable).toBe(false);
  expect(outbox.sign).toBe("full");
  expect(on.service.answers.get("q1")?.value).toBe(1);
  vi.unstubAllGlobals();
});

test("messages are brought by the chat while there is one", async () => {
  const outbox = await on.open();
  const brought: string[] = [];
  outbox.bringMessagesBy(async (entry) => void brought.push(entry.message));
  await outbox.put(message("m1"));
  await outbox.settled("s");
  outbox.bringMessagesBy(null);
  await outbox.put(message("m2"));
  await outbox.settled("s");
  expect(brought).toEqual(["m1"]);
  expect(on.service.messages).toEqual(["m2"]);
});

test("others who left something on the device are named, and can be wiped", async () => {
  on.service.fault = () => "network";
  const page = on.browser.page();
  await (await on.open(page)).put(answer("q1", 1, 1));
  page.kill();
  expect(await leftOnThisDevice()).toEqual([{ person: "person", waiting: 1 }]);
  await wipe("person");
  expect(await leftOnThisDevice()).toEqual([]);
});

/** A session's course as the service tells it. */
const told = (state: "COMPLETED" | "PHQ_IN_PROGRESS") => {
  const at = new Date(Date.now() + (state === "COMPLETED" ? -1000 : 86_400_000)).toISOString();
  return { id: "s", state, expires_at: at, completed_at: state === "COMPLETED" ? at : null } as const;
};

test("after the end nothing is left on the device, though the page still shows what it kept", async () => {
  const outbox = await on.open();
  await outbox.follow(told("PHQ_IN_PROGRESS"));
  await outbox.keep("session", { title: "Spring study" });
  await outbox.put(answer("q1", 1, 1));
  await saved(outbox);
  await outbox.follow(told("COMPLETED"));
  await outbox.keep("score", 5);
  expect(await outbox.kept("session")).toEqual({ title: "Spring study" });
  expect(await outbox.kept("score")).toBe(5);
  const next = await on.open();
  expect(await next.kept("session")).toBeUndefined();
  expect(await next.kept("score")).toBeUndefined();
});

test("what is kept of a session that goes on is there at the next visit", async () => {
  const outbox = await on.open();
  await outbox.follow(told("PHQ_IN_PROGRESS"));
  await outbox.keep("session", { title: "Spring study" }, "s");
  outbox.close();
  expect(await (await on.open()).kept("session")).toEqual({ title: "Spring study" });
});

test("pictures that wait after the end are sent, and then nothing is left", async () => {
  on.service.fault = ({ path }) => (path.includes("/captures/") ? "network" : undefined);
  const page = on.browser.page();
  const outbox = await on.open(page);
  await outbox.put(answer("q1", 1, 1));
  await outbox.put(capture("c1"));
  await outbox.settled("s");
  await outbox.follow(told("COMPLETED"));
  page.kill();
  const next = await on.open();
  expect(next.waiting.capture).toBe(1);
  on.service.fault = () => undefined;
  next.nudge();
  await empty(next);
  expect(on.service.captures).toEqual(["c1"]);
  await vi.waitFor(async () => expect(await databases()).not.toContain("outbox-person"));
});

async function databases(): Promise<(string | undefined)[]> {
  return (await indexedDB.databases()).map((one) => one.name);
}
