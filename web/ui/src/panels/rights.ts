/**
 * What a role may do, so that nothing is offered that the server refuses. The table is `fixtures/permissions.csv`, and a
 * test compares every cell that a member can ask for.
 */

import type { ConversationSummary, Role, Timestamp, Who } from "@stonechat/sdk";

/** What the panels offer, by the names of the table. */
export type Action =
  | "send" | "react" | "mention_all" | "pin" | "recall_other"
  | "list_members" | "add_member" | "remove_member" | "remove_admin" | "set_role" | "transfer_owner" | "leave"
  | "edit_info" | "change_settings" | "mute_member" | "mute_admin" | "ban_member" | "ban_admin" | "lift_ban" | "list_bans"
  | "set_nickname" | "announce" | "dissolve" | "decide_application" | "make_link" | "revoke_link";

const RANK: Record<Role, number> = { none: 0, member: 1, admin: 2, owner: 3 };

/** What only owners do. */
const OF_OWNERS: readonly Action[] = ["remove_admin", "mute_admin", "ban_admin", "set_role", "transfer_owner", "dissolve"];
/** What every member does, whatever the settings are. */
const OF_MEMBERS: readonly Action[] = ["react", "leave", "set_nickname"];
/** What stays possible in a group that was closed. */
const OUTLIVES: readonly Action[] = ["list_members", "leave"];
/** What who was muted cannot do. */
const SPEECH: readonly Action[] = ["send", "react", "mention_all", "announce"];

/** The least role that an action needs; null where the kind of conversation has no such action. */
function needs(conversation: ConversationSummary, action: Action): Role | null {
  const { settings } = conversation.group;
  const by = (who: Who): Role => (who === "admins" ? "admin" : "member");
  if (conversation.kind === "direct") {
    return ["send", "react", "mention_all", "pin", "list_members"].includes(action) ? "member" : null;
  }
  if (OF_OWNERS.includes(action)) {
    return "owner";
  }
  if (OF_MEMBERS.includes(action)) {
    return "member";
  }
  switch (action) {
    case "send": return by(settings.speak);
    case "mention_all": return by(settings.mentionAll);
    case "pin": return by(settings.pin);
    case "list_members": return settings.membersHidden ? "admin" : "member";
    case "add_member":
    case "make_link": return by(settings.invite);
    case "edit_info": return by(settings.editInfo);
    default: return "admin";
  }
}

/** Whether the user may do something in a conversation now. */
export function may(conversation: ConversationSummary, action: Action, now: Timestamp = Date.now()): boolean {
  const needed = needs(conversation, action);
  return (
    conversation.member &&
    needed !== null &&
    !(conversation.group.dissolved && !OUTLIVES.includes(action)) &&
    !(SPEECH.includes(action) && conversation.group.mutedUntil > now) &&
    RANK[conversation.kind === "direct" ? "member" : conversation.role] >= RANK[needed]
  );
}

/** The same, of something that is done to another member: admins and owners are for owners only. */
export function mayTo(
  conversation: ConversationSummary,
  action: "remove" | "mute" | "ban",
  role: Role,
  now: Timestamp = Date.now(),
): boolean {
  const isAdmin = RANK[role] >= RANK.admin;
  return may(conversation, isAdmin ? `${action}_admin` : `${action}_member`, now);
}
