import { untrack } from "svelte";
import type { Api } from "../api/client";
import type { CameraSettings, Id, Session, Trigger } from "../api/contract";
import type { Clock } from "../clock/clock";
import type { Outbox } from "../outbox/entries";
import { Captures, type Reference } from "./captures";
import {
  type CameraDevice,
  listCameras,
  openCamera,
  rememberDevice,
  whenDevicesChange,
  whenPermissionChanges,
} from "./devices";
import { Frames } from "./frames";
import {
  type CameraState,
  intervalOf,
  mayHold,
  nextDue,
  type Problem,
  sizeOf,
  type Stage,
  stateOf,
  WARM_UP_MS,
} from "./rules";

interface Parts {
  api: Api;
  clock: Clock;
  outbox: Outbox;
  session: () => Session;
  pageId: Id;
}

const SETTINGS_AGAIN_MS = 10_000;

/**
 * The camera of a visit: asked for once, held while the session wants it and this page owns it, and let go of by
 * itself when the agreement is taken back, the session ends or a newer page takes over. Reactive.
 */
export class Camera {
  private stage = $state<Stage>("off");
  private hidden = $state(document.hidden);
  private muted = $state(false);
  private trouble = $state<Problem | null>(null);
  private held = $state.raw<MediaStream | null>(null);
  private known = $state.raw<{ session: Id; settings: CameraSettings } | null>(null);
  private listed = $state.raw<readonly CameraDevice[]>([]);
  private chosenId = $state<string | null>(null);

  private readonly allowed = $derived.by(() => this.mayHold());
  private readonly interval = $derived.by(() => (this.settings === null ? null : intervalOf(this.settings)));
  readonly state: CameraState = $derived.by(() => this.tell());

