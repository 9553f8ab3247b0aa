/** How long a text may be, counted as people count: in characters. */

/** A body of the protocol has 64 KiB; its fields and marks need room too. */
export const TEXT_BYTES_MAX = 60_000;
/** As much of what was begun is kept on all devices. */
export const DRAFT_BYTES_MAX = 8_192;
/** From here on the composer counts. */
export const NEAR = 200;

const encoder = new TextEncoder();

export function bytesOf(text: string): number {
  return text.length * 3 <= NEAR ? text.length : encoder.encode(text).length;
}

/**
 * How many characters may still be written, of the kind that stand at the end; negative: how many must go. Null while the
 * limit is far.
 */
export function left(text: string, most = TEXT_BYTES_MAX): number | null {
  // No character has more than three bytes a UTF-16 unit: most texts are not measured at all.
  if (text.length * 3 < most - NEAR * 4) {
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
