import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach } from "vitest";
import { Api } from "../../api/client";
import { Clock } from "../../clock/clock";
import type { Outbox } from "../entries";
import { openOutbox } from "../outbox.svelte";
import { FakeBrowser, type FakePage } from "./browser";
import { FakeService } from "./service";

/** A browser with nothing on it, and a service, anew for each test. */
export class Ground {
  service = new FakeService();
  browser = new FakeBrowser();
  private opened: { outbox: Outbox; page: FakePage }[] = [];

  constructor() {
    beforeEach(() => {
      globalThis.indexedDB = new IDBFactory();
      this.service = new FakeService();
      this.browser = new FakeBrowser();
      this.opened = [];
    });
    afterEach(() => {
      for (const { outbox } of this.opened) outbox.close();
    });
  }

  async open(page: FakePage = this.browser.page(), person = "person"): Promise<Outbox> {
    const clock = new Clock();
    const outbox = await openOutbox(person, new Api(clock, page.over(this.service.fetch)), clock, page);
    this.opened.push({ outbox, page });
    return outbox;
  }
}
