import type { Id } from "../api/contract";
import type { NewEntry, RefusedEntry } from "./entries";
import type { Left } from "./letting_go";
import { isOf, itemOf, nameOf, type Row } from "./rows";
import { LANE, type Course } from "./rules";
import type { Shelf } from "./shelf";

/** Beyond every number a database counts to, so that what was put later is sent later. */
const AFTER_ALL = 2 ** 50;
const NOTHING = { iv: new Uint8Array(12), bytes: new ArrayBuffer(0) };

/** The page's memory, where the device keeps nothing: it is gone with the page, so nothing in it is sealed. */
export class Memory implements Shelf {
  private readonly held = new Map<string, { row: Row; entry: NewEntry }>();
  private refused: RefusedEntry[] = [];
  private readonly values = new Map<string, { value: unknown; session: Id | null }>();
  private readonly known = new Map<Id, Course>();
  private count = AFTER_ALL;

  /** Whether an entry, or that one was refused, is known here alone. */
  get holds(): boolean {
    return this.held.size > 0 || this.refused.length > 0;
  }

  get empty(): boolean {
    return this.held.size === 0;
  }

  get pictureBytes(): number {
    const pictures = [...this.held.values()].filter(({ row }) => row.kind === "capture");
    return pictures.reduce((sum, { row }) => sum + row.size, 0);
  }

  has(row: Row): boolean {
    return this.held.has(nameOf(row));
  }

  /** Whether `entry` must not be sent before something that is held here: it would be, from the device. */
  precedes(entry: NewEntry): boolean {
    if (entry.kind === "capture") return false;
    return [...this.held.values()].some(
      ({ row }) => LANE[row.kind] === "words" || row.item === itemOf(entry),
    );
  }

  async add(entry: NewEntry, at: number): Promise<Row> {
    const size = entry.kind === "capture" ? entry.picture.size : JSON.stringify(entry).length;
    const { kind, session } = entry;
    const row = { seq: (this.count += 1), kind, session, item: itemOf(entry), size, at, sealed: NOTHING };
    // Of its own, as a database would keep it: who put it may go on changing theirs.
    const own = kind === "capture" ? entry : (JSON.parse(JSON.stringify(entry)) as NewEntry);
    this.held.set(nameOf(row), { row, entry: own });
    return row;
  }

  async rows(): Promise<Row[]> {
    return [...this.held.values()].map((one) => one.row);
  }

  async open(row: Row): Promise<NewEntry | undefined> {
    return this.held.get(nameOf(row))?.entry;
  }

  async drop(rows: readonly Row[]): Promise<void> {
    for (const row of rows) this.held.delete(nameOf(row));
  }

  async replace(row: Row, entry: NewEntry, at: number): Promise<Row | undefined> {
    if (!this.has(row)) return undefined;
    const made = { ...row, at };
    this.held.set(nameOf(row), { row: made, entry });
    return made;
  }

  async refuse(row: Row, refused: RefusedEntry): Promise<boolean> {
    if (!this.held.delete(nameOf(row))) return false;
    this.noteRefusal(refused);
    return true;
  }

  /** What was refused lay elsewhere. */
  noteRefusal(refused: RefusedEntry): void {
    this.refused.push(refused);
  }

  async refusals(): Promise<RefusedEntry[]> {
    return [...this.refused];
  }

  async dismissRefusals(): Promise<void> {
    this.refused = [];
  }

  async forget(session: Id, kinds?: readonly string[]): Promise<void> {
    for (const [name, { row }] of this.held) {
      if (isOf(row, session, kinds)) this.held.delete(name);
    }
    if (kinds !== undefined) return;
    this.refused = this.refused.filter((one) => one.session !== session);
    for (const [name, one] of this.values) if (one.session === session) this.values.delete(name);
    this.known.delete(session);
  }

  async keep(name: string, value: unknown, session: Id | null): Promise<void> {
    this.values.set(name, { value: JSON.parse(JSON.stringify(value)) as unknown, session });
  }

  async kept(name: string): Promise<unknown> {
    return this.values.get(name)?.value;
  }

  async learn(course: Course): Promise<void> {
    this.known.set(course.session, course);
  }

  async courses(): Promise<Course[]> {
    return [...this.known.values()];
  }

  /** What is gone with the page needs no date. */
  async tidy(): Promise<Left> {
    return "something";
  }

  async destroy(): Promise<void> {
    this.held.clear();
    this.refused = [];
    this.values.clear();
    this.known.clear();
  }

  close(): void {
    // Nothing is open.
  }
}
