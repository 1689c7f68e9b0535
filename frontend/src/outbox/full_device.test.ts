import { afterEach, expect, test, vi } from "vitest";
import { answer } from "./fakes/entries";
import { refuseToAdd } from "./fakes/full";
import { Ground } from "./fakes/ground";
import { Store } from "./store";

const on = new Ground();
afterEach(() => void vi.restoreAllMocks());

/** The service takes no answer, for good. */
function refuseAnswers(): void {
  on.service.fault = ({ path }) =>
    path.includes("/responses/") ? { status: 422, code: "invalid" } : undefined;
}

test("a refused entry is never dropped untold where the device cannot keep it", async () => {
  const outbox = await on.open();
  refuseToAdd("refused");
  refuseAnswers();
  await outbox.put(answer("q1", 1, 3));
  await vi.waitFor(() => expect(outbox.waiting.answer).toBe(0), 4_000);
  expect(outbox.refused).toMatchObject([{ kind: "answer", item: "q1", code: "invalid" }]);
  expect(outbox.sign).toBe("full");
  expect(on.service.calls("PUT", "/responses/q1")).toHaveLength(1);
  await outbox.dismissRefused();
  expect(outbox.sign).toBe("saved");
});

test("a refusal that can be written nowhere is tried again after pauses, and is not shown as saved", async () => {
  const outbox = await on.open();
  refuseToAdd("refused");
  const drop = vi.spyOn(Store.prototype, "drop").mockRejectedValue(new DOMException("broken", "DataError"));
  refuseAnswers();
  await outbox.put(answer("q1", 1, 3));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(on.service.calls("PUT", "/responses/q1").length).toBeLessThan(5);
  expect(outbox.sign).toBe("saving");
  drop.mockRestore();
  await vi.waitFor(() => expect(outbox.refused).toMatchObject([{ item: "q1" }]), 8_000);
  expect(outbox.waiting.answer).toBe(0);
});
