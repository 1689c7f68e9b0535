import type { Api } from "../api/client";
import type { AnswerReceipt, Id, Session, Trigger } from "../api/contract";
import type { Refused } from "../api/failures";
import { Camera } from "../camera/state.svelte";
import type { Clock } from "../clock/clock";
import type { Delivered, Outbox, RefusedEntry } from "../outbox/entries";
import { Deed } from "../troubles/deed.svelte";
import { passes } from "../troubles/rules";
import type { Visit } from "../visit";
import { spoken } from "../words/languages.svelte";
import { chatIsOver, hasEnded, NOTHING_SEEN, screenOf, wantsCamera, withAnswered, type Seen } from "./rules";
import { tellTabs } from "./tabs";
import { forgetTakenBack } from "./taken_back";

export interface VisitParts {
  api: Api;
  clock: Clock;
  outbox: Outbox;
  pageId: Id;
  session: Session;
  showHelp: () => void;
}

/** The name under which the session is kept, as it stood: the page opens with it while the service is away. */
export const LAST_SESSION = "session";
/** How often the service is asked how the session stands, while the page is seen. */
const POLL_MS = 60_000;

/** One session in this page. */
export class JourneyVisit implements Visit {
  readonly api: Api;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly pageId: Id;
  readonly camera: Camera;
  /** Reactive, as all below. */
  session: Session = $state.raw() as Session;
  seen = $state.raw<Seen>(NOTHING_SEEN);
  /** The interview that was opened on this device, and whose end was not read to the end yet. */
  private staying = $state<Id | null>(null);
  readonly screen = $derived(
    this.staying === this.session.chat.assessment_id && chatIsOver(this.session)
      ? "chat"
      : screenOf(this.session, this.seen),
  );
  /** Another page of this session took the camera over. */
  readonly elsewhere = $derived.by(() => {
    const owner = this.session.page_id;
    return owner !== null && owner !== this.pageId && !hasEnded(this.session);
  });
  /** Resolves when nothing waits any more of what the session was last told to be without. @throws DOMException. */
  forgotten: Promise<void> = Promise.resolve();
  /** What `refresh` is at. */
  readonly refreshing = new Deed();
  private asked: Promise<void> | null = null;
  /** This page asked to own the camera. */
  private owning = false;
  /** It was not told yet whether it does: until then the session may name the page of the load before. */
  private claiming = false;
  /** How many calls that take the camera back are not over yet: the service may still say that it is agreed to. */
  private takingBack = 0;
  /** Counts what verbs told: a look that was sent before tells how it stood before. */
  private told = 0;
  /** A verb told what may be older than what another had told: no camera is turned on until the session was read. */
  private doubtful = false;
  private closed = false;
  private silent: () => void = () => undefined;
  private poll: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly parts: VisitParts) {
    this.api = parts.api;
    this.clock = parts.clock;
    this.outbox = parts.outbox;
    this.pageId = parts.pageId;
    this.claiming = !hasEnded(parts.session);
    this.session = this.asOurs(parts.session);
    this.camera = new Camera({ ...parts, session: () => this.session });
  }

  /** Find what was read before, and let this page own the camera. */
  async begin(): Promise<void> {
    spoken.speak(this.session.language);
    this.seen = (await this.outbox.kept<Seen>(this.seenName)) ?? NOTHING_SEEN;
    this.staying = (await this.outbox.kept<Id>(this.stayName)) ?? null;
    if (this.closed) return;
    this.take(this.session);
    document.addEventListener("visibilitychange", this.look);
    this.poll = setInterval(this.look, POLL_MS);
    const noDeliveries = this.outbox.whenDelivered((delivered) => this.delivered(delivered));
    const noRefusals = this.outbox.whenRefused((refused) => this.wasRefused(refused));
    this.silent = () => {
      noDeliveries();
      noRefusals();
    };
    if (hasEnded(this.session)) return;
    void this.own();
  }

  /** This page is left, or its person. */
  close(): void {
    this.closed = true;
    this.refreshing.stop();
    this.camera.stop();
    clearInterval(this.poll);
    this.silent();
    document.removeEventListener("visibilitychange", this.look);
  }

  /** Let this page own the camera; until the service has answered, it does. */
  async own(): Promise<void> {
    this.owning = true;
    this.claiming = true;
    this.session = this.asOurs(this.session);
    tellTabs({ opened: this.session.id, by: this.pageId });
    try {
      // It ended, or is another person's: no camera is turned on for it.
      if (!(await this.claim()) || this.doubtful) void this.refresh();
    } catch {
      // The next look at the session asks again.
      this.wake();
    }
  }

  capture(trigger: Trigger, of?: { question_id?: Id; message_id?: Id }): void {
    this.camera.capture(trigger, of);
  }

  /** Tries until the service has told; several callers share one call. */
  refresh(): Promise<void> {
    this.asked ??= this.refreshing
      .run(() => this.read(), foreign)
      .then(() => undefined)
      .finally(() => (this.asked = null));
    return this.asked;
  }

  stay(is: boolean): void {
    this.staying = is ? this.session.chat.assessment_id : null;
    void this.outbox.keep(this.stayName, this.staying, this.session.id).catch(() => undefined);
  }

  showHelp(): void {
    this.parts.showHelp();
  }

  /** Remember that a text was read. */
  see(what: keyof Seen): void {
    this.seen = { ...this.seen, [what]: true };
    void this.outbox.keep(this.seenName, this.seen, this.session.id).catch(() => undefined);
  }

  /** Call a verb of the session that answers the session. @throws Refused, Unreachable. */
  async post<T extends { session: Session }>(verb: string, body: object = {}): Promise<T> {
    const reply = await this.call<T>(verb, body);
    // It is done, and its reply may be needed, though nobody can say yet how the session stands.
    if (this.doubtful) await this.read().catch(() => void this.refresh());
    return reply;
  }

  /** Let the camera go, and keep it off until `work`, which takes the agreement back, is done or given up. */
  async takingCameraBack<T>(work: () => Promise<T>): Promise<T> {
    this.takingBack += 1;
    this.camera.stop();
    try {
      return await work();
    } finally {
      this.takingBack -= 1;
      this.wake();
    }
  }

  /** Another tab says that it owns the camera now. */
  ownedBy(pageId: Id): void {
    this.claiming = false;
    this.take({ ...this.session, page_id: pageId });
  }

  /** Read how the session stands, once; of a page that was not told yet whether it owns the camera, by asking that. */
  async read(): Promise<void> {
    if (this.claiming && (await this.claim()) && !this.doubtful) return;
    const told = this.told;
    const { session } = await this.api.call<{ session: Session }>(`/sessions/${this.session.id}`);
    if (told !== this.told) return this.read();
    this.doubtful = false;
    this.take(session);
  }

  private async call<T extends { session: Session }>(verb: string, body: object): Promise<T> {
    const before = this.told;
    const reply = await this.api.call<T>(`/sessions/${this.session.id}/${verb}`, { method: "POST", body });
    if (reply.session.id === this.session.id) this.hear(reply.session, before);
    return reply;
  }

  /** A verb told how the session stands; when it was sent, verbs had told so `before` times. */
  private hear(session: Session, before: number): void {
    this.doubtful = this.told !== before && !this.closed;
    this.told += 1;
    if (this.doubtful) this.forget(session);
    else this.take(session);
  }

  /** Ask to own the camera, once; false: for good not. @throws Refused, Unreachable what passes. */
  private async claim(): Promise<boolean> {
    try {
      await this.call("open", { page_id: this.pageId });
      this.claiming = false;
      return true;
    } catch (fault) {
      if (!passes(fault)) this.claiming = false;
      if (this.claiming) throw fault;
      return false;
    }
  }

  private asOurs(session: Session): Session {
    return this.claiming && !hasEnded(session) ? { ...session, page_id: this.pageId } : session;
  }

  /** What was once taken back stays so, however old the news of it is. */
  private forget(told: Session): void {
    this.forgotten = forgetTakenBack(this.outbox, told, this.session);
    void this.forgotten.catch(() => undefined);
  }

  private take(told: Session): void {
    this.forget(told);
    // What comes back after the page left it turns no camera on, and is not what the page showed last.
    if (this.closed) return;
    const session = this.asOurs(told);
    this.session = session;
    void this.outbox.keep(LAST_SESSION, session).catch(() => undefined);
    void this.forgotten
      .catch(() => undefined)
      .then(() => this.outbox.follow(session))
      .catch(() => undefined);
    if (hasEnded(session)) this.camera.stop();
    else this.wake();
  }

  /** Take pictures, where the person agreed to it, does not take it back, and did not go on without a camera. */
  private wake(): void {
    const may = this.owning && !this.elsewhere && !this.closed;
    const sure = this.takingBack === 0 && !this.doubtful;
    if (may && sure && wantsCamera(this.session) && this.camera.state === "off")
      void this.camera.start().catch(() => undefined);
  }

  /** An answer was saved: the progress moves without asking. */
  private delivered({ entry, reply }: Delivered): void {
    if (entry.kind !== "answer" || entry.session !== this.session.id || hasEnded(this.session)) return;
    const { answered, total, late } = reply as AnswerReceipt;
    // It was taken for questions that were replaced, or for a session that has ended.
    if (late === true) void this.refresh();
    else this.session = withAnswered(this.session, answered, total);
  }

  /** What the page shows is over, perhaps by another one: nobody goes on answering it. */
  private wasRefused({ kind, session, code }: RefusedEntry): void {
    if (session !== this.session.id || hasEnded(this.session)) return;
    if (code === "session_ended" || (kind === "answer" && code !== "unreadable")) void this.refresh();
  }

  private readonly look = (): void => {
    if (document.visibilityState === "hidden" || hasEnded(this.session)) return;
    // A look that fails says nothing: what the person does next tells.
    void this.read().catch(() => undefined);
  };

  private get seenName(): string {
    return `seen:${this.session.id}`;
  }

  private get stayName(): string {
    return `stay:${this.session.id}`;
  }
}

/** The session is not of who is logged in: in another tab somebody else did. The page begins anew as theirs. */
function foreign(refused: Refused): boolean {
  if (refused.status === 404) location.reload();
  return refused.status === 404;
}
