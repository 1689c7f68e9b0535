import { expect, test, vi } from "vitest";
import type { NewEntry, Outbox } from "./entries";
import type { FakePage } from "./fakes/browser";
import { announcement, answer, capture, message } from "./fakes/entries";
import { Ground } from "./fakes/ground";
import type { Fault } from "./fakes/service";

const on = new Ground();

/** A generator of chance that a seed repeats (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FAULTS: Fault[] = [
  "network",
  "lost",
  "lost",
  { status: 503, code: "unavailable" },
  { status: 500, code: "internal" },
  { status: 502, code: "x", html: true },
  { status: 408, code: "timeout" },
];

interface Tab {
  page: FakePage;
  outbox: Outbox;
}

/** What a person does in pages that come and go, over a service that fails, each drawn by chance. */
class Course {
  readonly versions = new Map<string, number>();
  readonly clicks = new Map<string, number[]>();
  readonly said: string[] = [];
  readonly pictures: string[] = [];
  private tabs: Tab[] = [];

  constructor(private readonly random: () => number) {}

  async step(): Promise<void> {
    const drawn = this.random();
    if (this.tabs.length === 0 || (drawn < 0.06 && this.tabs.length < 3)) return this.openTab();
    const tab = this.pick(this.tabs);
    if (drawn < 0.12) {
      tab.page.kill();
      this.tabs = this.tabs.filter((one) => one !== tab);
    } else if (drawn < 0.2) await new Promise((resolve) => setTimeout(resolve, this.random() * 30));
    else await this.act(tab.outbox);
  }

  /** The service is well again, and one page is left. */
  async end(): Promise<Outbox> {
    for (const one of this.tabs) one.page.kill();
    this.tabs = [];
    on.service.fault = () => undefined;
    await this.openTab();
    return this.pick(this.tabs).outbox;
  }

  private async openTab(): Promise<void> {
    const page = on.browser.page();
    this.tabs.push({ page, outbox: await on.open(page) });
  }

  private async act(outbox: Outbox): Promise<void> {
    const entry = this.draw();
    await outbox.put(entry);
  }

  private draw(): NewEntry {
    const drawn = this.random();
    if (drawn < 0.6) {
      const question = `q${Math.floor(this.random() * 4)}`;
      const version = (this.versions.get(question) ?? 0) + 1;
      const value = Math.floor(this.random() * 4);
      this.versions.set(question, version);
      this.clicks.set(question, [...(this.clicks.get(question) ?? []), value]);
      return answer(question, version, value);
    }
    const id = `${this.said.length + this.pictures.length}`;
    if (drawn < 0.75) {
      this.said.push(id);
      return message(id);
    }
    if (drawn < 0.85) return announcement(id);
    this.pictures.push(id);
    return capture(id);
  }

  private pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)] as T;
  }
}

test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  "whatever befalls, all that was put arrives once and in order (seed %i)",
  { timeout: 30_000 },
  async (seed) => {
    const random = chance(seed);
    const faults = chance(seed + 1000);
    on.service.fault = async () => {
      await new Promise((resolve) => setTimeout(resolve, faults() * 8));
      return faults() < 0.3 ? FAULTS[Math.floor(faults() * FAULTS.length)] : undefined;
    };
    const course = new Course(random);
    for (let step = 0; step < 60; step += 1) await course.step();
    const last = await course.end();
    await vi.waitFor(
      () => expect(last.waiting).toEqual({ answer: 0, message: 0, announcement: 0, capture: 0 }),
      { timeout: 20_000 },
    );
    expect(last.refused).toEqual([]);
    for (const [question, values] of course.clicks) {
      const kept = on.service.revisions.filter((one) => one.question === question);
      expect(kept.map((one) => [one.version, one.value, one.applied])).toEqual(
        values.map((value, index) => [index + 1, value, true]),
      );
    }
    expect(on.service.messages).toEqual(course.said);
    expect([...on.service.captures].sort()).toEqual([...course.pictures].sort());
  },
);
