import type { Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import { type Connection, helpIn } from "../api/stream";
import type { MessageEntry } from "../outbox/entries";
import type { Visit } from "../visit";
import { Paths, take } from "./calls";
import type { Kept } from "./kept";
import { REUSED, type Transcript } from "./transcript.svelte";
import type { Wakings } from "./wakings";

const LONGEST_WAIT_MS = 45_000;
const MOST_ASKS = 5;
const BETWEEN_ASKS_MS = 500;

/** What bringing a message needs. */
export interface BringingParts {
  visit: Visit;
  kept: Kept;
  transcript: Transcript;
  wakings: Wakings;
  closing: AbortSignal;
  /** Resolves when it is known, as far as it can be, what the service has. */
  loaded: () => Promise<void>;
  /** The service has taken a message. */
  taken: (message: Id) => void;
}

/** Brings the outbox's messages: each is posted, shown as sent once it was accepted, and its reply is read on. */
export class Bringing {
  constructor(private readonly parts: BringingParts) {}

  /**
   * Resolves once the service has the message.
   * @throws Refused it will not take it as it is, and the words are kept here; Unreachable: try again later.
   */
  async bring(entry: MessageEntry): Promise<void> {
    const { visit, transcript } = this.parts;
    if (entry.session !== visit.session.id) return this.bringElsewhere(entry);
    await this.parts.loaded();
    const known = transcript.find(entry.message);
    // Read back from the service: it is kept there, and asking anew would ask the model anew.
    if (known?.turnNumber != null && known.message === entry.body.message) return;
    transcript.add(entry);
    const { accepted, connection } = await this.posted(entry);
    // Where the device keeps nothing, a read-back meanwhile has not found it here.
    transcript.add(entry);
    transcript.hear(entry.message, accepted);
    this.parts.taken(entry.message);
    if (this.parts.closing.aborted) this.hearHelp(connection);
    else transcript.follow(entry.message, connection);
  }

  private async bringElsewhere(entry: MessageEntry): Promise<void> {
    const { connection } = await take(this.parts.visit.api, new Paths(entry.session).turns, entry.body);
    this.hearHelp(connection);
  }

  /** Nobody reads this reply here; help that comes with it is shown all the same. */
  private hearHelp(connection: Connection): void {
    void helpIn(connection).then((help) => help !== null && this.parts.visit.showHelp());
  }

  private async posted(entry: MessageEntry) {
    const { visit } = this.parts;
    const path = new Paths(entry.session).turns;
    let helped = false;
    for (let ask = 0; ask < MOST_ASKS; ask += 1) {
      try {
        return await take(visit.api, path, entry.body);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // What is refused is read for risk all the same; help waits for no other reply.
        if (error.help !== null && !helped) visit.showHelp();
        helped ||= error.help !== null;
        if (error.code === "turn_running") {
          await this.runningEnded();
          continue;
        }
        if (isForGood(error)) await this.refused(entry, error.code);
        throw error;
      }
    }
    throw new Unreachable("timeout");
  }

  /** Another tab's message is being answered: its reply is read here, too, and this one waits for its end. */
  private async runningEnded(): Promise<void> {
    const { transcript, wakings, closing } = this.parts;
    if (!(await transcript.sync())) throw new Unreachable("network");
    await wakings.pause(BETWEEN_ASKS_MS, closing, false);
    const patience = wakings.pause(LONGEST_WAIT_MS, closing, false).then(() => "spent" as const);
    const outcome = await Promise.race([transcript.reading ?? Promise.resolve(), patience]);
    if (outcome === "spent") throw new Unreachable("timeout");
  }

  private async refused(entry: MessageEntry, code: string): Promise<void> {
    const { transcript } = this.parts;
    const known = transcript.find(entry.message);
    const others = code === REUSED && known?.whereabouts === "sent" && known.message !== entry.body.message;
    const exchange = others ? transcript.addBeside(entry) : known;
    if (exchange != null) await transcript.refuse(exchange, code);
  }
}

/**
 * Whether the outbox, too, gives the message up at once. Under a foreign login (404), and where the way is closed for
 * now (403, `chat_not_started`), it goes on keeping it, and says itself when it was refused for good.
 */
function isForGood({ status, code }: Refused): boolean {
  return [409, 413, 415, 422].includes(status) && code !== "chat_not_started";
}
