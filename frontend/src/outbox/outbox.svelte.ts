import type { Api } from "../api/client";
import type { Help, Id } from "../api/contract";
import type { Clock } from "../clock/clock";
import { Bringing } from "./bringing";
import { Calls } from "./calls";
import { theDevice, type Device } from "./device";
import type {
  BringMessage,
  CaptureEntry,
  Delivered,
  Kind,
  NewEntry,
  Outbox,
  RefusedEntry,
  Sign,
  Standing,
} from "./entries";
import { courseOf, Keeping } from "./keeping";
import { Leader } from "./leader";
import { others, register } from "./people";
import { Queue } from "./queue";
import { isOf, type Row } from "./rows";
import { LANE } from "./rules";
import { Sender, type Trouble } from "./sender";
import { Shelves } from "./shelves";
import { Store } from "./store";
import { Tabs, type Note } from "./tabs";

export { leftOnThisDevice, wipe } from "./people";

/** Bytes of pictures that may wait; past that none is taken. In memory less: a phone's page has little. */
const ROOM = 40 * 1024 * 1024;
const ROOM_IN_MEMORY = 10 * 1024 * 1024;
/** A picture of usual size, before one was seen. */
const USUAL_PICTURE = 256 * 1024;

/** A page has one outbox at a time. */
const boxes = new WeakMap<Device, Box>();

/** Open the queue of the person who is logged in; what waits from earlier visits is sent. Never throws. */
export async function openOutbox(
  person: Id,
  api: Api,
  clock: Clock,
  device: Device = theDevice(),
): Promise<Outbox> {
  boxes.get(device)?.close();
  let store: Store | null = null;
  try {
    await register(person);
    store = await Store.open(person);
    device.persist();
  } catch {
    // The sign says that the device keeps nothing.
  }
  const box = new Box(person, new Shelves(store), new Calls(api), clock, device);
  boxes.set(device, box);
  await box.begin();
  void others(person, clock.known ? clock.now() : null).catch(() => undefined);
  return box;
}

class Box implements Outbox {
  waiting: Record<Kind, number> = $state({ answer: 0, message: 0, announcement: 0, capture: 0 });
  pictureBytes = $state(0);
  refused: RefusedEntry[] = $state([]);
  private trouble: Trouble = $state(null);
  private overflowing = $state(false);
  private usualPicture = $state(USUAL_PICTURE);
  /** The device had no room for the last picture; another is tried when one was sent. */
  private crammed = $state(false);
  /** Words that the device has not written yet: neither kept nor sent. */
  private writing = $state(0);

  private readonly queue = new Queue();
  private readonly keeping: Keeping;
  private readonly bringing: Bringing;
  private readonly sender: Sender;
  private readonly leader: Leader;
  private readonly tabs: Tabs;
  private readonly unwatch: () => void;
  private readonly deliveries = new Set<(delivered: Delivered) => void>();
  private readonly refusals = new Set<(refused: RefusedEntry, help: Help | null) => void>();
  private settling: { session: Id; resolve: () => void }[] = [];
  /** Words are put one after the other, so that they are kept in the order of their clicks; pictures beside them. */
  private readonly lines = { words: Promise.resolve(), pictures: Promise.resolve() };
  private closed = false;

  constructor(
    person: Id,
    private readonly shelves: Shelves,
    calls: Calls,
    private readonly clock: Clock,
    device: Device,
  ) {
    const told = {
      delivered: (delivered: Delivered) => this.delivered(delivered),
      refused: (refused: RefusedEntry, help: Help | null) => this.wasRefused(refused, help),
      changed: () => this.changed(),
    };
    this.keeping = new Keeping(shelves, clock, () => this.letGo());
    this.bringing = new Bringing(this.queue, shelves, calls, told, () => clock.now());
    this.sender = new Sender(person, this.queue, calls, this.bringing, told);
    this.tabs = new Tabs(
      person,
      device,
      (note) => this.hear(note),
      () => this.sender.doubt(),
    );
    // Without a database pages have nothing in common of which one alone should send.
    const locks = shelves.durable ? device.locks : undefined;
    this.leader = new Leader(`outbox-${person}`, locks, () => this.tabs.tell({ what: "wish" }), {
      // Another page may have asked for it again meanwhile.
      won: () => void this.reload().then(() => this.begins()),
      finish: () => this.sender.finish(),
      lost: () => this.sender.stop(),
      carries: () => shelves.carries,
    });
    this.unwatch = device.watch((what) => this.saw(what));
  }

  get durable(): boolean {
    return this.shelves.durable;
  }

