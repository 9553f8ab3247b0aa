/** What people are called. */

import type { Account, ConversationSummary, UserId } from "@stonechat/sdk";
import type { Locale } from "../i18n/index.ts";

/** Those that were asked for, by account: nobody is asked for twice. */
const asked = new WeakMap<Account, Set<UserId>>();
let waiting: { account: Account; users: Set<UserId> } | null = null;

/** Asks for names, many at once, after the rendering that missed them. */
function lookUp(account: Account, user: UserId): void {
  let known = asked.get(account);
  if (!known) asked.set(account, (known = new Set()));
  if (known.has(user)) return;
  known.add(user);
  if (waiting?.account === account) {
    waiting.users.add(user);
    return;
  }
  const batch = (waiting = { account, users: new Set([user]) });
  queueMicrotask(() => {
    if (waiting === batch) waiting = null;
    account.lookUp([...batch.users]);
  });
}

/** The user's alias for him, else his own name, else his id; a name that is not known is asked for. */
export function displayName(account: Account, user: UserId): string {
  const alias = account.relations.get().get(user)?.alias;
  if (alias) return alias;
  const name = account.names.get().get(user);
  if (name) return name;
  lookUp(account, user);
  return user;
}

/** How somebody is called where everybody knows him: "Kofi", and a Han name whole. */
export function shortName(name: string): string {
  return name.split(/\s/, 1)[0] || name;
}

/** As the beginning of a line: "Online". */
export function sentence(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** The title of a conversation, as a list shows it; with a language, what one writes to oneself is called notes. */
export function titleOf(account: Account, summary: ConversationSummary, locale?: Locale): string {
  if (summary.peer === account.user && locale) return locale.t("people.self");
  if (summary.peer) return displayName(account, summary.peer);
  return summary.title || summary.id;
}

const HAN = /\p{Script=Han}/u;
const HAN_ONLY = /\p{Script=Han}/gu;
const LETTER = /[\p{L}\p{N}]/u;

/** What stands on an avatar: two initials; of a Han name its last two characters, of a group its first; one where it is small. */
export function initials(name: string, small = false, isGroup = false): string {
  const words = name.split(/[\s._-]+/).filter((word) => LETTER.test(word));
  if (HAN.test(name)) {
    // A Latin word in front says who it is as well: the first word in Han does.
    const word = (words.find((each) => HAN.test(each)) ?? "").match(HAN_ONLY) ?? [];
    return (isGroup ? word.slice(0, small ? 1 : 2) : word.slice(small ? -1 : -2)).join("");
  }
  const first = (word: string | undefined): string => [...(word ?? "").replace(/^\u0627\u0644/, "")].find((c) => LETTER.test(c)) ?? "";
  return words.slice(0, 2).map(first).join("").toLocaleUpperCase();
}

/** The mineral of somebody, 1 to 8: FNV-1a over the UTF-8 bytes of the id, the same in every client. */
export function mineral(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash % 8) + 1;
}
