/** Comparing texts as people search: case, accents and forms of characters make no difference. */

export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Where a query stands in a text, for marking it. One piece, no hit, where it does not. */
export function hits(text: string, query: string): readonly Piece[] {
  const wanted = fold(query.trim());
  if (!wanted) return [{ text, hit: false }];
  // Folding may change lengths: each folded unit remembers the character that it is from.
  let folded = "";
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const part = fold(character);
    for (let i = 0; i < part.length; i++) from.push(at);
    folded += part;
    at += character.length;
  }
  from.push(text.length);
  const pieces: Piece[] = [];
  let done = 0;
  for (let hit = folded.indexOf(wanted); hit >= 0; hit = folded.indexOf(wanted, hit + wanted.length)) {
    const start = from[hit]!;
    const end = from[hit + wanted.length]!;
    if (start > done) pieces.push({ text: text.slice(done, start), hit: false });
    // A hit that ends inside of a character takes all of it.
    done = end > start ? end : start + [...text.slice(start)][0]!.length;
    pieces.push({ text: text.slice(start, done), hit: true });
  }
  if (done < text.length || pieces.length === 0) pieces.push({ text: text.slice(done), hit: false });
  return pieces;
}

/** Before the first hit there is room for so many characters. */
const BEFORE_HIT = 24;

/** One line round the first hit. */
export function snippet(text: string, query: string): readonly Piece[] {
  const line = text.replace(/\s+/g, " ").trim();
  const pieces = hits(line, query);
  const first = pieces[0]!;
  if (first.hit || pieces.length === 1 || first.text.length <= BEFORE_HIT) return pieces;
  const cut = first.text.slice(-BEFORE_HIT);
  // From a word on, where there is one.
  const space = cut.indexOf(" ");
  return [{ text: `…${space >= 0 ? cut.slice(space + 1) : cut}`, hit: false }, ...pieces.slice(1)];
}
