/** Who is writing: told at most every 3 s, and forgotten after 6 s. */

import { conversationId, userId } from "../domain/id.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, UserId } from "../types.ts";
import { DONE, type Ticket } from "./command.ts";
import { TYPING_EVERY_MS, TYPING_FOR_MS } from "./limits.ts";
import type { Core } from "./machine.ts";

/** Who is writing where, others and the user himself. */
export class Typists {
  /** Until when each is taken to be writing. */
  readonly others = new Map<ConversationId, Map<UserId, number>>();
  readonly own = new Map<ConversationId, { toldAt: number; until: number }>();

  /** When somebody is next taken to have stopped. */
  deadline(): number | null {
    const times = [...this.others.values()].flatMap((users) => [...users.values()]);
    times.push(...Array.from(this.own.values(), (own) => own.until));
    return times.length > 0 ? Math.min(...times) : null;
  }
}

export function onTyping(core: Core, ticket: Ticket, conversation: ConversationId, active: boolean): void {
  core.journal.reply(ticket, DONE);
  const [now, isUp, all] = [core.nowMs(), core.link.isUp(), core.typists.own];
  if (!active) {
    const own = all.get(conversation);
    all.delete(conversation);
    if (own && own.toldAt > -Infinity && isUp) {
      say(core, conversation, false);
    }
    return;
  }
  const own = all.get(conversation) ?? { toldAt: -Infinity, until: 0 };
  own.until = now + TYPING_FOR_MS;
  all.set(conversation, own);
  if (isUp && own.toldAt + TYPING_EVERY_MS <= now) {
    own.toldAt = now;
    say(core, conversation, true);
  }
}

export function onTypingNow(core: Core, wire: v1.TypingNow): void {
  const [conversation, user] = [conversationId(wire.conversationId), userId(wire.userId)];
  if (!conversation || !user || user === core.me() || !core.conversations.has(conversation)) {
    return;
  }
  const users = core.typists.others.get(conversation) ?? new Map<UserId, number>();
  core.typists.others.set(conversation, users);
  const was = users.delete(user);
  if (wire.active) {
    users.set(user, core.nowMs() + TYPING_FOR_MS);
  }
  if (was !== wire.active) {
    tellTyping(core, conversation);
  }
}

/** A message of somebody says that he stopped. */
export function stoppedTyping(core: Core, conversation: ConversationId, user: UserId): void {
  if (core.typists.others.get(conversation)?.delete(user)) {
    tellTyping(core, conversation);
  }
}

/** Without a connection nobody is known to be writing. */
export function forgetTyping(core: Core): void {
  core.typists.own.clear();
  for (const [conversation, users] of core.typists.others) {
    users.clear();
    tellTyping(core, conversation);
  }
}

export function onTypingTime(core: Core): void {
  const now = core.nowMs();
  const { others, own } = core.typists;
  for (const [conversation, users] of others) {
    const silent = [...users].filter(([, until]) => until <= now);
    if (silent.length > 0) {
      silent.forEach(([user]) => users.delete(user));
      tellTyping(core, conversation);
    }
  }
  for (const [conversation, { until }] of own) {
    if (until <= now) {
      own.delete(conversation);
      if (core.link.isUp()) {
        say(core, conversation, false);
      }
    }
  }
}

function tellTyping(core: Core, conversation: ConversationId): void {
  const users = [...(core.typists.others.get(conversation)?.keys() ?? [])].sort();
  if (users.length === 0) {
    core.typists.others.delete(conversation);
  }
  core.journal.tell({ kind: "typing", conversation, users });
}

function say(core: Core, conversationId: ConversationId, active: boolean): void {
  core.signal({ case: "typing", value: { conversationId, active } });
}
