/** The page's places are hashes, so that the server serves one file, and the browser's back button works. */
export type Place = "assessment" | "withdraw" | "pause" | "logout" | "staff";

const NAMED: readonly Place[] = ["withdraw", "pause", "logout"];

/** Name the place of a hash; what is unknown is the assessment. */
export function placeOf(hash: string): Place {
  if (hash.startsWith("#/staff")) return "staff";
  return NAMED.find((one) => hash === `#/${one}`) ?? "assessment";
}

/** Give the token of an invitation link. */
export function tokenOf(hash: string): string | null {
  return /^#\/join\/([^/?#]+)/.exec(hash)?.[1] ?? null;
}

class Route {
  hash = $state(location.hash);
  readonly place = $derived(placeOf(this.hash));
  private told: (token: string) => void = () => undefined;

  constructor() {
    addEventListener("hashchange", () => {
      const token = this.takeToken();
      if (token !== null) this.told(token);
    });
  }

  /** Take the token out of the address bar, so that it stays neither there nor in the history. */
  takeToken(): string | null {
    const token = tokenOf(location.hash);
    if (token !== null) history.replaceState(null, "", `${location.pathname}#/`);
    this.hash = location.hash;
    return token;
  }

  /** Be told of links that are opened while the page is. */
  whenJoining(tell: (token: string) => void): void {
    this.told = tell;
  }

  go(place: Place): void {
    location.hash = place === "assessment" ? "#/" : `#/${place}`;
  }
}

export const route = new Route();
