import type { State, Trigger, TurnState } from "../api/contract";
import type { Words } from "../words/languages.svelte";
import { english } from "./words.en";
import { indonesian } from "./words.id";
import type { Maker, Outcome } from "./rules";

export interface StaffWords {
  desk: string;
  language: string;
  audited: string;
  logIn: { title: string; name: string; password: string; go: string; lapsed: string; wrong: string };
  logOut: string;
  loggedInAs: (name: string) => string;
  notStaff: { title: string; text: string };
  menu: string;
  sessions: string;
  alerts: string;
  loading: string;
  again: string;
  more: string;
  back: string;
  filter: { study: string; participant: string; state: string; any: string; open: string; go: string };
  states: Record<State, string>;
  none: string;
  columns: Record<
    "participant" | "study" | "state" | "progress" | "begun" | "missing" | "alerts" | "time" | "question",
    string
  > &
    Record<"value" | "version" | "remarks" | "source" | "outcome" | "event" | "facts", string>;
  missingAnswers: (count: number) => string;
  missingCaptures: (count: number) => string;
  nothingMissing: string;
  openAlerts: (count: number) => string;
  noAlerts: string;
  session: string;
  sessionOf: (participant: string) => string;
  unknownParticipant: string;
  visit: (visit: number, attempt: number) => string;
  demo: string;
  completed: string;
  answers: string;
  noAnswers: string;
  skipped: string;
  late: string;
  clockSuspect: string;
  changes: (count: number) => string;
  notApplied: string;
  earlierAnswers: string;
  score: string;
  scoreOf: (total: string, min: string, max: string) => string;
  noTotal: string;
  aboveCutOff: (cutOff: string) => string;
  belowCutOff: (cutOff: string) => string;
  prorated: (total: string) => string;
  modified: string;
  notDiagnosis: string;
  transcript: string;
  noTranscript: string;
  earlierTranscript: string;
  participant: string;
  makers: Record<Maker, string>;
  fallback: string;
  cut: string;
  turnStates: Partial<Record<TurnState, string>>;
  noReply: string;
  captures: string;
  noCaptures: string;
  capturesCount: (kept: number) => string;
  capturesMissing: (count: number) => string;
  show: (count: number) => string;
  hide: string;
  pictureOf: (trigger: string, time: string) => string;
  pictureFailed: string;
  notKept: string;
  larger: string;
  close: string;
  triggers: Record<Trigger, string>;
  alert: string;
  alertStates: { open: string; acknowledged: string };
  sources: { phq: string; chat: string };
  alertValue: (value: string) => string;
  raised: (count: number) => string;
  told: (time: string) => string;
  escalated: (time: string) => string;
  notTold: string;
  seeSession: string;
  alertNotFound: { title: string; text: string };
  acknowledge: {
    go: string;
    outcome: string;
    choose: string;
    other: string;
    otherText: string;
    note: string;
    noteHint: string;
    done: string;
  };
  outcomes: Record<Outcome, string>;
  takenCare: (time: string, minutes: string) => string;
  events: string;
  failures: Record<
    "network" | "timeout" | "unreadable" | "forbidden" | "missing" | "many" | "busy" | "odd",
    string
  >;
  quote: (requestId: string) => string;
}

export const words: Words<StaffWords> = { en: english, id: indonesian };