  get sign(): Sign {
    if (this.overflowing) return "full";
    // What the device has not written yet is not kept on it, whatever the way to the service is.
    if (this.writing > 0) return "saving";
    if (this.trouble !== null) return this.trouble;
    return this.wordsWait > 0 ? "saving" : "saved";
  }

  get roomForPictures(): boolean {
    return !this.crammed && this.pictureBytes + this.usualPicture <= this.room;
  }

  private get room(): number {
    return this.durable ? ROOM : ROOM_IN_MEMORY;
  }

  /** Read what waits, and queue up for sending. */
  async begin(): Promise<void> {
    await this.reload();
    // The login may have changed since what waits was put; a page that begins with nothing was just told who it is.
    if (this.queue.all.length > 0) this.sender.doubt();
    this.refused = await this.shelves.refusals().catch(() => []);
    this.tabs.tellLogin();
    this.leader.begin();
    void this.keeping.tidy();
  }

  put(entry: NewEntry): Promise<void> {
    const line = entry.kind === "capture" ? "pictures" : "words";
    const words = entry.kind === "answer" || entry.kind === "message";
    if (words) this.writing += 1;
    const done = this.lines[line].then(() => this.store(entry)).finally(() => words && (this.writing -= 1));
    this.lines[line] = done.catch(() => undefined);
    return done;
  }

  async unsent(session: Id): Promise<NewEntry[]> {
    const rows = this.queue.rows.filter((row) => row.session === session && row.kind !== "capture");
    const entries = await Promise.all(rows.map((row) => this.shelves.open(row).catch(() => undefined)));
    return entries.filter((entry) => entry !== undefined);
  }

  whenDelivered(tell: (delivered: Delivered) => void): () => void {
    this.deliveries.add(tell);
    return () => void this.deliveries.delete(tell);
  }

  whenRefused(tell: (refused: RefusedEntry, help: Help | null) => void): () => void {
    this.refusals.add(tell);
    return () => void this.refusals.delete(tell);
  }

  async dismissRefused(): Promise<void> {
    this.refused = [];
    await this.shelves.dismissRefusals().catch(() => undefined);
    this.count();
    await this.keeping.tidy();
  }

  bringMessagesBy(bring: BringMessage | null): void {
    this.bringing.bring = bring;
    if (bring !== null) this.leader.want();
  }

  picturesWait(session: Id): number {
    // Who draws this is told when the queue changes: then these are counted anew.
    void this.waiting;
    const rows = this.queue.rows.filter((row) => row.session === session && LANE[row.kind] !== "words");
    return new Set(rows.map((row) => row.item)).size;
  }

  async settled(session: Id): Promise<void> {
    // What was chosen just now counts, though the device may still be writing it.
    await this.lines.words;
    if (this.wordsWaitOf(session))
      await new Promise<void>((resolve) => this.settling.push({ session, resolve }));
  }

  nudge(): void {
    this.tabs.tell({ what: "nudge" });
    this.leader.want();
    this.sender.nudge();
  }

  async forget(session: Id, kinds?: readonly Kind[]): Promise<void> {
    await Promise.all(Object.values(this.lines));
    await this.shelves.forget(session, kinds);
    this.queue.remove(this.queue.rows.filter((row) => isOf(row, session, kinds)));
    if (kinds === undefined) this.refused = this.refused.filter((one) => one.session !== session);
    this.changed();
    // The page that sends has these rows, too, and what it needs to send them.
    this.tabs.tell({ what: "changed" });
    await this.keeping.tidy();
  }

  keep(name: string, value: unknown, session?: Id): Promise<void> {
    return this.keeping.keep(name, value, session ?? null);
  }

  kept<T>(name: string): Promise<T | undefined> {
    return this.keeping.kept<T>(name);
  }

  ended(session: Id, state: string, at: string): Promise<void> {
    return this.keeping.learn({ session, state, until: Date.parse(at) });
  }

  follow(standing: Standing): Promise<void> {
    return this.keeping.learn(courseOf(standing));
  }

  close(): void {
    this.closed = true;
    this.keeping.close();
    this.unwatch();
    this.leader.close();
    this.tabs.close();
    void Promise.all(Object.values(this.lines)).then(() => this.shelves.close());
  }

  private get wordsWait(): number {
    return this.waiting.answer + this.waiting.message;
  }

  private wordsWaitOf(session: Id): boolean {
    return this.queue.rows.some((row) => row.session === session && LANE[row.kind] === "words");
  }

  private async store(entry: NewEntry): Promise<void> {
    if (entry.kind === "capture") {
      this.usualPicture = Math.max(entry.picture.size, 1);
      if (this.pictureBytes + entry.picture.size > this.room) return this.skip(entry);
    }
    let row: Row;
    try {
      row = await this.shelves.add(entry, this.clock.now());
    } catch {
      // Where nothing waits, nothing will make room by being sent: the next picture is tried.
      this.crammed = this.pictureBytes > 0;
      return entry.kind === "capture" ? this.storeBesideDevice(entry) : undefined;
    }
    this.stored(row);
  }

