import { render } from "svelte/server";
import { beforeEach, expect, test, vi } from "vitest";
import type { Outbox } from "../../outbox/entries";
import { spoken, type Language } from "../../words/languages.svelte";
import type { Journey } from "../journey.svelte";
import { words } from "./words";

vi.stubGlobal("location", { hash: "", pathname: "/" });
vi.stubGlobal("addEventListener", () => undefined);
const { default: Logout } = await import("./Logout.svelte");

beforeEach(() => spoken.speak("en"));

/** The screen of somebody of whom three entries wait. */
function shown(outbox: Pick<Outbox, "durable" | "sign">): string {
  const waiting = { answer: 2, message: 1, announcement: 0, capture: 0 };
  const journey = { outbox: { ...outbox, waiting }, visit: null, user: { id: "u" } } as unknown as Journey;
  return render(Logout, { props: { journey } }).body;
}

test("entries that the device keeps may be left on it", () => {
  const { leave, leaveHint, notKept } = words.en;
  const screen = shown({ durable: true, sign: "offline" });
  expect([screen.includes(leave), screen.includes(leaveHint), screen.includes(notKept)]).toEqual([
    true,
    true,
    false,
  ]);
});

test.each<Language>(["en", "id"])(
  "entries that a device does not keep are not said to stay on it, in %s",
  (language) => {
    spoken.speak(language);
    const { leave, leaveHint, notKept, sendFirst, drop } = words[language];
    const screen = shown({ durable: false, sign: "full" });
    expect([leave, leaveHint].filter((one) => screen.includes(one))).toEqual([]);
    expect([notKept, sendFirst, drop].filter((one) => !screen.includes(one))).toEqual([]);
  },
);

test.each<Language>(["en", "id"])(
  "of a device that is full it is said that what it did not keep is lost, in %s",
  (language) => {
    spoken.speak(language);
    const { leave, leaveHint, leaveSomeHint, sendFirst, drop } = words[language];
    const screen = shown({ durable: true, sign: "full" });
    expect(screen).not.toContain(leaveHint);
    expect([leave, leaveSomeHint, sendFirst, drop].filter((one) => !screen.includes(one))).toEqual([]);
  },
);
