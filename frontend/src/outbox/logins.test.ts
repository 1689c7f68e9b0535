import { expect, test, vi } from "vitest";
import type { Outbox } from "./entries";
import { answer, capture } from "./fakes/entries";
import { Ground } from "./fakes/ground";
import type { Fault } from "./fakes/service";

const on = new Ground();
const saved = (outbox: Outbox) => vi.waitFor(() => expect(outbox.sign).toBe("saved"), 4_000);

/** The calls with `part` in their path wait for what the test says. */
function held(part: string): { late: (fault: Fault | undefined) => void; begun: () => Promise<void> } {
  let late: (fault: Fault | undefined) => void = () => undefined;
  let count = 0;
  const fault = new Promise<Fault | undefined>((resolve) => (late = resolve));
  on.service.fault = ({ path }) => (path.includes(part) && (count += 1) === 1 ? fault : undefined);
  const begun = () => vi.waitFor(() => expect(count).toBeGreaterThan(0));
  return { late, begun };
}

const LOGIN_REQUIRED: Fault = { status: 401, code: "login_required" };

test("a picture that is refused under an older login wants no other one, and is sent again at once", async () => {
  const outbox = await on.open();
  const { late, begun } = held("/captures/c1");
  await outbox.put(capture("c1"));
  await begun();
  outbox.nudge();
  late(LOGIN_REQUIRED);
  await vi.waitFor(() => expect(outbox.waiting.capture).toBe(0));
  expect(outbox.sign).toBe("saved");
  expect(on.service.captures).toEqual(["c1"]);
});

test("a login that comes while the page asks who is logged in is heard of at once", async () => {
  const outbox = await on.open();
  on.service.loggedIn = null;
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  const { late, begun } = held("/auth/me");
  outbox.nudge();
  await begun();
  on.service.loggedIn = "person";
  outbox.nudge();
  late(LOGIN_REQUIRED);
  await saved(outbox);
});

const NOT_FOUND: Fault = { status: 404, code: "not_found" };

test("a 404 under another's login, met a second time, is no refusal either", async () => {
  const outbox = await on.open();
  on.service.loggedIn = "another";
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  on.service.loggedIn = "person";
  on.service.fault = ({ method }) => {
    if (method !== "PUT") return undefined;
    on.service.loggedIn = "another";
    return NOT_FOUND;
  };
  outbox.nudge();
  await vi.waitFor(() => expect(on.service.calls("PUT", "/responses/q1")).toHaveLength(2));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  expect(outbox.refused).toEqual([]);
  on.service.fault = () => undefined;
  on.service.loggedIn = "person";
  outbox.nudge();
  await saved(outbox);
  expect(on.service.answers.get("q1")?.value).toBe(3);
});

test("a 404 that comes long after another one is asked about again", async () => {
  const outbox = await on.open();
  const replies: Fault[] = [NOT_FOUND, { status: 500, code: "internal_error" }, NOT_FOUND];
  on.service.fault = ({ method }) => (method === "PUT" ? replies.shift() : undefined);
  await outbox.put(answer("q1", 1, 3));
  await saved(outbox);
  expect(outbox.refused).toEqual([]);
  expect(on.service.answers.get("q1")?.value).toBe(3);
});

test("while a login is wanted a click asks for it, though not each", async () => {
  const outbox = await on.open();
  on.service.loggedIn = null;
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.sign).toBe("login"));
  const asked = () => on.service.calls("GET", "/auth/me").length;
  const before = asked();
  await outbox.put(answer("q1", 2, 2));
  await outbox.put(answer("q1", 3, 1));
  await vi.waitFor(() => expect(asked()).toBe(before + 1));
  on.service.loggedIn = "person";
  const soon = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_001);
  await outbox.put(answer("q1", 4, 2));
  await vi.waitFor(() => expect(asked()).toBe(before + 2));
  soon.mockRestore();
  await saved(outbox);
  expect(on.service.answers.get("q1")?.value).toBe(2);
});
