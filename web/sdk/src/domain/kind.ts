/** The kinds of events that the log can have. */

/** Kinds that move a conversation up in the lists of its members. */
const BUMPS = ["message", "conversation_created", "members_added", "announced", "joined"];

/** Whether events of a kind move their conversation up. */
export function bumps(kind: string): boolean {
  return BUMPS.includes(kind);
}
