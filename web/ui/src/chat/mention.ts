/** Completes whom a message calls. */

import type { Entity, UserId } from "@stonechat/sdk";
import { fold } from "../base/fold.ts";

/** The rows that a picker shows. */
export const PICKS_MAX = 6;
/** A name longer than this is not being written. */
const QUERY_MAX = 32;

/** Somebody who can be called. */
export interface Candidate {
  readonly user: UserId;
  readonly name: string;
  readonly nickname: string;
  readonly username: string;
  /** The reading of a Han name in Latin letters, without spaces; empty where nobody said it. */
  readonly reading: string;
}

/** What stands between an `@` and the caret. */
export interface Query {
  /** Where the `@` is. */
  readonly start: number;
  readonly text: string;
}

/** The mention being written at the caret: an `@` at the start of a line or after a space, and what follows it. */
export function queryAt(text: string, caret: number): Query | null {
  const before = text.slice(Math.max(0, caret - QUERY_MAX - 1), caret);
  const at = before.lastIndexOf("@");
  if (at < 0) {
    return null;
  }
  const start = caret - before.length + at;
  const ahead = start === 0 ? "" : text[start - 1] ?? "";
  const query = before.slice(at + 1);
  // Han is written without spaces, so an `@` after a Han character begins a mention too.
  const mayBegin = ahead === "" || /[\s([{"'“‘（【《，。！？、：；]|\p{Script=Han}/u.test(ahead);
  return mayBegin && !/[\n\t]|^\s|\s\s/u.test(query) ? { start, text: query } : null;
}

/** Those whose name begins like the query first, then those in whose name it stands at the start of a word, then inside. */
export function complete(candidates: readonly Candidate[], query: string, most = PICKS_MAX): Candidate[] {
  const wanted = fold(query);
  const ranked: { rank: number; at: number; candidate: Candidate }[] = [];
  candidates.forEach((candidate, at) => {
    const ranks = [candidate.name, candidate.nickname, candidate.username, candidate.reading, candidate.user].map((word, field) =>
      rank(fold(word), wanted, field));
    const best = Math.min(...ranks);
    if (best < Number.POSITIVE_INFINITY) {
      ranked.push({ rank: best, at, candidate });
    }
  });
  ranked.sort((a, b) => a.rank - b.rank || a.at - b.at);
  return ranked.slice(0, most).map(({ candidate }) => candidate);
}

function rank(word: string, wanted: string, field: number): number {
  if (wanted === "") {
    return field === 0 ? 0 : Number.POSITIVE_INFINITY;
  }
  const at = word.indexOf(wanted);
  if (at < 0) {
    return Number.POSITIVE_INFINITY;
  }
  if (at === 0) {
    return 0;
  }
  return /[\s._-]/u.test(word[at - 1] ?? "") ? 1 : field === 4 ? Number.POSITIVE_INFINITY : 2;
}

/** Names that were written out behind an `@`, where no mark is yet; longer names go before. */
export function findMentions(text: string, candidates: readonly Candidate[], taken: readonly Entity[]): Entity[] {
  const found: Entity[] = [];
  if (!text.includes("@")) {
    return found;
  }
  const names = candidates.flatMap(({ user, name, nickname }) => [name, nickname].filter(Boolean).map((word) => ({ user, word: `@${word}` })));
  names.sort((a, b) => b.word.length - a.word.length);
  for (const { user, word } of names) {
    for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1)) {
      const end = start + word.length;
      const isFree = ![...taken, ...found].some((mark) => mark.start < end && start < mark.end);
      if (isFree && !isInside(text, start, end)) {
        found.push({ start, end, mark: { kind: "mention", user } });
      }
    }
  }
  return found;
}

/** Whether letters of the same script go on at either side. */
function isInside(text: string, start: number, end: number): boolean {
  const behind = text[end] ?? "";
  return /[\p{L}\p{N}]/u.test(behind) && !/\p{Script=Han}/u.test(text[end - 1] ?? "") || /[\w]/.test(text[start - 1] ?? "");
}
