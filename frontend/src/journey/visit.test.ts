import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Unreachable } from "../api/failures";
import { refused, VisitGround } from "./fakes";

/** A document that is seen, and looked at anew. */
class FakeDocument extends EventTarget {
  hidden = false;
  visibilityState = "visible";

  look(): void {
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: FakeDocument;
let opened: VisitGround[];

beforeEach(() => {
  page = new FakeDocument();
  opened = [];
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

afterEach(() => {
  for (const { visit } of opened) visit.close();
  vi.unstubAllGlobals();
});

async function begun(ground: VisitGround): Promise<VisitGround> {
  opened.push(ground);
  await ground.visit.begin();
  return ground;
}

const away = [
  ["no network", new Unreachable("network")],
  ["a time-out", new Unreachable("timeout")],
  ["a lapsed login", refused(401, "login_required")],
  ["a slow body", refused(408, "timeout")],
  ["an overload", refused(503, "unavailable")],
] as const;

test.each(away)(
  "a reload into %s leaves the camera with this page, which asks for it again at the next look",
  async (_, fault) => {
    const ground = new VisitGround();
    ground.fault = (verb) => (verb === "open" ? fault : undefined);
    expect(ground.visit.elsewhere).toBe(false);
    await begun(ground);
    await vi.waitFor(() => expect(ground.started).toBe(1));
    expect([ground.visit.elsewhere, ground.visit.camera.state]).toEqual([false, "off"]);
    ground.fault = () => undefined;
    page.look();
    await vi.waitFor(() => expect(ground.stored.page_id).toBe("this"));
    page.look();
    await vi.waitFor(() => expect(ground.times("read")).toBe(1));
    expect([ground.times("open"), ground.visit.elsewhere]).toEqual([2, false]);
  },
);

test("who asks how the session stands while the camera is not given to this page yet asks for it again", async () => {
  const ground = new VisitGround();
  ground.fault = (verb) => (verb === "open" ? new Unreachable("network") : undefined);
  await begun(ground);
  await vi.waitFor(() => expect(ground.times("open")).toBe(1));
  ground.fault = () => undefined;
  await ground.visit.refresh();
  expect(ground.stored.page_id).toBe("this");
  expect(ground.visit.elsewhere).toBe(false);
});

test("a page that opened meanwhile has the camera, and this one does not ask for it back", async () => {
  const ground = new VisitGround();
  ground.fault = (verb) => (verb === "open" ? new Unreachable("network") : undefined);
  await begun(ground);
  await vi.waitFor(() => expect(ground.times("open")).toBe(1));
  ground.fault = () => undefined;
  ground.stored = { ...ground.stored, page_id: "newer" };
  ground.visit.ownedBy("newer");
  page.look();
  await vi.waitFor(() => expect(ground.times("read")).toBe(1));
  expect([ground.times("open"), ground.visit.elsewhere]).toEqual([1, true]);
});

test("a session that ended meanwhile turns no camera on, and is read", async () => {
  const ground = new VisitGround();
  ground.fault = (verb) => (verb === "open" ? refused(409, "session_ended") : undefined);
  ground.stored = { ...ground.stored, state: "INCOMPLETE", next_step: null };
  await begun(ground);
  await vi.waitFor(() => expect(ground.visit.screen).toBe("closed"));
  expect([ground.times("open"), ground.started]).toEqual([1, 0]);
});
