import type { Id } from "../api/contract";
import type { Kind, NewEntry } from "./entries";
import type { Sealed } from "./vault";

/** An entry as it lies on the device: in the clear is what order and expiry need, all else is sealed. */
export interface Row {
  /** Grows in the order of `put`; captures count for themselves. */
  seq: number;
  kind: Kind;
  session: Id;
  /** The question's, message's or capture's id. */
  item: Id;
  /** Bytes of the picture, or of the body. */
  size: number;
  /** When it was put, by the server's clock as far as known. */
  at: number;
  sealed: Sealed;
}

export type NewRow = Omit<Row, "seq">;

/** A row's name among all rows of one person. */
export function nameOf(row: Pick<Row, "kind" | "seq">): string {
  return `${row.kind === "capture" ? "capture" : "entry"}:${row.seq}`;
}

/** What a row is sealed as. */
export function labelOf(row: Pick<Row, "kind" | "session" | "item">): string {
  return `${row.kind}/${row.session}/${row.item}`;
}

/** Whether an entry is of a session, and of one of `kinds` where they are named. */
export function isOf(
  one: Pick<Row, "kind" | "session">,
  session: Id,
  kinds: readonly string[] | undefined,
): boolean {
  return one.session === session && (kinds?.includes(one.kind) ?? true);
}

export function itemOf(entry: NewEntry): Id {
  switch (entry.kind) {
    case "answer":
      return entry.question;
    case "message":
      return entry.message;
    case "announcement":
      return entry.body.capture_id;
    case "capture":
      return entry.capture;
  }
}
