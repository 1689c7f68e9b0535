import type { Id } from "../api/contract";
import type { Kind } from "./entries";
import type { Row } from "./rows";
import { LANE, type Lane } from "./rules";

/** A row in the sender's view. Times are of the device's monotonic clock. */
export interface Waiting {
  row: Row;
  tries: number;
  notBefore: number;
  /** A call with others failed: it is sent by itself, to have its own verdict. */
  alone: boolean;
  /** A 404 came before it was known who is logged in. */
  doubted: boolean;
  busy: boolean;
  /** The call that it is in while it is busy, and when that began. */
  call: number;
  since: number;
}

/** One call to the service: a single entry, or answers or announcements of one session together. */
export interface Job {
  kind: Kind;
  items: Waiting[];
}

/** What else decides what may be sent now. */
export interface Road {
  now: number;
  /** No call of a lane before this. */
  notBefore: Record<Lane, number>;
  /** A picture of usual size takes so long that an answer behind it would be late. */
  narrow: boolean;
  /** When an answer or message was last put. */
  lastClick: number;
}

/** Browsers open six connections to a service; a running reply's stream takes one, and a message its own. */
const ANSWER_CALLS = 2;
const PICTURE_CALLS = 2;
/** What a call takes of answers or announcements (100, 64 KiB). */
const TOGETHER = 100;
/** From so many on, answers share a call. */
const MANY = 3;
/** What is under way for longer, such as a message behind a running reply, holds up nothing else any more. */
const HOLDS_MS = 3_000;
/** On a narrow road pictures wait until nothing was clicked for so long. */
export const QUIET_MS = 8_000;

/** The calls to begin now: answers and messages, then announcements, then pictures; each item in its order. */
export function nextJobs(queue: readonly Waiting[], road: Road): Job[] {
  const heads = headsOf(queue);
  const ready = (lane: Lane) => heads.filter((one) => LANE[one.row.kind] === lane && isReady(one, road));
  const busy = (lane: Lane) =>
    queue.some((one) => one.busy && LANE[one.row.kind] === lane && road.now < one.since + HOLDS_MS);

  const words = [
    ...ready("words")
      .filter((one) => one.row.kind === "message")
      .map(single),
    ...answerCalls(
      queue,
      ready("words").filter((one) => one.row.kind === "answer"),
    ),
  ];
  if (words.length > 0 || busy("words")) return words;
  if (busy("ledger")) return [];
  const announcements = ready("ledger");
  const first = announcements[0];
  if (first !== undefined) return [together(first, announcements)];
  return pictureCalls(queue, ready("pictures"), road).map(single);
}

/** When there will be something to do without anything happening; undefined: not before something does. */
export function nextTime(queue: readonly Waiting[], road: Road): number | undefined {
  const times = headsOf(queue).map((one) => {
    const lane = LANE[one.row.kind];
    const quiet = lane === "pictures" && road.narrow ? road.lastClick + QUIET_MS : 0;
    return Math.max(one.notBefore, road.notBefore[lane], quiet);
  });
  for (const one of queue) if (one.busy) times.push(one.since + HOLDS_MS);
  const later = times.filter((time) => time > road.now);
  return later.length === 0 ? undefined : Math.min(...later);
}

function isReady(one: Waiting, road: Road): boolean {
  return one.notBefore <= road.now && road.notBefore[LANE[one.row.kind]] <= road.now;
}

/** What keeps an order among itself: the answers to a question, the messages of a session. */
function lineOf(row: Row): string {
  return row.kind === "message" ? `message/${row.session}` : `${row.kind}/${row.session}/${row.item}`;
}

/** The first of each line that is not under way, where nothing before it is; a picture after its announcement. */
function headsOf(queue: readonly Waiting[]): Waiting[] {
  const announced = new Set(
    queue.filter((one) => one.row.kind === "announcement").map((one) => `${one.row.session}/${one.row.item}`),
  );
  const seen = new Set<string>();
  const heads: Waiting[] = [];
  for (const one of queue) {
    const line = lineOf(one.row);
    if (seen.has(line)) continue;
    seen.add(line);
    const waits = one.row.kind === "capture" && announced.has(`${one.row.session}/${one.row.item}`);
    if (!one.busy && !waits) heads.push(one);
  }
  return heads;
}

function answerCalls(queue: readonly Waiting[], ready: readonly Waiting[]): Job[] {
  const free = ANSWER_CALLS - callsOf(queue, "answer");
  const jobs: Job[] = [];
  let left = [...ready];
  while (jobs.length < free) {
    const first = left[0];
    if (first === undefined) break;
    const shared = together(first, left);
    const job = shared.items.length >= MANY ? shared : single(first);
    left = left.filter((one) => !job.items.includes(one));
    jobs.push(job);
  }
  return jobs;
}

/** Calls, not entries: those of one call share what they wait for. */
function callsOf(queue: readonly Waiting[], kind: Kind): number {
  return new Set(queue.filter((one) => one.busy && one.row.kind === kind).map((one) => one.call)).size;
}

function pictureCalls(queue: readonly Waiting[], ready: readonly Waiting[], road: Road): Waiting[] {
  if (road.narrow && road.now < road.lastClick + QUIET_MS) return [];
  const most = road.narrow ? 1 : PICTURE_CALLS;
  return ready.slice(0, Math.max(0, most - callsOf(queue, "capture")));
}

function single(one: Waiting): Job {
  return { kind: one.row.kind, items: [one] };
}

function together(first: Waiting, all: readonly Waiting[]): Job {
  if (first.alone) return single(first);
  const session: Id = first.row.session;
  const items = all.filter((one) => !one.alone && one.row.session === session);
  return { kind: first.row.kind, items: items.slice(0, TOGETHER) };
}
