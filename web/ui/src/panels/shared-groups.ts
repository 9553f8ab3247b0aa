/** Which groups one shares with somebody. The server keeps no such list, so those that this device knows are looked through. */

import type { Account, ConversationSummary, UserId } from "@stonechat/sdk";

/** Larger ones say little about two people, and their members cost much. */
const MEMBERS_MAX = 500;
/** The most recent ones; each costs a question. */
const GROUPS_MAX = 32;
const AT_ONCE = 4;
const FRESH_MS = 60_000;

interface Looked {
  readonly at: number;
  readonly members: Promise<ReadonlySet<UserId>>;
}

const looked = new WeakMap<Account, Map<string, Looked>>();

function membersOf(account: Account, group: ConversationSummary, now: number): Promise<ReadonlySet<UserId>> {
  let known = looked.get(account);
  if (!known) {
    looked.set(account, (known = new Map()));
  }
  const before = known.get(group.id);
  if (before && now - before.at < FRESH_MS) {
    return before.members;
  }
  const members = account.conversation(group.id).members().then((list) => new Set(list.map((member) => member.user)));
  known.set(group.id, { at: now, members });
  members.catch(() => known.delete(group.id));
  return members;
}

/** Those of the user's groups in which somebody is. Groups whose members cannot be seen are left out. */
export async function sharedGroups(account: Account, user: UserId, now: number): Promise<readonly ConversationSummary[]> {
  const list = account.conversations({ kinds: ["group"], archived: "any" });
  const groups = list.items.get().filter((group) =>
    group.member && group.memberCount <= MEMBERS_MAX && (!group.group.settings.membersHidden || group.role !== "member")).slice(0, GROUPS_MAX);
  list.close();
  const shared = new Set<string>();
  const left = [...groups];
  const work = async (): Promise<void> => {
    for (let group = left.shift(); group; group = left.shift()) {
      if ((await membersOf(account, group, now)).has(user)) {
        shared.add(group.id);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return groups.filter((group) => shared.has(group.id));
}
