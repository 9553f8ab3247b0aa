/** The emoji that a picker shows: read from one text, searched by words. Without a screen. */

import { fold } from "../base/fold.ts";

export interface Emoji {
  readonly emoji: string;
  readonly hasTones: boolean;
  /** Folded, with a space before each. */
  readonly words: string;
}

/** 0 is none, 1 the lightest, 5 the darkest. */
export type Tone = 0 | 1 | 2 | 3 | 4 | 5;

/** Groups of emoji, in their order; `words` are those of another language, line by line. */
export function readEmoji(data: string, words = ""): Emoji[][] {
  const more = words.split("\n");
  const groups: Emoji[][] = [[]];
  data.split("\n").forEach((line, at) => {
    if (line === "") {
      groups.push([]);
      return;
    }
    const space = line.indexOf(" ");
    const sign = line.slice(0, space);
    const hasTones = sign.endsWith("~");
    groups.at(-1)?.push({
      emoji: hasTones ? sign.slice(0, -1) : sign,
      hasTones,
      words: fold(` ${line.slice(space + 1)} ${more[at] ?? ""}`),
    });
  });
  return groups;
}

/**
 * Those of which each word of the query begins a word; Han is written without spaces, so it may stand anywhere. The name
 * of an emoji comes before what else it is known by, so the earlier the word stands the better it fits.
 */
export function findEmoji(groups: readonly (readonly Emoji[])[], query: string, most = 80): Emoji[] {
  const wanted = fold(query).split(/\s+/u).filter(Boolean).map((word) => (/\p{Script=Han}/u.test(word) ? word : ` ${word}`));
  const found: { one: Emoji; at: number }[] = [];
  for (const one of groups.flat()) {
    const places = wanted.map((word) => one.words.indexOf(word));
    if (one.emoji === query.trim()) {
      found.push({ one, at: -1 });
    } else if (places.every((place) => place >= 0)) {
      found.push({ one, at: Math.max(0, ...places) });
    }
  }
  return found.sort((a, b) => a.at - b.at).slice(0, most).map(({ one }) => one);
}

/** An emoji in a tone: it stands behind each character that takes one. */
export function toned({ emoji, hasTones }: Pick<Emoji, "emoji" | "hasTones">, tone: Tone): string {
  return hasTones && tone > 0 ? emoji.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/gu, `$1${String.fromCodePoint(0x1f3fa + tone)}`) : emoji;
}

/** The last used first, each once. */
export function withRecent(recent: readonly string[], emoji: string, most: number): string[] {
  return [emoji, ...recent.filter((one) => one !== emoji)].slice(0, most);
}
