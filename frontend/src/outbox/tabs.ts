import type { Help, Id } from "../api/contract";
import type { Device } from "./device";
import type { Delivered, RefusedEntry } from "./entries";
import type { Trouble } from "./sender";

/** What pages of one person tell each other. */
export type Note =
  /** The database changed; the page that sends also says how the way to the service is. */
  | { what: "changed"; trouble?: Trouble }
  | { what: "delivered"; delivered: Delivered }
  | { what: "refused"; refused: RefusedEntry; help: Help | null }
  /** The person acts in this page: it wants to send. */
  | { what: "wish" }
  | { what: "nudge" };

/** Told to all pages of the origin: who was seen to be logged in. */
interface Login {
  person: Id;
}

/** The other pages of this browser. */
export class Tabs {
  private readonly own: BroadcastChannel | null;
  private readonly all: BroadcastChannel | null;

  constructor(
    private readonly person: Id,
    device: Device,
    hear: (note: Note) => void,
    /** Another person's outbox was opened in another page: the cookie may be theirs. */
    otherLogin: () => void,
  ) {
    this.own = device.channel(`outbox-${person}`);
    this.all = device.channel("outbox-logins");
    if (this.own !== null) this.own.onmessage = (event: MessageEvent<Note>) => hear(event.data);
    if (this.all !== null) {
      this.all.onmessage = (event: MessageEvent<Login>) => {
        if (event.data.person !== person) otherLogin();
      };
    }
  }

  tell(note: Note): void {
    try {
      this.own?.postMessage(note);
    } catch {
      // What cannot be copied, or a line that is closed: the others find it in the database.
    }
  }

  tellLogin(): void {
    this.all?.postMessage({ person: this.person } satisfies Login);
  }

  close(): void {
    this.own?.close();
    this.all?.close();
  }
}
