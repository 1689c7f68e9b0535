import { expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../api/failures";

vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("removeEventListener", () => undefined);
vi.mock("svelte", () => ({ onDestroy: () => undefined }));
const { access } = await import("./access.svelte");
const { Deed } = await import("./deed.svelte");

const refused = (status: number, code: string) => new Refused(status, code, "", "req-1");

/** Work that fails with each of `faults` in turn, then is done. */
function failing(...faults: unknown[]) {
  return vi.fn(async () => {
    if (faults.length > 0) throw faults.shift();
  });
}

test("what passes is tried again at once when asked for", async () => {
  const deed = new Deed();
  const work = failing(new Unreachable("network"));
  const done = deed.run(work);
  await vi.waitFor(() => expect(deed.seconds).toBeGreaterThan(0));
  expect(deed.fault).toBeInstanceOf(Unreachable);
  deed.again();
  expect(await done).toBe(true);
  expect([work.mock.calls.length, deed.fault, deed.busy]).toEqual([2, null, false]);
});

test("a login that lapsed is waited for", async () => {
  access.lapse(access.logins);
  const deed = new Deed();
  const done = deed.run(failing(refused(401, "login_required")));
  await vi.waitFor(() => expect(deed.busy).toBe(true));
  access.regain();
  expect(await done).toBe(true);
});

test("a refusal that is dealt with is not shown, another one is", async () => {
  const deed = new Deed();
  expect(await deed.run(failing(refused(409, "wrong_step")), () => true)).toBe(false);
  expect(deed.fault).toBeNull();
  expect(await deed.run(failing(refused(409, "wrong_step")))).toBe(false);
  expect(deed.fault).toBeInstanceOf(Refused);
});

test("what fails while a refusal is dealt with is shown, and nothing rejects", async () => {
  const deed = new Deed();
  const broken = new TypeError("broken");
  const dealing = () => Promise.reject(broken);
  expect(await deed.run(failing(refused(409, "session_open")), dealing)).toBe(false);
  expect(deed.fault).toBe(broken);
});

test("what nobody waits for any more is not gone on with, and can be begun anew", async () => {
  const deed = new Deed();
  let release: () => void = () => undefined;
  const steps: string[] = [];
  const first = deed.run(async (still) => {
    await new Promise<void>((resolve) => (release = resolve));
    if (still()) steps.push("first");
  });
  deed.stop();
  const second = deed.run(async () => steps.push("second"));
  release();
  expect([await first, await second, steps]).toEqual([false, true, ["second"]]);
});
