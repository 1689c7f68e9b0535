import type { Help } from "../../api/contract";
import type { AnnouncementEntry, AnswerEntry } from "../entries";

interface Asked {
  method: string;
  path: string;
  body: unknown;
}

/** What a test lets befall a call, before it is done (`lost`: after). Undefined: nothing. */
export type Fault =
  "network" | "lost" | { status: number; code: string; retryAfter?: number; html?: boolean };

/** The service as the outbox sees it, by the contract's rules; its faults are the test's. */
export class FakeService {
  loggedIn: string | null = "person";
  owner = "person";
  readonly asked: Asked[] = [];
  /** Question to what is stored, and each value that ever came. */
  readonly answers = new Map<string, { value: number | null; version: number; session_ms: number }>();
  readonly revisions: { question: string; value: number | null; version: number; applied: boolean }[] = [];
  readonly messages: string[] = [];
  readonly announced = new Map<string, boolean>();
  readonly captures: string[] = [];
  /** What stands beside answers and in replies, and when the reply goes on after it said `accepted`. */
  help: Help | null = null;
  goesOn: Promise<void> = Promise.resolve();
  fault: (asked: Asked) => Fault | undefined | Promise<Fault | undefined> = () => undefined;

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const path = String(input).replace("/api", "");
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : init.body;
    const asked = { method: init.method ?? "GET", path, body };
    this.asked.push(asked);
    const fault = await orAborted(this.fault(asked), init.signal);
    if (fault === "network") throw new TypeError("Failed to fetch");
    if (typeof fault === "object") return refusal(fault);
    const reply = this.answer(asked);
    if (fault === "lost") throw new TypeError("Failed to fetch");
    return reply;
  };

  calls(method: string, part: string): Asked[] {
    return this.asked.filter((one) => one.method === method && one.path.includes(part));
  }

  private answer({ method, path, body }: Asked): Response {
    if (this.loggedIn === null) return refusal({ status: 401, code: "login_required" });
    if (path === "/auth/me") return ok({ user: { id: this.loggedIn, username: "p", role: "participant" } });
    if (this.loggedIn !== this.owner) return refusal({ status: 404, code: "not_found" });
    const last = path.split("/").at(-1) ?? "";
    if (path.endsWith("/phq/responses")) return this.together(body as { responses: object[] });
    if (path.includes("/phq/responses/")) return ok(this.save(last, body as AnswerEntry["body"]));
    if (path.endsWith("/phq")) {
      return ok({ responses: [...this.answers].map(([question_id, one]) => ({ question_id, ...one })) });
    }
    if (path.endsWith("/chat/turns")) return this.message(body as { message_id: string });
    if (path.endsWith("/captures/expected")) {
      for (const one of (body as { captures: AnnouncementEntry["body"][] }).captures) {
        if (!this.announced.has(one.capture_id)) this.announced.set(one.capture_id, one.skipped === true);
      }
      return ok({ expected: this.announced.size, received: 0 });
    }
    if (method === "PUT" && path.includes("/captures/")) {
      if (!this.captures.includes(last)) this.captures.push(last);
      return ok({ capture: { id: last, kept: true } });
    }
    return refusal({ status: 404, code: "not_found" });
  }

  private together({ responses }: { responses: object[] }): Response {
    const all = responses as (AnswerEntry["body"] & { question_id: string })[];
    if (new Set(all.map((one) => one.question_id)).size < all.length)
      return refusal({ status: 422, code: "invalid" });
    const saved = all.map((one) => ({
      ...this.save(one.question_id, one),
      answered: undefined,
      total: undefined,
    }));
    return ok({ responses: saved, answered: this.answers.size, total: 9 });
  }

  private save(question: string, body: AnswerEntry["body"]): object {
    const { value, version, session_ms } = body;
    const now = this.answers.get(question);
    const repeat = now?.version === version && now.value === value;
    const stale = !repeat && now !== undefined && version <= now.version;
    const known = this.revisions.some(
      (one) => one.question === question && one.value === value && one.version === version,
    );
    if (!stale && !repeat) this.answers.set(question, { value, version, session_ms });
    if (!repeat && !known) this.revisions.push({ question, value, version, applied: !stale });
    const kept = this.answers.get(question);
    return {
      ...(this.help === null ? {} : { help: this.help }),
      question_id: question,
      value: kept?.value,
      version: kept?.version,
      stale,
      answered: 0,
      total: 9,
    };
  }

  private message({ message_id }: { message_id: string }): Response {
    if (!this.messages.includes(message_id)) this.messages.push(message_id);
    const { help, goesOn } = this;
    const accepted = `event: accepted\nid: 0\ndata: {"turn_number":1,"message_id":"${message_id}"}\n\n`;
    const helped = help === null ? "" : `event: help\ndata: ${JSON.stringify(help)}\n\n`;
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(accepted));
        await goesOn;
        controller.enqueue(new TextEncoder().encode(helped));
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

function ok(data: unknown): Response {
  return Response.json(
    { status: "OLKORECT", data },
    { headers: { "X-Server-Time": new Date().toISOString() } },
  );
}

function refusal({ status, code, retryAfter, html }: Exclude<Fault, string>): Response {
  const headers: Record<string, string> = { "X-Request-ID": "request-1" };
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  if (html === true) return new Response("<h1>Bad gateway</h1>", { status, headers });
  return Response.json({ status: "SNAFU", error: "No.", code, request_id: "request-1" }, { status, headers });
}

async function orAborted<T>(work: T | Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  const aborted = new Promise<never>((_, fail) => {
    if (signal?.aborted === true) fail(signal.reason as Error);
    signal?.addEventListener("abort", () => fail(signal.reason as Error));
  });
  return Promise.race([Promise.resolve(work), aborted]);
}
