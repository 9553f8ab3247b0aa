/** What a search finds on this device: conversations and people at once, messages a moment later. */

import type { Account, ConversationId, ConversationSummary, Message, UserId, UserProfile } from "@stonechat/sdk";
import { fold } from "../base/fold.ts";
import { titleOf } from "../base/names.ts";

/** More than fit on a screen help nobody: a longer word does. */
const CONVERSATIONS_MAX = 20;
const PEOPLE_MAX = 10;
const MESSAGES_MAX = 60;

/** A way to read Han, once it is loaded. */
export interface Reading {
  /** The pinyin of a name and its initials, such as `gumingyuan` and `gmy`; null where it has no Han. */
  spell(text: string): { readonly full: string; readonly initials: string } | null;
}

export interface Found {
  readonly conversations: readonly ConversationSummary[];
  readonly people: readonly UserId[];
}

/** Whether a name fits: a part of it, the start of its pinyin, or its initials. */
export function nameFits(name: string, wanted: string, reading: Reading | null): boolean {
  if (fold(name).includes(wanted)) return true;
  const spelled = reading?.spell(name);
  if (!spelled) return false;
  const plain = wanted.replace(/\s/g, "");
  return spelled.full.startsWith(plain) || spelled.initials.startsWith(plain);
}

export function find(
  account: Account,
  items: readonly ConversationSummary[],
  profiles: ReadonlyMap<UserId, UserProfile>,
  text: string,
  reading: Reading | null,
): Found {
  const wanted = fold(text.trim());
  const usernameFits = (user: UserId): boolean => {
    const username = profiles.get(user)?.username;
    return !!username && fold(username).startsWith(wanted.replace(/^@/, ""));
  };
  const conversations: ConversationSummary[] = [];
  const known = new Set<UserId>([account.user]);
  for (const summary of items) {
    const { peer } = summary;
    if (!nameFits(titleOf(account, summary), wanted, reading) && !(peer && usernameFits(peer))) continue;
    if (peer) known.add(peer);
    if (conversations.length < CONVERSATIONS_MAX) conversations.push(summary);
  }
  const people: UserId[] = [];
  for (const [user, name] of account.names.get()) {
    if (people.length >= PEOPLE_MAX) break;
    if (!known.has(user) && (nameFits(name, wanted, reading) || usernameFits(user))) people.push(user);
  }
  return { conversations, people };
}

/** One letter finds too much to be worth the store's work. Han says more with one. */
export function isWorthSearching(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.length > 1 || /\p{Script=Han}/u.test(trimmed);
}

/** In one conversation, or in all. */
export function findMessages(account: Account, text: string, within: ConversationId | null = null): Promise<readonly Message[]> {
  const search = { text: text.trim(), limit: MESSAGES_MAX, ...(within && { conversation: within }) };
  return isWorthSearching(text) ? account.search(search) : Promise.resolve([]);
}

/** Whether pinyin can matter: Latin letters, against names in Han. */
export function wantsPinyin(text: string): boolean {
  return /^[a-z\s']+$/i.test(text.trim());
}
