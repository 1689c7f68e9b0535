import type { Id } from "../api/contract";
import type { CaptureEntry, NewEntry, RefusedEntry } from "./entries";
import { Covers } from "./covers";
import { within } from "./database";
import type { Left } from "./letting_go";
import { Memory } from "./memory";
import type { Row } from "./rows";
import type { Course } from "./rules";
import type { Shelf } from "./shelf";

/** A device that takes longer to write, or hangs, counts as one that refuses: what it writes later is a repeat. */
const WRITE_MS = 5_000;

/** The device's database, and the page's memory for what it refuses. */
export class Shelves implements Shelf {
  private readonly memory = new Memory();
  private readonly covers = new Covers();
  /** Names of kept values of which the memory has the newest, and the device another or none. */
  private readonly ahead = new Set<string>();

  constructor(private readonly device: Shelf | null) {}

  get durable(): boolean {
    return this.device !== null;
  }

  /** Whether something is held by the page's memory alone. */
  get overflowing(): boolean {
    return this.device === null || this.memory.holds || this.covers.size > 0;
  }

  /** Whether something waits that no other page of the person can send as it is. */
  get carries(): boolean {
    return !this.memory.empty || this.covers.size > 0;
  }

  /** @throws DOMException no room for a picture: it is worth less than the memory it would take. */
  async add(entry: NewEntry, at: number): Promise<Row> {
    if (this.device === null || this.memory.precedes(entry)) return this.memory.add(entry, at);
    try {
      return await within(WRITE_MS, this.device.add(entry, at));
    } catch (error) {
      if (entry.kind === "capture") throw error;
      return this.memory.add(entry, at);
    }
  }

  get pictureBytesInMemory(): number {
    return this.memory.pictureBytes;
  }

  /** @throws DOMException the picture itself cannot be read: it is of use nowhere. */
  async hold(entry: CaptureEntry, at: number): Promise<Row> {
    await entry.picture.arrayBuffer();
    return this.memory.add(entry, at);
  }

  async rows(): Promise<Row[]> {
    const there = (await this.device?.rows()) ?? [];
    this.covers.keepOver(there);
    return [...there, ...(await this.memory.rows())];
  }

  async open(row: Row): Promise<NewEntry | undefined> {
    return this.covers.get(row) ?? this.of(row).open(row);
  }

  async drop(rows: readonly Row[]): Promise<void> {
    const here = rows.filter((row) => this.memory.has(row));
    const there = rows.filter((row) => !this.memory.has(row));
    await this.memory.drop(here);
    if (there.length > 0) await this.device?.drop(there);
    this.covers.lift(there);
  }

  /** Where the device has no room, the page's memory holds it in the row's place, before what was put later. */
  async replace(row: Row, entry: NewEntry, at: number): Promise<Row | undefined> {
    try {
      const made = await within(WRITE_MS, this.of(row).replace(row, entry, at));
      this.covers.lift([row]);
      return made;
    } catch {
      this.covers.lay(row, entry);
      return { ...row, at };
    }
  }

  /** @throws DOMException the device can neither write it nor let the row go: it waits on. */
  async refuse(row: Row, refused: RefusedEntry): Promise<boolean> {
    const mine = await this.moved(row, refused);
    this.covers.lift([row]);
    return mine;
  }

  async refusals(): Promise<RefusedEntry[]> {
    return [...((await this.device?.refusals()) ?? []), ...(await this.memory.refusals())];
  }

  async dismissRefusals(): Promise<void> {
    await this.memory.dismissRefusals();
    await this.device?.dismissRefusals();
  }

  async forget(session: Id, kinds?: readonly string[]): Promise<void> {
    await this.memory.forget(session, kinds);
    this.covers.forget(session, kinds);
    await this.device?.forget(session, kinds);
  }

  /** It is there until the page is left, whether the device has room for it or not. */
  async keep(name: string, value: unknown, session: Id | null, at: number): Promise<void> {
    await this.remember(name, value, session);
    if (this.device === null) return;
    try {
      await this.device.keep(name, value, session, at);
    } catch {
      return;
    }
    // Another page may keep a newer one there from now on.
    this.ahead.delete(name);
  }

  /** Of no use to the next visit. */
  async remember(name: string, value: unknown, session: Id | null): Promise<void> {
    await this.memory.keep(name, value, session);
    this.ahead.add(name);
  }

  async kept(name: string): Promise<unknown> {
    const own = await this.memory.kept(name);
    if (own !== undefined && this.ahead.has(name)) return own;
    // What the device let go, or cannot open any more, is still this page's to show.
    return (await this.device?.kept(name).catch(() => undefined)) ?? own;
  }

  async learn(course: Course): Promise<void> {
    await (this.device ?? this.memory).learn(course);
  }

  async courses(): Promise<Course[]> {
    return (this.device ?? this.memory).courses();
  }

  async tidy(now: number): Promise<Left> {
    return (await this.device?.tidy(now)) ?? "something";
  }

  /** The device forgets; the page may still show what it kept. */
  async destroy(): Promise<void> {
    this.covers.clear();
    await this.device?.destroy();
  }

  close(): void {
    this.device?.close();
  }

  private async moved(row: Row, refused: RefusedEntry): Promise<boolean> {
    const shelf = this.of(row);
    try {
      return await shelf.refuse(row, refused);
    } catch {
      // To delete needs no room; that it was refused must not be lost with it.
      await shelf.drop([row]);
      this.memory.noteRefusal(refused);
      return true;
    }
  }

  private of(row: Row): Shelf {
    return this.device === null || this.memory.has(row) ? this.memory : this.device;
  }
}
