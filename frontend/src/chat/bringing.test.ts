import { expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../api/failures";
import { StoredTurn, bodyOf } from "../api/streams.fixture";
import type { MessageEntry } from "../outbox/entries";
import type { Visit } from "../visit";
import { Bringing } from "./bringing";
import { Paths } from "./calls";
import { Device, NoWait, Service, refusedIn, turn } from "./grounds.fixture";
import { Kept } from "./kept";
import { Tabs } from "./tabs";
import { Transcript } from "./transcript.svelte";

const entry: MessageEntry = {
  kind: "message",
  session: "s",
  message: "m1",
  body: { message_id: "m1", message: "words", assessment_id: "a", session_ms: 1, client_time: "" },
};

async function opened(service: Service, device = new Device(), waiting = [entry]) {
  device.waiting = waiting;
  const session = { id: "s", created_at: "2026-01-01T00:00:00.000Z", chat: { assessment_id: "a" } };
  const shown: string[] = [];
  const visit = {
    api: service.api,
    outbox: device.outbox,
    session,
    showHelp: () => shown.push("help"),
  } as unknown as Visit;
  const kept = new Kept(device.outbox, "s", "a");
  const wakings = new NoWait();
  const left = new AbortController();
  const closing = left.signal;
  const refusals: string[] = [];
  const nothing = () => undefined;
  const transcript = new Transcript({
    visit,
    kept,
    paths: new Paths("s"),
    wakings,
    closing,
    accepted: nothing,
    begun: nothing,
    adopted: nothing,
    refused: (code) => refusals.push(code),
    failed: nothing,
  });
  await transcript.load();
  const taken: string[] = [];
  const bringing = new Bringing({
    visit,
    kept,
    transcript,
    wakings,
    closing,
    loaded: async () => undefined,
    taken: (message) => taken.push(message),
  });
  return { transcript, bringing, kept, taken, refusals, shown, device, leave: () => left.abort() };
}

test("a message is shown as waiting, then as sent, and its reply is read to the end", async () => {
  const service = new Service();
  const { transcript, bringing, taken } = await opened(service);
  expect(transcript.find("m1")?.whereabouts).toBe("waiting");
  await bringing.bring(entry);
  expect(transcript.find("m1")).toMatchObject({ whereabouts: "sent", turnNumber: 1 });
  await transcript.reading;
  expect(transcript.find("m1")?.reply.text).toBe("reply");
  expect(taken).toEqual(["m1"]);
});

test("a message that the service has is not brought again, so that no model is asked anew", async () => {
  const service = new Service();
  service.turns = [turn(0, "m0"), turn(1, "m1", { state: "failed", reply: "" })];
  const { bringing, transcript } = await opened(service);
  await bringing.bring(entry);
  expect(service.posts).toEqual([]);
  expect(transcript.exchanges.filter((one) => one.messageId === "m1")).toHaveLength(1);
});

test("while another tab's message is answered, that reply is read, and this message goes after it", async () => {
  const running = new Refused(409, "turn_running", "", "r", [{ field: "message_id", problem: "m9" }]);
  const service = new Service([running]);
  const { bringing, transcript } = await opened(service);
  service.turns = [turn(0, "m0"), turn(1, "m9", { state: "streaming", reply: "jo" })];
  await bringing.bring(entry);
  expect(service.joins).toEqual(["/sessions/s/chat/turns/m9/events"]);
  expect(service.posts).toEqual(["m1", "m1"]);
  expect(transcript.find("m9")?.reply.text).toBe("joined");
  await transcript.reading;
});

test("a read-back that began before a message was taken takes neither it nor its reply nor its help away", async () => {
  const help = { text: "help", hotlines: [], policy: "continue" };
  const risky = () => new Response(bodyOf([new StoredTurn("fixed", undefined, help).bytes(null, () => 9)]));
  const service = new Service([risky]);
  const { transcript, bringing, shown, device } = await opened(service);
  let arrive = (): void => undefined;
  service.way = new Promise((resolve) => (arrive = resolve));
  const reading = transcript.sync();
  await bringing.bring(entry);
  device.waiting = [];
  service.turns = [turn(0, "m0"), turn(1, "m1", { reply: "fixed", safety: true })];
  arrive();
  await reading;
  expect(transcript.find("m1")).toMatchObject({ turnNumber: 1, reply: { text: "fixed" } });
  await transcript.reading;
  expect(transcript.find("m1")?.reply.help).toMatchObject({ text: "help" });
  expect(shown).toEqual(["help"]);
  // The one of when the page was opened, the late one, and the one in its place.
  expect(service.reads).toBe(3);
});

for (const code of [
  "chat_ended",
  "wrong_step",
  "session_ended",
  "assessment_replaced",
  "message_id_reused",
  "invalid",
])
  test(`words refused with ${code} are kept and shown as not sent, also after a reload`, async () => {
    const refused = new Refused(code === "invalid" ? 422 : 409, code, "", "r");
    const { bringing, transcript, refusals, device } = await opened(new Service([refused]));
    await expect(bringing.bring(entry)).rejects.toBe(refused);
    expect(refusedIn(transcript)).toMatchObject([{ refusal: code, message: "words" }]);
    expect(refusals).toEqual([code]);
    const later = new Device();
    for (const [name, value] of device.values) later.values.set(name, value);
    const { transcript: again } = await opened(new Service(), later);
    expect(refusedIn(again)).toMatchObject([{ refusal: code, message: "words" }]);
  });

test("one draft, sent with other words from two tabs: those that came second are kept beside the first", async () => {
  const reused = new Refused(409, "message_id_reused", "", "r");
  const more = { ...entry, body: { ...entry.body, message: "words and more", session_ms: 2 } };
  for (const shownBefore of [true, false]) {
    const service = new Service([reused, reused]);
    const device = new Device();
    if (shownBefore) service.turns = [turn(0, "m0"), turn(1, "m1")];
    const { bringing, transcript } = await opened(service, device, [more]);
    service.turns = [turn(0, "m0"), turn(1, "m1")];
    await expect(bringing.bring(more)).rejects.toBe(reused);
    // A page that was killed before the outbox gave the message up brings it again: it is not kept twice.
    await transcript.sync();
    await expect(bringing.bring(more)).rejects.toBe(reused);
    device.waiting = [];
    await transcript.sync();
    expect(transcript.find("m1")).toMatchObject({ whereabouts: "sent", message: "words" });
    expect(refusedIn(transcript)).toMatchObject([
      { message: "words and more", refusal: "message_id_reused" },
    ]);
    expect(new Set(transcript.exchanges.map((one) => one.messageId)).size).toBe(3);
  }
});

for (const fault of [
  new Unreachable("network"),
  new Refused(503, "unavailable", "", "r", [], 2),
  new Refused(429, "too_many", "", "r", [], 2),
  new Refused(401, "login_required", "", "r"),
  new Refused(403, "cross_site", "", "r"),
  // The outbox asks first who is logged in.
  new Refused(404, "not_found", "", "r"),
  new Refused(409, "chat_not_started", "", "r"),
])
  test(`after ${fault instanceof Refused ? fault.code : "no answer"} the message still waits`, async () => {
    const { bringing, transcript, refusals } = await opened(new Service([fault]));
    await expect(bringing.bring(entry)).rejects.toBe(fault);
    expect(transcript.find("m1")?.whereabouts).toBe("waiting");
    expect(refusals).toEqual([]);
    await bringing.bring(entry);
    expect(transcript.find("m1")?.whereabouts).toBe("sent");
    await transcript.reading;
  });

test("a stream that ends before it said accepted leaves the message waiting", async () => {
  const { bringing, transcript } = await opened(new Service([() => new Response(bodyOf([]))]));
  await expect(bringing.bring(entry)).rejects.toBeInstanceOf(Unreachable);
  expect(transcript.find("m1")?.whereabouts).toBe("waiting");
});

test("help that comes with a reply is shown above all once, however often it comes", async () => {
  const help = { text: "help", hotlines: [], policy: "pause" };
  const risky = () => new Response(bodyOf([new StoredTurn("fixed", undefined, help).bytes(null, () => 9)]));
  const { bringing, transcript, shown, kept } = await opened(new Service([risky]));
  await bringing.bring(entry);
  await transcript.reading;
  transcript.hear("m1", { kind: "help", help: { text: "help", hotlines: [] }, policy: "pause" });
  expect(shown).toEqual(["help"]);
  expect(await kept.helped()).toBe("m1");
  expect(transcript.interview?.paused).toBe(true);
});

test("help is shown above all though its chat was left, or is another session's", async () => {
  const help = { text: "help", hotlines: [], policy: "end" };
  const risky = () => new Response(bodyOf([new StoredTurn("fixed", undefined, help).bytes(null, () => 9)]));
  const { bringing, shown, leave } = await opened(new Service([risky, risky]));
  await bringing.bring({ ...entry, session: "another" });
  await vi.waitFor(() => expect(shown).toEqual(["help"]));
  leave();
  await bringing.bring(entry);
  await vi.waitFor(() => expect(shown).toEqual(["help", "help"]));
});

test("help that stands beside a refusal is shown at once, and once", async () => {
  const help = { text: "help", hotlines: [] };
  const busy = () => new Refused(409, "turn_running", "", "r", [], null, help);
  const { bringing, shown } = await opened(
    new Service([busy(), busy(), new Refused(409, "chat_ended", "", "r", [], null, help)]),
  );
  await expect(bringing.bring(entry)).rejects.toBeInstanceOf(Refused);
  expect(shown).toEqual(["help"]);
});

test("a view that was left while its message was on its way tells other tabs nothing, and throws nothing", () => {
  const tabs = new Tabs("a", () => undefined);
  tabs.close();
  expect(() => tabs.tell()).not.toThrow();
});
