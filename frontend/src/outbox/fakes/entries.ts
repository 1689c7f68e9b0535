import type { AnnouncementEntry, AnswerEntry, CaptureEntry, MessageEntry } from "../entries";

export const STAMP = { session_ms: 1000, client_time: "2026-01-01T00:00:00.000Z" };

export function answer(
  question: string,
  version: number,
  value: number,
  session_ms = 1000,
  session = "s",
): AnswerEntry {
  return { kind: "answer", session, question, body: { ...STAMP, session_ms, value, version } };
}

export function message(id: string): MessageEntry {
  const body = { ...STAMP, message_id: id, message: "Good evening", assessment_id: "a" };
  return { kind: "message", session: "s", message: id, body };
}

export function announcement(id: string): AnnouncementEntry {
  return { kind: "announcement", session: "s", body: { ...STAMP, capture_id: id, trigger: "INTERVAL" } };
}

export function capture(id: string, size = 1000): CaptureEntry {
  const picture = new Blob([new Uint8Array(size)], { type: "image/jpeg" });
  const metadata = { ...STAMP, trigger: "INTERVAL" as const };
  return { kind: "capture", session: "s", capture: id, metadata, sha256: "00ff", picture };
}
