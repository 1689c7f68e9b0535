/** Whether the login still holds. Whoever was told 401 waits here for the next login. */
class Access {
  /** Reactive: a login is wanted. */
  lapsed = $state(false);
  /** Counts logins: what an older one is refused says nothing of the present one. */
  logins = 0;
  private waiting: (() => void)[] = [];

  /** The service said 401 to a call that needs a login, sent when there had been so many `logins`. */
  lapse(logins: number): void {
    if (logins === this.logins) this.lapsed = true;
  }

  /** Somebody logged in. */
  regain(): void {
    this.logins += 1;
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
