import type { Announcement, CameraSettings, Id, Session, Trigger } from "../api/contract";
import type { Clock, Stamp } from "../clock/clock";
import type { Outbox } from "../outbox/entries";
import { PictureMaker } from "./maker";
import {
  type CameraState,
  fitted,
  isOpen,
  judge,
  mayLeave,
  type Moment,
  sizeOf,
  type Verdict,
  WARM_UP_MS,
} from "./rules";

/** What a picture goes with. */
export interface Reference {
  question_id?: Id;
  message_id?: Id;
}

/** The camera as it is seen from here. */
export interface Lens {
  state(): CameraState;
  /** The study's settings for the session of now; null while they are not known. */
  settings(): CameraSettings | null;
  /** The frame of now, null where none can be had. */
  frame(): Promise<ImageBitmap | null>;
}

interface Parts {
  clock: Clock;
  outbox: Outbox;
  session: () => Session;
  lens: Lens;
}

/** A trigger at the time when it fired. */
interface Fired {
  trigger: Trigger;
  of: Reference;
  session: Session;
  at: number;
  stamp: Stamp;
}

/** Triggers that fired before the study's settings were known; more are forgotten. */
const MOST_EARLY = 50;

/** Judges triggers, announces pictures, makes them, and gives them to the outbox; nobody waits for it. */
export class Captures {
  private early: Fired[] = [];
  private readonly maker = new PictureMaker();
  private counted: { session: Id; announced: number } | null = null;
  private lastAt: number | null = null;
  private underWay = 0;
  private closed = false;
  private readonly closing: (() => void)[] = [];

  constructor(private readonly parts: Parts) {}

  /** The study's settings came: judge what fired before. */
  settle(settings: CameraSettings): void {
    for (const fired of this.early.splice(0)) this.consider(fired, settings);
  }

  /** A trigger fired: returns at once. */
  fire(trigger: Trigger, of: Reference): void {
    const { clock, session } = this.parts;
    const now = session();
    const fired = { trigger, of, session: now, at: clock.ticks(), stamp: clock.stamp(now.created_at) };
    const settings = this.parts.lens.settings();
    if (settings !== null) this.consider(fired, settings);
    else if (this.early.length < MOST_EARLY) this.early.push(fired);
  }

  /** Take nothing more; what is under way is brought to its end. Resolves when it is there, in the outbox. */
  close(): Promise<void> {
    this.closed = true;
    this.early = [];
    return new Promise((resolve) => {
      this.closing.push(resolve);
      this.done();
    });
  }

  private done(): void {
    if (!this.closed || this.underWay > 0) return;
    this.maker.close();
    for (const closed of this.closing.splice(0)) closed();
  }

  private consider(fired: Fired, settings: CameraSettings): void {
    const verdict = judge(fired.trigger, this.moment(fired, settings));
    if (verdict.what === "no") return;
    this.lastAt = fired.at;
    this.count(fired.session).announced += 1;
    this.underWay += 1;
    void this.bring(fired, settings, verdict)
      // The device has no room, which the outbox says itself; what was announced is missing, as the ledger tells.
      .catch(() => undefined)
      .finally(() => {
        this.underWay -= 1;
        this.done();
      });
  }

  private moment(fired: Fired, settings: CameraSettings): Moment {
    const { lens, outbox, clock } = this.parts;
    return {
      settings,
      state: lens.state(),
      open: isOpen(fired.session, clock.now()),
      now: fired.at,
      lastAt: this.lastAt,
      announced: this.count(fired.session).announced,
      underWay: this.underWay,
      room: outbox.roomForPictures,
    };
  }

  private count(session: Session): { announced: number } {
    if (this.counted?.session !== session.id) {
      this.counted = { session: session.id, announced: session.captures.expected };
      this.lastAt = null;
    }
    return this.counted;
  }

  /** The announcement goes first, with the truth of whether there will be a picture: it is never changed. */
  private async bring(fired: Fired, settings: CameraSettings, verdict: Verdict): Promise<void> {
    const bitmap = verdict.what === "take" ? await this.frameFor(fired) : null;
    if (!this.mayLeave(fired)) return bitmap?.close();
    const { trigger, of, stamp } = fired;
    const capture = crypto.randomUUID();
    const metadata = { trigger, ...stamp, ...of };
    const body: Announcement = { capture_id: capture, ...metadata };
    if (bitmap === null) body.skipped = true;
    const { outbox } = this.parts;
    const announced = outbox.put({ kind: "announcement", session: fired.session.id, body });
    if (bitmap === null) return announced;

    const size = fitted({ width: bitmap.width, height: bitmap.height }, sizeOf(settings.resolution));
    const made = this.maker.make({ bitmap, size, quality: settings.quality });
    const [picture] = await Promise.all([made, announced]);
    if (picture === null || !this.mayLeave(fired)) return;
    const { blob, sha256 } = picture;
    await outbox.put({
      kind: "capture",
      session: fired.session.id,
      capture,
      metadata,
      sha256,
      picture: blob,
    });
  }

  private async frameFor(fired: Fired): Promise<ImageBitmap | null> {
    await afterPaint();
    // A frame of long after shows another moment than the one that was asked for.
    if (this.parts.clock.ticks() - fired.at > WARM_UP_MS) return null;
    return this.parts.lens.frame();
  }

  private mayLeave(fired: Fired): boolean {
    const now = this.parts.session();
    return now.id === fired.session.id && mayLeave(now);
  }
}

/** Resolves when what the person did has been painted, so that no frame is drawn before. */
function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    // A page that is being hidden paints no more.
    setTimeout(resolve, 100);
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}
