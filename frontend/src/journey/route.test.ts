import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { hash: "", pathname: "/" });
vi.stubGlobal("addEventListener", () => undefined);
const { placeOf, tokenOf } = await import("./route.svelte");

test("a link's token is found, and nothing else is taken for one", () => {
  expect(tokenOf("#/join/uV_uN3Ko5kbLi4l2TzIuxw")).toBe("uV_uN3Ko5kbLi4l2TzIuxw");
  expect(tokenOf("#/join/token/more?x=1")).toBe("token");
  expect([tokenOf("#/join/"), tokenOf("#/"), tokenOf(""), tokenOf("#/staff/join/x")]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("an unknown place is the assessment", () => {
  expect(["#/withdraw", "#/pause", "#/logout", "#/staff/alerts/1"].map(placeOf)).toEqual([
    "withdraw",
    "pause",
    "logout",
    "staff",
  ]);
  expect(["", "#/", "#/nothing", "#/withdraw/x"].map(placeOf)).toEqual(Array(4).fill("assessment"));
});
