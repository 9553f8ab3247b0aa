/** Texts that people see: checked once, at the edge. */

/** Characters that are there without being seen, for a class of a regular expression with the flag `u`. */
export const INVISIBLE =
  "\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800" +
  "\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}";

const NOTHING = new RegExp(`^[\\p{White_Space}${INVISIBLE}]*$`, "u");

let segmenter: Intl.Segmenter | undefined;

/** What people see as single characters, one after the other. */
export function* graphemesOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) {
    yield segment;
  }
}

/** Bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Whether a text is white space and what cannot be seen, and nothing else. */
export function showsNothing(text: string): boolean {
  return NOTHING.test(text);
}

/** Why a text is none that a message may say; null when it may. */
export function wrongWithMessage(text: string): string | null {
  return showsNothing(text) ? "is empty" : /[^\P{Cc}\t\n\r]/u.test(text) ? "has a control character" : null;
}
