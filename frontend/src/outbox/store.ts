import type { IDBPTransaction, StoreNames } from "idb";
import type { Id } from "../api/contract";
import { connect, erase, type Connection, type Schema } from "./database";
import type { CaptureEntry, NewEntry, RefusedEntry } from "./entries";
import { isOf, itemOf, labelOf, type NewRow, type Row } from "./rows";
import type { Course } from "./rules";
import type { Shelf } from "./shelf";
import { whatToLetGo, type Left } from "./letting_go";
import type { Sealed, Vault } from "./vault";

type Names = StoreNames<Schema>;
type Writing<S extends Names> = IDBPTransaction<Schema, S[], "readwrite">;

type All = "entries" | "captures" | "pictures" | "refused" | "kept" | "courses";
/** All but the key, which goes with the database. */
const ALL: All[] = ["entries", "captures", "pictures", "refused", "kept", "courses"];

/** A picture's row holds what goes with it; the picture lies apart, so that a look at the queue reads none. */
type CaptureBody = Omit<CaptureEntry, "picture"> & { type: string };
interface Packed {
  row: NewRow;
  picture: Sealed | null;
}

/** The device's database of one person. Every write is strict: it is on the disk when it is told. */
export class Store implements Shelf {
  private connecting: Promise<Connection> | null = null;
  /** It was deleted: reading does not make it anew. */
  private erased = false;

  private constructor(private readonly person: Id) {}

  /** @throws DOMException, Error: the device keeps nothing. */
  static async open(person: Id): Promise<Store> {
    const store = new Store(person);
    await store.connection();
    return store;
  }

  async add(entry: NewEntry, at: number): Promise<Row> {
    return this.attempt(async ({ db, vault }) => {
      const { row, picture } = await pack(entry, at, vault);
      if (picture === null) {
        const seq = await write(db, ["entries"], (tx) => tx.objectStore("entries").add(row as Row));
        return { ...row, seq };
      }
      const seq = await write(db, ["captures", "pictures"], async (tx) => {
        const made = await tx.objectStore("captures").add(row as Row);
        await tx.objectStore("pictures").add(picture, made);
        return made;
      });
      return { ...row, seq };
    });
  }

  async rows(): Promise<Row[]> {
    return this.look([], async ({ db }) => {
      const [entries, captures] = await Promise.all([db.getAll("entries"), db.getAll("captures")]);
      return [...entries, ...captures];
    });
  }

  async open(row: Row): Promise<NewEntry | undefined> {
    return this.look<NewEntry | undefined>(undefined, async ({ db, vault }) => {
      const body = await vault.openValue(row.sealed, labelOf(row));
      if (row.kind !== "capture") return body as NewEntry;
      const picture = await db.get("pictures", row.seq);
      if (picture === undefined) return undefined;
      const { type, ...rest } = body as CaptureBody;
      return { ...rest, picture: new Blob([await vault.open(picture, labelOf(row))], { type }) };
    });
  }

  async drop(rows: readonly Row[]): Promise<void> {
    const words = rows.filter((row) => row.kind !== "capture");
    const captures = rows.filter((row) => row.kind === "capture");
    await this.look(undefined, async ({ db }) => {
      if (words.length > 0) {
        await write(db, ["entries"], (tx) =>
          Promise.all(words.map((row) => tx.objectStore("entries").delete(row.seq))),
        );
      }
      if (captures.length > 0) {
        await write(db, ["captures", "pictures"], (tx) =>
          Promise.all(captures.map((row) => remove(tx, row))),
        );
      }
    });
  }

  async replace(row: Row, entry: NewEntry, at: number): Promise<Row | undefined> {
    return this.look<Row | undefined>(undefined, async ({ db, vault }) => {
      const { row: made } = await pack(entry, at, vault);
      return write(db, ["entries"], async (tx) => {
        const entries = tx.objectStore("entries");
        if ((await entries.getKey(row.seq)) === undefined) return undefined;
        const kept = { ...made, seq: row.seq };
        await entries.put(kept);
        return kept;
      });
    });
  }

  async refuse(row: Row, refused: RefusedEntry): Promise<boolean> {
    return this.look(false, ({ db }) =>
      write(db, ["entries", "captures", "pictures", "refused"], async (tx) => {
        const from = tx.objectStore(row.kind === "capture" ? "captures" : "entries");
        if ((await from.getKey(row.seq)) === undefined) return false;
        await remove(tx, row);
        // Words stay with the person; a refused picture is of use to nobody.
        const sealed = row.kind === "capture" ? {} : { sealed: row.sealed };
        await tx.objectStore("refused").add({ ...refused, ...sealed });
        return true;
      }),
    );
  }

  async refusals(): Promise<RefusedEntry[]> {
    const rows = await this.look<RefusedEntry[]>([], ({ db }) => db.getAll("refused"));
    return rows.map(({ kind, session, item, code, requestId, at }) => ({
      kind,
      session,
      item,
      code,
      requestId,
      at,
    }));
  }

  async dismissRefusals(): Promise<void> {
    await this.look(undefined, ({ db }) => write(db, ["refused"], (tx) => tx.objectStore("refused").clear()));
  }

  async forget(session: Id, kinds?: readonly string[]): Promise<void> {
    await this.look(undefined, ({ db }) => write(db, ALL, (tx) => forgetIn(tx, session, kinds)));
  }

