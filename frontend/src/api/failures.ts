import type { Detail, Help } from "./contract";

/** The service refused a call, in its envelope. `message` is a sentence for a person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
    readonly requestId: string | null,
    readonly details: Detail[] = [],
    readonly retryAfterSeconds: number | null = null,
    readonly help: Help | null = null,
  ) {
    super(sentence);
    this.name = "Refused";
  }

  /** What stands in the details under `field`. */
  detail(field: string): string | undefined {
    return this.details.find((one) => one.field === field)?.problem;
  }

  /** Whether the same call may be taken later: the outcome of a login, a limit or a fault that passes. */
  get passing(): boolean {
    return [401, 408, 429].includes(this.status) || this.status >= 500;
  }
}

/** No reply came, or none that can be read: offline, the server is away, a time-out, a proxy's page. */
export class Unreachable extends Error {
  constructor(
    readonly reason: "network" | "timeout" | "unreadable",
    readonly requestId: string | null = null,
  ) {
    super(`unreachable: ${reason}`);
    this.name = "Unreachable";
  }
}
