import { expect, test, vi } from "vitest";
import type { AnswerReceipt, Question, Questionnaire, StoredAnswer } from "../api/contract";
import { Refused } from "../api/failures";
import { Clock } from "../clock/clock";
import type { AnswerEntry, Delivered } from "../outbox/entries";
import type { Visit } from "../visit";
import { Questions } from "./state.svelte";

const scale = { min: 0, max: 3, labels: [0, 1, 2, 3].map((value) => ({ value, text: String(value) })) };

function question(id: string, changes: Partial<Question> = {}): Question {
  const position = Number(id.slice(1));
  return { id, position, text: id, category: "", scored: true, required: true, risk: false, ...changes };
}

/** A service with three questions, of which the last is asked where another one is above the least. */
class Ground {
  responses: StoredAnswer[] = [];
  refusals: Refused[] = [];
  completed = 0;
  away = false;
  readonly device = new Map<string, unknown>();
  private tell: (delivered: Delivered) => void = () => undefined;

  readonly visit = {
    clock: new Clock(),
    session: { id: "s", created_at: new Date().toISOString(), phq: { assessment_id: "a" }, help: {} },
    api: { call: async (path: string) => (path.endsWith("/complete") ? this.complete() : this.asked()) },
    outbox: {
      whenDelivered: (tell: (delivered: Delivered) => void) => (this.tell = tell) && (() => undefined),
      kept: async (name: string) => this.device.get(name),
      keep: async (name: string, value: unknown) => void this.device.set(name, value),
      unsent: async () => [],
      put: async () => undefined,
      settled: async () => undefined,
    },
    capture: () => undefined,
    refresh: async () => undefined,
    showHelp: () => undefined,
  } as unknown as Visit;

  deliver(
    id: string,
    value: number,
    version: number,
    session_ms: number,
    changes: Partial<AnswerReceipt> = {},
  ) {
    const body = { value, version, session_ms, client_time: "" };
    const entry: AnswerEntry = { kind: "answer", session: "s", question: id, body };
    const reply = { question_id: id, value, version, stale: false, ...changes };
    this.tell({ entry, reply, help: null });
  }

  private asked(): Promise<Questionnaire> {
    return this.away ? new Promise(() => undefined) : Promise.resolve(this.phq());
  }

  private phq(): Questionnaire {
    const questions = [
      question("q1"),
      question("q2"),
      question("q3", { scored: false, show_if: "any_above_min" }),
    ];
    return { instructions: "", scale, questions, responses: this.responses } as unknown as Questionnaire;
  }

  private complete(): object {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    this.completed += 1;
    return {};
  }
}

async function opened(ground: Ground): Promise<{ questions: Questions; first: Question; second: Question }> {
  const questions = new Questions(ground.visit);
  await questions.load();
  const [first, second] = questions.shown;
  if (first === undefined || second === undefined) throw new Error("no questions");
  return { questions, first, second };
}

const incomplete = (id: string) =>
  new Refused(409, "incomplete", "", "r", [{ field: id, problem: "missing" }]);

test("an older click that was saved does not take the place of a newer one, whatever the device's clock did", async () => {
  const ground = new Ground();
  const { questions, first } = await opened(ground);
  await questions.choose(first, 1);
  await questions.choose(first, 3);
  // The clock was an hour ahead at the first click, and was set right before the second.
  ground.deliver("q1", 1, 1, 3_600_000);
  expect(questions.answers.get("q1")?.value).toBe(3);
  ground.deliver("q1", 3, 2, 5);
  expect(questions.answers.get("q1")?.value).toBe(3);
});

test("what another tab saved over an older answer is shown, though its time is older", async () => {
  const ground = new Ground();
  ground.responses = [{ question_id: "q1", value: 1, version: 1, session_ms: 9_000 } as StoredAnswer];
  const { questions } = await opened(ground);
  ground.deliver("q1", 2, 2, 100);
  expect(questions.answers.get("q1")).toMatchObject({ value: 2, version: 2 });
});

test("an answer that the service misses is not shown as chosen, and can be chosen again", async () => {
  const ground = new Ground();
  const { questions, first, second } = await opened(ground);
  await questions.choose(first, 0);
  await questions.choose(second, 0);
  ground.responses = [{ question_id: "q2", value: 0, version: 1, session_ms: 1 } as StoredAnswer];
  ground.refusals = [incomplete("q1")];
  await questions.complete();
  expect(questions.answers.has("q1")).toBe(false);
  expect(questions.answers.get("q2")?.value).toBe(0);
  expect(questions.missing).toEqual(["q1"]);
  await questions.choose(first, 0);
  expect(questions.missing).toEqual([]);
  await questions.complete();
  expect(ground.completed).toBe(1);
});

test("a question that another device's answers ask for is shown when the service misses it", async () => {
  const ground = new Ground();
  const { questions, first, second } = await opened(ground);
  await questions.choose(first, 0);
  await questions.choose(second, 0);
  ground.responses = [{ question_id: "q1", value: 2, version: 2, session_ms: 9e9 } as StoredAnswer];
  ground.refusals = [incomplete("q3")];
  await questions.complete();
  expect(questions.shown.map((one) => one.id)).toEqual(["q1", "q2", "q3"]);
  expect(questions.place).toBe(2);
});

test("an answer that is saved before the questions were read keeps nothing in their place", async () => {
  const ground = new Ground();
  ground.away = true;
  const questions = new Questions(ground.visit);
  void questions.load();
  ground.deliver("q1", 3, 2, 200);
  await new Promise((resolve) => setTimeout(resolve));
  expect(ground.device.size).toBe(0);
  questions.close();
});

test("before the service replies the page comes up with what was saved since it was read, and counts on from there", async () => {
  const ground = new Ground();
  await opened(ground);
  ground.deliver("q1", 1, 1, 100);
  ground.deliver("q1", 3, 2, 200);
  ground.away = true;
  const again = new Questions(ground.visit);
  void again.load();
  await vi.waitFor(() => expect(again.answers.get("q1")).toMatchObject({ value: 3, version: 2 }));
  again.close();
});
