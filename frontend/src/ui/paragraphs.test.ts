import { expect, test } from "vitest";
import { paragraphs } from "./paragraphs";

test("empty lines part paragraphs", () => {
  expect(paragraphs("\nOne\nstill one\n \nTwo\n\n")).toEqual(["One\nstill one", "Two"]);
});
