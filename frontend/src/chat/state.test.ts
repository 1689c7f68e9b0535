import { afterEach, expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../api/failures";
import type { RefusedEntry } from "../outbox/entries";
import type { Visit } from "../visit";
import { Device, Service, refusedIn, turn, visitWith } from "./grounds.fixture";
import { Kept } from "./kept";
import { Chat } from "./state.svelte";

afterEach(() => vi.unstubAllGlobals());

test("a draft that was sent from another tab is cleared, and what was added to it here is not", async () => {
  for (const [added, left] of [
    ["", ""],
    [" and more", "words and more"],
  ] as const) {
    const service = new Service();
    const chat = new Chat(visitWith(service));
    chat.write(`words${added}`);
    const id = chat.draft.message_id;
    service.turns = [turn(0, "m0"), turn(1, id)];
    await chat.transcript.sync();
    expect(chat.draft.text).toBe(left);
    expect(chat.draft.message_id).not.toBe(id);
  }
});

for (const [typed, left] of [
  ["words, and others", ", and others"],
  ["other words", "other words"],
  ["words", ""],
] as const)
  test(`with "${typed}" in the box once "words" were kept, "${left}" stays there`, async () => {
    const service = new Service();
    const chat = new Chat(visitWith(service));
    await chat.transcript.load();
    chat.write("words");
    const sending = chat.send();
    chat.write(typed);
    expect(chat.draft.text).toBe(typed);
    await sending;
    expect(chat.draft.text).toBe(left);
    expect(chat.draft.typing_started_ms === null).toBe(left === "");
    expect(chat.transcript.find(chat.draft.message_id)).toBeUndefined();
  });

test("words that the device could not keep nor the service take stay in the box, with what was typed on", async () => {
  const service = new Service();
  const visit = visitWith(service);
  const put = () => Promise.reject(new Error("no room"));
  const chat = new Chat({ ...visit, outbox: { ...visit.outbox, put } });
  await chat.transcript.load();
  service.refuse(new Unreachable("network"));
  chat.write("words");
  const sending = chat.send();
  chat.write("words, and others");
  await sending;
  expect(chat.draft.text).toBe("words, and others");
  expect(chat.trouble?.code).toBe("not_kept");
});

test("a page that finds the session elsewhere before the first word goes there", async () => {
  const service = new Service();
  service.turns = [];
  let refreshed = 0;
  const visit = { ...visitWith(service), refresh: async () => void (refreshed += 1) };
  const chat = new Chat(visit);
  await chat.transcript.load();
  service.refuse(new Refused(409, "session_ended", "", "r"));
  await chat.begin();
  expect(chat.begins).toBe(false);
  expect(refreshed).toBe(1);
});

test("words of this tab that another one brought and kept beside others are shown here, too", async () => {
  const service = new Service();
  const device = new Device();
  service.turns = [turn(0, "m0"), turn(1, "m1")];
  const { chat, refused } = await viewed(service, device);
  const code = "message_id_reused";
  await new Kept(device.outbox, "s", "a").keepNotSent({ message_id: "m2", text: "more", code, sent_at: 2 });
  refused({ kind: "message", session: "s", item: "m1", code, requestId: null, at: "" });
  await vi.waitFor(() =>
    expect(refusedIn(chat.transcript)).toMatchObject([{ message: "more", refusal: code }]),
  );
  chat.close();
});

test("a chat that opens after its end shows the help that nobody saw, and stays until it was read", async () => {
  const service = new Service();
  service.turns = [turn(0, "m0"), turn(1, "m1", { safety: true, conversation_ended: true, reply: "fixed" })];
  service.changes = { ended: true, end_reason: "safety" };
  service.help = { text: "help", hotlines: [], policy: "end" };
  const device = new Device();
  const { chat, told } = await viewed(service, device);
  await vi.waitFor(() => expect(told).toEqual(["stay", "help"]));
  expect(chat.composer).toBe("ended");
  // Such as for the overview.
  chat.close();
  expect(told).toEqual(["stay", "help"]);
  const again = await viewed(service, device);
  await again.chat.goOn();
  expect(again.told).toEqual(["stay", "go on"]);
  again.chat.close();
});

/** A chat as its view opens it, and what its visit is told. */
async function viewed(service: Service, device: Device) {
  const quiet = { addEventListener: () => undefined, removeEventListener: () => undefined };
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  vi.stubGlobal("document", { ...quiet, visibilityState: "visible" });
  let refused: (one: RefusedEntry) => void = () => undefined;
  const outbox = {
    ...device.outbox,
    whenDelivered: () => () => undefined,
    whenRefused: (tell: typeof refused) => {
      refused = tell;
      return () => undefined;
    },
    bringMessagesBy: () => undefined,
  };
  const told: string[] = [];
  const chat = new Chat({
    ...visitWith(service),
    outbox,
    stay: (is: boolean) => told.push(is ? "stay" : "go on"),
    showHelp: () => told.push("help"),
    refresh: async () => undefined,
  } as unknown as Visit);
  chat.open();
  await chat.transcript.load();
  return { chat, told, refused: (one: RefusedEntry) => refused(one) };
}
