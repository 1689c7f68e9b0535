import { untrack } from "svelte";

/** How far above the log's end somebody may be and still be at it, in CSS pixels. */
const SLACK = 48;

/** Keeps the end of the log in sight of who is there, and says so to who is not. */
export class LogEnd {
  mark = $state.raw<HTMLElement | null>(null);
  foot = $state.raw<HTMLElement | null>(null);
  footHeight = $state(0);
  logHeight = $state(0);
  /** What an on-screen keyboard covers where it does not make the page smaller. */
  keyboard = $state(0);
  /** Something came below of what is in sight. */
  unseen = $state(false);
  private there = $state(true);
  private wasAt = 0;
  private visible = $state(true);

  /** Whether the end stands on a visible screen. */
  get seen(): boolean {
    return this.there && this.visible;
  }

  /** Begin to look where the person is; gives the way to stop. */
  watch(): () => void {
    const moved = () => this.look();
    const turned = () => (this.visible = document.visibilityState === "visible");
    const resized = () => this.measure();
    turned();
    addEventListener("scroll", moved, { passive: true });
    addEventListener("resize", moved);
    document.addEventListener("visibilitychange", turned);
    visualViewport?.addEventListener("resize", resized);
    visualViewport?.addEventListener("scroll", resized);
    return () => {
      removeEventListener("scroll", moved);
      removeEventListener("resize", moved);
      document.removeEventListener("visibilitychange", turned);
      visualViewport?.removeEventListener("resize", resized);
      visualViewport?.removeEventListener("scroll", resized);
    };
  }

  /** To be called in an effect: stays at the end, or says that more came, when a height on which that hangs changes. */
  follow(): void {
    if (this.logHeight === 0 || this.footHeight + this.keyboard === 0) return;
    untrack(() => {
      if (this.there) this.show();
      else this.unseen = !this.inSight();
    });
  }

  /** Go to the end. */
  show(): void {
    this.mark?.scrollIntoView({ block: "end" });
    this.there = true;
    this.unseen = false;
  }

  private look(): void {
    // Only who goes up leaves the end: what grew in this very moment has not been followed yet.
    const up = scrollY < this.wasAt;
    this.wasAt = scrollY;
    if (this.inSight()) this.there = true;
    else if (up) this.there = false;
    if (this.there) this.unseen = false;
  }

  private inSight(): boolean {
    if (this.mark === null || this.foot === null) return true;
    const edge = Math.min(this.foot.getBoundingClientRect().top, innerHeight);
    return this.mark.getBoundingClientRect().top <= edge + SLACK;
  }

  private measure(): void {
    const view = visualViewport;
    // A page that was magnified by hand has a small view, too, and no keyboard.
    if (view === null || Math.abs(view.scale - 1) > 0.01) return;
    this.keyboard = Math.max(0, Math.round(innerHeight - view.height - view.offsetTop));
  }
}
