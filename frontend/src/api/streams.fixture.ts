import type { StreamEvent } from "./events";

const encoder = new TextEncoder();

/** A service's turn for tests: a text that is whole there, cut into chunks as a join at any id would send it. */
export class StoredTurn {
  constructor(
    readonly text: string,
    readonly last: { event: string; data: object } = {
      event: "complete",
      data: { turn_number: 1, conversation_ended: false },
    },
    readonly help: object | null = null,
  ) {}

  /** The bytes that a reader is sent who names `lastId`; `size`: code points a chunk. */
  bytes(lastId: string | null, size: () => number): Uint8Array {
    const points = [...this.text];
    const known = lastId !== null && /^[0-9]+$/.test(lastId) && Number(lastId) <= points.length;
    const lines: string[] = [];
    let at = known ? Number(lastId) : 0;
    if (!known) lines.push(event("accepted", { turn_number: 1, message_id: "m1" }, "0"));
    if (this.help !== null && at === 0) lines.push(event("help", this.help));
    if (at === 0) lines.push(event("waiting", { position: 2 }), ": ping\n\n");
    while (at < points.length) {
      const piece = points.slice(at, at + size());
      at += piece.length;
      lines.push(event("chunk", { data: piece.join(""), conversation_ended: false }, String(at)));
    }
    lines.push(event(this.last.event, this.last.data, this.last.event === "complete" ? "end" : undefined));
    return encoder.encode(lines.join(""));
  }
}

function event(name: string, data: object, id?: string): string {
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** A body that gives these pieces, then ends, or breaks. */
export function bodyOf(pieces: Uint8Array[], breaks = false): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (breaks) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
}

/** The same numbers every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** All events of a body, in order. */
export async function all(events: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const came: StreamEvent[] = [];
  for await (const one of events) came.push(one);
  return came;
}
