/** How long a text may be. */

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

/** Whether a text is so short that nobody needs to count: no character has more than three bytes a UTF-16 unit. */
export function isFar(text: string, most: number = TEXT_BYTES_MAX): boolean {
  return text.length * 3 < most - NEAR * 4;
}
