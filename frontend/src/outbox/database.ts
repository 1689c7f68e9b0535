import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Id } from "../api/contract";
import type { RefusedEntry } from "./entries";
import type { Row } from "./rows";
import type { Course } from "./rules";
import { newKey, Vault, type Sealed, type VaultKey } from "./vault";

export interface KeptValue {
  name: string;
  session: Id | null;
  at: number;
  sealed: Sealed;
}

export interface Schema extends DBSchema {
  /** Answers, messages, announcements. Apart from captures, so that an answer's write never waits for a picture's. */
  entries: { key: number; value: Row };
  captures: { key: number; value: Row };
  pictures: { key: number; value: Sealed };
  refused: { key: number; value: RefusedEntry & { sealed?: Sealed } };
  kept: { key: string; value: KeptValue };
  courses: { key: Id; value: Course };
  key: { key: string; value: VaultKey };
}

export type Database = IDBPDatabase<Schema>;

/** An open database and its key: they live and go together. */
export interface Connection {
  db: Database;
  vault: Vault;
}

const VERSION = 1;
/** A database that does not open by then is held by a page that sleeps, or broken: memory serves meanwhile. */
export const OPEN_MS = 5_000;
const DELETE_MS = 2_000;

export function databaseOf(person: Id): string {
  return `outbox-${person}`;
}

/** @throws DOMException the device keeps none; Error it does not open in time. */
export async function connect(person: Id, lost: () => void): Promise<Connection> {
  const fresh = await newKey();
  const opening = openDB<Schema>(databaseOf(person), VERSION, {
    upgrade(db) {
      db.createObjectStore("entries", { keyPath: "seq", autoIncrement: true });
      db.createObjectStore("captures", { keyPath: "seq", autoIncrement: true });
      db.createObjectStore("pictures");
      db.createObjectStore("refused", { autoIncrement: true });
      db.createObjectStore("kept", { keyPath: "name" });
      db.createObjectStore("courses", { keyPath: "session" });
      // The key is made with the database, so that whoever has the one open has the other.
      void db.createObjectStore("key").put(fresh, "key");
    },
    blocking(_now, _wanted, event) {
      (event.target as IDBDatabase).close();
      lost();
    },
    terminated: lost,
  });
  const db = await within(OPEN_MS, opening, (late) => late.close());
  const held = await db.get("key", "key");
  if (held === undefined) throw new Error("the database has no key");
  return { db, vault: new Vault(held) };
}

/** Delete a person's database; pages that have it open let go of it. One that sleeps does so when it wakes. */
export async function erase(person: Id): Promise<void> {
  try {
    await within(DELETE_MS, deleteDB(databaseOf(person)));
  } catch {
    // A browser without databases has none of theirs, either.
  }
}

/** @throws Error `work` takes longer; what comes of it then is given to `late`. */
export async function within<T>(ms: number, work: Promise<T>, late?: (result: T) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      work.then(late, () => undefined);
      fail(new Error("the device's database does not answer"));
    }, ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
