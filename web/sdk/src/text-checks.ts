/** Texts that only calls of the user have: names, reasons, announcements. */

import { argument } from "./fail.ts";
import { bytesOf, graphemesOf, wrongWithMessage } from "./text.ts";

const TITLE_BYTES_MAX = 256;
/** Embeddings, overrides and isolates go on past the end of a name, and separators break its line. */
const TURNS = /[\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
/** Code points of one grapheme of a name at most: enough for every emoji and every script, and not for towers. */
const MARKS_MAX = 16;

/** Checks the title of a group. */
export function checkTitle(title: string): string {
  return checkLine("title", title, TITLE_BYTES_MAX);
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
