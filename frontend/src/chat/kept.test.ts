import { expect, test } from "vitest";
import { Ground } from "../outbox/fakes/ground";
import { Kept } from "./kept";

const on = new Ground();
const page = async () => new Kept(await on.open(), "s", "a");
const refused = (id: string) => ({ message_id: id, text: "Good evening", code: "too_long", sent_at: 0 });
const idsIn = async (kept: Kept) => (await kept.notSent()).map((one) => one.message_id);

test("words that were refused in one tab are known in another, which leaves them there", async () => {
  const [one, other] = [await page(), await page()];
  await one.keepNotSent(refused("m1"));
  await other.keepNotSent(refused("m2"));
  expect(await idsIn(one)).toEqual(["m1", "m2"]);
  await one.keepNotSent(refused("m3"));
  await other.forgetNotSent("m1");
  expect(await idsIn(one)).toEqual(["m2", "m3"]);
});

test("of words that are refused at once none is lost", async () => {
  const kept = await page();
  await Promise.all(["m1", "m2", "m3"].map((id) => kept.keepNotSent(refused(id))));
  expect(await idsIn(kept)).toEqual(["m1", "m2", "m3"]);
});
