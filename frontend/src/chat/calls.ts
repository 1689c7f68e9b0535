import type { Api } from "../api/client";
import type { Id } from "../api/contract";
import { Unreachable } from "../api/failures";
import type { StreamEvent } from "../api/events";
import { Connection } from "../api/stream";

/** Where a session's interview is reached. */
export class Paths {
  readonly chat: string;

  constructor(session: Id) {
    this.chat = `/sessions/${session}/chat`;
  }

  get start(): string {
    return `${this.chat}/start`;
  }

  get turns(): string {
    return `${this.chat}/turns`;
  }

  get complete(): string {
    return `${this.chat}/complete`;
  }

  events(message: Id): string {
    return `${this.turns}/${message}/events`;
  }

  timing(message: Id): string {
    return `${this.turns}/${message}/timing`;
  }
}

/** A turn that the service took: what was asked is committed there, and the reply can be read. */
export interface Taken {
  accepted: StreamEvent & { kind: "accepted" };
  connection: Connection;
}

/**
 * Ask for a turn, and wait until it is kept.
 * @throws Refused, Unreachable. After the latter the turn is unknown; to ask again is safe.
 */
export async function take(api: Api, path: string, body: object): Promise<Taken> {
  const connection = await Connection.open(api, path, { method: "POST", body });
  try {
    const first = await connection.events.next();
    if (!first.done && first.value.kind === "accepted") return { accepted: first.value, connection };
  } catch (error) {
    connection.leave();
    throw error;
  }
  connection.leave();
  throw new Unreachable("unreadable");
}
