import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { refuseToPut } from "./fakes/full";
import { Shelves } from "./shelves";
import { Store } from "./store";

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => void vi.restoreAllMocks());

const page = async () => new Shelves(await Store.open("p"));

test("what another page kept later is what this page reads", async () => {
  const [one, other] = [await page(), await page()];
  await one.keep("not-sent", ["m1"], "s", 0);
  await other.keep("not-sent", ["m1", "m2"], "s", 0);
  expect(await one.kept("not-sent")).toEqual(["m1", "m2"]);
});

test("what the device refuses to keep is read from memory, until it takes a newer one", async () => {
  const [one, other] = [await page(), await page()];
  await one.keep("draft", "a", "s", 0);
  const withRoom = refuseToPut("kept");
  await one.keep("draft", "b", "s", 0);
  expect(await one.kept("draft")).toBe("b");
  expect(await other.kept("draft")).toBe("a");
  withRoom();
  await one.keep("draft", "c", "s", 0);
  expect(await other.kept("draft")).toBe("c");
});

test("what is only remembered goes before what the device holds", async () => {
  const one = await page();
  await one.keep("score", 1, "s", 0);
  await one.remember("score", 2, "s");
  expect(await one.kept("score")).toBe(2);
});

test("what the device let go is still there for the page that kept it", async () => {
  const one = await page();
  await one.keep("session", 1, "s", 0);
  await one.destroy();
  expect(await one.kept("session")).toBe(1);
});
