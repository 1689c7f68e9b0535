/** Whether the login still holds. Whoever was told 401 waits here for the next login. */
class Access {
  /** Reactive: a login is wanted. */
  lapsed = $state(false);
  private waiting: (() => void)[] = [];

  /** The service said 401 to a call that needs a login. */
  lapse(): void {
    this.lapsed = true;
  }

  /** Somebody logged in. */
  regain(): void {
    this.lapsed = false;
    for (const tell of this.waiting.splice(0)) tell();
  }

  /** Resolves with the next login; at once if there was one meanwhile. */
  back(): Promise<void> {
    if (!this.lapsed) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

export const access = new Access();
