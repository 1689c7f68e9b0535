import type { Id, Question, Questionnaire, Scale, StoredAnswer } from "../api/contract";
import type { NewEntry } from "../outbox/entries";
import { paragraphs } from "../ui/paragraphs";

/** What a person answered, as the page shows it; a null value is a question that was left out. */
export interface Answer {
  value: number | null;
  version: number;
  /** When it was chosen, in the session's time; null: the service was not told. */
  session_ms: number | null;
}

export type Answers = ReadonlyMap<Id, Answer>;

/** A question's own labels, where it has some. */
export function scaleOf(question: Question, questionnaire: Questionnaire): Scale {
  return question.scale ?? questionnaire.scale;
}

/** The questions to be asked as the answers stand: one `any_above_min` once a scored one lies above the least. */
export function shownOf(questionnaire: Questionnaire, answers: Answers): Question[] {
  const any = questionnaire.questions.some((one) => {
    const value = answers.get(one.id)?.value ?? null;
    return one.scored && value !== null && value > scaleOf(one, questionnaire).min;
  });
  const shown = questionnaire.questions.filter((one) => one.show_if !== "any_above_min" || any);
  return shown.toSorted((one, other) => one.position - other.position);
}

/** The answers as the service has them, and over them what waits on this device: the newest click wins in view. */
export function merged(stored: readonly StoredAnswer[], unsent: readonly NewEntry[]): Map<Id, Answer> {
  const answers = new Map<Id, Answer>();
  for (const { question_id, value, version, session_ms } of stored) {
    answers.set(question_id, { value, version, session_ms });
  }
  for (const entry of unsent) {
    if (entry.kind !== "answer") continue;
    const { value, version, session_ms } = entry.body;
    const before = answers.get(entry.question);
    // A higher version will be stored, whenever it was chosen; a lower one only if it is the person's newest choice.
    const wins = before === undefined || version > before.version;
    if (wins || isNewer({ value, version, session_ms }, before)) {
      answers.set(entry.question, { value, version, session_ms });
    }
  }
  return answers;
}

/** Whether a click came after another one: by the session's time, since two pages may count the same versions. */
export function isNewer(one: Answer, other: Answer): boolean {
  const known = one.session_ms !== null && other.session_ms !== null;
  if (!known || one.session_ms === other.session_ms) return one.version > other.version;
  return Number(one.session_ms) > Number(other.session_ms);
}

/** A question's next version: behind the stored one, and behind those that are on their way. */
export function nextVersion(answer: Answer | undefined): number {
  return (answer?.version ?? 0) + 1;
}

/** Whether a question needs no more of the person: answered, left out, or free to be left without a word. */
export function isDone(question: Question, answers: Answers): boolean {
  const answer = answers.get(question.id);
  return answer !== undefined && (answer.value !== null || !question.required);
}

/** The required questions without an answer. */
export function missingOf(shown: readonly Question[], answers: Answers): Question[] {
  return shown.filter((one) => one.required && !isDone(one, answers));
}

/** Where to go on: the first question without an answer, or behind the last one. */
export function firstOpen(shown: readonly Question[], answers: Answers): number {
  const place = shown.findIndex((one) => !isDone(one, answers));
  return place === -1 ? shown.length : place;
}

/** Part the text before the questions from the sentence that each of them completes, its last paragraph. */
export function stemOf(instructions: string): { before: string; stem: string } {
  const before = paragraphs(instructions);
  const stem = before.pop() ?? "";
  return { before: before.join("\n\n"), stem };
}

/** Which value a key stands for: the digit of one of the scale's values. */
export function valueOfKey(key: string, scale: Scale): number | null {
  if (!/^\d$/.test(key)) return null;
  const value = Number(key);
  return scale.labels.some((one) => one.value === value) ? value : null;
}

/** Where an arrow key leads among `count` choices; null for other keys. */
export function placeOfKey(key: string, place: number, count: number): number | null {
  if (key === "ArrowDown" || key === "ArrowRight") return (place + 1) % count;
  if (key === "ArrowUp" || key === "ArrowLeft") return place <= 0 ? count - 1 : place - 1;
  return null;
}
