import type { Consent, Session } from "../../api/contract";

/** The consent as a file to keep: what was shown, its version, and what can be agreed to. */
export function consentFile(session: Session, nameOf: (scope: Consent["scopes"][number]) => string): string {
  const { consent, study } = session;
  const scopes = consent.scopes.map((scope) => `[ ] ${nameOf(scope)}`).join("\n");
  const parts = [
    study.title,
    `${consent.title} (${consent.version})`,
    consent.content,
    scopes,
    consent.footer,
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Give a text to the browser as a file. */
export function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read the file only after the click's handlers are done.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
