import type { Help, Hotline, Id, Interview } from "./contract";

/** An event of a reply's stream. Ids are the service's, kept as they come and never made here. */
export type StreamEvent =
  | { kind: "accepted"; id: string | null; turnNumber: number; messageId: Id }
  | { kind: "chunk"; id: string | null; text: string }
  | { kind: "help"; help: Help; policy: Interview["policy"] | null }
  | { kind: "waiting"; position: number }
  | { kind: "complete"; conversationEnded: boolean }
  | { kind: "error"; code: string; retry: boolean };

/** Read one event as it came over the wire; null: one that this page does not know, which is ignored. */
export function readEvent(
  name: string | undefined,
  id: string | undefined,
  data: string,
): StreamEvent | null {
  const said = parsed(data);
  if (said === null) return null;
  switch (name) {
    case "accepted":
      return {
        kind: name,
        id: id ?? null,
        turnNumber: number(said, "turn_number"),
        messageId: text(said, "message_id"),
      };
    case "chunk":
      return { kind: name, id: id ?? null, text: text(said, "data") };
    case "help":
      return { kind: name, help: helpIn(said), policy: policyIn(said) };
    case "waiting":
      return { kind: name, position: number(said, "position") };
    case "complete":
      return { kind: name, conversationEnded: said["conversation_ended"] === true };
    case "error":
      return { kind: name, code: text(said, "code"), retry: said["retry"] === true };
    default:
      return null;
  }
}

type Said = Record<string, unknown>;

function parsed(data: string): Said | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Said) : null;
  } catch {
    return null;
  }
}

function text(said: Said, name: string): string {
  const value = said[name];
  return typeof value === "string" ? value : "";
}

function number(said: Said, name: string): number {
  const value = said[name];
  return typeof value === "number" ? value : 0;
}

function policyIn(said: Said): Interview["policy"] | null {
  const policy = text(said, "policy");
  return policy === "continue" || policy === "pause" || policy === "end" ? policy : null;
}

function helpIn(said: Said): Help {
  const lines: unknown[] = Array.isArray(said["hotlines"]) ? said["hotlines"] : [];
  const hotlines = lines.filter((one): one is Hotline => typeof (one as Said | null)?.["name"] === "string");
  return { text: text(said, "text"), hotlines };
}
