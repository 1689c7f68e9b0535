import { beforeEach, expect, test, vi } from "vitest";
import { answer } from "../outbox/fakes/entries";
import { Ground } from "../outbox/fakes/ground";
import type { Outbox } from "../outbox/entries";
import { leftOnThisDevice } from "../outbox/outbox.svelte";

const on = new Ground();
const HOUR = 3_600_000;
const reload = vi.fn();

class FakeStorage {
  private readonly items = new Map<string, string>();
  readonly getItem = (name: string) => this.items.get(name) ?? null;
  readonly setItem = (name: string, value: string) => void this.items.set(name, value);
  readonly removeItem = (name: string) => void this.items.delete(name);
}

vi.stubGlobal("location", { hash: "", pathname: "/", reload });
vi.stubGlobal("window", new EventTarget());
vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
vi.stubGlobal("addEventListener", () => undefined);
const { Journey } = await import("./journey.svelte");

/** What the service answers to each path, and when: nothing is no network. */
let answered: (path: string) => Response | Promise<Response> | undefined;

beforeEach(() => {
  reload.mockClear();
  vi.stubGlobal("localStorage", new FakeStorage());
  vi.stubGlobal("sessionStorage", new FakeStorage());
  answered = () => undefined;
  vi.stubGlobal("fetch", async (path: string) => {
    const reply = await answered(path);
    if (reply === undefined) throw new TypeError("Failed to fetch");
    return reply;
  });
});

const told = () => ({ "X-Server-Time": new Date().toISOString() });
const ok = (data: object) => Response.json({ status: "OLKORECT", data }, { headers: told() });
const notLoggedIn = () =>
  Response.json({ status: "SNAFU", code: "login_required" }, { status: 401, headers: told() });

/** Of `person` an answer waits here, for a session that was completed some hours ago. */
async function leftBehind(person: string, hours: number): Promise<void> {
  on.service.fault = () => "network";
  const outbox = await on.open(on.browser.page(), person);
  await outbox.put(answer("q1", 1, 3));
  const at = new Date(Date.now() - hours * HOUR).toISOString();
  await outbox.follow({ id: "s", state: "COMPLETED", completed_at: at, expires_at: at });
  outbox.close();
}

const whoseWaits = async () => (await leftOnThisDevice()).map((one) => one.person);

test("what had its time goes when the page opens with nobody logged in, and what had it not stays", async () => {
  await leftBehind("long ago", 25);
  await leftBehind("lately", 23);
  answered = () => ok({});
  new Journey().begin();
  await vi.waitFor(async () => expect(await whoseWaits()).toEqual(["lately"]));
});

test("what had its time goes when the page opens with a login that has ended", async () => {
  await leftBehind("long ago", 25);
  localStorage.setItem("person", "long ago");
  answered = (path) => (path === "/healthz" ? undefined : notLoggedIn());
  const journey = new Journey();
  journey.begin();
  await vi.waitFor(async () => expect(await whoseWaits()).toEqual([]));
  expect([journey.phase, journey.word]).toEqual(["entry", "ended"]);
});

test("what had its time goes when the page opens for staff", async () => {
  await leftBehind("long ago", 25);
  localStorage.setItem("person", "staff");
  answered = () => ok({});
  new Journey().begin();
  await vi.waitFor(async () => expect(await whoseWaits()).toEqual([]));
});

test("a page that opens with nobody logged in lets nothing go by the device's own time", async () => {
  await leftBehind("long ago", 25);
  let asked = 0;
  answered = () => void (asked += 1);
  const journey = new Journey();
  journey.begin();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect([journey.phase, await whoseWaits()]).toEqual(["entry", ["long ago"]]);
});

test("who logs in before the time is known is not taken for somebody who left", async () => {
  let tell: (reply: Response) => void = () => undefined;
  const time = new Promise<Response>((resolve) => (tell = resolve));
  answered = (path) => (path === "/healthz" ? time : undefined);
  const journey = new Journey();
  journey.begin();
  await leftBehind("somebody", 25);
  journey.user = { id: "somebody", username: "", role: "participant" };
  tell(ok({}));
  await vi.waitFor(() => expect(journey.clock.known).toBe(true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await whoseWaits()).toEqual(["somebody"]);
});

/** A page of one person, into which another one's login came past it. */
async function overtaken(by: { id: string; role: string }, theirs: Response): Promise<void> {
  const journey = new Journey();
  journey.user = { id: "one", username: "", role: "participant" };
  localStorage.setItem("person", "one");
  answered = (path) => (path.endsWith("/auth/me") ? ok({ user: by, studies: [] }) : theirs);
  await journey.readOverview();
  expect(journey.sessions).toEqual([]);
}

test("sessions of another person, whose login came past the page, are not listed: it begins anew as theirs", async () => {
  await overtaken({ id: "another", role: "participant" }, ok({ sessions: [{ id: "theirs" }] }));
  expect(reload).toHaveBeenCalledOnce();
  expect([localStorage.getItem("person"), sessionStorage.getItem("notice")]).toEqual(["another", "switched"]);
});

test("a page into which staff's login came past it begins anew as staff's", async () => {
  const refusal = { status: "SNAFU", code: "forbidden" };
  await overtaken({ id: "a member", role: "researcher" }, Response.json(refusal, { status: 403 }));
  expect(reload).toHaveBeenCalledOnce();
  expect(localStorage.getItem("person")).toBe("staff");
});

test("the overview is read anew for the person who is here", async () => {
  const journey = new Journey();
  const user = { id: "one", username: "", role: "participant" as const };
  journey.user = user;
  answered = (path) => ok(path.endsWith("/auth/me") ? { user, studies: [] } : { sessions: [{ id: "own" }] });
  await journey.readOverview();
  expect(journey.sessions).toEqual([{ id: "own" }]);
  expect(reload).not.toHaveBeenCalled();
});

/** A page of one person, of whom an answer waits that no network takes. */
async function waiting(): Promise<{ journey: InstanceType<typeof Journey>; outbox: Outbox }> {
  on.service.fault = () => "network";
  const journey = new Journey();
  journey.user = { id: "one", username: "", role: "participant" };
  const outbox = await on.open(on.browser.page(), "one");
  journey.outbox = outbox;
  await outbox.put(answer("q1", 1, 3));
  return { journey, outbox };
}

test("what a person deletes before they go is not on the device any more", async () => {
  const { journey } = await waiting();
  expect(await whoseWaits()).toEqual(["one"]);
  await journey.deleteHere();
  expect(await whoseWaits()).toEqual([]);
});

test("nobody is kept from going because a browser without a database has nothing to delete", async () => {
  vi.stubGlobal("indexedDB", undefined);
  const { journey, outbox } = await waiting();
  expect([outbox.durable, outbox.waiting.answer]).toEqual([false, 1]);
  await expect(journey.deleteHere()).resolves.toBeUndefined();
});
