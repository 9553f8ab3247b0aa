/** Finds people by what is typed: case, accents and forms of characters make no difference. */

/** What is compared. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
