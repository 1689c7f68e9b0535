import type { Api, Call } from "../api/client";
import type { Session } from "../api/contract";
import { Refused } from "../api/failures";
import { Clock } from "../clock/clock";
import type { Kind, Outbox } from "../outbox/entries";
import { JourneyVisit, LAST_SESSION } from "./visit.svelte";

interface Asked {
  verb: string;
  body: unknown;
}

/** A session as another load of the page left it: at a question, the camera agreed to. */
export function ofFormerLoad(changes: object = {}): Session {
  const part = { started_at: null, completed_at: null, end_reason: null };
  return {
    id: "s",
    page_id: "former",
    state: "PHQ_IN_PROGRESS",
    next_step: "phq",
    language: "en",
    end_reason: null,
    created_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    completed_at: null,
    captures: { expected: 0 },
    consent: { accepted: true, agreed: ["camera", "chat", "questionnaire"] },
    camera_check: { mode: "off", ok: null },
    phq: { ...part, answered: 0, total: 9 },
    chat: { ...part },
    ...changes,
  } as unknown as Session;
}

/** One session in a page, with a service that answers as the test says, and a camera that only counts. */
export class VisitGround {
  /** As the service has it. */
  stored = ofFormerLoad();
  readonly asked: Asked[] = [];
  readonly forgotten: [string, readonly Kind[] | undefined][] = [];
  /** Which states the outbox was told of, and what had been forgotten by then. */
  readonly followed: string[] = [];
  /** How the session stood, each time it was kept for the next visit. */
  readonly kept: Session[] = [];
  readonly waiting: Record<Kind, number> = { answer: 0, message: 0, announcement: 0, capture: 0 };
  started = 0;
  /** Befalls a verb before it is done; `read` is a look at the session. */
  fault: (verb: string) => unknown = () => undefined;
  /** Until when the reply of a verb that is done is on its way. */
  onItsWay: (verb: string) => Promise<void> | undefined = () => undefined;
  readonly visit: JourneyVisit;

  constructor(session = ofFormerLoad()) {
    this.stored = session;
    const call = (path: string, { body }: Call = {}) => this.answer(path, body);
    this.visit = new JourneyVisit({
      api: { call } as unknown as Api,
      clock: new Clock(),
      outbox: this.outbox(),
      pageId: "this",
      session,
      showHelp: () => undefined,
    });
    this.visit.camera.start = async () => void (this.started += 1);
  }

  times(verb: string): number {
    return this.asked.filter((one) => one.verb === verb).length;
  }

  private async answer(path: string, body: unknown): Promise<never> {
    const verb = path.split("/")[3] ?? "read";
    this.asked.push({ verb, body });
    const before = this.stored;
    const fault = await this.fault(verb);
    if (fault !== undefined) throw fault as Error;
    if (verb === "open") this.stored = { ...this.stored, page_id: (body as { page_id: string }).page_id };
    // A look tells how it stood when it was asked for, however late it comes.
    const session = verb === "read" ? before : this.stored;
    await this.onItsWay(verb);
    return { session } as never;
  }

  private outbox(): Outbox {
    const nothing = async () => undefined;
    return {
      waiting: this.waiting,
      kept: nothing,
      keep: async (name: string, value: unknown) => {
        if (name === LAST_SESSION) this.kept.push(value as Session);
      },
      follow: async ({ state }: Session) =>
        void this.followed.push(`${state} after ${this.forgotten.length}`),
      whenDelivered: () => () => undefined,
      whenRefused: () => () => undefined,
      forget: async (session: string, kinds?: readonly Kind[]) => {
        await nothing();
        this.forgotten.push([session, kinds]);
      },
    } as unknown as Outbox;
  }
}

export const refused = (status: number, code: string) => new Refused(status, code, "", "req-1");
