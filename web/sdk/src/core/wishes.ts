/** What a message looks like once a command that waits is carried out. */

import type { Message, Pending, Reaction, UserId } from "../types.ts";

/**
 * A message as a command wants it. What is granted already looks the same; what failed changes nothing, and neither does
 * anything of a message that was taken back.
 */
export function layOver(message: Message, { wish, state, createdAt }: Pending, me: UserId): Message {
  if (message.content.kind === "recalled" || state.kind === "failed" || state.kind === "cancelled") {
    return message;
  }
  const { reactions } = message;
  switch (wish.kind) {
    case "edit":
      return { ...message, content: wish.content, editedAt: createdAt };
    case "react":
      return { ...message, reactions: react(reactions, wish.emoji) };
    case "take_back":
      return { ...message, reactions: takeBack(reactions, wish.emoji) };
    case "pin":
      return { ...message, pinned: wish.pinned };
    case "recall":
      return { ...message, content: { kind: "recalled", by: me, at: createdAt }, editedAt: 0, reactions: [] };
    case "other":
      return message;
  }
}

function react(reactions: readonly Reaction[], emoji: string): readonly Reaction[] {
  return reactions.some((it) => it.emoji === emoji)
    ? reactions.map((it) => (it.emoji === emoji && !it.own ? { emoji, count: it.count + 1, own: true } : it))
    : [...reactions, { emoji, count: 1, own: true }];
}

function takeBack(reactions: readonly Reaction[], emoji: string): readonly Reaction[] {
  return reactions
    .map((it) => (it.emoji === emoji && it.own ? { emoji, count: it.count - 1, own: false } : it))
    .filter((it) => it.count > 0);
}
