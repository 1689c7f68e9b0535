/** A text's paragraphs: what empty lines part. Single ends of lines stay in them. */
export function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
