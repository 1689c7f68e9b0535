/** Who leads does not answer for so long: it sleeps, and the browser keeps its lock. */
const PATIENCE_MS = 1_500;
/** What only this page can send lets another page lead for so long: that may have such things, too. */
const TURN_MS = 5_000;

export interface Leading {
  /** This page is the one that sends. */
  won(): void;
  /** Finish, soon, what another page must not begin beside this one. */
  finish(): Promise<void>;
  /** Another page sends. */
  lost(): void;
  /** Whether something waits that only this page can send. */
  carries(): boolean;
}

/**
 * One page of a person sends at a time: who holds the lock. The page in which the person acts asks for it; a page
 * that is closed or killed hands it on. Without Web Locks each page sends: repeats with the same ids are safe.
 */
export class Leader {
  leads = false;
  private release: (() => void) | null = null;
  private queued: AbortController | null = null;
  private patience: ReturnType<typeof setTimeout> | null = null;
  private turn: ReturnType<typeof setTimeout> | undefined;
  private takes = false;
  private closed = false;

  constructor(
    private readonly name: string,
    private readonly locks: LockManager | undefined,
    private readonly wish: () => void,
    private readonly leading: Leading,
  ) {}

  begin(): void {
    if (this.locks === undefined) this.win();
    else void this.queue(this.locks);
  }

  /** Lead as soon as the page that leads has finished; without its leave if it is silent. */
  want(): void {
    if (this.leads || this.closed || this.patience !== null) return;
    this.wish();
    this.patience = setTimeout(() => {
      this.patience = null;
      if (this.leads || this.closed) return;
      this.takes = true;
      this.queued?.abort();
    }, PATIENCE_MS);
  }

  /** Lead, if the page has to do so itself. */
  wantTurn(): void {
    if (this.leading.carries()) this.want();
  }

  /** Another page wants to lead. */
  async giveWay(): Promise<void> {
    if (!this.leads || this.locks === undefined) return;
    await this.leading.finish();
    this.release?.();
  }

  close(): void {
    this.closed = true;
    if (this.patience !== null) clearTimeout(this.patience);
    this.release?.();
    this.queued?.abort();
    this.lose();
    clearTimeout(this.turn);
  }

  private async queue(locks: LockManager): Promise<void> {
    while (!this.closed) {
      const takes = this.takes;
      this.takes = false;
      this.queued = new AbortController();
      try {
        // Who takes it needs no place in the queue, and may not have both.
        const options: LockOptions = takes ? { steal: true } : { signal: this.queued.signal };
        await locks.request(this.name, options, () => this.hold());
      } catch (error) {
        // Taken by another page, or called off to take it; else the browser gives no locks here.
        if (!(error instanceof DOMException && error.name === "AbortError")) return this.win();
      }
      this.lose();
    }
  }

  private hold(): Promise<void> {
    const released = new Promise<void>((resolve) => {
      this.release = resolve;
    });
    if (this.closed) return Promise.resolve();
    this.win();
    return released;
  }

  private win(): void {
    if (this.patience !== null) clearTimeout(this.patience);
    this.patience = null;
    this.leads = true;
    this.leading.won();
  }

  private lose(): void {
    this.release = null;
    if (!this.leads) return;
    this.leads = false;
    this.leading.lost();
    clearTimeout(this.turn);
    this.turn = setTimeout(() => this.wantTurn(), TURN_MS);
  }
}
