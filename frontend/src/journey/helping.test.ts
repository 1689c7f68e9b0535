import { expect, test, vi } from "vitest";
import { answer, message } from "../outbox/fakes/entries";
import { Ground } from "../outbox/fakes/ground";
import { Helping } from "./helping";

const on = new Ground();
const HELP = { text: "help", hotlines: [] };
/** When what the tests put was chosen. */
const CHOSEN = Date.parse(answer("q1", 1, 1).body.client_time);

async function helped(now: () => number) {
  const outbox = await on.open();
  let shown = 0;
  const helping = new Helping(() => (shown += 1), now);
  outbox.whenDelivered((delivered) => helping.delivered(delivered));
  return { outbox, helping, shown: () => shown };
}

test("a message at risk that no chat brings is given up at once, and its help is shown when it comes", async () => {
  let goOn = (): void => undefined;
  on.service.goesOn = new Promise((resolve) => (goOn = resolve));
  on.service.help = HELP;
  const { outbox, shown } = await helped(() => CHOSEN + 60_000);
  await outbox.put(message("m1"));
  await outbox.put(message("m2"));
  await outbox.settled("s");
  expect(on.service.messages).toEqual(["m1", "m2"]);
  expect(shown()).toBe(0);
  goOn();
  await vi.waitFor(() => expect(shown()).toBe(1));
});

test("an answer at risk of before a reload shows its help once it arrives", async () => {
  on.service.help = HELP;
  const { outbox, shown } = await helped(() => CHOSEN + 60_000);
  await outbox.put(answer("q1", 1, 3));
  await outbox.settled("s");
  await vi.waitFor(() => expect(shown()).toBe(1));
});

test("an answer whose help was shown at the click shows none again, and one without risk none at all", async () => {
  const { outbox, helping, shown } = await helped(() => CHOSEN - 1);
  let delivered = 0;
  outbox.whenDelivered(() => (delivered += 1));
  await outbox.put(answer("q1", 1, 0));
  await vi.waitFor(() => expect(delivered).toBe(1));
  expect(shown()).toBe(0);
  on.service.help = HELP;
  helping.show();
  await outbox.put(answer("q1", 2, 3));
  await vi.waitFor(() => expect(delivered).toBe(2));
  expect(shown()).toBe(1);
});
