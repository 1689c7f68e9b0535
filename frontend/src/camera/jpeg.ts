import type { Size } from "./rules";

export interface Drawing {
  bitmap: ImageBitmap;
  size: Size;
  /** Above 0 to 1. */
  quality: number;
}

export interface Picture {
  blob: Blob;
  /** Hex. */
  sha256: string;
}

/** Draw a frame at its size and give it as JPEG with its hash; the frame is used up. @throws where it cannot. */
export async function asJpeg({ bitmap, size, quality }: Drawing): Promise<Picture> {
  try {
    const blob = await drawn(bitmap, size, quality);
    return { blob, sha256: hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer())) };
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap: ImageBitmap, size: Size, quality: number): Promise<Blob> {
  const wish = { type: "image/jpeg", quality };
  if (typeof OffscreenCanvas !== "undefined") {
    const canvas = new OffscreenCanvas(size.width, size.height);
    paint(canvas.getContext("2d", { alpha: false }), bitmap, size);
    return checked(await canvas.convertToBlob(wish));
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  paint(canvas.getContext("2d", { alpha: false }), bitmap, size);
  const given = new Promise<Blob | null>((tell) => canvas.toBlob(tell, wish.type, quality));
  return checked(await given);
}

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;

function paint(pen: Pen, bitmap: ImageBitmap, { width, height }: Size): void {
  if (pen === null) throw new Error("no canvas");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, width, height);
}

/** A browser without JPEG gives PNG instead, and one without memory gives nothing. */
function checked(blob: Blob | null): Blob {
  if (blob === null || blob.size === 0 || blob.type !== "image/jpeg") throw new Error("no picture");
  return blob;
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
