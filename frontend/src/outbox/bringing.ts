import type { Help } from "../api/contract";
import { Unreachable } from "../api/failures";
import type { Calls } from "./calls";
import type {
  AnnouncementEntry,
  AnswerEntry,
  BringMessage,
  CaptureEntry,
  Delivered,
  MessageEntry,
  NewEntry,
  RefusedEntry,
} from "./entries";
import type { Job, Waiting } from "./order";
import type { Queue } from "./queue";
import { sendAgain } from "./rules";
import type { Shelf } from "./shelf";

/** What becomes known of entries. */
export interface Told {
  delivered(delivered: Delivered): void;
  refused(refused: RefusedEntry, help: Help | null): void;
  /** The queue or the trouble changed. */
  changed(): void;
}

/** Brings what a job holds to the service, and takes it out of the queue once it is there. */
export class Bringing {
  bring: BringMessage | null = null;

  constructor(
    private readonly queue: Queue,
    private readonly shelf: Shelf,
    private readonly service: Calls,
    private readonly told: Told,
    private readonly serverNow: () => number,
  ) {}

  /** @throws Refused, Unreachable, the signal's reason; what was not taken by then still waits. */
  async all(job: Job, signal: AbortSignal): Promise<void> {
    const pairs = await this.opened(job.items);
    if (pairs.length > 0) await this.send(job.kind, pairs, signal);
  }

  /** For good: it goes to the list that the person sees. */
  async refuse(one: Waiting, code: string, requestId: string | null, help: Help | null): Promise<void> {
    const { kind, session, item } = one.row;
    const at = new Date(this.serverNow()).toISOString();
    const refused = { kind, session, item, code, requestId, at };
    const mine = await this.shelf.refuse(one.row, refused);
    this.queue.remove([one.row]);
    if (mine) this.told.refused(refused, help);
  }

  /** Entries with their rows; what cannot be opened any more is refused here and now. */
  private async opened(items: readonly Waiting[]): Promise<[Waiting, NewEntry][]> {
    const pairs: [Waiting, NewEntry][] = [];
    for (const one of items) {
      try {
        const entry = await this.shelf.open(one.row);
        if (entry === undefined) this.queue.remove([one.row]);
        else pairs.push([one, entry]);
      } catch (error) {
        if (!(error instanceof DOMException && error.name === "OperationError")) throw error;
        await this.refuse(one, "unreadable", null, null);
      }
    }
    return pairs;
  }

  private async send(
    kind: NewEntry["kind"],
    pairs: [Waiting, NewEntry][],
    signal: AbortSignal,
  ): Promise<void> {
    const first = pairs[0];
    if (first === undefined) return;
    const [one, entry] = first;
    if (kind === "answer") return this.sendAnswers(pairs as [Waiting, AnswerEntry][], signal);
    if (entry.kind === "message") return this.sendMessage(one, entry, signal);
    if (kind === "announcement") {
      const reply = await this.service.announcements(
        pairs.map((pair) => pair[1] as AnnouncementEntry),
        signal,
      );
      for (const [each, announced] of pairs) await this.taken(each, announced, reply, null);
      return;
    }
    const receipt = await this.service.capture(entry as CaptureEntry, signal);
    await this.taken(one, entry, receipt, null);
  }

  private async sendMessage(one: Waiting, entry: MessageEntry, signal: AbortSignal): Promise<void> {
    if (this.bring !== null) {
      await this.bring(entry);
      return this.taken(one, entry, null, null);
    }
    const { help } = await this.service.message(entry, signal);
    await this.taken(one, entry, null, null);
    // Neither the next message nor the sign waits for it.
    void help.then((told) => told !== null && this.told.delivered({ entry, reply: null, help: told }));
  }

  private async sendAnswers(pairs: [Waiting, AnswerEntry][], signal: AbortSignal): Promise<void> {
    const [first] = pairs;
    if (first === undefined) return;
    if (pairs.length === 1) {
      const reply = await this.service.answer(first[1], signal);
      return this.answered(first[0], first[1], reply, reply.help ?? null, signal);
    }
    const { responses, help } = await this.service.answers(
      pairs.map((pair) => pair[1]),
      signal,
    );
    let shown = help ?? null;
    for (const [one, entry] of pairs) {
      const reply = responses.find((each) => each.question_id === entry.question);
      if (reply === undefined) throw new Unreachable("unreadable");
      await this.answered(one, entry, reply, shown, signal);
      shown = null;
    }
  }

  private async answered(
    one: Waiting,
    entry: AnswerEntry,
    reply: { stale: boolean; version: number; value: number | null },
    help: Help | null,
    signal: AbortSignal,
  ): Promise<void> {
    if (reply.stale && (await this.raised(one, entry, reply, signal))) return;
    await this.taken(one, entry, reply, help);
  }

  /** Put the person's newest choice above the stored version, in the place of the one that came too late. */
  private async raised(
    one: Waiting,
    entry: AnswerEntry,
    reply: { version: number; value: number | null },
    signal: AbortSignal,
  ): Promise<boolean> {
    const newer = this.queue.rows.some(
      (row) =>
        row.kind === "answer" &&
        row.session === entry.session &&
        row.item === entry.question &&
        row.seq > one.row.seq,
    );
    if (!sendAgain(entry.body, reply, newer)) return false;
    const stored = await this.service.stored(entry, signal);
    if (!sendAgain(entry.body, stored, newer)) return false;
    const version = Math.max(stored?.version ?? 0, reply.version) + 1;
    const again = { ...entry, body: { ...entry.body, version } };
    const row = await this.shelf.replace(one.row, again, one.row.at);
    if (row === undefined) this.queue.remove([one.row]);
    else this.queue.replace(row);
    return true;
  }

  private async taken(one: Waiting, entry: NewEntry, reply: unknown, help: Help | null): Promise<void> {
    await this.shelf.drop([one.row]);
    this.queue.remove([one.row]);
    this.told.delivered({ entry: withoutPicture(entry), reply, help });
  }
}

function withoutPicture(entry: NewEntry): NewEntry {
  return entry.kind === "capture" ? { ...entry, picture: new Blob([]) } : entry;
}
