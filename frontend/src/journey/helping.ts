import type { Delivered } from "../outbox/entries";

/** A click that shows the help is stamped after it, in the same moment. */
const SAME_MOMENT_MS = 1_000;

/** Shows the help: at once to who asks, and when it comes beside what was brought, unless it was shown since. */
export class Helping {
  private shownAt = -Infinity;

  constructor(
    private readonly open: () => void,
    /** The device's clock, by which entries are stamped, too. */
    private readonly now: () => number = () => Date.now(),
  ) {}

  show(): void {
    this.shownAt = this.now();
    this.open();
  }

  /** The words or the answer may be of before a reload, or their chat may not be open: nobody else shows it then. */
  delivered({ entry, help }: Delivered): void {
    if (help === null || (entry.kind !== "answer" && entry.kind !== "message")) return;
    const chosenAt = Date.parse(entry.body.client_time);
    if (this.shownAt + SAME_MOMENT_MS < chosenAt) this.show();
  }
}
