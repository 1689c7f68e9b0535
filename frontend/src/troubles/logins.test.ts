import { beforeEach, expect, test, vi } from "vitest";
import { Api } from "../api/client";
import { Refused } from "../api/failures";
import { Clock } from "../clock/clock";

vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("removeEventListener", () => undefined);
const { access } = await import("./access.svelte");
const { Deed } = await import("./deed.svelte");
const { watchingLogins } = await import("./logins");

const LOGIN_REQUIRED = () =>
  Response.json({ status: "SNAFU", error: "No.", code: "login_required" }, { status: 401 });
const OF = (id: string) => () => Response.json({ status: "OLKORECT", data: { user: { id } } });

/** Calls that are answered when the test says. */
class Ground {
  here: string | null = "person";
  private readonly open: ((reply: Response) => void)[] = [];
  readonly api = new Api(
    new Clock(),
    watchingLogins(
      () => new Promise((resolve) => this.open.push(resolve)),
      () => this.here,
    ),
  );

  call(path: string): Promise<unknown> {
    return this.api.call(path).catch((fault: unknown) => fault);
  }

  /** Answer the call that waits longest. */
  async answer(reply: Response): Promise<void> {
    await vi.waitFor(() => expect(this.open.length).toBeGreaterThan(0));
    this.open.shift()?.(reply);
  }
}

let ground: Ground;

beforeEach(() => {
  access.regain();
  ground = new Ground();
});

test("a 401 wants a login", async () => {
  const called = ground.call("/sessions/s");
  await ground.answer(LOGIN_REQUIRED());
  expect(await called).toBeInstanceOf(Refused);
  expect(access.lapsed).toBe(true);
});

test("a 401 to a call of an older login wants none, and who met it goes on at once", async () => {
  const deed = new Deed();
  const done = deed.run(() => ground.api.call("/sessions/s/complete"));
  await vi.waitFor(() => expect(deed.busy).toBe(true));
  access.regain();
  await ground.answer(LOGIN_REQUIRED());
  await ground.answer(OF("person")());
  expect(await done).toBe(true);
  expect(access.lapsed).toBe(false);
});

test("that this person is logged in again lets all go on that waited for it", async () => {
  access.lapse(access.logins);
  const waiting = access.back();
  const called = ground.call("/auth/me");
  await ground.answer(OF("person")());
  expect(await called).toEqual({ user: { id: "person" } });
  await waiting;
  expect(access.lapsed).toBe(false);
});

test("neither another's login nor word of before the 401 lets anything go on", async () => {
  const early = ground.call("/auth/me");
  access.lapse(access.logins);
  await ground.answer(OF("person")());
  await early;
  const others = ground.call("/auth/me");
  await ground.answer(OF("another")());
  await others;
  expect(access.lapsed).toBe(true);
});

test("where nobody is here a 401 tells nothing", async () => {
  ground.here = null;
  const called = ground.call("/sessions");
  await ground.answer(LOGIN_REQUIRED());
  await called;
  expect(access.lapsed).toBe(false);
});
