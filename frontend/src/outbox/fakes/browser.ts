import type { Device } from "../device";

interface Held {
  name: string;
  end: (error: Error) => void;
}

/** Web Locks as one browser shares them among its pages: exclusive, in order, and to be stolen. */
export class FakeLocks {
  private holder: Held | null = null;
  private queue: { run: () => void; signal: AbortSignal | undefined }[] = [];

  request(name: string, options: LockOptions, hold: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const held = { name, end: reject };
        this.holder = held;
        const over = (finish: () => void) => () => {
          if (this.holder === held) {
            this.holder = null;
            this.next();
          }
          finish();
        };
        hold().then(over(resolve), over(reject as () => void));
      };
      if (options.steal === true) {
        this.holder?.end(new DOMException("stolen", "AbortError"));
        return run();
      }
      options.signal?.addEventListener("abort", () => {
        this.queue = this.queue.filter((one) => one.run !== run);
        reject(new DOMException("called off", "AbortError"));
      });
      this.queue.push({ run, signal: options.signal });
      if (this.holder === null) this.next();
    });
  }

  private next(): void {
    this.queue.shift()?.run();
  }
}

/** One browser; each of its pages gets a device. */
export class FakeBrowser {
  readonly locks = new FakeLocks();

  page(): FakePage {
    return new FakePage(this.locks);
  }
}

export class FakePage implements Device {
  readonly locks: LockManager;
  asked = 0;
  private dead = false;
  private readonly held: (() => void)[] = [];
  private readonly channels: BroadcastChannel[] = [];
  private tell: (what: "back" | "online" | "offline") => void = () => undefined;

  constructor(locks: FakeLocks) {
    const request = (name: string, options: LockOptions, hold: () => Promise<void>): Promise<void> => {
      if (this.dead) return new Promise(() => undefined);
      const killed = new Promise<void>((resolve) => this.held.push(resolve));
      return locks.request(name, options, () =>
        this.dead ? Promise.resolve() : Promise.race([hold(), killed]),
      );
    };
    this.locks = { request } as unknown as LockManager;
  }

  channel(name: string): BroadcastChannel {
    const made = new BroadcastChannel(name);
    this.channels.push(made);
    return made;
  }

  persist(): void {
    this.asked += 1;
  }

  watch(tell: (what: "back" | "online" | "offline") => void): () => void {
    this.tell = tell;
    return () => undefined;
  }

  /** Its calls to the service; none comes back, and none begins, once it was killed. */
  over(fetching: typeof fetch): typeof fetch {
    return async (...call) => {
      if (this.dead) return new Promise<never>(() => undefined);
      const reply = await fetching(...call);
      return this.dead ? new Promise<never>(() => undefined) : reply;
    };
  }

  /** The browser lets it do nothing, but takes none of its locks away. */
  freeze(): void {
    this.dead = true;
    for (const channel of this.channels) channel.close();
  }

  /** The process is gone: its locks fall to others, and nothing of it is heard or said any more. */
  kill(): void {
    this.dead = true;
    for (const channel of this.channels) channel.close();
    for (const end of this.held) end();
  }

  /** The browser says so. */
  say(what: "back" | "online" | "offline"): void {
    this.tell(what);
  }
}
