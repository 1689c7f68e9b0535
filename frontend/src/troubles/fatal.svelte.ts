/** What went wrong in the page itself, where nobody caught it; the page then shows a way on instead of nothing. */
class Fatal {
  /** Reactive. */
  happened = $state(false);

  /** Hear of every exception and rejected promise that nobody caught. */
  listen(): void {
    addEventListener("error", (event) => {
      // A picture or file that did not load is no exception, and browsers report layout loops as errors without one.
      if (event.error) this.happened = true;
    });
    addEventListener("unhandledrejection", () => {
      this.happened = true;
    });
  }
}

export const fatal = new Fatal();
