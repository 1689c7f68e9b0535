import type { Id, Interview } from "../api/contract";
import type { Outbox } from "../outbox/entries";
import type { Exchange, NotSent } from "./log";

/** What is being written. Its id is the message's own from the first letter on, so that no tab can send it twice. */
export interface Draft {
  message_id: Id;
  text: string;
  typing_started_ms: number | null;
}

/** The interview as it was last seen, for a page that is opened without a network. */
export interface Seen {
  interview: Omit<Interview, "turns">;
  exchanges: Exchange[];
}

const PAUSE_MS = 120;

/** What the chat keeps on this device beside the outbox's entries, under names of its interview. */
export class Kept {
  private latest: Draft | null = null;
  private writing: Promise<void> | null = null;
  /** Each change reads what the one before it wrote. */
  private changes: Promise<void> = Promise.resolve();

  constructor(
    private readonly outbox: Outbox,
    private readonly session: Id,
    /** An interview that is begun anew has an id of its own. */
    private readonly interview: Id,
  ) {}

  draft(): Promise<Draft | undefined> {
    return this.read<Draft>("draft");
  }

  /** Keep the draft as it is by now: one write at a time, the newest text next. Never fails. */
  keepDraft(draft: Draft): void {
    this.latest = draft;
    this.writing ??= this.write();
  }

  /** The id under which the greeting was asked for, so that asking again is a repeat. */
  start(): Promise<Id | undefined> {
    return this.read<Id>("start");
  }

  keepStart(id: Id): Promise<void> {
    return this.keep("start", id);
  }

  /** Words that were refused, of interviews that were begun anew, too. */
  async notSent(): Promise<NotSent[]> {
    return (await this.read<NotSent[]>("not-sent", this.session)) ?? [];
  }

  keepNotSent(one: NotSent): Promise<void> {
    return this.changeNotSent((all) => [...without(all, one.message_id), one]);
  }

  forgetNotSent(id: Id): Promise<void> {
    return this.changeNotSent((all) => without(all, id));
  }

  seen(): Promise<Seen | undefined> {
    return this.read<Seen>("seen");
  }

  keepSeen(seen: Seen): Promise<void> {
    return this.keep("seen", seen);
  }

  /** The turn at risk whose help was shown above all, here or before a reload. */
  helped(): Promise<Id | undefined> {
    return this.read<Id>("helped");
  }

  keepHelped(id: Id): Promise<void> {
    return this.keep("helped", id);
  }

  private changeNotSent(change: (all: NotSent[]) => NotSent[]): Promise<void> {
    this.changes = this.changes.then(async () =>
      this.keep("not-sent", change(await this.notSent()), this.session),
    );
    return this.changes;
  }

  private async write(): Promise<void> {
    try {
      while (this.latest !== null) {
        const draft = this.latest;
        this.latest = null;
        await this.keep("draft", draft);
        if (this.latest !== null) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } finally {
      this.writing = null;
    }
  }

  // A device without room loses comfort, no word that was sent: the outbox says so itself. All goes with the session.
  private async keep(name: string, value: unknown, of = this.interview): Promise<void> {
    await this.outbox.keep(`chat/${of}/${name}`, value, this.session).catch(() => undefined);
  }

  private read<T>(name: string, of = this.interview): Promise<T | undefined> {
    return this.outbox.kept<T>(`chat/${of}/${name}`).catch(() => undefined);
  }
}

function without(all: readonly NotSent[], id: Id): NotSent[] {
  return all.filter((one) => one.message_id !== id);
}