  private frames: Frames | null = null;
  private captures: Captures;
  private unhook: (() => void) | null = null;
  /** Counts openings: one that was overtaken lets its stream go. */
  private turn = 0;
  private opening: Promise<void> = Promise.resolve();
  private bringing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: Parts) {
    this.captures = this.newCaptures();
  }

  get problem(): Problem | null {
    return this.state === "problem" ? this.trouble : null;
  }

  get stream(): MediaStream | null {
    return this.held;
  }

  get devices(): readonly CameraDevice[] {
    return this.listed;
  }

  /** The id of the camera in use. */
  get chosen(): string | null {
    return this.chosenId;
  }

  /** Whether the camera is being checked, and no picture is taken. */
  get checking(): boolean {
    return this.parts.session().next_step === "camera_check";
  }

  /** The study's settings, once known. */
  get settings(): CameraSettings | null {
    return this.known?.session === this.parts.session().id ? this.known.settings : null;
  }

  /** Ask for the camera, if the session wants one; also to try again. Resolves when it is known how it went. */
  async start(): Promise<void> {
    this.unhook ??= this.hook();
    if (this.stage === "problem") this.stage = "off";
    await this.begin();
  }

  /** Let the camera go for good; what was taken stays in the outbox. */
  stop(): void {
    this.unhook?.();
    this.unhook = null;
    this.release("off");
    const [before, own] = [this.bringing, this.captures.close()];
    this.bringing = before.then(() => own);
    this.captures = this.newCaptures();
  }

  /** Resolves when what was taken before the camera was let go is in the outbox, or after `mostMs`. */
  async brought(mostMs: number): Promise<void> {
    await Promise.race([this.bringing, new Promise((resolve) => setTimeout(resolve, mostMs))]);
  }

  /** Use another camera, now and at the next visit on this device. */
  async choose(deviceId: string): Promise<void> {
    rememberDevice(deviceId);
    this.release("off");
    await this.begin();
  }

  /** Take a picture if the study wants one at this; returns at once and never fails. */
  capture(trigger: Trigger, of: Reference = {}): void {
    if (this.unhook !== null) this.captures.fire(trigger, of);
  }

  private newCaptures(): Captures {
    const { clock, outbox, session } = this.parts;
    const lens = { state: () => this.state, settings: () => this.settings, frame: () => this.frame() };
    return new Captures({ clock, outbox, session, lens });
  }

  private mayHold(): boolean {
    const { session, pageId } = this.parts;
    return mayHold(session(), pageId) && this.settings?.recording_mode !== "OFF";
  }

  private tell(): CameraState {
    const { session, pageId, clock } = this.parts;
    const away = this.hidden || this.muted;
    return stateOf({ stage: this.stage, away, session: session(), pageId, serverNow: clock.now() });
  }

  /** The frame of now; waits a little for a camera that is being opened. */
  private async frame(): Promise<ImageBitmap | null> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, WARM_UP_MS));
    await Promise.race([this.opening, late]);
    return this.frames?.take() ?? null;
  }

  private begin(): Promise<void> {
    const wanted = this.unhook !== null && this.stage === "off" && !this.hidden && this.allowed;
    if (wanted) this.opening = this.open();
    return this.opening;
  }

  private async open(): Promise<void> {
    const turn = ++this.turn;
    this.stage = "asking";
    const settings = await this.readSettings();
    if (turn !== this.turn) return;
    // Where a check is asked for, the study takes pictures; else that is not known yet.
    const mayAsk = settings !== null || this.parts.session().camera_check.mode !== "off";
    if (!mayAsk || !this.allowed) return this.release("off");
    const opened = await openCamera(settings === null ? null : sizeOf(settings.resolution));
    if (turn !== this.turn) return opened.stream?.getTracks().forEach((track) => track.stop());
    if (opened.stream === null) return this.fail(opened.problem);
    this.hold(opened.stream);
    this.listed = await listCameras();
  }

  private hold(stream: MediaStream): void {
    const track = stream.getVideoTracks()[0];
    if (track === undefined) return this.fail("missing");
    this.held = stream;
    this.frames = new Frames(stream);
    this.chosenId = track.getSettings().deviceId ?? null;
    this.muted = track.muted;
    track.onmute = () => (this.muted = true);
    track.onunmute = () => (this.muted = false);
    // Phones take the camera from a page that is hidden: then it is asked for again when the page is seen.
    track.onended = () => (document.hidden ? this.release("off") : this.fail("lost"));
    this.trouble = null;
    this.stage = "running";
    this.seen();
  }

  private fail(problem: Problem): void {
    this.release("problem");
    this.trouble = problem;
  }

  private release(stage: "off" | "problem"): void {
    this.turn += 1;
    this.frames?.close();
    this.frames = null;
    this.held?.getTracks().forEach((track) => {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    });
    this.held = null;
    this.muted = false;
    this.stage = stage;
  }

  /** The settings, from the service, else as they were kept; null where neither has them now. */
  private async readSettings(): Promise<CameraSettings | null> {
    if (this.settings !== null) return this.settings;
    const { api, outbox, session } = this.parts;
    const id = session().id;
    const name = `camera/${id}`;
    try {
      const settings = await api.call<CameraSettings>(`/sessions/${id}/camera/settings`);
      this.learn(id, settings);
      await outbox.keep(name, settings, id);
    } catch {
      const kept = await outbox.kept<CameraSettings>(name).catch(() => undefined);
      if (this.settings === null && kept !== undefined) this.learn(id, kept);
    }
    return this.settings;
  }

  private learn(session: Id, settings: CameraSettings): void {
    this.known = { session, settings };
    if (this.settings !== null) this.captures.settle(settings);
  }

  /** A hidden page sends no pictures; its camera is silenced, not returned, so that nobody is asked again. */
  private readonly seen = (): void => {
    this.hidden = document.hidden;
    this.held?.getTracks().forEach((track) => (track.enabled = !document.hidden));
    if (document.hidden) return;
    this.frames?.play();
    this.recover();
  };

  private readonly recover = (): void => {
    const passing = this.trouble === "lost" || this.trouble === "busy" || this.trouble === "missing";
    if (this.stage === "problem" && passing) this.stage = "off";
    void this.begin();
  };

  private readonly permitted = (permission: PermissionState): void => {
    const had = this.stage === "running" || this.trouble === "lost";
    if (permission === "denied" && had) this.fail("denied");
    if (permission !== "granted" || this.stage !== "problem") return;
    this.stage = "off";
    void this.begin();
  };

  private hook(): () => void {
    this.hidden = document.hidden;
    const devicesChanged = () => {
      void listCameras().then((found) => (this.listed = found));
      if (this.stage === "problem") this.recover();
    };
    const again = setInterval(() => this.settings ?? void this.recoverSettings(), SETTINGS_AGAIN_MS);
    const noDevices = whenDevicesChange(devicesChanged);
    const noPermission = whenPermissionChanges(this.permitted);
    const noEffects = $effect.root(() => this.follow());
    document.addEventListener("visibilitychange", this.seen);
    return () => {
      clearInterval(again);
      noDevices();
      void noPermission.then((stop) => stop());
      noEffects();
      document.removeEventListener("visibilitychange", this.seen);
    };
  }

  private async recoverSettings(): Promise<void> {
    if (this.allowed && (await this.readSettings()) !== null) await this.begin();
  }

  private follow(): void {
    $effect(() => {
      const [allowed, known] = [this.allowed, this.settings !== null];
      if (allowed && !known) untrack(() => void this.recoverSettings());
    });
    $effect(() => {
      const allowed = this.allowed;
      untrack(() => (allowed ? void this.begin() : this.release("off")));
    });
    $effect(() => {
      if (this.state === "recording" && this.interval !== null) return this.takeEvery(this.interval);
      return undefined;
    });
  }

  private takeEvery(intervalMs: number): () => void {
    const { clock } = this.parts;
    const begunAt = clock.ticks();
    let timer: ReturnType<typeof setTimeout>;
    let due = begunAt;
    const plan = () => {
      const now = clock.ticks();
      // A timer may fire a little early: what was due then is not due once more.
      due = nextDue(begunAt, intervalMs, Math.max(now, due));
      timer = setTimeout(taken, due - now);
    };
    const taken = () => {
      this.capture("INTERVAL");
      plan();
    };
    plan();
    return () => clearTimeout(timer);
  }
}
