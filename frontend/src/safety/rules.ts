import type { Question, Scale } from "../api/contract";

/** Whether an answer says that somebody may be at risk: then help is shown at the click. */
export function isRisk(question: Question, scale: Scale, value: number | null): boolean {
  return question.risk && value !== null && value > (question.scale ?? scale).min;
}
