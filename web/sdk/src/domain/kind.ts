/** The kinds of events that the log can have. */

const COUNTS_NOT = (
  "conversation_created members_added member_removed member_left renamed role_changed edited reacted recalled command " +
  "pinned info_changed settings_changed owner_changed owner_left dissolved member_muted member_unmuted member_banned " +
  "ban_lifted nickname_changed announced joined applied application_declined invited invitation_declined link_made " +
  "link_revoked"
).split(" ");

/** Kinds that move a conversation up in the lists of its members. */
const BUMPS = ["message", "conversation_created", "members_added", "announced", "joined"];

/** Whether events of a kind count for ordinals and for unread; null for one of a later version. */
export function isCountable(kind: string): boolean | null {
  return kind === "message" || (COUNTS_NOT.includes(kind) ? false : null);
}

/** Whether events of a kind move their conversation up. */
export function bumps(kind: string): boolean {
  return BUMPS.includes(kind);
}
