import { afterEach, expect, test, vi } from "vitest";
import { takesOver } from "./focus";

afterEach(() => vi.unstubAllGlobals());

/** A page where `holder` has the focus; null: what had it went. */
function page(holder: object | null, dialog: EventTarget | null = null) {
  const body = {};
  const document = { body, activeElement: holder ?? body, querySelector: () => dialog };
  vi.stubGlobal("document", document);
  const node = { focus: () => (document.activeElement = node) } as unknown as HTMLElement;
  return { document, node, settled: () => new Promise((resolve) => setTimeout(resolve)) };
}

test("what takes the place of the focused takes the focus, and from nothing else", async () => {
  const lost = page(null);
  takesOver(lost.node);
  await lost.settled();
  expect(lost.document.activeElement).toBe(lost.node);
  const heading = { closest: () => null };
  const held = page(heading);
  takesOver(held.node);
  await held.settled();
  expect(held.document.activeElement).toBe(heading);
});

test("behind a dialog it takes the focus once that is closed, and never when it is gone itself", async () => {
  for (const stays of [true, false]) {
    const dialog = new EventTarget();
    let closed = false;
    // Until the next frame the dialog's button holds the focus, though nobody sees it any more.
    const button = {
      closest: (selector: string) => (selector === "dialog:not([open])" && closed ? dialog : null),
    };
    const { document, node, settled } = page(button, dialog);
    const leave = takesOver(node);
    await settled();
    expect(document.activeElement).toBe(button);
    if (!stays) leave();
    closed = true;
    dialog.dispatchEvent(new Event("close"));
    expect(document.activeElement === node).toBe(stays);
  }
});
