import { asJpeg, type Drawing } from "./jpeg";

/** One picture to make; the bitmap is handed over, not copied. */
export interface Order extends Drawing {
  number: number;
}

export type Made = { number: number; blob: Blob; sha256: string } | { number: number; blob: null };

const here = self as unknown as DedicatedWorkerGlobalScope;

here.onmessage = ({ data }: MessageEvent<Order>) => {
  void make(data).then((made) => here.postMessage(made));
};

async function make(order: Order): Promise<Made> {
  try {
    return { number: order.number, ...(await asJpeg(order)) };
  } catch {
    return { number: order.number, blob: null };
  }
}
