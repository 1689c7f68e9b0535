import { expect, test } from "vitest";
import { LONGEST, asSent, faultOf, length, withoutNul } from "./message";

test("characters are counted as the service counts them", () => {
  expect(length("🌿é")).toBe(2);
  expect(faultOf("🌿".repeat(LONGEST))).toBeNull();
  expect(faultOf("🌿".repeat(LONGEST) + "a")).toBe("too_long");
  expect(faultOf(" ".repeat(50) + "a".repeat(LONGEST) + "\n\n")).toBeNull();
});

test("what is blank to the service is not sent", () => {
  for (const blank of ["", "  \n\t", "\u00a0\u3000", "\u001f", "\u0085"])
    expect(faultOf(blank)).toBe("empty");
});

test("half of a character is not sent, since it could not be stored", () => {
  expect(asSent("a\ud83cb")).toBe("a\ufffdb");
  expect(asSent(" 🌿 ")).toBe("🌿");
});

test("NUL, which nobody sees, is taken out", () => {
  expect(withoutNul("a\0b\0")).toBe("ab");
});
