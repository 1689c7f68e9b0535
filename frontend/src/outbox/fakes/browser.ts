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
  private readonly channels: BroadcastChannel[] = [];
  private tell: (what: "back" | "online" | "offline") => void = () => undefined;

  constructor(locks: FakeLocks | undefined) {
    this.locks = locks as unknown as LockManager;
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

  /** The browser says so. */
  say(what: "back" | "online" | "offline"): void {
    this.tell(what);
  }
}
