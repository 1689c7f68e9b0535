import { expect, onTestFinished, test, vi } from "vitest";
import { Unreachable } from "./failures";
import { NO_REPLY, follow } from "../chat/rules";
import { eventsOf } from "./stream";
import { StoredTurn, all, bodyOf } from "./streams.fixture";

const TEXT = "Terima kasih 🌿 — wie geht’s?\r\nLine two: “ok”, \u2028 \\n data: id: 3";
const recorded = new StoredTurn(TEXT).bytes(null, () => 7);

function textOf(events: Awaited<ReturnType<typeof all>>): string {
  return events.reduce(follow, { ...NO_REPLY }).text;
}

test("a recorded stream reads the same whole and split at every byte", async () => {
  const whole = await all(eventsOf(bodyOf([recorded])));
  expect(textOf(whole)).toBe(TEXT);
  expect(whole.at(-1)).toEqual({ kind: "complete", conversationEnded: false });
  for (let at = 1; at < recorded.length; at += 1) {
    const split = await all(eventsOf(bodyOf([recorded.slice(0, at), recorded.slice(at)])));
    expect(split).toEqual(whole);
  }
});

test("a stream that comes byte by byte reads the same", async () => {
  const bytes = [...recorded].map((byte) => Uint8Array.of(byte));
  expect(await all(eventsOf(bodyOf(bytes)))).toEqual(await all(eventsOf(bodyOf([recorded]))));
});

test("a stream that breaks gives the events that were whole, then says so", async () => {
  for (let at = 0; at < recorded.length; at += 5) {
    const came: string[] = [];
    const reading = (async () => {
      for await (const event of eventsOf(bodyOf([recorded.slice(0, at)], true))) came.push(event.kind);
    })();
    await expect(reading).rejects.toBeInstanceOf(Unreachable);
    const blank = new TextDecoder().decode(recorded.slice(0, at)).split("\n\n").length - 1;
    const pings = at > 0 && new TextDecoder().decode(recorded.slice(0, at)).includes(": ping\n\n") ? 1 : 0;
    expect(came).toHaveLength(blank - pings);
  }
});

test("a silent stream is lost, and one that only pings is not", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let line: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (line = controller) });
  let signs = 0;
  let fault: unknown = null;
  const reading = all(eventsOf(body, { alive: () => (signs += 1) })).catch(
    (error: unknown) => (fault = error),
  );
  for (let ping = 0; ping < 10; ping += 1) {
    await vi.advanceTimersByTimeAsync(15_000);
    line?.enqueue(new TextEncoder().encode(": ping\n\n"));
  }
  await vi.advanceTimersByTimeAsync(39_000);
  expect([signs, fault]).toEqual([10, null]);
  await vi.advanceTimersByTimeAsync(1_001);
  await reading;
  expect(fault).toMatchObject({ reason: "timeout" });
});

test("a stream that is left ends, though nothing came", async () => {
  const leaving = new AbortController();
  const reading = all(eventsOf(new ReadableStream(), { signal: leaving.signal }));
  leaving.abort();
  await expect(reading).rejects.toBeInstanceOf(Unreachable);
});

test("events that are not known, or no JSON, are passed over", async () => {
  const strange = new TextEncoder().encode(
    'event: novelty\ndata: {"a":1}\n\nevent: chunk\ndata: broken\n\nevent: chunk\nid: 2\ndata: {"data":"ok"}\n\n',
  );
  expect(await all(eventsOf(bodyOf([strange])))).toEqual([{ kind: "chunk", id: "2", text: "ok" }]);
});
