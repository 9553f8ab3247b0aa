/** What the lines of a timeline share: who looks, at what conversation, in what language. */

import type { Account, ConversationSummary, Message, MessageItem, Role, Target, TimelineItem, UserId } from "@stonechat/sdk";
import { displayName } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import type { Locale } from "../i18n/index.ts";

/** What an app puts in the place of a part: the tag of an element, or a function that gives a template. */
export type Renderer = string | ((item: TimelineItem, look: Look) => unknown);

/**
 * By the kind of a content (`text`, `image`, `location`, …), the type of an own body (`com.acme.order`), or the kind of a
 * line (`event`, `day`, `read_marker`, `start`, `gap`; an `event` that stands for several has them as `folded`). The element gets `item`, and `message` where it is one.
 */
export type Renderers = Readonly<Record<string, Renderer>>;

/** One object for a rendering: while nothing in it changed it is the same, and lines are not looked at again. */
export interface Look {
  readonly account: Account;
  readonly locale: Locale;
  readonly summary: ConversationSummary | null;
  /** Of the authors who have one that is shown. */
  readonly roles: ReadonlyMap<UserId, Role>;
  readonly renderers: Renderers;
  /** How many messages were unread when the timeline was opened. */
  readonly unread: number;
  readonly isOnline: boolean;
}

export function isDirect(look: Look): boolean {
  return look.summary === null || look.summary.kind === "direct";
}

/** Whether the user is an admin or the owner. */
export function leads({ role }: ConversationSummary): boolean {
  return role === "admin" || role === "owner";
}

/** How many others there are to read a message. */
export function others(look: Look): number {
  return Math.max((look.summary?.memberCount ?? 2) - 1, 1);
}

export function nameOf(look: Look, user: UserId): string {
  return user === look.account.user ? look.locale.t("common.you") : displayName(look.account, user);
}

/** The picture of somebody; empty until it is known, and where he has none. It is asked for when it is shown. */
export function pictureOf(look: Look, user: UserId): string {
  const profiles = profilesOf(look.account);
  profiles.want(user);
  return profiles.get().get(user)?.avatar ?? "";
}

/** One line of what a message says; that of `wording.ts` is better for what is no text. */
export function plainWords(look: Look, { content }: Pick<Message, "content">): string {
  return look.account.words(content);
}

export type Tick = "waiting" | "sent" | "delivered" | "read" | "failed";

/** How far an own message has come; null for those of others. */
export function tickOf(item: MessageItem, look: Look): Tick | null {
  switch (item.state?.kind) {
    case undefined: return null;
    case "queued":
    case "sending": return "waiting";
    case "failed": return "failed";
    default: break;
  }
  // In groups one of many is no news: only all count.
  if (item.readBy >= (isDirect(look) ? 1 : others(look))) {
    return "read";
  }
  return isDirect(look) && item.deliveredTo > 0 ? "delivered" : "sent";
}

/** How a command names a message: an own one that is on its way has no number yet. */
export function targetOf({ message }: MessageItem): Target {
  return message.seq > 0 ? message.seq : message.clientMsgId ?? message.seq;
}
