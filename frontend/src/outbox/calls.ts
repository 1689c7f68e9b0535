import type { Api } from "../api/client";
import type {
  AnswerReceipt,
  CaptureReceipt,
  Help,
  Id,
  Questionnaire,
  StoredAnswer,
  User,
} from "../api/contract";
import { Unreachable } from "../api/failures";
import { Connection, helpIn } from "../api/stream";
import type { AnnouncementEntry, AnswerEntry, CaptureEntry, MessageEntry } from "./entries";

const ACCEPTED_MS = 20_000;

/** Several answers that were saved by one call. */
type Progress = Pick<AnswerReceipt, "answered" | "total">;
type Together = Progress & { responses: Omit<AnswerReceipt, keyof Progress>[]; help?: Help };
/** The service wants 8 KiB a second on average after the first half minute. */
const FIRST_MS = 30_000;
const SLOWEST_BYTES_A_MS = 8;

/** How each kind of entry is brought to the service. All throw Refused, Unreachable, or the signal's reason. */
export class Calls {
  constructor(private readonly api: Api) {}

  /** Who is logged in. */
  async me(): Promise<Id> {
    return (await this.api.call<{ user: User }>("/auth/me", { timeoutMs: 10_000 })).user.id;
  }

  answer(entry: AnswerEntry, signal: AbortSignal): Promise<AnswerReceipt> {
    const path = `/sessions/${entry.session}/phq/responses/${entry.question}`;
    return this.api.call<AnswerReceipt>(path, { method: "PUT", body: entry.body, signal });
  }

  /** Of one session, each question once; the receipts come in the same order. */
  async answers(
    entries: readonly AnswerEntry[],
    signal: AbortSignal,
  ): Promise<{ responses: AnswerReceipt[]; help?: Help }> {
    const responses = entries.map((one) => ({ question_id: one.question, ...one.body }));
    const path = `/sessions/${entries[0]?.session ?? ""}/phq/responses`;
    const reply = await this.api.call<Together>(path, { method: "POST", body: { responses }, signal });
    // How far the questionnaire is stands beside them, once for all.
    const { answered, total } = reply;
    return { ...reply, responses: reply.responses.map((one) => ({ ...one, answered, total })) };
  }

  /** The answer that the service holds, to see whether it is newer than ours. */
  async stored(entry: AnswerEntry, signal: AbortSignal): Promise<StoredAnswer | undefined> {
    const phq = await this.api.call<Questionnaire>(`/sessions/${entry.session}/phq`, { signal });
    return phq.responses.find((one) => one.question_id === entry.question);
  }

  /**
   * Resolves once the service keeps the message; its reply goes on there, for whoever joins. `help`: what the reply
   * tells of it soon after, if the words are at risk; it never fails.
   */
  async message(entry: MessageEntry, signal: AbortSignal): Promise<{ help: Promise<Help | null> }> {
    const path = `/sessions/${entry.session}/chat/turns`;
    const over = new AbortController();
    const stop = () => over.abort(signal.reason);
    signal.addEventListener("abort", stop);
    const timer = setTimeout(() => over.abort(new Unreachable("timeout")), ACCEPTED_MS);
    try {
      const connection = await Connection.open(this.api, path, { method: "POST", body: entry.body }, over);
      for (;;) {
        const { done, value } = await connection.events.next();
        if (done === true) throw new Unreachable("network");
        if (value.kind === "accepted") return { help: helpIn(connection) };
      }
    } catch (error) {
      over.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Of one session. */
  async announcements(entries: readonly AnnouncementEntry[], signal: AbortSignal): Promise<unknown> {
    const path = `/sessions/${entries[0]?.session ?? ""}/captures/expected`;
    return this.api.call(path, {
      method: "POST",
      body: { captures: entries.map((one) => one.body) },
      signal,
    });
  }

  async capture(entry: CaptureEntry, signal: AbortSignal): Promise<CaptureReceipt> {
    const { picture } = entry;
    const path = `/sessions/${entry.session}/captures/${entry.capture}`;
    const reply = await this.api.call<{ capture: CaptureReceipt }>(path, {
      method: "PUT",
      raw: picture,
      headers: {
        "Content-Digest": `sha-256=:${base64(entry.sha256)}:`,
        "Capture-Metadata": asciiJson(entry.metadata),
      },
      timeoutMs: FIRST_MS + picture.size / SLOWEST_BYTES_A_MS,
      signal,
    });
    return reply.capture;
  }
}

export function base64(hex: string): string {
  const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  return btoa(String.fromCharCode(...bytes));
}

/** Headers carry ASCII alone. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
