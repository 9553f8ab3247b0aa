/** People by their initial: Latin letters first, Han by pinyin among them, other scripts by their own letters, the rest last. */

import { fold } from "../base/fold.ts";
import type { Reading } from "./find.ts";

export interface Group<T> {
  readonly letter: string;
  readonly people: readonly T[];
}

const OTHER = "#";

export function letterOf(name: string, reading: Reading | null): string {
  const first = [...name.trim()][0] ?? "";
  const read = reading?.spell(name)?.full ?? "";
  const letter = [...fold(/\p{Script=Han}/u.test(first) && read ? read : first)][0] ?? "";
  return /\p{L}/u.test(letter) ? letter.toUpperCase() : OTHER;
}

export function byInitial<T extends { readonly name: string }>(people: readonly T[], tag: string, reading: Reading | null): readonly Group<T>[] {
  const collator = new Intl.Collator(tag, { sensitivity: "base", numeric: true });
  const sorted = people
    .map((person) => ({ person, letter: letterOf(person.name, reading), key: reading?.spell(person.name)?.full ?? person.name }))
    .sort((a, b) => rank(a.letter) - rank(b.letter) || collator.compare(a.letter, b.letter) || collator.compare(a.key, b.key));
  const groups: { letter: string; people: T[] }[] = [];
  for (const { person, letter } of sorted) {
    if (groups.at(-1)?.letter !== letter) groups.push({ letter, people: [] });
    groups.at(-1)!.people.push(person);
  }
  return groups;
}

function rank(letter: string): number {
  if (letter === OTHER) return 2;
  return /^[A-Z]$/.test(letter) ? 0 : 1;
}
