import type { CaptureReceipt, Id, Moment, Session, State, Turn } from "../api/contract";

/** What staff's calls give, as docs/http.md tells. */
export interface ListedSession {
  id: Id;
  participant: string | null;
  study: string;
  state: State;
  progress: number;
  created_at: Moment;
  completed_at: Moment | null;
  /** Open ones. */
  alerts: number;
  missing: { answers: number; captures: number };
}

export interface Revision {
  value: number | null;
  version: number;
  applied: boolean;
  received_at: Moment;
  session_ms: number | null;
  late: boolean;
  clock_suspect: boolean;
}

export interface StaffAnswer {
  question_id: Id;
  assessment_id: Id;
  category: string;
  text: string;
  value: number | null;
  version: number;
  session_ms: number | null;
  received_at: Moment;
  late: boolean;
  clock_suspect: boolean;
  revisions: Revision[];
}

export interface Score {
  instrument: string;
  total: number | null;
  min: number;
  max: number;
  answered: number;
  scored_items: number;
  complete: boolean;
  prorated: { total: number; rule: string } | null;
  severity: string | null;
  positive: boolean | null;
  cut_off: number | null;
  modified: boolean;
}

export interface Making {
  connection: string;
  provider: string;
  model: string | null;
  fallback_for: string | null;
}

export interface StaffTurn extends Turn {
  assessment_id: Id;
  detector: string | null;
  made: Making | null;
}

export interface Alert {
  id: Id;
  session_id: Id;
  source: "phq" | "chat";
  state: "open" | "acknowledged";
  value: number;
  session_ms: number | null;
  opened_at: Moment;
  raises: number;
  notified_at: Moment | null;
  escalated_at: Moment | null;
  acknowledged_at: Moment | null;
  outcome: string | null;
  note: string | null;
  seconds_to_acknowledge: number | null;
}

export interface SessionEvent {
  event: string;
  facts: Record<string, unknown>;
  at: Moment;
}

export interface WholeSession {
  session: Session;
  participant: string | null;
  answers: StaffAnswer[];
  score: Score;
  turns: StaffTurn[];
  captures: CaptureReceipt[];
  alerts: Alert[];
  events: SessionEvent[];
}
