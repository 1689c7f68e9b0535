import type { Id } from "../api/contract";
import type { NewEntry, RefusedEntry } from "./entries";
import type { Left } from "./letting_go";
import type { Row } from "./rows";
import type { Course } from "./rules";

/** Where entries wait: the device's database, or the page's memory where it refuses. */
export interface Shelf {
  /** @throws DOMException the device has no room (QuotaExceededError), or fails. */
  add(entry: NewEntry, at: number): Promise<Row>;
  /** All that waits, in the order of `put` by kind. */
  rows(): Promise<Row[]>;
  /** @throws DOMException (OperationError) it cannot be opened any more. Undefined: it is gone. */
  open(row: Row): Promise<NewEntry | undefined>;
  drop(rows: readonly Row[]): Promise<void>;
  /** Put `entry` in the place of `row`, in one step. Undefined: `row` was gone, nothing was done. */
  replace(row: Row, entry: NewEntry, at: number): Promise<Row | undefined>;
  /** Move `row` to the refused, in one step; false: it was gone. */
  refuse(row: Row, refused: RefusedEntry): Promise<boolean>;
  refusals(): Promise<RefusedEntry[]>;
  dismissRefusals(): Promise<void>;
  /** Forget what is of `session`: rows of `kinds`, or all that there is of it. */
  forget(session: Id, kinds?: readonly string[]): Promise<void>;

  keep(name: string, value: unknown, session: Id | null, at: number): Promise<void>;
  kept(name: string): Promise<unknown>;

  learn(course: Course): Promise<void>;
  courses(): Promise<Course[]>;
  /** Let go what has had its time (`now`: the server's). */
  tidy(now: number): Promise<Left>;
  /** Delete everything, the key too. */
  destroy(): Promise<void>;
  close(): void;
}
