import type { Made, Order } from "./frames.worker";
import { asJpeg, type Drawing, type Picture } from "./jpeg";

/** A picture that takes longer is given up: its worker hangs or is gone. */
const PATIENCE_MS = 10_000;

/** Makes pictures of frames in a worker, so that drawing and hashing never hold up a click; without one, here. */
export class PictureMaker {
  private worker: Worker | null = null;
  private last = 0;
  private readonly awaited = new Map<number, (made: Made | null) => void>();

  /** Give the picture of a frame, or null where none can be made; the frame is used up. */
  async make(drawing: Drawing): Promise<Picture | null> {
    const worker = this.ready();
    if (worker === null) return asJpeg(drawing).catch(() => null);
    const made = await this.ordered(worker, drawing);
    return made?.blob ? { blob: made.blob, sha256: made.sha256 } : null;
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const tell of [...this.awaited.values()]) tell(null);
  }

  private ready(): Worker | null {
    if (this.worker !== null) return this.worker;
    if (typeof OffscreenCanvas === "undefined" || typeof Worker === "undefined") return null;
    try {
      this.worker = new Worker(new URL("./frames.worker.ts", import.meta.url), { type: "module" });
    } catch {
      return null;
    }
    this.worker.onmessage = ({ data }: MessageEvent<Made>) => this.awaited.get(data.number)?.(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.close();
    };
    return this.worker;
  }

  private ordered(worker: Worker, drawing: Drawing): Promise<Made | null> {
    const number = ++this.last;
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.close(), PATIENCE_MS);
      this.awaited.set(number, (made) => {
        clearTimeout(patience);
        this.awaited.delete(number);
        resolve(made);
      });
      const order: Order = { ...drawing, number };
      worker.postMessage(order, [drawing.bitmap]);
    });
  }
}
