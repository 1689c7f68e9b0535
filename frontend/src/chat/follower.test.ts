import { expect, test } from "vitest";
import type { Api } from "../api/client";
import { Refused, Unreachable } from "../api/failures";
import { Follower } from "./follower";
import { NO_REPLY, type Reply, follow } from "./rules";
import { StoredTurn, bodyOf, seeded } from "../api/streams.fixture";
import { Wakings } from "./wakings";

class NoWait extends Wakings {
  readonly pauses: number[] = [];

  override async pause(ms: number): Promise<void> {
    this.pauses.push(ms);
  }
}

type Answer = (lastId: string | null) => Response;

/** Follow a turn whose joins are answered so; gives the reply as it was when the turn had ended. */
async function followed(answer: Answer, start: Reply = { ...NO_REPLY }) {
  let reply = start;
  const texts: string[] = [];
  const wakings = new NoWait();
  const joins: (string | null)[] = [];
  const api = {
    stream: async (_: string, call: { headers: Record<string, string> }) => {
      const lastId = call.headers["Last-Event-ID"] ?? null;
      joins.push(lastId);
      return answer(lastId);
    },
  } as unknown as Api;
  const lost: unknown[] = [];
  const follower = new Follower({
    api,
    path: "/turn/events",
    lastId: () => reply.lastId,
    hear: (event) => {
      reply = follow(reply, event);
      texts.push(reply.text);
    },
    lost: (why) => lost.push(why),
    wakings,
    chance: () => 0.5,
  });
  const outcome = await follower.run(null);
  return { reply, texts, joins, lost, outcome, pauses: wakings.pauses };
}

test("whatever is cut and joined, the text is the stored one", async () => {
  const help = { text: "help", hotlines: [], policy: "continue" };
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    const text = Array.from(
      { length: Math.floor(random() * 60) },
      (_, at) => ["a", "é", "🌿", " ", "\n"][at % 5],
    ).join("");
    const turn = new StoredTurn(text, undefined, seed % 3 === 0 ? help : null);
    let cuts = 12;
    const { reply, texts, outcome } = await followed((lastId) => {
      const bytes = turn.bytes(lastId, () => 1 + Math.floor(random() * 9));
      // Each connection breaks somewhere, be it before its first event, until the cuts are used up.
      const at = cuts-- > 0 ? Math.floor(random() * bytes.length) : bytes.length;
      const middle = Math.floor(random() * at);
      return new Response(bodyOf([bytes.slice(0, middle), bytes.slice(middle, at)], random() < 0.5));
    });
    expect(outcome).toBe("ended");
    expect(reply.text, `seed ${seed}`).toBe(text);
    // What was shown was never anything but a beginning of it.
    for (const shown of texts) expect(text.startsWith(shown)).toBe(true);
    expect(reply.help === null).toBe(seed % 3 !== 0);
  }
});

test("a service that does not know the id begins anew, and the text takes the place of the old one", async () => {
  const turn = new StoredTurn("New words");
  const { reply } = await followed(() => new Response(bodyOf([turn.bytes("unknown", () => 4)])), {
    ...NO_REPLY,
    text: "Old wor",
    lastId: "gone",
  });
  expect(reply.text).toBe("New words");
});

test("the service is asked less and less often while it is away, and not before it wants to be", async () => {
  const turn = new StoredTurn("words");
  const faults = [
    new Unreachable("network"),
    new Unreachable("network"),
    new Refused(503, "unavailable", "", "r1", [], 7),
    new Refused(401, "login_required", "", "r2"),
  ];
  const { pauses, lost, reply } = await followed(() => {
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
    return new Response(bodyOf([turn.bytes(null, () => 9)]));
  });
  expect(pauses).toEqual([300, 600, 7800, 2400]);
  expect(lost).toHaveLength(4);
  expect(reply.end).toEqual({ kind: "complete", conversationEnded: false });
});

test("a turn that is unknown for good is not asked for again", async () => {
  const gone = new Refused(404, "not_found", "", null);
  await expect(
    followed(() => {
      throw gone;
    }),
  ).rejects.toBe(gone);
});

test("an error ends the turn, and is told with what may be done", async () => {
  const failed = new StoredTurn("", {
    event: "error",
    data: { code: "model_timeout", message: "", retry: true },
  });
  const { reply, outcome } = await followed(() => new Response(bodyOf([failed.bytes(null, () => 1)])));
  expect(outcome).toBe("ended");
  expect(reply.end).toEqual({ kind: "error", code: "model_timeout", retry: true });
});
