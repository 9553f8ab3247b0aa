/** Texts that people see: checked once, at the edge. */

import { argument } from "./fail.ts";

/** Characters that are there without being seen, for a class of a regular expression with the flag `u`. */
export const INVISIBLE =
  "\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800" +
  "\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}";

const NOTHING = new RegExp(`^[\\p{White_Space}${INVISIBLE}]*$`, "u");
/** Embeddings, overrides and isolates go on past the end of a name, and separators break its line. */
const TURNS = /[\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
/** Code points of one grapheme of a name at most: enough for every emoji and every script, and not for towers. */
const MARKS_MAX = 16;

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

/** Checks a line of text, such as a name: at most so many bytes. */
export function checkLine(field: string, text: string, max: number): string {
  return checked(field, text, max, wrongWithLine(text));
}

/** Checks a text that may have several lines. */
export function checkLines(field: string, text: string, max: number): string {
  return checked(field, text, max, wrongWithMessage(text));
}

function checked(field: string, text: string, max: number, wrong: string | null): string {
  const why = bytesOf(text) > max ? `is longer than ${max} bytes` : wrong;
  if (why) {
    throw argument(field, why);
  }
  return text;
}

function wrongWithLine(text: string): string | null {
  const wrong = wrongWithMessage(text);
  if (wrong) {
    return wrong;
  }
  if (/\p{Cc}/u.test(text)) {
    return "has a control character";
  }
  if (TURNS.test(text)) {
    return "turns the writing direction or breaks the line";
  }
  for (const grapheme of graphemesOf(text)) {
    if ([...grapheme].length > MARKS_MAX) {
      return "piles up marks";
    }
  }
  return null;
}
