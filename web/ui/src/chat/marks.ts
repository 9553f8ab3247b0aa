/** Keeps the marks of a text where they belong while it is being written. */

import type { Entity } from "@stonechat/sdk";

/** The stretch in which two texts differ. */
interface Difference {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

/** Where a text was changed. The caret tells apart what the texts cannot: a letter typed before or behind its like. */
function difference(before: string, after: string, caret: number): Difference {
  const longest = Math.min(before.length, after.length);
  let behind = 0;
  const behindMost = Math.min(longest, Math.max(after.length - caret, 0));
  while (behind < behindMost && before.at(-1 - behind) === after.at(-1 - behind)) {
    behind += 1;
  }
  let start = 0;
  while (start < longest - behind && before[start] === after[start]) {
    start += 1;
  }
  return { start, oldEnd: before.length - behind, newEnd: after.length - behind };
}

/**
 * The marks after a change. Those before it stay, those behind it move. A mention or a link that was written into is one
 * no longer; a style shrinks or grows with its text.
 */
export function carryMarks(marks: readonly Entity[], before: string, after: string, caret: number): readonly Entity[] {
  if (marks.length === 0 || before === after) {
    return marks;
  }
  const { start, oldEnd, newEnd } = difference(before, after, caret);
  const shift = newEnd - oldEnd;
  const carried: Entity[] = [];
  for (const mark of marks) {
    if (mark.end <= start) {
      carried.push(mark);
    } else if (mark.start >= oldEnd) {
      carried.push({ ...mark, start: mark.start + shift, end: mark.end + shift });
    } else if (!isWhole(mark)) {
      const from = mark.start <= start ? mark.start : newEnd;
      const upto = mark.end >= oldEnd ? mark.end + shift : start;
      if (from < upto) {
        carried.push({ ...mark, start: from, end: upto });
      }
    }
  }
  return carried;
}

function isWhole({ mark }: Entity): boolean {
  return mark.kind === "mention" || mark.kind === "mention_all" || mark.kind === "link";
}

/** A text without the space around it, and its marks moved along. */
export function trimMarked(text: string, marks: readonly Entity[]): { text: string; entities: readonly Entity[] } {
  const lead = text.length - text.trimStart().length;
  const trimmed = text.trim();
  const entities = marks
    .map((mark) => ({ ...mark, start: Math.max(mark.start - lead, 0), end: Math.min(mark.end - lead, trimmed.length) }))
    .filter((mark) => mark.start < mark.end);
  return { text: trimmed, entities };
}
