/** What a text is found by: the same in every store that searches. */

import { INVISIBLE } from "../text.ts";

const GONE = new RegExp(`[\\p{M}${INVISIBLE}]`, "gu");

/**
 * A text as it is searched: in small letters, without accents and vowel signs, without what cannot be seen, full and half
 * width the same, and one space where there is white space. A text is found by a part of it when the folded text has the
 * folded part.
 */
export function fold(text: string): string {
  const small = text.normalize("NFKD").replace(GONE, "").toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  // The sigma at the end of a word is the same letter.
  return small.replaceAll("ς", "σ").replace(/\p{White_Space}+/gu, " ").trim();
}
