import { vi } from "vitest";

/** A device without room for what is new in `stores`, as a browser says it; gives the way back. */
export function refuseToAdd(...stores: string[]): () => void {
  return refuse("add", stores);
}

/** A device without room to write anew what it holds in `stores`. */
export function refuseToPut(...stores: string[]): () => void {
  return refuse("put", stores);
}

function refuse(step: "add" | "put", stores: readonly string[]): () => void {
  const real = IDBObjectStore.prototype[step];
  const spy = vi.spyOn(IDBObjectStore.prototype, step).mockImplementation(function (
    this: IDBObjectStore,
    ...all
  ) {
    if (stores.includes(this.name)) throw new DOMException("no room", "QuotaExceededError");
    return real.apply(this, all);
  });
  return () => void spy.mockRestore();
}