  async keep(name: string, value: unknown, session: Id | null, at: number): Promise<void> {
    await this.attempt(async ({ db, vault }) => {
      const sealed = await vault.sealValue(value, `kept/${name}`);
      await write(db, ["kept"], (tx) => tx.objectStore("kept").put({ name, session, at, sealed }));
    });
  }

  async kept(name: string): Promise<unknown> {
    return this.look<unknown>(undefined, async ({ db, vault }) => {
      const row = await db.get("kept", name);
      return row === undefined ? undefined : vault.openValue(row.sealed, `kept/${name}`);
    });
  }

  async learn(course: Course): Promise<void> {
    await this.attempt(({ db }) => write(db, ["courses"], (tx) => tx.objectStore("courses").put(course)));
  }

  async courses(): Promise<Course[]> {
    return this.look<Course[]>([], ({ db }) => db.getAll("courses"));
  }

  async tidy(now: number): Promise<Left> {
    return this.look<Left>("never", ({ db }) =>
      write(db, ALL, async (tx) => {
        const held = {
          rows: [
            ...(await tx.objectStore("entries").getAll()),
            ...(await tx.objectStore("captures").getAll()),
          ],
          refused: await tx.objectStore("refused").getAll(),
          kept: await tx.objectStore("kept").getAll(),
          courses: await tx.objectStore("courses").getAll(),
        };
        const go = whatToLetGo(held, now);
        for (const session of go.sessions) await forgetIn(tx, session);
        for (const name of go.kept) await tx.objectStore("kept").delete(name);
        return go.left;
      }),
    );
  }

  async destroy(): Promise<void> {
    await this.attempt(({ db }) =>
      write(db, ALL, (tx) =>
        Promise.all([...tx.objectStoreNames].map((name) => tx.objectStore(name).clear())),
      ),
    );
    this.close();
    this.erased = true;
    await erase(this.person);
  }

  close(): void {
    this.connecting?.then(
      ({ db }) => db.close(),
      () => undefined,
    );
    this.connecting = null;
  }

  private async look<R>(none: R, work: (connection: Connection) => Promise<R>): Promise<R> {
    return this.erased ? none : this.attempt(work);
  }

  private connection(): Promise<Connection> {
    this.erased = false;
    const mine: Promise<Connection> = (this.connecting ??= connect(this.person, () => {
      if (this.connecting === mine) this.connecting = null;
    }));
    mine.catch(() => {
      if (this.connecting === mine) this.connecting = null;
    });
    return mine;
  }

  /** Once again over a new connection, where the browser lost the first (iOS does so in the background). */
  private async attempt<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    try {
      return await work(await this.connection());
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (!["InvalidStateError", "UnknownError", "AbortError"].includes(name)) throw error;
      this.close();
      return work(await this.connection());
    }
  }
}

async function pack(entry: NewEntry, at: number, vault: Vault): Promise<Packed> {
  const clear = { kind: entry.kind, session: entry.session, item: itemOf(entry), at };
  const label = labelOf(clear);
  if (entry.kind !== "capture") {
    const sealed = await vault.sealValue(entry, label);
    return { row: { ...clear, size: sealed.bytes.byteLength, sealed }, picture: null };
  }
  const { picture, ...rest } = entry;
  const body: CaptureBody = { ...rest, type: picture.type };
  const [sealed, bytes] = await Promise.all([
    vault.sealValue(body, label),
    picture.arrayBuffer().then((plain) => vault.seal(plain, label)),
  ]);
  return { row: { ...clear, size: picture.size, sealed }, picture: bytes };
}

/** @throws DOMException nothing of it was written. */
async function write<S extends Names, R>(
  db: Connection["db"],
  stores: S[],
  work: (tx: Writing<S>) => Promise<R>,
): Promise<R> {
  const tx = db.transaction(stores, "readwrite", { durability: "strict" });
  const done = tx.done;
  done.catch(() => undefined);
  try {
    const result = await work(tx);
    await done;
    return result;
  } catch (error) {
    undo(tx);
    await done.catch(() => undefined);
    // Why it ended (such as no room) says more than that a step of it was ended.
    throw tx.error ?? error;
  }
}

/** A step that throws ends no transaction by itself: the steps before it would be written without it. */
function undo(tx: { abort(): void }): void {
  try {
    tx.abort();
  } catch {
    // The browser has ended it.
  }
}

async function remove(
  tx: { objectStore(name: "entries" | "captures" | "pictures"): { delete(key: number): Promise<void> } },
  row: Row,
): Promise<void> {
  if (row.kind !== "capture") return tx.objectStore("entries").delete(row.seq);
  await Promise.all([tx.objectStore("captures").delete(row.seq), tx.objectStore("pictures").delete(row.seq)]);
}

async function forgetIn(tx: Writing<All>, session: Id, kinds?: readonly string[]): Promise<void> {
  const rows = [
    ...(await tx.objectStore("entries").getAll()),
    ...(await tx.objectStore("captures").getAll()),
  ];
  const gone = rows.filter((row) => isOf(row, session, kinds));
  await Promise.all(gone.map((row) => remove(tx, row)));
  if (kinds !== undefined) return;
  for (const key of await tx.objectStore("refused").getAllKeys()) {
    if ((await tx.objectStore("refused").get(key))?.session === session)
      await tx.objectStore("refused").delete(key);
  }
  for (const kept of await tx.objectStore("kept").getAll()) {
    if (kept.session === session) await tx.objectStore("kept").delete(kept.name);
  }
  await tx.objectStore("courses").delete(session);
}
