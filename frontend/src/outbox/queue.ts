import type { CaptureEntry } from "./entries";
import type { Waiting } from "./order";
import { nameOf, type Row } from "./rows";

/** The rows that wait, as this page knows them, in the order of `put`. */
export class Queue {
  private readonly byName = new Map<string, Waiting>();
  /** What was taken out while each of the readings under way went on. */
  private readonly gone = new Set<Set<string>>();

  get all(): Waiting[] {
    return [...this.byName.values()];
  }

  get rows(): Row[] {
    return this.all.map((one) => one.row);
  }

  get(row: Row): Waiting | undefined {
    return this.byName.get(nameOf(row));
  }

  /** While it can still be altered. */
  announcementOf({ session, capture }: CaptureEntry): Waiting | undefined {
    return this.all.find(
      ({ row, busy }) =>
        !busy && row.kind === "announcement" && row.item === capture && row.session === session,
    );
  }

  add(row: Row): void {
    const name = nameOf(row);
    if (this.byName.has(name)) return;
    this.byName.set(name, {
      row,
      tries: 0,
      notBefore: 0,
      alone: false,
      doubted: false,
      busy: false,
      call: 0,
      since: 0,
    });
    this.sort();
  }

  remove(rows: readonly Row[]): void {
    for (const row of rows) {
      this.byName.delete(nameOf(row));
      for (const gone of this.gone) gone.add(nameOf(row));
    }
  }

  /** Put a row in its own place; what befell the former is forgotten. */
  replace(row: Row): void {
    this.byName.delete(nameOf(row));
    this.add(row);
  }

  /** Take over what the shelf holds: what other pages put, and what they sent. */
  async reload(read: () => Promise<Row[]>): Promise<void> {
    const before = new Set(this.byName.keys());
    const gone = new Set<string>();
    this.gone.add(gone);
    const rows = await read().finally(() => this.gone.delete(gone));
    const there = new Set(rows.map(nameOf));
    for (const name of before) {
      if (!there.has(name) && this.byName.get(name)?.busy !== true) this.byName.delete(name);
    }
    for (const row of rows) if (!gone.has(nameOf(row))) this.add(row);
  }

  /** Captures count for themselves, so that only the order among each matters. */
  private sort(): void {
    const last = [...this.byName.values()];
    const newest = last.at(-1);
    const former = last.at(-2);
    if (newest === undefined || former === undefined || inOrder(former, newest)) return;
    last.sort((one, other) => (inOrder(one, other) ? -1 : 1));
    this.byName.clear();
    for (const one of last) this.byName.set(nameOf(one.row), one);
  }
}

function inOrder(one: Waiting, other: Waiting): boolean {
  const [first, second] = [one.row.kind === "capture", other.row.kind === "capture"];
  return first === second ? one.row.seq < other.row.seq : !first;
}
