import type { Api, Call } from "../api/client";
import type { Interview, Turn } from "../api/contract";
import { StoredTurn, bodyOf } from "../api/streams.fixture";
import { Clock } from "../clock/clock";
import type { MessageEntry, Outbox } from "../outbox/entries";
import type { Visit } from "../visit";
import type { Transcript } from "./transcript.svelte";
import { Wakings } from "./wakings";

export class NoWait extends Wakings {
  override pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The device's part: what waits, and what is kept, in memory. */
export class Device {
  waiting: MessageEntry[] = [];
  readonly values = new Map<string, unknown>();
  readonly outbox = {
    unsent: async () => this.waiting,
    keep: async (name: string, value: unknown) => void this.values.set(name, value),
    kept: async (name: string) => this.values.get(name),
  } as unknown as Outbox;
}

/** The service's part: each POST is answered by the next of `answers`, reads by the turns as they are. */
export class Service {
  turns: Turn[] = [turn(0, "m0")];
  posts: string[] = [];
  joins: string[] = [];
  reads = 0;
  changes: Partial<Interview> = {};
  /** What a turn that is joined tells of help. */
  help: object | null = null;
  /** What is read back arrives after this. */
  way: Promise<void> = Promise.resolve();

  constructor(private readonly answers: (Error | (() => Response))[] = []) {}

  refuse(error: Error): void {
    this.answers.push(error);
  }

  /** The interview as it is now, however long its way takes. */
  private read(): Interview {
    return {
      assessment_id: "a",
      ended: false,
      end_reason: null,
      min_turns: 2,
      max_turns: 30,
      policy: "continue",
      paused: false,
      instructions: "",
      turns: this.turns,
      ...this.changes,
    };
  }

  readonly api = {
    call: async (): Promise<Interview> => {
      this.reads += 1;
      const read = this.read();
      await this.way;
      return read;
    },
    stream: async (path: string, call: Call): Promise<Response> => {
      if (call.method !== "POST") {
        this.joins.push(path);
        return new Response(bodyOf([new StoredTurn("joined", undefined, this.help).bytes(null, () => 9)]));
      }
      this.posts.push((call.body as { message_id: string }).message_id);
      const answer = this.answers.shift() ?? (() => replied("reply"));
      if (answer instanceof Error) throw answer;
      return answer();
    },
  } as unknown as Api;
}

export function replied(text: string): Response {
  return new Response(bodyOf([new StoredTurn(text).bytes(null, () => 3)]));
}

export function turn(number: number, id: string, changes: Partial<Turn> = {}): Turn {
  return {
    turn_number: number,
    message_id: id,
    state: "complete",
    message: number === 0 ? null : "words",
    reply: "reply",
    safety: false,
    conversation_ended: false,
    sent_at: "2026-01-01T00:01:00.000Z",
    first_token_at: null,
    completed_at: null,
    ...changes,
  };
}

export function refusedIn(transcript: Transcript) {
  return transcript.exchanges.filter((one) => one.whereabouts === "refused");
}

export function visitWith(service: Service): Visit {
  const { outbox } = new Device();
  return {
    api: service.api,
    outbox: { ...outbox, put: () => new Promise<void>((resolve) => setTimeout(resolve, 5)) },
    clock: new Clock(),
    session: { id: "s", created_at: "2026-01-01T00:00:00.000Z", chat: { assessment_id: "a" } },
    capture: () => undefined,
    showHelp: () => undefined,
  } as unknown as Visit;
}
