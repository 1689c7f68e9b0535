import { expect, test, vi } from "vitest";
import { Api } from "../api/client";
import type { Session } from "../api/contract";
import { Clock } from "../clock/clock";
import type { Outbox } from "../outbox/entries";
import { Ground } from "../outbox/fakes/ground";
import { JourneyVisit } from "./visit.svelte";

const on = new Ground();

/** As the service tells it; `chat`: whether the interview has ended. */
function session(chat: "running" | "ended", changes: Partial<Session["chat"]> = {}): Session {
  const at = "2026-01-01T00:10:00.000Z";
  const ended = chat === "ended" ? { completed_at: at, end_reason: "safety" } : {};
  return {
    id: "s",
    state: chat === "ended" ? "PHQ_IN_PROGRESS" : "LLM_IN_PROGRESS",
    next_step: chat === "ended" ? "phq" : "chat",
    created_at: "2026-01-01T00:00:00.000Z",
    expires_at: "2027-01-01T00:00:00.000Z",
    completed_at: null,
    end_reason: null,
    language: "en",
    page_id: null,
    consent: { accepted: true, agreed: [] },
    camera_check: { ok: null },
    phq: { assessment_id: "p", started_at: at, completed_at: null, end_reason: null },
    chat: { assessment_id: "a", started_at: at, completed_at: null, end_reason: null, ...ended, ...changes },
  } as unknown as Session;
}

async function visited(outbox: Outbox, at: Session): Promise<JourneyVisit> {
  const quiet = { addEventListener: () => undefined, removeEventListener: () => undefined };
  vi.stubGlobal("document", { ...quiet, visibilityState: "hidden" });
  const clock = new Clock();
  const api = new Api(clock, on.service.fetch);
  const visit = new JourneyVisit({ api, clock, outbox, pageId: "p", session: at, showHelp: () => undefined });
  await visit.begin();
  return visit;
}

/** The device writes in its own time. */
const written = (outbox: Outbox, of: string | null) =>
  vi.waitFor(async () => expect(await outbox.kept("stay:s")).toBe(of));

test("an interview that ended while the page was closed is shown until its end was read", async () => {
  const outbox = await on.open();
  const before = await visited(outbox, session("running"));
  before.stay(true);
  await written(outbox, "a");
  before.close();
  const after = await visited(outbox, session("ended"));
  expect(after.screen).toBe("chat");
  after.stay(false);
  expect(after.screen).toBe("phq");
  await written(outbox, null);
  after.close();
  const later = await visited(outbox, session("ended"));
  expect(later.screen).toBe("phq");
  later.close();
});

test("an interview of which this device has shown nothing keeps nobody from going on", async () => {
  const outbox = await on.open();
  const elsewhere = await visited(outbox, session("ended"));
  expect(elsewhere.screen).toBe("phq");
  elsewhere.stay(true);
  await written(outbox, "a");
  elsewhere.close();
  const anew = await visited(outbox, session("ended", { assessment_id: "b" }));
  expect(anew.screen).toBe("phq");
  anew.close();
});
