/** What hands do with rows and folders: menus, keys that change something, swipes, drags. Loaded with the first of them. */

import type { Account, ConversationSummary } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { isComposing } from "../base/focus.ts";
import { icon, type IconName } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import { titleOf } from "../base/names.ts";
import { clock } from "../base/time.ts";
import "../loaded.ts";
import { actsOf } from "./acts.ts";
import type { StonechatConversationList } from "./conversation-list.ts";
import { saveFolders } from "./folders.ts";
import { followFinger, swipeAt, type Swipe } from "./swipe.ts";

/** The menu of a row, beside it or at a point. */
export function rowMenu(list: StonechatConversationList, account: Account, summary: ConversationSummary, at: Element | { x: number; y: number }): void {
  openMenu(list, { items: actsOf(list, account).menu(summary), label: titleOf(account, summary, list.locale), at });
}

/** Arrows move over the rows, U P M A and Delete act on one. */
export function rowKeyed(list: StonechatConversationList, account: Account, row: HTMLElement, event: KeyboardEvent): void {
  if (isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const { order } = list;
  const at = order.findIndex(({ id }) => id === row.dataset.id);
  const summary = order[at];
  if (!summary) return;
  const go = (to: number): void => void list.goTo(to);
  const acts = actsOf(list, account);
  switch (event.key) {
    case "ArrowDown": go(at + 1); break;
    case "ArrowUp": if (at === 0) list.focusSearch(); else go(at - 1); break;
    case "PageDown": go(at + list.page); break;
    case "PageUp": go(at - list.page); break;
    case "Home": go(0); break;
    case "End": go(order.length - 1); break;
    case "u": acts.toggleRead(summary); break;
    case "p": if (!summary.preferences.archived) acts.togglePin(summary); break;
    case "m": acts.toggleMute(summary); break;
    case "a":
      acts.toggleArchive(summary);
      // The focus stays where the eye is: on what comes into its place.
      go(order[at + 1] ? at + 1 : at - 1);
      break;
    case "Delete": acts.remove(summary); break;
    default: return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Arrows choose among folders. */
export function tabKeyed(list: StonechatConversationList, event: KeyboardEvent): void {
  const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role="tab"]')];
  const at = tabs.indexOf(event.target as HTMLElement);
  const [forward, back] = list.matches(":dir(rtl)") ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
  const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "ArrowDown") list.focusRows();
  else if (to === undefined) return;
  else {
    const next = tabs.at(to % tabs.length)!;
    next.click();
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  event.preventDefault();
}

/** Follows a finger on a row, from its first touch. */
export function rowTouched(list: StonechatConversationList, account: Account, row: HTMLElement, event: PointerEvent): void {
  const summary = (): ConversationSummary | null => account.summary(row.dataset.id!).get();
  followFinger({
    isRtl: () => list.matches(":dir(rtl)"),
    moved: (_, distance) => list.swipe(row, distance),
    swiped: (_, act) => {
      const now = summary();
      if (!now) return;
      const acts = actsOf(list, account);
      if (act === "read") acts.toggleRead(now);
      else if (act === "mute") acts.toggleMute(now);
      else acts.toggleArchive(now);
    },
    pressed: (_, at) => {
      const now = summary();
      if (now) rowMenu(list, account, now, at);
    },
  }, row, event);
}

/** What shows under a row that is being swiped: what letting go would do. */
export function underSwipe(list: StonechatConversationList, { unread, preferences }: ConversationSummary, distance: number): TemplateResult {
  const { t } = list.locale;
  const isUnread = unread > 0 || preferences.markedUnread;
  const isMuted = preferences.mutedUntil > clock.now();
  const items: Readonly<Record<NonNullable<Swipe>, readonly [IconName, string]>> = {
    read: [isUnread ? "check" : "unread", t(isUnread ? "row.read" : "row.unread")],
    mute: [isMuted ? "bell" : "bellOff", t(isMuted ? "row.unmute" : "row.mute")],
    archive: ["archive", t(preferences.archived ? "row.unarchive" : "row.archive")],
  };
  const [name, text] = items[swipeAt(distance) ?? (distance > 0 ? "read" : "mute")];
  const act = html`<span>${icon(name)}${text}</span>`;
  return html`<div class="swipe" aria-hidden="true">${distance > 0 ? act : html`<span></span>`}${distance > 0 ? nothing : act}</div>`;
}

export function folderMenu(list: StonechatConversationList, account: Account, items: readonly ConversationSummary[], folder: string | null, at: Element): void {
  if (folder === null) return;
  const { t } = list.locale;
  const dialogs = import("./dialogs.ts");
  openMenu(list, {
    label: folder, at,
    items: [
      { label: t("folder.rename"), icon: "edit", run: () => void dialogs.then(({ askFolderName }) => askFolderName(list, account, items, folder)) },
      null,
      { label: t("folder.remove"), icon: "trash", danger: true, run: () => void dialogs.then(({ askFolderRemoval }) => askFolderRemoval(list, account, items, folder)) },
    ],
  });
}

/** A folder was dropped on another: it stands before it from now on. */
export function folderDropped(list: StonechatConversationList, account: Account, folders: readonly string[], moved: string | undefined, before: string | null): void {
  if (!moved || before === null || moved === before || !folders.includes(moved)) return;
  const rest = folders.filter((each) => each !== moved);
  rest.splice(rest.indexOf(before), 0, moved);
  saveFolders(account, rest).catch(() => list.remark({ text: list.locale.t("folder.offline"), danger: true }));
}
