/** What the service's calls take and give, as docs/http.md tells. Times are RFC 3339, UTC. */

export type Id = string;
export type Moment = string;

export interface Hotline {
  name: string;
  phone?: string | null;
  url?: string | null;
  hours?: string | null;
}

export interface Help {
  text: string;
  hotlines: Hotline[];
}

export interface User {
  id: Id;
  username: string;
  role: "participant" | "researcher" | "admin";
}

export interface StudyName {
  id: Id;
  slug: string;
  title: string;
}

export type State =
  | "CREATED"
  | "CONSENT"
  | "CAMERA_CHECK"
  | "PHQ_IN_PROGRESS"
  | "LLM_IN_PROGRESS"
  | "COMPLETED"
  | "ABANDONED"
  | "INCOMPLETE"
  | "FAILED";
export type Step = "consent" | "camera_check" | "phq" | "chat" | "complete";
export type Part = "phq" | "chat";
export type ScopeName = "questionnaire" | "chat" | "camera" | "external_model";

export interface Consent {
  version: number;
  title: string;
  content: string;
  footer: string;
  scopes: { name: ScopeName; required: boolean }[];
  accepted: boolean | null;
  /** The scopes that were agreed to and not taken back. */
  agreed: ScopeName[];
}

export interface Session {
  id: Id;
  study: StudyName & { version: number; demo: boolean };
  visit: number;
  attempt: number;
  previous_id: Id | null;
  page_id: Id | null;
  state: State;
  next_step: Step | null;
  order: Part[];
  progress: number;
  language: string;
  languages: string[];
  presentation: {
    phq_layout: "one" | "all";
    welcome: string;
    instructions: string;
    cooldown: string;
    thanks: string;
  };
  help: Help & { version: number };
  consent: Consent;
  camera_check: { mode: "required" | "optional" | "off"; ok: boolean | null };
  phq: {
    assessment_id: Id;
    answered: number;
    total: number;
    started_at: Moment | null;
    completed_at: Moment | null;
    end_reason: string | null;
  };
  chat: {
    assessment_id: Id;
    turns: number;
    ended: boolean;
    end_reason: string | null;
    started_at: Moment | null;
    completed_at: Moment | null;
  };
  captures: { expected: number; received: number; missing: Id[]; missing_count: number };
  created_at: Moment;
  expires_at: Moment;
  completed_at: Moment | null;
  end_reason: string | null;
}

export interface Scale {
  min: number;
  max: number;
  labels: { value: number; text: string }[];
}

export interface Question {
  id: Id;
  position: number;
  text: string;
  category: string;
  scored: boolean;
  required: boolean;
  risk: boolean;
  scale?: Scale;
  show_if?: "any_above_min" | null;
}

/** A stored answer; a null value says that the question was skipped. */
export interface StoredAnswer {
  question_id: Id;
  value: number | null;
  version: number;
  response_time_ms: number | null;
  client_time: Moment | null;
  session_ms: number | null;
  saved_at: Moment;
}

export interface Questionnaire {
  assessment_id: Id;
  instrument: {
    code: string;
    title: string;
    language: string;
    provenance: string;
    modified: boolean;
    source: string | null;
  };
  instructions: string;
  scale: Scale;
  questions: Question[];
  responses: StoredAnswer[];
  completed_at: Moment | null;
}

export interface AnswerReceipt {
  question_id: Id;
  value: number | null;
  version: number;
  stale: boolean;
  saved_at: Moment;
  answered: number;
  total: number;
  help?: Help;
  late?: boolean;
}

export type TurnState = "pending" | "streaming" | "complete" | "stopped" | "interrupted" | "failed";

export interface Turn {
  turn_number: number;
  message_id: Id;
  state: TurnState;
  message: string | null;
  reply: string;
  safety: boolean;
  conversation_ended: boolean;
  sent_at: Moment;
  first_token_at: Moment | null;
  completed_at: Moment | null;
}

export interface Interview {
  assessment_id: Id;
  ended: boolean;
  end_reason: string | null;
  min_turns: number;
  max_turns: number;
  policy: "continue" | "pause" | "end";
  paused: boolean;
  instructions: string;
  turns: Turn[];
}

export type Trigger = "INTERVAL" | "QUESTION_START" | "BUTTON_CLICK" | "MESSAGE_SEND" | "MANUAL";

export interface CameraSettings {
  recording_mode: "OFF" | "INTERVAL" | "EVENT_DRIVEN";
  interval_seconds: number | null;
  capture_on_button_click: boolean;
  capture_on_message_send: boolean;
  capture_on_question_start: boolean;
  allow_manual: boolean;
  resolution: string;
  quality: number;
  min_spacing_ms: number;
  max_captures: number;
  version: number;
}

export interface CaptureReceipt {
  id: Id;
  trigger: Trigger;
  capture_type: "PHQ" | "LLM" | "GENERAL";
  timestamp: Moment;
  size: number;
  type: string;
  sha256: string;
  kept: boolean;
  late: boolean;
  code?: string;
  reason?: string;
  assessment_id?: Id | null;
}

export interface Announcement {
  capture_id: Id;
  trigger: Trigger;
  client_time: Moment;
  session_ms: number;
  question_id?: Id;
  message_id?: Id;
  skipped?: boolean;
}

export interface Detail {
  field: string;
  problem: string;
}