  /** An announcement that was sent has promised the picture: the ledger would not take that it is skipped. */
  private async storeBesideDevice(entry: CaptureEntry): Promise<void> {
    const bytes = this.shelves.pictureBytesInMemory + entry.picture.size;
    if (this.queue.announcementOf(entry) !== undefined || bytes > ROOM_IN_MEMORY) return this.skip(entry);
    const row = await this.shelves.hold(entry, this.clock.now()).catch(() => null);
    return row === null ? this.skip(entry) : this.stored(row);
  }

  private stored(row: Row): void {
    this.queue.add(row);
    this.keeping.began();
    this.changed();
    this.tabs.tell({ what: "changed" });
    this.more(row.kind);
  }

  private more(kind: Kind): void {
    if (!this.leader.leads) this.leader.want();
    this.sender.more(kind);
  }

  /** Tell the ledger that a picture was not kept: in the place of its announcement, if that still waits. */
  private async skip(entry: CaptureEntry): Promise<void> {
    const { session, capture, metadata } = entry;
    const body = { ...metadata, capture_id: capture, skipped: true };
    const waits = this.queue.announcementOf(entry);
    if (waits === undefined) return this.put({ kind: "announcement", session, body });
    const row = await this.shelves.replace(waits.row, { kind: "announcement", session, body }, waits.row.at);
    if (row !== undefined) this.queue.replace(row);
    this.more("announcement");
  }

  /** What had its time is gone. Whether nothing waits any more, so that all of it may go. */
  private async letGo(): Promise<boolean> {
    await this.reload();
    return this.queue.all.length === 0;
  }

  /** This page sends from now on, if no other asked for it meanwhile; what it says of the way is its own. */
  private begins(): void {
    if (!this.leader.leads) return;
    this.sender.start();
    this.changed();
  }

  private async reload(): Promise<void> {
    await this.queue.reload(() => this.shelves.rows()).catch(() => undefined);
    this.count();
  }

  /** Something changed here: other pages, and who looks at this one, are told. */
  private changed(): void {
    if (this.leader.leads && this.trouble !== this.sender.trouble) {
      this.trouble = this.sender.trouble;
      this.tabs.tell({ what: "changed", trouble: this.trouble });
    }
    this.count();
  }

  private count(): void {
    const counts: Record<Kind, number> = { answer: 0, message: 0, announcement: 0, capture: 0 };
    let bytes = 0;
    for (const row of this.queue.rows) {
      counts[row.kind] += 1;
      if (row.kind === "capture") bytes += row.size;
    }
    if (bytes < this.pictureBytes) this.crammed = false;
    this.waiting = counts;
    this.pictureBytes = bytes;
    this.overflowing = this.shelves.overflowing;
    // Another session's words, such as those of one that the service cannot take, hold up no handing in.
    const done = this.settling.filter(({ session }) => !this.wordsWaitOf(session));
    this.settling = this.settling.filter((one) => !done.includes(one));
    for (const { resolve } of done) resolve();
  }

  private delivered(delivered: Delivered): void {
    this.count();
    for (const tell of this.deliveries) tell(delivered);
    this.tabs.tell({ what: "delivered", delivered });
    void this.keeping.tidyAfter(delivered.entry.session);
  }

  private wasRefused(refused: RefusedEntry, help: Help | null): void {
    this.refused = [...this.refused, refused];
    this.count();
    for (const tell of this.refusals) tell(refused, help);
    this.tabs.tell({ what: "refused", refused, help });
  }

  private hear(note: Note): void {
    if (this.closed) return;
    switch (note.what) {
      case "wish":
        return void this.leader.giveWay();
      case "nudge":
        return this.sender.nudge();
      case "changed":
        if (note.trouble !== undefined && !this.leader.leads) this.trouble = note.trouble;
        return void this.reload().then(() => this.sender.pump());
      case "delivered":
        for (const tell of this.deliveries) tell(note.delivered);
        return void this.reload();
      case "refused":
        this.refused = [...this.refused, note.refused];
        for (const tell of this.refusals) tell(note.refused, note.help);
        return void this.reload();
    }
  }

  private saw(what: "back" | "online" | "offline"): void {
    if (what === "offline") return this.sender.cutOff();
    if (what === "back") this.leader.want();
    else this.leader.wantTurn();
    if (this.leader.leads) this.sender.nudge();
    void this.keeping.tidy();
  }
}
