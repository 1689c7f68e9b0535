import { Api } from "../api/client";
import type { Id, Session, StudyName, User } from "../api/contract";
import { Refused, Unreachable } from "../api/failures";
import { Clock } from "../clock/clock";
import { ofThisBrowser } from "../clock/memory";
import { askTime, watchTime } from "../clock/watch";
import type { Outbox } from "../outbox/entries";
import { leftOnThisDevice, openOutbox, wipe } from "../outbox/outbox.svelte";
import { access } from "../troubles/access.svelte";
import { Deed } from "../troubles/deed.svelte";
import { watchingLogins } from "../troubles/logins";
import { Helping } from "./helping";
import {
  leaveNotice,
  rememberedPerson,
  rememberPerson,
  someoneWasHere,
  STAFF,
  takeNotice,
  type NoticeName,
} from "./remembered";
import { route } from "./route.svelte";
import { openOnes } from "./rules";
import { hearTabs, tellTabs, type Told } from "./tabs";
import { forgetTakenBack } from "./taken_back";
import { JourneyVisit, LAST_SESSION } from "./visit.svelte";

/** `languages`: those that a session can be begun in. */
export type Study = StudyName & { demo: boolean; languages?: string[] };
export type Phase = "opening" | "entry" | "home" | "visit";
/** Why the entry is shown, where there is a reason. */
export type EntryWord = NoticeName | "unknown_link" | "spent_link" | null;

/** How long the service may take to say who is here, before the page opens with what this device keeps. */
const OPENING_MS = 8_000;

/** Who is here, and what they are at. */
export class Journey {
  readonly clock = new Clock(undefined, undefined, ofThisBrowser);
  private readonly fetching = watchingLogins(
    (...call) => fetch(...call),
    () => this.user?.id ?? null,
  );
  readonly api = new Api(this.clock, this.fetching);
  readonly pageId: Id = crypto.randomUUID();
  /** Reactive, as all below. */
  phase = $state<Phase>("opening");
  user = $state.raw<User | null>(null);
  studies = $state.raw<Study[]>([]);
  sessions = $state.raw<Session[]>([]);
  outbox = $state.raw<Outbox | null>(null);
  visit = $state.raw<JourneyVisit | null>(null);
  word = $state<EntryWord>(takeNotice());
  helpOpen = $state(false);
  /** What waits on this device for other people's next login. */
  leftByOthers = $state(0);
  readonly opening = new Deed();
  private readonly helping = new Helping(() => (this.helpOpen = true));

  /** Begin with what the address says: a link, or who was here. */
  begin(): void {
    watchTime(this.clock);
    hearTabs((told) => this.heard(told));
    route.whenJoining((token) => void this.join(token));
    const token = route.takeToken();
    void (token === null ? this.resume() : this.join(token));
  }

  /** Log in by a link. */
  async join(token: string): Promise<void> {
    if (this.user === null) this.phase = "opening";
    const body = { token };
    // The link is what the person wants now: the page may still be trying to open without it.
    this.opening.stop();
    let arrived: { user: User } | null = null;
    const done = await this.opening.run(
      async () => {
        // Some links work once: what follows is tried again without it.
        arrived ??= await this.api.call<{ user: User }>("/auth/invitation", { method: "POST", body });
        await this.arrived(arrived);
      },
      (refused) => {
        if (refused.status !== 404 && refused.status !== 410 && refused.status !== 422) return false;
        this.word = refused.status === 410 ? "spent_link" : "unknown_link";
        return true;
      },
    );
    // Who is logged in already goes on: most often a link that works once, opened again by its owner.
    if (!done && this.user === null) await this.resume();
  }

  /** Somebody logged in: the same person goes on where they were, another one begins with a clean page. */
  async arrived({ user }: { user: User }): Promise<void> {
    if (user.role !== "participant") {
      this.staff(user);
      tellTabs({ person: STAFF });
      return;
    }
    if (this.isAnother(user)) return this.beginAs(user);
    rememberPerson(user.id);
    tellTabs({ person: user.id });
    if (this.user === null) await this.find();
    else this.regained();
  }

  /** Show the overview. */
  home(): void {
    this.leaveVisit();
    this.phase = "home";
    route.go("assessment");
  }

  /**
   * Ask again which studies and sessions there are. Those of another person, whose login came past this page, are not
   * shown in this one, which would keep what they give under the name of the former: it begins anew as theirs.
   * @throws Refused, Unreachable.
   */
  async readOverview(): Promise<User> {
    const asking = this.api.call<{ sessions: Session[] }>("/sessions", { timeoutMs: OPENING_MS });
    // Who is here decides first: staff are refused sessions.
    asking.catch(() => undefined);
    const me = await this.api.call<{ user: User; studies: Study[] }>("/auth/me", { timeoutMs: OPENING_MS });
    if (this.isAnother(me.user)) this.beginAs(me.user);
    else [this.sessions, this.studies] = [(await asking).sessions, me.studies];
    return me.user;
  }

