import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { openDB } from "idb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { databaseOf } from "./database";
import { answer, capture, message } from "./fakes/entries";
import { refuseToAdd } from "./fakes/full";
import { Store } from "./store";

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => void vi.restoreAllMocks());

/** All that lies in a person's database, as text: what a look at the disk might show. */
async function onDisk(person: string): Promise<string> {
  const db = await openDB(databaseOf(person));
  const all = [];
  for (const name of db.objectStoreNames) all.push(name, await db.getAll(name));
  db.close();
  const seen = JSON.stringify(all, (_, value: unknown) =>
    value instanceof ArrayBuffer || value instanceof Uint8Array
      ? Buffer.from(value as Uint8Array).toString("latin1")
      : value,
  );
  return seen;
}

const refusal = {
  kind: "answer",
  session: "s",
  item: "q1",
  code: "completed",
  requestId: "r",
  at: "2026-01-01",
} as const;

test("what was put comes back as it was, also after the page was closed", async () => {
  const store = await Store.open("p");
  await store.add(answer("q1", 1, 3), 0);
  await store.add(capture("c1", 2000), 0);
  store.close();
  const later = await Store.open("p");
  const rows = await later.rows();
  const [first, second] = await Promise.all(rows.map((row) => later.open(row)));
  expect(first).toEqual(answer("q1", 1, 3));
  expect(second).toMatchObject({ capture: "c1", sha256: "00ff" });
  expect(second?.kind === "capture" && [second.picture.size, second.picture.type]).toEqual([
    2000,
    "image/jpeg",
  ]);
});

test("neither words nor values nor kept things lie in the clear", async () => {
  const store = await Store.open("p");
  await store.add(message("m1"), 0);
  await store.add(answer("q1", 1, 3), 0);
  await store.keep("session", { title: "Spring study" }, "s", 0);
  const seen = await onDisk("p");
  expect(seen).not.toContain("Good evening");
  expect(seen).not.toContain('"value":3');
  expect(seen).not.toContain("Spring study");
  expect(seen).toContain("q1");
});

test("the key cannot be taken out", async () => {
  await Store.open("p");
  const db = await openDB(databaseOf("p"));
  const held = (await db.get("key", "key")) as { key: CryptoKey };
  await expect(crypto.subtle.exportKey("raw", held.key)).rejects.toThrow();
  db.close();
});

test("one person's key does not open another's rows, nor one row as another", async () => {
  const [one, other] = [await Store.open("p"), await Store.open("q")];
  const row = await one.add(answer("q1", 1, 3), 0);
  await expect(other.open(row)).rejects.toThrow();
  await expect(one.open({ ...row, item: "q2" })).rejects.toThrow();
});

test("a row that is gone is neither replaced nor refused", async () => {
  const store = await Store.open("p");
  const row = await store.add(answer("q1", 1, 3), 0);
  await store.drop([row]);
  expect(await store.replace(row, answer("q1", 2, 3), 0)).toBeUndefined();
  expect(await store.refuse(row, refusal)).toBe(false);
  expect(await store.rows()).toEqual([]);
});

test("of a refusal that the device cannot write, nothing is written: the entry stays", async () => {
  const store = await Store.open("p");
  const row = await store.add(answer("q1", 1, 3), 0);
  refuseToAdd("refused");
  await expect(store.refuse(row, refusal)).rejects.toThrow("no room");
  expect((await store.rows()).map((one) => one.item)).toEqual(["q1"]);
  expect(await store.refusals()).toEqual([]);
});

test("forgetting the pictures of a session leaves its answers", async () => {
  const store = await Store.open("p");
  await store.add(answer("q1", 1, 3), 0);
  await store.add(capture("c1"), 0);
  await store.forget("s", ["announcement", "capture"]);
  expect((await store.rows()).map((row) => row.kind)).toEqual(["answer"]);
  await store.forget("s");
  expect(await store.rows()).toEqual([]);
});

test("a deleted database is made anew, with another key, when something is put", async () => {
  const [one, other] = [await Store.open("p"), await Store.open("p")];
  await one.add(answer("q1", 1, 3), 0);
  await other.destroy();
  const row = await one.add(answer("q2", 1, 1), 0);
  const later = await Store.open("p");
  expect((await later.rows()).map((each) => each.item)).toEqual(["q2"]);
  expect(await later.open(row)).toEqual(answer("q2", 1, 1));
});

const DAY = 86_400_000;

test("after the end, what is kept goes once nothing waits; what waits has its days", async () => {
  const store = await Store.open("p");
  const row = await store.add(answer("q1", 1, 3), 0);
  await store.keep("session", 1, "s", 0);
  await store.learn({ session: "s", state: "COMPLETED", until: 1000 });
  expect(await store.tidy(2000)).toBe("something");
  expect(await store.kept("session")).toBe(1);
  await store.drop([row]);
  expect(await store.tidy(2000)).toBe("nothing");
  expect(await store.kept("session")).toBeUndefined();
  await store.add(answer("q1", 1, 3), 0);
  expect(await store.tidy(1000 + DAY)).toBe("something");
  await store.tidy(1001 + DAY);
  expect(await store.rows()).toEqual([]);
});

test("the end of one session touches nothing of another", async () => {
  const store = await Store.open("p");
  await store.add({ ...answer("q1", 1, 3), session: "other" }, 0);
  await store.keep("session", 1, "other", 0);
  await store.learn({ session: "other", state: null, until: 50 * DAY });
  await store.learn({ session: "s", state: "COMPLETED", until: 1000 });
  expect(await store.tidy(9 * DAY)).toBe("something");
  expect(await store.rows()).toHaveLength(1);
  expect(await store.kept("session")).toBe(1);
});
