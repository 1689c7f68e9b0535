import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Unreachable } from "../api/failures";
import { ofFormerLoad, refused, VisitGround } from "./fakes";

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

/** A page whose asking to own the camera has not got through; from now on calls do. */
async function unanswered(): Promise<VisitGround> {
  const ground = new VisitGround();
  ground.fault = (verb) => (verb === "open" ? new Unreachable("network") : undefined);
  await begun(ground);
  await vi.waitFor(() => expect(ground.times("open")).toBe(1));
  ground.fault = () => undefined;
  return ground;
}

test("who asks how the session stands while the camera is not given to this page yet asks for it again", async () => {
  const ground = await unanswered();
  await ground.visit.refresh();
  expect(ground.stored.page_id).toBe("this");
  expect(ground.visit.elsewhere).toBe(false);
});

test("a page that opened meanwhile has the camera, and this one does not ask for it back", async () => {
  const ground = await unanswered();
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

/** At a question with the camera on, for which the page was told that it has it. */
async function recording(): Promise<VisitGround> {
  const ground = await begun(new VisitGround());
  await vi.waitFor(() => expect(ground.started).toBe(1));
  return ground;
}

test("while the camera is being taken back nothing turns it on again", async () => {
  const ground = await recording();
  let give: () => void = () => undefined;
  const taken = ground.visit.takingCameraBack(() => new Promise<void>((resolve) => (give = resolve)));
  page.look();
  await ground.visit.refresh();
  expect(ground.times("read")).toBeGreaterThan(0);
  expect(ground.started).toBe(1);
  ground.stored = ofFormerLoad({ page_id: "this", consent: { accepted: true, agreed: ["questionnaire"] } });
  await ground.visit.refresh();
  give();
  await taken;
  expect(ground.started).toBe(1);
});

test("a camera whose taking back is refused or called off goes on", async () => {
  const ground = await recording();
  const refusing = ground.visit.takingCameraBack(() => Promise.reject(refused(409, "completed")));
  await expect(refusing).rejects.toThrow();
  expect(ground.started).toBe(2);
});

test("the second try to take the camera back counts though the first one was called off", async () => {
  const ground = await recording();
  let giveUp: () => void = () => undefined;
  const first = ground.visit.takingCameraBack(() => new Promise<void>((resolve) => (giveUp = resolve)));
  void ground.visit.takingCameraBack(() => new Promise(() => undefined));
  giveUp();
  await first;
  await ground.visit.refresh();
  expect(ground.started).toBe(1);
});

test("a look from before the camera was taken back does not turn it on when it comes after", async () => {
  const ground = await recording();
  let come: () => void = () => undefined;
  ground.fault = (verb) =>
    verb === "read" ? new Promise((resolve) => (come = () => resolve(undefined))) : undefined;
  const looking = ground.visit.refresh();
  await vi.waitFor(() => expect(ground.times("read")).toBe(1));
  await ground.visit.takingCameraBack(async () => {
    ground.stored = { ...ground.stored, consent: { ...ground.stored.consent, agreed: ["questionnaire"] } };
    await ground.visit.post("withdraw");
  });
  ground.fault = () => undefined;
  come();
  await looking;
  expect([ground.times("read"), ground.started]).toEqual([2, 1]);
  expect(ground.visit.session.consent.agreed).toEqual(["questionnaire"]);
});

/** As the session stands once the person agrees to no more than `agreed`. */
const left = (...agreed: string[]) => ofFormerLoad({ page_id: "this", consent: { accepted: true, agreed } });
const WITHDRAWN = { state: "ABANDONED", next_step: null, end_reason: "withdrawn" };

test.each([
  [left("chat", "questionnaire"), ["announcement", "capture"]],
  [left("camera", "questionnaire"), ["message"]],
  [left("camera", "chat"), ["answer"]],
  [left(), ["answer", "message", "announcement", "capture"]],
])("what was taken back on another device is not sent by this one", async (session, kinds) => {
  const ground = await recording();
  expect(ground.forgotten).toEqual([]);
  ground.stored = session;
  page.look();
  await vi.waitFor(() => expect(ground.forgotten).toEqual([["s", kinds]]));
  await ground.visit.refresh();
  expect(ground.forgotten).toHaveLength(1);
});

test("a page that opens after a part was taken back forgets what waits of it", async () => {
  const ground = new VisitGround(left("chat", "questionnaire"));
  ground.waiting.capture = 3;
  await begun(ground);
  expect(ground.forgotten[0]).toEqual(["s", ["announcement", "capture"]]);
});

test("after everything was taken back on another device nothing is left here, before it is told to be over", async () => {
  const ground = await recording();
  ground.stored = { ...left(), ...WITHDRAWN } as typeof ground.stored;
  await ground.visit.refresh();
  await ground.visit.forgotten;
  expect(ground.visit.screen).toBe("closed");
  expect(ground.forgotten).toEqual([["s", undefined]]);
  await vi.waitFor(() => expect(ground.followed.at(-1)).toBe("ABANDONED after 1"));
});

test("of a session that is over in another way all that waits is still sent", async () => {
  const ground = await recording();
  ground.stored = { ...ground.stored, state: "INCOMPLETE", next_step: null };
  await ground.visit.refresh();
  expect(ground.forgotten).toEqual([]);
});

/** The replies of a verb are on their way until they are given. */
function holdUp(ground: VisitGround, held: string): () => void {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  ground.onItsWay = (verb) => (verb === held ? given : undefined);
  return give;
}

/** The page asked to own the camera, which is done, and whose reply is on its way until it is given. */
async function owning(ground: VisitGround): Promise<() => Promise<void>> {
  const give = holdUp(ground, "open");
  const before = ground.times("open");
  const asked = ground.visit.own();
  await vi.waitFor(() => expect(ground.times("open")).toBe(before + 1));
  return () => {
    give();
    return asked;
  };
}

/** The service takes a withdrawal, by which the session stands so. */
function withdraw(ground: VisitGround, after: object): Promise<unknown> {
  ground.stored = { ...ground.stored, ...after };
  return ground.visit.takingCameraBack(() => ground.visit.post("withdraw"));
}

test("a late reply of open does not undo a withdrawal", async () => {
  const ground = await recording();
  const give = await owning(ground);
  await withdraw(ground, left("chat", "questionnaire"));
  const { started } = ground;
  await give();
  expect(ground.visit.session.consent.agreed).toEqual(["chat", "questionnaire"]);
  await ground.visit.refresh();
  expect([ground.times("read"), ground.started]).toEqual([1, started]);
  expect([ground.visit.elsewhere, ground.visit.session.page_id]).toEqual([false, "this"]);
});

test("a late reply of open neither shows nor keeps a session from which everything was taken back", async () => {
  const ground = await recording();
  const give = await owning(ground);
  await withdraw(ground, { ...left(), ...WITHDRAWN });
  const { started } = ground;
  ground.kept.length = 0;
  await give();
  expect([ground.visit.screen, ground.started]).toEqual(["closed", started]);
  expect(ground.kept.filter((one) => one.state !== "ABANDONED")).toEqual([]);
});

test("a late reply of open does not ask again for a consent that was given", async () => {
  const asking = { next_step: "consent", consent: { accepted: null, agreed: [] } };
  const ground = await begun(new VisitGround(ofFormerLoad(asking)));
  ground.visit.see("welcome");
  const give = await owning(ground);
  ground.stored = left("chat", "questionnaire");
  await ground.visit.post("consent");
  await give();
  expect(ground.visit.screen).toBe("instructions");
});

test("where the replies of two verbs may have overtaken each other, it is read how the session stands", async () => {
  const ground = await recording();
  const give = holdUp(ground, "withdraw");
  const taken = withdraw(ground, left("chat", "questionnaire"));
  await vi.waitFor(() => expect(ground.times("withdraw")).toBe(1));
  await ground.visit.own();
  give();
  await taken;
  expect(ground.times("read")).toBe(1);
  expect(ground.visit.session.consent.agreed).toEqual(["chat", "questionnaire"]);
});

test("a withdrawal holds though the session cannot be read after it, and its reply is given", async () => {
  const ground = await recording();
  const agreed = ground.stored;
  const give = holdUp(ground, "withdraw");
  const taken = withdraw(ground, left("chat", "questionnaire"));
  await vi.waitFor(() => expect(ground.times("withdraw")).toBe(1));
  const taking = ground.stored;
  // Open was done before it, and is answered before it.
  ground.stored = agreed;
  await ground.visit.own();
  ground.stored = taking;
  ground.fault = (verb) => (verb === "read" ? new Unreachable("network") : undefined);
  give();
  await expect(taken).resolves.toHaveProperty("session", taking);
  await ground.visit.forgotten;
  expect(ground.forgotten).toEqual([["s", ["announcement", "capture"]]]);
  expect(ground.started).toBe(1);
  ground.fault = () => undefined;
  await vi.waitFor(() => expect(ground.visit.refreshing.seconds).toBeGreaterThan(0));
  ground.visit.refreshing.again();
  await ground.visit.refresh();
  expect(ground.visit.session.consent.agreed).toEqual(["chat", "questionnaire"]);
  expect(ground.started).toBe(1);
});
