import { expect, test } from "vitest";
import { Clock } from "../clock/clock";
import { Api } from "./client";
import { Refused, Unreachable } from "./failures";

const SERVER_TIME = "2026-01-01T00:00:00.000Z";

/** An Api whose every call gets this. */
function answering(reply: Response | ((init: RequestInit) => Promise<Response>)) {
  const asked: { path: string; init: RequestInit }[] = [];
  const clock = new Clock();
  const api = new Api(clock, (path, init = {}) => {
    asked.push({ path: String(path), init });
    return typeof reply === "function" ? reply(init) : Promise.resolve(reply);
  });
  return { api, asked, clock };
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return Response.json(body, {
    status,
    headers: { "X-Request-ID": "r1", "X-Server-Time": SERVER_TIME, ...headers },
  });
}

/** Nothing comes until the call is given up. */
const silence = (init: RequestInit) =>
  new Promise<Response>((_, fail) => {
    if (init.signal?.aborted === true) fail(init.signal.reason as Error);
    init.signal?.addEventListener("abort", () => fail(init.signal?.reason as Error));
  });

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

test("data comes out of the envelope, and the clock hears the server's time", async () => {
  const { api, asked, clock } = answering(json(200, { status: "OLKORECT", data: { a: 1 } }));
  expect(await api.call("/x", { method: "PUT", body: { b: 2 } })).toEqual({ a: 1 });
  expect(asked[0]).toMatchObject({
    path: "/api/x",
    init: { method: "PUT", body: '{"b":2}', credentials: "same-origin" },
  });
  expect(clock.known).toBe(true);
});

test("a refusal tells its code, details, help and request id", async () => {
  const details = [{ field: "next_step", problem: "chat" }];
  const help = { text: "Call.", hotlines: [] };
  const body = { status: "SNAFU", error: "Not now.", code: "wrong_step", details, help, request_id: "r1" };
  const { api } = answering(json(409, body));
  const error = (await failure(api.call("/x"))) as Refused;
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({
    status: 409,
    code: "wrong_step",
    message: "Not now.",
    requestId: "r1",
    help,
  });
  expect(error.detail("next_step")).toBe("chat");
  expect(error.passing).toBe(false);
});

test("an ended login and a busy service pass", async () => {
  const login = answering(
    json(401, { status: "SNAFU", error: "Log in.", code: "login_required", request_id: "r1" }),
  );
  expect(await failure(login.api.call("/x"))).toMatchObject({ status: 401, passing: true });
  const body = { status: "SNAFU", error: "Busy.", code: "unavailable", request_id: "r1" };
  const busy = answering(json(503, body, { "Retry-After": "7" }));
  expect(await failure(busy.api.call("/x"))).toMatchObject({
    status: 503,
    passing: true,
    retryAfterSeconds: 7,
  });
});

test.each([
  ["a proxy's page", new Response("<h1>502</h1>", { status: 502, headers: { "X-Request-ID": "r1" } })],
  ["a captive portal's page", new Response("<h1>Welcome</h1>", { headers: { "X-Request-ID": "r1" } })],
  ["JSON of somebody else", json(500, { error: "oops" })],
  ["success that says otherwise", json(200, { status: "SNAFU" })],
  ["null", json(200, null as unknown as object)],
])("%s is no reply of the service", async (_, reply) => {
  const error = await failure(answering(reply).api.call("/x"));
  expect(error).toBeInstanceOf(Unreachable);
  expect(error).toMatchObject({ reason: "unreadable", requestId: "r1" });
});

test("without a network it is unreachable", async () => {
  const { api } = answering(() => Promise.reject(new TypeError("Failed to fetch")));
  expect(await failure(api.call("/x"))).toMatchObject({ name: "Unreachable", reason: "network" });
});

test("a call has its time, its body's reading included", async () => {
  expect(await failure(answering(silence).api.call("/x", { timeoutMs: 20 }))).toMatchObject({
    reason: "timeout",
  });
  const slow = (init: RequestInit) => {
    const body = new ReadableStream({
      start(controller) {
        init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
      },
    });
    return Promise.resolve(new Response(body));
  };
  expect(await failure(answering(slow).api.call("/x", { timeoutMs: 20 }))).toMatchObject({
    reason: "timeout",
  });
});

test("who calls off a call gets their own reason back", async () => {
  const { api } = answering(silence);
  const own = new AbortController();
  const call = failure(api.call("/x", { signal: own.signal }));
  own.abort("enough");
  expect(await call).toBe("enough");
  expect(await failure(api.call("/x", { signal: own.signal }))).toBe("enough");
});

test("a stream of events is given as it comes; a refusal instead of it is one", async () => {
  const events = new Response("event: accepted\n\n", { headers: { "Content-Type": "text/event-stream" } });
  expect(await (await answering(events).api.stream("/x")).text()).toContain("accepted");
  const refusal = json(409, { status: "SNAFU", error: "Wait.", code: "turn_running", request_id: "r1" });
  expect(await failure(answering(refusal).api.stream("/x"))).toMatchObject({ code: "turn_running" });
});
