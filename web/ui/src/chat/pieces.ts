/** A text and its marks as pieces to lay out. Nothing here is markup: pieces are plain texts with flags. */

import type { Entity, RichText, UserId } from "@stonechat/sdk";
import { withLinks } from "./links.ts";

/** A stretch of a text that looks the same from end to end. */
export interface Piece {
  readonly text: string;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly struck: boolean;
  readonly code: boolean;
  /** Where it leads. */
  readonly link: string | null;
  /** Whom it calls; `all` for everyone. */
  readonly mention: UserId | null;
  readonly all: boolean;
}

/** A paragraph, a quotation, or a block of code. */
export interface Block {
  readonly kind: "text" | "quote" | "code";
  readonly pieces: readonly Piece[];
}

/** Schemes that may be opened from a message. The SDK lets no others in; a renderer must not depend on that. */
const SCHEMES = ["http:", "https:", "mailto:", "tel:"];

/** Cuts a text where its marks begin and end. Addresses that nobody marked are found here. */
export function blocksOf({ text, entities }: RichText): Block[] {
  const marks = withLinks(text, entities).filter((entity) => entity.start < entity.end && entity.end <= text.length);
  const cuts = [...new Set([0, text.length, ...marks.flatMap((entity) => [entity.start, entity.end])])].sort((a, b) => a - b);
  const blocks: { kind: Block["kind"]; pieces: Piece[]; of: Entity | null }[] = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const [start, end] = [cuts[at] as number, cuts[at + 1] as number];
    const over = marks.filter((entity) => entity.start <= start && entity.end >= end);
    const block = over.find(({ mark }) => mark.kind === "code_block") ?? over.find(({ mark }) => mark.kind === "quote") ?? null;
    const kind = block === null ? "text" : block.mark.kind === "quote" ? "quote" : "code";
    let last = blocks.at(-1);
    if (last === undefined || last.of !== block) {
      last = { kind, pieces: [], of: block };
      blocks.push(last);
    }
    last.pieces.push(piece(text.slice(start, end), kind === "code" ? [] : over));
  }
  return withoutBreaks(blocks.map(({ kind, pieces }) => ({ kind, pieces })));
}

function piece(text: string, over: readonly Entity[]): Piece {
  const has = (kind: Entity["mark"]["kind"]): boolean => over.some((entity) => entity.mark.kind === kind);
  let link: string | null = null;
  let mention: UserId | null = null;
  for (const { mark } of over) {
    if (mark.kind === "link" && opens(mark.address)) {
      link = mark.address;
    } else if (mark.kind === "mention") {
      mention = mark.user;
    }
  }
  const all = has("mention_all");
  return { text, bold: has("bold"), italic: has("italic"), struck: has("strikethrough"), code: has("code"), link, mention, all };
}

function opens(address: string): boolean {
  try {
    return SCHEMES.includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** A block stands on lines of its own, so the line breaks around it are not shown a second time. */
function withoutBreaks(blocks: Block[]): Block[] {
  const trimmed = blocks.map((block, at): Block => {
    const [before, after] = [blocks[at - 1], blocks[at + 1]];
    const pieces = [...block.pieces];
    const first = pieces[0];
    if (first !== undefined && before !== undefined && first.text.startsWith("\n")) {
      pieces[0] = { ...first, text: first.text.slice(1) };
    }
    const last = pieces.at(-1);
    if (last !== undefined && after !== undefined && last.text.endsWith("\n")) {
      pieces[pieces.length - 1] = { ...last, text: last.text.slice(0, -1) };
    }
    return { kind: block.kind, pieces: pieces.filter((one) => one.text !== "") };
  });
  return trimmed.filter((block) => block.pieces.length > 0);
}

const EMOJI = /^(?:\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\uFE0F\u20E3?|[\u{E0020}-\u{E007E}]+\u{E007F})?(?:\u200D\p{Emoji}(?:\p{EMod}|\uFE0F)?)*)$/u;
const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Whether a text is one to three emoji and nothing else: those are shown large. */
export function isEmojiOnly(text: string): boolean {
  if (text.length === 0 || text.length > 120) {
    return false;
  }
  const graphemes = [...segments.segment(text)].map(({ segment }) => segment).filter((segment) => segment.trim() !== "");
  // Digits and signs carry the property too: an emoji shows itself by a presentation, a modifier or its code point.
  const isOne = (segment: string): boolean => EMOJI.test(segment) && /\p{Emoji_Presentation}|\uFE0F/u.test(segment);
  return graphemes.length > 0 && graphemes.length <= 3 && graphemes.every(isOne);
}
