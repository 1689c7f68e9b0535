import { createParser } from "eventsource-parser";
import type { Api, Call } from "./client";
import type { Help } from "./contract";
import { type StreamEvent, readEvent } from "./events";
import { Refused, Unreachable } from "./failures";

/** One event is a piece of a reply, or a help text; what is longer comes from no service of ours. */
const LONGEST_EVENT = 1_000_000;
/** A stream that is silent for longer is lost, whatever the network says: pings come after each 15 s. */
const SILENCE_MS = 40_000;

/** One open stream of a turn. `leave` ends it; the turn goes on without a reader. */
export class Connection {
  /** When bytes last came, be it only a ping; by the wall, since a sleeping device may stop the other clock. */
  lastSign = Date.now();
  readonly events: AsyncGenerator<StreamEvent, void, void>;

  private constructor(
    body: ReadableStream<Uint8Array>,
    private readonly leaving: AbortController,
  ) {
    this.events = eventsOf(body, {
      signal: leaving.signal,
      alive: () => (this.lastSign = Date.now()),
    });
  }

  /** @throws Refused, Unreachable before the stream begins; `leaving` gives it up from outside. */
  static async open(
    api: Api,
    path: string,
    call: Call = {},
    leaving: AbortController = new AbortController(),
  ): Promise<Connection> {
    const reply = await api.stream(path, { ...call, signal: leaving.signal });
    if (reply.body === null) throw new Unreachable("unreadable", reply.headers.get("X-Request-ID"));
    return new Connection(reply.body, leaving);
  }

  leave(): void {
    this.leaving.abort(new Unreachable("network"));
  }
}

/** How long a reply that nobody reads is heard for help. */
const HELP_MS = 10_000;

/** Give the help that a stream tells of, if it comes soon, and leave the stream. Never fails. */
export async function helpIn(connection: Connection): Promise<Help | null> {
  const timer = setTimeout(() => connection.leave(), HELP_MS);
  try {
    for await (const event of connection.events) if (event.kind === "help") return event.help;
  } catch {
    // Whoever joins the turn later is told of it as well.
  } finally {
    clearTimeout(timer);
    connection.leave();
  }
  return null;
}

/** How a stream is read. */
export interface Reading {
  /** Bytes came. */
  alive?: () => void;
  silenceMs?: number;
  signal?: AbortSignal;
}

/**
 * Give a stream's events as they come. Ends where the body ends, which says nothing about the turn.
 * @throws Unreachable the connection was lost or left, or nothing came for too long.
 */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  { alive, silenceMs = SILENCE_MS, signal }: Reading = {},
): AsyncGenerator<StreamEvent, void, void> {
  const came: StreamEvent[] = [];
  const parser = createParser({
    maxBufferSize: LONGEST_EVENT,
    onEvent: ({ event, id, data }) => {
      const read = readEvent(event, id, data);
      if (read !== null) came.push(read);
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), silenceMs, signal);
      if (done) return;
      alive?.();
      parser.feed(decoder.decode(value, { stream: true }));
      yield* came.splice(0);
    }
  } catch (error) {
    throw error instanceof Unreachable || error instanceof Refused ? error : new Unreachable("network");
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function within<T>(wanted: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  let over = (): void => undefined;
  const spent = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Unreachable("timeout")), ms);
    const left = (): void =>
      reject(signal?.reason instanceof Unreachable ? signal.reason : new Unreachable("network"));
    if (signal?.aborted) left();
    signal?.addEventListener("abort", left);
    over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", left);
    };
  });
  try {
    return await Promise.race([wanted, spent]);
  } finally {
    over();
  }
}
