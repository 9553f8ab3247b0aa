/** Previews and quotes are cut by one function, at the borders of what people see as one character. */

import { bytesOf, graphemesOf } from "./text.ts";

const GRAPHEMES_MAX = 100;
const BYTES_MAX = 512;

/**
 * The beginning of a text in one line: white space runs become one space; at most 100 graphemes and 512 bytes, with `…`
 * where it was cut.
 */
export function preview(text: string): string {
  // Whole words, until one goes past the limit: a mark at the start of a word belongs to the space before it.
  let line = "";
  for (const [word] of text.matchAll(/\P{White_Space}+/gu)) {
    line += line && " ";
    line += word;
    if (line.length > BYTES_MAX) {
      break;
    }
  }
  if (line.length <= GRAPHEMES_MAX) {
    return line;
  }
  let [end, bytes, count] = [0, 0, 0];
  for (const grapheme of graphemesOf(line)) {
    bytes += bytesOf(grapheme);
    count += 1;
    if (count > GRAPHEMES_MAX || bytes > BYTES_MAX) {
      return line.slice(0, end) + "…";
    }
    end += grapheme.length;
  }
  return line;
}
