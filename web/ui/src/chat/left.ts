/** How much may still be written, counted as people count: in characters. */

import { isFar, NEAR, TEXT_BYTES_MAX } from "./limit.ts";

const encoder = new TextEncoder();

/**
 * How many characters may still be written, of the kind that stand at the end; negative: how many must go. Null while the
 * limit is far.
 */
export function left(text: string, most = TEXT_BYTES_MAX): number | null {
  if (isFar(text, most)) {
    return null;
  }
  const bytes = encoder.encode(text).length;
  if (bytes > most) {
    return -charactersOver(text, bytes - most);
  }
  const last = encoder.encode(String.fromCodePoint(text.codePointAt(text.length - 1) ?? 0x20)).length;
  const remaining = Math.floor((most - bytes) / Math.max(last, 1));
  return remaining <= NEAR ? remaining : null;
}

function charactersOver(text: string, bytesOver: number): number {
  let [characters, bytes, at] = [0, 0, text.length];
  while (bytes < bytesOver && at > 0) {
    const isPair = at > 1 && /[\uDC00-\uDFFF]/.test(text[at - 1] as string);
    const size = isPair ? 2 : 1;
    bytes += encoder.encode(text.slice(at - size, at)).length;
    at -= size;
    characters += 1;
  }
  return characters;
}
