/** Reactions: one character as people see it, in one form whatever keyboard it came from. */

import { argument } from "./fail.ts";
import { bytesOf, graphemesOf, showsNothing } from "./text.ts";

/** Longest emoji, in bytes. The longest that keyboards offer, a family of four with skin tones, has 41. */
const BYTES_MAX = 64;

/**
 * The one form of a reaction: variation selectors 15 and 16 are left out, since the same key of two keyboards differs in
 * nothing else. Throws `invalid_argument` for what is not exactly one character that can be seen.
 */
export function emojiOf(text: string): string {
  const one = text.replace(/[\ufe0e\ufe0f]/g, "");
  if (bytesOf(text) > BYTES_MAX) {
    throw argument("emoji", `has at most ${BYTES_MAX} bytes`);
  }
  if (showsNothing(one) || /\p{Cc}/u.test(one)) {
    throw argument("emoji", "shows nothing");
  }
  if ([...graphemesOf(one)].length > 1) {
    throw argument("emoji", "has more than one character");
  }
  return one;
}
