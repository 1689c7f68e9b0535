import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../api/client";
import { Clock } from "../clock/clock";
import type { AnswerEntry, CaptureEntry, MessageEntry, NewEntry, Outbox } from "./entries";
import { FakeBrowser, type FakePage } from "./fakes/browser";
import { FakeService } from "./fakes/service";
import { openOutbox } from "./outbox.svelte";

let service: FakeService;
let browser: FakeBrowser;
let opened: Outbox[] = [];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  service = new FakeService();
  browser = new FakeBrowser();
  opened = [];
});

afterEach(() => {
  for (const one of opened) one.close();
});

async function open(page: FakePage = browser.page(), person = "person"): Promise<Outbox> {
  const clock = new Clock();
  const outbox = await openOutbox(person, new Api(clock, service.fetch), clock, page);
  opened.push(outbox);
  return outbox;
}

const stamp = { session_ms: 1000, client_time: "2026-01-01T00:00:00.000Z" };

function answer(question: string, version: number, value: number, session_ms = 1000): AnswerEntry {
  return { kind: "answer", session: "s", question, body: { ...stamp, session_ms, value, version } };
}

function message(id: string): MessageEntry {
  return {
    kind: "message",
    session: "s",
    message: id,
    body: { ...stamp, message_id: id, message: "Hi", assessment_id: "a" },
  };
}

function capture(id: string, size = 1000): CaptureEntry {
  const picture = new Blob([new Uint8Array(size)], { type: "image/jpeg" });
  return {
    kind: "capture",
    session: "s",
    capture: id,
    metadata: { ...stamp, trigger: "INTERVAL" },
    sha256: "00ff",
    picture,
  };
}

function announcement(id: string): NewEntry {
  return { kind: "announcement", session: "s", body: { ...stamp, capture_id: id, trigger: "INTERVAL" } };
}

test("what is put arrives, and the sign says so", async () => {
  const outbox = await open();
  await outbox.put(answer("q1", 1, 2));
  await outbox.put(message("m1"));
  await outbox.put(announcement("c1"));
  await outbox.put(capture("c1"));
  await outbox.settled();
  await vi.waitFor(() =>
    expect(outbox.waiting).toEqual({ answer: 0, message: 0, announcement: 0, capture: 0 }),
  );
  expect(service.answers.get("q1")?.value).toBe(2);
  expect(service.messages).toEqual(["m1"]);
  expect(service.announced.get("c1")).toBe(false);
  expect(service.captures).toEqual(["c1"]);
  expect(outbox.sign).toBe("saved");
});
