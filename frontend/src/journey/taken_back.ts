import type { ScopeName, Session } from "../api/contract";
import type { Kind, Outbox } from "../outbox/entries";

/** What is sent under each scope. */
const UNDER: Partial<Record<ScopeName, readonly Kind[]>> = {
  questionnaire: ["answer"],
  chat: ["message"],
  camera: ["announcement", "capture"],
};

/** What of a session is not sent any more, its scope not being agreed to. */
export function notToSend({ consent }: Session): Kind[] {
  if (consent.accepted !== true) return [];
  return Object.entries(UNDER).flatMap(([scope, kinds]) =>
    consent.agreed.includes(scope as ScopeName) ? [] : kinds,
  );
}

/**
 * Forget what was taken back, on this device or another one: of all of it everything, at once; of a part what waits.
 * `before`: how the session stood; what is still being written shows as waiting only later. @throws DOMException.
 */
export async function forgetTakenBack(outbox: Outbox, session: Session, before = session): Promise<void> {
  if (session.end_reason === "withdrawn") return outbox.forget(session.id);
  const kinds = notToSend(session);
  const more = kinds.length > notToSend(before).length;
  if (more || kinds.some((kind) => outbox.waiting[kind] > 0)) await outbox.forget(session.id, kinds);
}