  /** Go on with a session. */
  async enter(session: Session): Promise<void> {
    if (this.outbox === null) return;
    this.leaveVisit();
    const showHelp = () => this.helping.show();
    const { api, clock, outbox, pageId } = this;
    const visit = new JourneyVisit({ api, clock, outbox, pageId, session, showHelp });
    this.visit = visit;
    await visit.begin();
    // Another was entered meanwhile, such as by a second click.
    if (this.visit !== visit) return;
    this.phase = "visit";
    route.go("assessment");
  }

  /** Delete all that this device keeps of who is here. */
  async deleteHere(): Promise<void> {
    if (this.user === null) return;
    // An open database is not deleted.
    this.outbox?.close();
    await wipe(this.user.id);
  }

  /** Load the page anew, as nobody. */
  leave(word: NoticeName): void {
    rememberPerson(null);
    tellTabs({ person: null });
    leaveNotice(word);
    location.hash = "#/";
    location.reload();
  }

  private async resume(): Promise<void> {
    const person = rememberedPerson();
    if (person === null) this.nobody();
    else if (person === STAFF) this.staff({ id: STAFF, username: "", role: "researcher" });
    else await this.opening.run(() => this.find());
  }

  /** Find who is logged in and what they are at; without the service, what this device keeps. */
  private async find(): Promise<void> {
    try {
      await this.found(await this.readOverview());
    } catch (fault) {
      if (fault instanceof Refused && fault.status === 401) this.nobody();
      else if (!(await this.findOnDevice(fault))) throw fault;
    }
  }

  private async found(user: User): Promise<void> {
    rememberPerson(user.id);
    this.user = user;
    this.outbox = await this.openedOutbox(user.id);
    const left = await leftOnThisDevice();
    this.leftByOthers = left
      .filter((one) => one.person !== user.id)
      .reduce((sum, one) => sum + one.waiting, 0);
    // What was taken back on another device, of sessions that are not shown, too.
    for (const one of this.sessions) void forgetTakenBack(this.outbox, one).catch(() => undefined);
    const session = await this.toGoOnWith(this.outbox);
    if (session === null) this.phase = "home";
    else await this.enter(session);
  }

  private staff(user: User): void {
    void this.lookAfterDevice();
    rememberPerson(STAFF);
    this.user = user;
    access.regain();
    if (route.place !== "staff") location.hash = "#/staff";
    this.phase = "home";
  }

  /** The one open session; else the one this device showed last, so that its end is still told after a reload. */
  private async toGoOnWith(outbox: Outbox): Promise<Session | null> {
    const open = openOnes(this.sessions);
    if (open.length > 0) return open.length === 1 ? (open[0] ?? null) : null;
    const last = await outbox.kept<Session>(LAST_SESSION);
    return this.sessions.find((one) => one.id === last?.id) ?? null;
  }

  private async findOnDevice(fault: unknown): Promise<boolean> {
    const person = rememberedPerson();
    if (person === null || !(fault instanceof Unreachable || fault instanceof Refused)) return false;
    const outbox = await this.openedOutbox(person);
    const session = await outbox.kept<Session>(LAST_SESSION);
    if (session === undefined) return false;
    this.outbox = outbox;
    this.user = { id: person, username: "", role: "participant" };
    this.sessions = [session];
    await this.enter(session);
    void this.visit?.refresh();
    return true;
  }

  private async openedOutbox(person: Id): Promise<Outbox> {
    const outbox = await openOutbox(person, this.api, this.clock);
    // What is refused is read for risk all the same.
    outbox.whenRefused((_, help) => (this.helpOpen ||= help !== null));
    outbox.whenDelivered((delivered) => this.helping.delivered(delivered));
    return outbox;
  }

  private nobody(): void {
    void this.lookAfterDevice();
    access.regain();
    if (this.word === null && someoneWasHere()) this.word = "ended";
    this.phase = "entry";
  }

  /** Let go what has had its time, of whoever used this browser: who comes never again has no opening of their own. */
  private async lookAfterDevice(): Promise<void> {
    if (!this.clock.known) await askTime(this.clock, this.fetching);
    // Who came meanwhile has an outbox that looks after it, and that must not be taken for one that is done with.
    const someoneCame = this.user?.role === "participant";
    if (this.clock.known && !someoneCame) await leftOnThisDevice(this.clock.now());
  }

  private isAnother(user: User): boolean {
    return this.user !== null && this.user.id !== user.id;
  }

  /** Load the page anew, as another person's. */
  private beginAs(user: User): void {
    const person = rememberedAs(user);
    rememberPerson(person);
    tellTabs({ person });
    leaveNotice("switched");
    location.reload();
  }

  private regained(): void {
    access.regain();
    this.outbox?.nudge();
    void this.visit?.refresh();
  }

  /** As it is remembered on this device, and told to other tabs. */
  private get person(): Id | null {
    return this.user === null ? null : rememberedAs(this.user);
  }

  private leaveVisit(): void {
    this.visit?.close();
    this.visit = null;
  }

  private heard(told: Told): void {
    if ("opened" in told) {
      if (this.visit?.session.id === told.opened) this.visit.ownedBy(told.by);
    } else if (told.person !== this.person) location.reload();
    // What this tab sent under the login before may yet be refused.
    else this.regained();
  }
}

function rememberedAs(user: User): Id {
  return user.role === "participant" ? user.id : STAFF;
}
