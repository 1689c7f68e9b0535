import type { Id } from "../api/contract";
import type { NewEntry } from "./entries";
import { isOf, nameOf, type Row } from "./rows";

/**
 * Entries as they were to be written anew, where the device had no room: its row keeps their place in the order. They
 * go with the page; the row is then sent as it was.
 */
export class Covers {
  private readonly over = new Map<string, NewEntry>();

  get size(): number {
    return this.over.size;
  }

  get(row: Row): NewEntry | undefined {
    return this.over.get(nameOf(row));
  }

  lay(row: Row, entry: NewEntry): void {
    this.over.set(nameOf(row), entry);
  }

  lift(rows: readonly Row[]): void {
    for (const row of rows) this.over.delete(nameOf(row));
  }

  /** What lies over none of `rows` has nothing to stand for: another page brought it, or it was forgotten. */
  keepOver(rows: readonly Row[]): void {
    const names = new Set(rows.map(nameOf));
    for (const name of this.over.keys()) if (!names.has(name)) this.over.delete(name);
  }

  forget(session: Id, kinds?: readonly string[]): void {
    for (const [name, entry] of this.over) if (isOf(entry, session, kinds)) this.over.delete(name);
  }

  clear(): void {
    this.over.clear();
  }
}
