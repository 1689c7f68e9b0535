import { SvelteMap } from "svelte/reactivity";
import type { AnswerReceipt, Id, Question, Questionnaire, StoredAnswer } from "../api/contract";
import type { AnswerEntry, Delivered } from "../outbox/entries";
import { isRisk } from "../safety/rules";
import { Deed } from "../troubles/deed.svelte";
import type { Visit } from "../visit";
import { firstOpen, isNewer, merged, missingOf, nextVersion, scaleOf, shownOf, type Answer } from "./rules";

/** The questionnaire of a session in this page. */
export class Questions {
  /** Reactive, as all below; null until it was read. */
  questionnaire = $state.raw<Questionnaire | null>(null);
  /** The question that is shown, counted from 0; as many as are shown: all are answered. */
  place = $state(0);
  /** The introduction was read. */
  begun = $state(false);
  /** Questions that the service still misses. */
  missing = $state.raw<readonly Id[]>([]);
  readonly answers = new SvelteMap<Id, Answer>();
  readonly shown = $derived(this.questionnaire === null ? [] : shownOf(this.questionnaire, this.answers));
  readonly loading = new Deed();
  readonly completing = new Deed();
  // Nothing is drawn from it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  private readonly shownAt = new Map<Id, number>();
  private readonly assessment: Id;
  private silent: (() => void) | null = null;

  constructor(private readonly visit: Visit) {
    this.assessment = visit.session.phq.assessment_id;
  }

  /** Read the questions, of this device while the service is away, and what waits here. */
  async load(): Promise<void> {
    this.silent = this.visit.outbox.whenDelivered((delivered) => this.delivered(delivered));
    const kept = await this.visit.outbox.kept<Questionnaire>(this.keptName).catch(() => undefined);
    if (kept !== undefined) await this.show(kept);
    await this.loading.run(async () => this.show(await this.read()));
    await this.keep();
  }

  /** The page shows something else. */
  close(): void {
    this.silent?.();
    this.loading.stop();
    this.completing.stop();
  }

  /** The introduction was read: mark the start. */
  begin(): void {
    this.begun = true;
    this.keepPlace();
    const path = `/sessions/${this.visit.session.id}/phq/start`;
    // The first answer marks the start as well, so that nothing waits for this.
    void this.visit.api.call(path, { method: "POST", body: {} }).catch(() => undefined);
  }

  /** A question appeared. */
  appeared(question: Question): void {
    if (this.shownAt.has(question.id)) return;
    this.shownAt.set(question.id, this.visit.clock.ticks());
    this.visit.capture("QUESTION_START", { question_id: question.id });
  }

  /** A question is left: when it appears again, its time counts anew. */
  left(question: Question): void {
    this.shownAt.delete(question.id);
  }

  /** The person chose; the help text comes before anything else. */
  async choose(question: Question, value: number | null): Promise<void> {
    if (this.questionnaire === null) return;
    const risk = isRisk(question, scaleOf(question, this.questionnaire), value);
    if (risk) this.visit.showHelp();
    const stamp = this.visit.clock.stamp(this.visit.session.created_at);
    const version = nextVersion(this.answers.get(question.id));
    this.answers.set(question.id, { value, version, session_ms: stamp.session_ms });
    this.missing = this.missing.filter((one) => one !== question.id);
    const body: AnswerEntry["body"] = { ...stamp, value, version, response_time_ms: this.timeOf(question) };
    if (risk) body.help_shown = this.visit.session.help.version;
    const entry: AnswerEntry = {
      kind: "answer",
      session: this.visit.session.id,
      question: question.id,
      body,
    };
    const kept = this.visit.outbox.put(entry);
    this.visit.capture("BUTTON_CLICK", { question_id: question.id });
    await kept;
  }

  go(place: number): void {
    this.place = Math.max(0, Math.min(place, this.shown.length));
    this.keepPlace();
  }

  /** Hand it in, once all that was chosen is with the service. */
  async complete(): Promise<void> {
    const open = missingOf(this.shown, this.answers).map((one) => one.id);
    if (open.length > 0) {
      this.lead(open);
      return;
    }
    await this.completing.run(
      async (still) => {
        await this.visit.outbox.settled(this.visit.session.id);
        // Who went back meanwhile may want to change something.
        if (!still()) return;
        const path = `/sessions/${this.visit.session.id}/phq/complete`;
        const reply = await this.visit.api.call<{ score?: unknown }>(path, { method: "POST", body: {} });
        if (reply.score !== undefined) await this.keepScore(reply.score);
        await this.visit.refresh();
      },
      async (refused) => {
        if (refused.code === "incomplete") await this.reopen(refused.details.map((one) => one.field));
        else if (refused.status === 409) await this.visit.refresh();
        else return false;
        return true;
      },
    );
  }

