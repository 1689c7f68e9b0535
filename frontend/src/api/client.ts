import type { Clock } from "../clock/clock";
import type { Detail, Help } from "./contract";
import { Refused, Unreachable } from "./failures";

export interface Call {
  method?: "GET" | "POST" | "PUT";
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, with `headers` telling what it is. */
  raw?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** From the call to the end of its reply; of a stream to its head. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

interface Envelope {
  status: "OLKORECT" | "SNAFU";
  data?: unknown;
  error?: string;
  code?: string;
  details?: Detail[];
  help?: Help;
  request_id?: string;
}

/** The service's calls. Each reply tells the clock what time the server has. */
export class Api {
  constructor(
    private readonly clock: Clock,
    private readonly fetching: typeof fetch = (...all) => fetch(...all),
  ) {}

  /**
   * Give `data` of the reply's envelope.
   * @throws Refused the service said no; Unreachable no reply that can be read.
   */
  async call<T>(path: string, call: Call = {}): Promise<T> {
    const limit = new Limit(call);
    try {
      const reply = await this.send(path, call, limit.signal);
      const envelope = await readEnvelope(reply, limit);
      if (!reply.ok) throw refusal(reply, envelope);
      return envelope.data as T;
    } finally {
      limit.over();
    }
  }

  /**
   * Give a reply whose body is a stream of events.
   * @throws Refused, Unreachable as `call`, before the stream begins.
   */
  async stream(path: string, call: Call = {}): Promise<Response> {
    const limit = new Limit(call);
    try {
      const reply = await this.send(path, call, limit.signal);
      const type = reply.headers.get("Content-Type") ?? "";
      if (reply.ok && type.startsWith("text/event-stream")) return reply;
      throw refusal(reply, await readEnvelope(reply, limit));
    } finally {
      limit.over();
    }
  }

  private async send(path: string, call: Call, signal: AbortSignal): Promise<Response> {
    const headers = new Headers(call.headers);
    let body: BodyInit | null = call.raw ?? null;
    if (call.body !== undefined) {
      body = JSON.stringify(call.body);
      headers.set("Content-Type", "application/json");
    }
    const sent = this.clock.ticks();
    try {
      const init = {
        method: call.method ?? "GET",
        headers,
        body,
        signal,
        credentials: "same-origin" as const,
      };
      const reply = await this.fetching(`/api${path}`, init);
      this.clock.heard(sent, reply.headers.get("X-Server-Time"));
      return reply;
    } catch (error) {
      throw unreachable(error, call.signal);
    }
  }
}

/** A call's time: aborts its fetch when it is over, and passes on the caller's own abort. */
class Limit {
  private readonly controller = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout>;
  private readonly passOn = () => this.controller.abort(this.call.signal?.reason);

  constructor(readonly call: Call) {
    const spent = () => this.controller.abort(new Unreachable("timeout"));
    this.timer = setTimeout(spent, call.timeoutMs ?? TIMEOUT_MS);
    if (call.signal?.aborted) this.passOn();
    call.signal?.addEventListener("abort", this.passOn);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The clock stops; the caller's abort still ends a stream that goes on. */
  over(): void {
    clearTimeout(this.timer);
  }
}

function unreachable(error: unknown, own: AbortSignal | undefined): unknown {
  if (own?.aborted) return own.reason;
  return error instanceof Unreachable ? error : new Unreachable("network");
}

async function readEnvelope(reply: Response, limit: Limit): Promise<Envelope> {
  const requestId = reply.headers.get("X-Request-ID");
  try {
    const envelope = (await reply.json()) as Envelope | null;
    if (envelope?.status === (reply.ok ? "OLKORECT" : "SNAFU")) return envelope;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw unreachable(error, limit.call.signal);
  }
  throw new Unreachable("unreadable", requestId);
}

function refusal(reply: Response, envelope: Envelope): Refused {
  const wait = Number(reply.headers.get("Retry-After"));
  return new Refused(
    reply.status,
    envelope.code ?? "unknown",
    envelope.error ?? "",
    envelope.request_id ?? reply.headers.get("X-Request-ID"),
    envelope.details,
    Number.isFinite(wait) && wait > 0 ? wait : null,
    envelope.help ?? null,
  );
}
