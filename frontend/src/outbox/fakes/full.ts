import { vi } from "vitest";

/** A device without room for what is new in `stores`, as a browser says it; gives the way back. */
export function refuseToAdd(...stores: string[]): () => void {
  const real = IDBObjectStore.prototype.add;
  const spy = vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (
    this: IDBObjectStore,
    ...all
  ) {
    if (stores.includes(this.name)) throw new DOMException("no room", "QuotaExceededError");
    return real.apply(this, all);
  });
  return () => void spy.mockRestore();
}
