import { isBlack, type Size, WARM_UP_MS } from "./rules";

const LOOK_PX = 16;
const LOOK_AGAIN_MS = 50;

/** Gives single frames of a running camera. */
export class Frames {
  private readonly video = document.createElement("video");
  private readonly glass = document.createElement("canvas");
  private closed = false;

  constructor(stream: MediaStream) {
    this.glass.width = this.glass.height = LOOK_PX;
    Object.assign(this.video, { muted: true, playsInline: true, srcObject: stream });
    // Some phones do not play a video that stands in no document.
    this.video.className = "unseen";
    this.video.ariaHidden = "true";
    this.video.tabIndex = -1;
    document.body.append(this.video);
    this.play();
  }

  /** Go on after a pause; browsers stop a video that was hidden. */
  play(): void {
    // A refusal shows in that no frame comes.
    this.video.play().catch(() => undefined);
  }

  /** The camera's own size, once it has sent a frame. */
  get size(): Size {
    return { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  /** Give the frame of now, waiting for one that shows something; null where none comes in time. */
  async take(): Promise<ImageBitmap | null> {
    const end = performance.now() + WARM_UP_MS;
    do {
      const frame = await this.frame();
      if (frame !== null) return frame;
      await this.next(Math.min(LOOK_AGAIN_MS, end - performance.now()));
    } while (!this.closed && performance.now() < end);
    return null;
  }

  close(): void {
    this.closed = true;
    this.video.pause();
    this.video.srcObject = null;
    this.video.remove();
  }

  private async frame(): Promise<ImageBitmap | null> {
    if (this.closed || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    if (this.video.videoWidth === 0 || this.showsNothing()) return null;
    return createImageBitmap(this.video).catch(() => null);
  }

  private showsNothing(): boolean {
    const pen = this.glass.getContext("2d", { alpha: false, willReadFrequently: true });
    if (pen === null) return false;
    pen.drawImage(this.video, 0, 0, LOOK_PX, LOOK_PX);
    return isBlack(pen.getImageData(0, 0, LOOK_PX, LOOK_PX).data);
  }

  /** Resolves when the camera has sent another frame, at the latest in `ms`. */
  private next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, Math.max(0, ms));
      // Not in every browser yet; the time alone does, too.
      this.video.requestVideoFrameCallback?.(() => resolve());
    });
  }
}
