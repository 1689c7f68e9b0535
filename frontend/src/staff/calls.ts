import type { Api } from "../api/client";
import type { Id } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import { type Filters, queryOf } from "./rules";
import type { Alert, ListedSession, WholeSession } from "./shapes";

const ROWS = 50;
const MOST_ROWS = 200;
/** An alert is looked for in this many of the newest: its link is in a mail, which is read soon. */
const PAGES_TO_SEARCH = 25;

interface Page<T> {
  rows: T[];
  next: Id | null;
}

export async function listSessions(
  api: Api,
  filters: Filters,
  cursor: Id | null,
): Promise<Page<ListedSession>> {
  const found = await api.call<{ sessions: ListedSession[]; next_cursor: Id | null }>(
    `/admin/sessions?${queryOf(filters, ROWS, cursor)}`,
  );
  return { rows: found.sessions, next: found.next_cursor };
}

export async function listAlerts(
  api: Api,
  state: string,
  cursor: Id | null,
  limit = ROWS,
): Promise<Page<Alert>> {
  const found = await api.call<{ alerts: Alert[]; next_cursor: Id | null }>(
    `/admin/alerts?${queryOf({ state }, limit, cursor)}`,
  );
  return { rows: found.alerts, next: found.next_cursor };
}

/** Find an alert among those that may be seen; null where there is none of this id. */
export async function findAlert(api: Api, id: Id): Promise<Alert | null> {
  let cursor: Id | null = null;
  for (let page = 0; page < PAGES_TO_SEARCH; page += 1) {
    const { rows, next }: Page<Alert> = await listAlerts(api, "", cursor, MOST_ROWS);
    const found = rows.find((one) => one.id === id);
    if (found !== undefined) return found;
    if (next === null) return null;
    cursor = next;
  }
  return null;
}

export function readSession(api: Api, id: Id): Promise<WholeSession> {
  return api.call<WholeSession>(`/admin/sessions/${encodeURIComponent(id)}`);
}

export async function acknowledge(api: Api, id: Id, outcome: string, note: string): Promise<Alert> {
  const path = `/admin/alerts/${encodeURIComponent(id)}/acknowledge`;
  return (await api.call<{ alert: Alert }>(path, { method: "POST", body: { outcome, note } })).alert;
}

/** Give a picture's file. It is not in the envelope, so it is fetched here. @throws Refused, Unreachable. */
export async function readPicture(session: Id, capture: Id): Promise<Blob> {
  const path = `/api/admin/sessions/${encodeURIComponent(session)}/captures/${encodeURIComponent(capture)}/file`;
  try {
    const reply = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(30_000) });
    if (reply.ok) return await reply.blob();
    throw new Refused(reply.status, "unknown", "", reply.headers.get("X-Request-ID"));
  } catch (error) {
    throw error instanceof Refused ? error : new Unreachable("network");
  }
}
