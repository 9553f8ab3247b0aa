/** What can be done with messages: what role and time allow, and nothing else. */

import type { MessageItem, MessageWindows, Timestamp } from "@stonechat/sdk";
import { may } from "../panels/rights.ts";
import { isDirect, type Look } from "./look.ts";
import { mayReact, mayWrite } from "./may.ts";

export type Act =
  | "reply" | "edit" | "copy" | "forward" | "pin" | "unpin" | "star" | "unstar" | "select" | "readers" | "history"
  | "reactions" | "recall" | "delete" | "cancel" | "react" | "merged";

/** In the order of a menu: most used first; what cannot be taken back comes last. */
export function actsOf(item: MessageItem, look: Look, windows: MessageWindows | null, now: Timestamp): Act[] {
  const { message } = item;
  const { content } = message;
  const isSent = message.seq > 0;
  const says = content.kind !== "recalled" && content.kind !== "corrupt";
  const age = now - message.sentAt;
  const acts: Act[] = [];
  const add = (act: Act, allowed: boolean): void => {
    if (allowed) {
      acts.push(act);
    }
  };
  add("react", isSent && says && mayReact(look));
  add("reply", isSent && says && mayWrite(look));
  add("edit", mayEdit(item, look, windows, now));
  add("copy", textOf(item) !== "");
  add("forward", isSent && says);
  add(message.pinned ? "unpin" : "pin", isSent && says && look.summary !== null && may(look.summary, "pin", now));
  add(item.starred ? "unstar" : "star", isSent && says);
  add("select", isSelectable(item));
  add("readers", isSent && message.own && says && !isDirect(look) && look.summary?.kind === "group" && look.summary.group.settings.receipts);
  add("reactions", isSent && says && message.reactions.length > 0);
  add("history", isSent && says && message.editedAt > 0);
  const ownRecall = message.own && isSent && (windows === null || age <= windows.recallMs) && (look.summary?.member ?? true);
  const otherRecall = !message.own && isSent && look.summary !== null && may(look.summary, "recall_other", now);
  add("recall", says && (ownRecall || otherRecall));
  add(isSent ? "delete" : "cancel", true);
  return acts;
}

/** Whether a message can be selected: it is on the server, and still says something. */
export function isSelectable({ message }: MessageItem): boolean {
  return message.seq > 0 && message.content.kind !== "recalled";
}

/** Whether the user may let a message say something else. */
export function mayEdit(item: MessageItem, look: Look, windows: MessageWindows | null, now: Timestamp): boolean {
  const { message, state } = item;
  return (
    message.own && message.content.kind === "text" && state?.kind !== "failed" && mayWrite(look) &&
    (windows === null || now - message.sentAt <= windows.editMs)
  );
}

/** What copying takes. */
export function textOf({ message: { content } }: MessageItem): string {
  switch (content.kind) {
    case "text": return content.text;
    case "image":
    case "voice":
    case "video":
    case "file": return content.caption;
    default: return "";
  }
}
