import { openDB, type DBSchema } from "idb";
import type { Id } from "../api/contract";
import { erase, OPEN_MS, within } from "./database";
import { Store } from "./store";

/** Whose databases there are: not every browser can list them. A person's id says nothing but to the service. */
interface Register extends DBSchema {
  people: { key: Id; value: { person: Id } };
}

async function inRegister<R>(work: (db: Awaited<ReturnType<typeof openRegister>>) => Promise<R>): Promise<R> {
  const db = await openRegister();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

function openRegister() {
  const opening = openDB<Register>("outbox-people", 1, {
    upgrade: (db) => void db.createObjectStore("people", { keyPath: "person" }),
  });
  return within(OPEN_MS, opening, (late) => late.close());
}

/** @throws DOMException the device keeps nothing. */
export async function register(person: Id): Promise<void> {
  await inRegister((db) => db.put("people", { person }));
}

/** Who has entries that wait on this device. @param now the server's time, where it is known: then old ones go */
export async function leftOnThisDevice(
  now: number | null = null,
): Promise<{ person: Id; waiting: number }[]> {
  return others(null, now).catch(() => []);
}

/** Forget all of a person on this device, sent or not. */
export async function wipe(person: Id): Promise<void> {
  try {
    const store = await Store.open(person);
    await store.destroy();
    await inRegister((db) => db.delete("people", person));
  } catch {
    await erase(person);
  }
}

/** Look through the databases of all but `person`, let go what has had its time, and say what waits. */
export async function others(
  person: Id | null,
  now: number | null,
): Promise<{ person: Id; waiting: number }[]> {
  const all = await inRegister((db) => db.getAllKeys("people"));
  const left: { person: Id; waiting: number }[] = [];
  for (const one of all) {
    if (one === person) continue;
    const store = await Store.open(one);
    const some = now === null || (await store.tidy(now)) === "something";
    const waiting = (await store.rows()).length;
    if (!some && waiting === 0) await wipe(one);
    else if (waiting > 0) left.push({ person: one, waiting });
    store.close();
  }
  return left;
}
