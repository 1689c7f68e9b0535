import { tick } from "svelte";

/**
 * Attach to what takes the place of something that went with the focus: it takes the focus over, unless something else
 * has it. Behind an open dialog it waits for the dialog's end.
 */
export function takesOver(node: HTMLElement): () => void {
  let dialog: Element | null = null;
  let gone = false;
  const take = () => {
    const { activeElement, body } = document;
    // A dialog that was just closed holds the focus until the next frame.
    const none =
      activeElement === null ||
      activeElement === body ||
      activeElement.closest("dialog:not([open])") !== null;
    if (!gone && none) node.focus({ preventScroll: true });
  };
  void tick().then(() => {
    if (gone) return;
    take();
    dialog = document.querySelector("dialog[open]");
    dialog?.addEventListener("close", take, { once: true });
  });
  return () => {
    gone = true;
    dialog?.removeEventListener("close", take);
  };
}
