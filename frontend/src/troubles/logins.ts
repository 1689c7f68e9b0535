import { untrack } from "svelte";
import type { Id } from "../api/contract";
import { access } from "./access.svelte";

/** Fetch, and let `access` know what each reply tells of the login. `here`: the person the page is of, if of anybody. */
export function watchingLogins(fetching: typeof fetch, here: () => Id | null): typeof fetch {
  return async (...call) => {
    // Who sends a call does not ask for the login by it.
    const [logins, lapsed] = untrack(() => [access.logins, access.lapsed] as const);
    const reply = await fetching(...call);
    const path = String(call[0]);
    const person = here();
    if (person === null) return reply;
    if (reply.status === 401 && !path.startsWith("/api/auth/log")) access.lapse(logins);
    if (lapsed && reply.ok && path === "/api/auth/me" && (await nameIn(reply.clone())) === person)
      access.regain();
    return reply;
  };
}

/** Who is logged in, of a reply to `/auth/me`; null where it cannot be read. */
async function nameIn(reply: Response): Promise<Id | null> {
  const envelope = (await reply.json().catch(() => null)) as { data?: { user?: { id?: Id } } } | null;
  return envelope?.data?.user?.id ?? null;
}