  /** The service misses these: what is shown of them was refused, or another device's answers ask for them. */
  private async reopen(missing: Id[]): Promise<void> {
    const questionnaire = await this.read();
    for (const id of missing) this.answers.delete(id);
    await this.show(questionnaire);
    this.lead(missing);
  }

  /** Lead to the first of the questions that are missing. */
  private lead(missing: Id[]): void {
    this.missing = missing;
    const place = this.shown.findIndex((one) => missing.includes(one.id));
    if (place !== -1) this.place = place;
  }

  /**
   * An answer came through, of this tab or another one: the newest click is shown. The outbox has sent the person's
   * newest again where it met another one, so that a `stale` reply tells of a click that came later elsewhere.
   */
  private delivered({ entry, reply }: Delivered): void {
    if (entry.kind !== "answer" || entry.session !== this.visit.session.id) return;
    const { stale, value, version } = reply as AnswerReceipt;
    const mine = this.answers.get(entry.question);
    if (!stale) this.stored(entry.question, entry.body);
    else if (mine === undefined || !isNewer(mine, entry.body)) {
      this.answers.set(entry.question, { value, version, session_ms: null });
    }
    this.note(entry, reply as AnswerReceipt);
    void this.keep();
  }

  /** What the service has is what the next load begins with; read once only, it would count from old versions. */
  private note({ question, body }: AnswerEntry, { stale, value, version, saved_at }: AnswerReceipt): void {
    if (this.questionnaire === null) return;
    const stored: StoredAnswer = {
      question_id: question,
      value,
      version,
      saved_at,
      session_ms: stale ? null : body.session_ms,
      client_time: stale ? null : body.client_time,
      response_time_ms: stale ? null : (body.response_time_ms ?? null),
    };
    const others = this.questionnaire.responses.filter((one) => one.question_id !== question);
    this.questionnaire = { ...this.questionnaire, responses: [...others, stored] };
  }

  private async keep(): Promise<void> {
    if (this.questionnaire === null) return;
    await this.visit.outbox
      .keep(this.keptName, this.questionnaire, this.visit.session.id)
      .catch(() => undefined);
  }

  /** The service has this answer now, whatever the times say; only a click that is still on its way comes after it. */
  private stored(question: Id, { value, version, session_ms }: Answer): void {
    const mine = this.answers.get(question);
    const after = mine !== undefined && mine.version > version;
    if (!after && (mine?.version !== version || isNewer({ value, version, session_ms }, mine)))
      this.answers.set(question, { value, version, session_ms });
  }

  private adopt(question: Id, { value, version, session_ms }: Answer): void {
    const mine = this.answers.get(question);
    if (mine === undefined || isNewer({ value, version, session_ms }, mine)) {
      this.answers.set(question, { value, version, session_ms });
    }
  }

  private async show(questionnaire: Questionnaire): Promise<void> {
    const unsent = await this.visit.outbox.unsent(this.visit.session.id);
    const first = this.questionnaire === null;
    for (const [question, answer] of merged(questionnaire.responses, unsent)) this.adopt(question, answer);
    this.questionnaire = questionnaire;
    if (first) await this.findPlace();
  }

  private async findPlace(): Promise<void> {
    const kept = await this.visit.outbox.kept<{ place: number }>(this.placeName).catch(() => undefined);
    this.begun = kept !== undefined || this.answers.size > 0;
    this.place = Math.min(kept?.place ?? firstOpen(this.shown, this.answers), this.shown.length);
  }

  private async read(): Promise<Questionnaire> {
    return this.visit.api.call<Questionnaire>(`/sessions/${this.visit.session.id}/phq`);
  }

  private timeOf(question: Question): number {
    const at = this.shownAt.get(question.id);
    return at === undefined ? 0 : Math.round(this.visit.clock.ticks() - at);
  }

  private keepPlace(): void {
    void this.visit.outbox
      .keep(this.placeName, { place: this.place }, this.visit.session.id)
      .catch(() => undefined);
  }

  /** The thanks show it; only this reply tells whether the study does. */
  private async keepScore(score: unknown): Promise<void> {
    await this.visit.outbox.keep(`score:${this.visit.session.id}`, score).catch(() => undefined);
  }

  private get keptName(): string {
    return `phq:${this.assessment}`;
  }

  private get placeName(): string {
    return `phq-place:${this.assessment}`;
  }
}
