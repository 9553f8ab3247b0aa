/** What keys, the grip and other devices do in the shell. Loaded once the first picture stands. */

import type { UserId } from "@stonechat/sdk";
import { emit } from "../base/events.ts";
import { adopt } from "../base/adopt.ts";
import { buttons } from "../base/controls.ts";
import { deepActive } from "../base/focus.ts";
import "../loaded.ts";
import type { StonechatChat } from "./chat.ts";
import { commandOf, type Command } from "./keys.ts";

export const LIST_MIN_PX = 280;
export const LIST_MAX_PX = 420;
const LIST_PX = 344;
const STEP_PX = 12;
/** Of this device. */
const LIST_WIDTH = "stonechat.list-width";

/** Keys on the whole page, and news of other devices; ends with what it returns. */
export function attend(chat: StonechatChat): () => void {
  const onKey = (event: KeyboardEvent): void => keyPressed(chat, event);
  document.addEventListener("keydown", onKey);
  const stop = watchDevices(chat);
  adopt(chat.renderRoot, buttons);
  // The first conversation opens as fast as the next.
  void import("../chat/index.ts");
  return () => {
    document.removeEventListener("keydown", onKey);
    stop();
  };
}

function keyPressed(chat: StonechatChat, event: KeyboardEvent): void {
  if (event.defaultPrevented || !chat.account) return;
  const active = deepActive();
  const isWriting = !!active?.matches("input, textarea, [contenteditable]");
  // On a page with other things, keys are ours while the focus is in us, or nowhere.
  const isOurs = !active || active === document.body || event.composedPath().includes(chat);
  if (!isOurs) return;
  const command = commandOf(event, isWriting);
  if (command ? run(chat, command) : event.key === "Escape" && escape(chat)) event.preventDefault();
}

/** False where there is nothing to do: the browser may do what it does. */
export function run(chat: StonechatChat, command: Command): boolean {
  switch (command) {
    case "go":
      void import("./go.ts").then(({ openGo }) => openGo(chat));
      return true;
    case "new":
      void begin(chat, []);
      return true;
    case "keys":
      chat.go({ page: "settings", section: "keys" });
      return true;
    case "find":
      if (chat.page !== "chats" || !chat.conversation) return false;
      void chat.searchIn(chat.conversation);
      return true;
    case "previous": return step(chat, -1, false);
    case "next": return step(chat, 1, false);
    case "nextUnread": return step(chat, 1, true);
    case "paneForward": return cycle(chat, 1);
    case "paneBack": return cycle(chat, -1);
  }
}

function step(chat: StonechatChat, by: -1 | 1, unreadOnly: boolean): boolean {
  const next = chat.list?.neighbour(by, unreadOnly);
  if (next) chat.open(next);
  return !!chat.list;
}

/** Closes what is open, outermost first, then writes. */
function escape(chat: StonechatChat): boolean {
  if (chat.closeInner()) return true;
  if (chat.page !== "chats" || !chat.talk) return false;
  chat.talk.focus();
  return true;
}

/** List → timeline → composer → details, and the act of a remark while there is one. */
function cycle(chat: StonechatChat, by: -1 | 1): boolean {
  const { talk, list } = chat;
  const root = chat.renderRoot as ShadowRoot;
  const toasts = chat.closest("stonechat-provider")?.shadowRoot?.querySelector("stonechat-toasts");
  const act = toasts?.shadowRoot?.querySelector<HTMLElement>(".link-button");
  const first = (selector: string) => (): void => {
    const inner = root.querySelector(selector)?.firstElementChild;
    inner?.shadowRoot?.querySelector<HTMLElement>("button, [href], input, [tabindex='0']")?.focus();
  };
  const places = [
    { box: root.querySelector(".list, .wide"), focus: () => (list ? list.focusRows() : first(".list, .wide")()) },
    { box: talk?.timelineElement, focus: () => talk!.timelineElement.focus() },
    { box: talk?.composerElement, focus: () => talk!.composerElement.focus() },
    { box: root.querySelector(".details"), focus: first(".details") },
    { box: act, focus: () => act!.focus() },
  ].filter(({ box }) => box);
  const at = places.findIndex(({ box }) => box!.matches(":focus, :focus-within"));
  places[(at + by + places.length) % places.length]?.focus();
  return places.length > 0;
}

/** How a conversation is begun. */
export async function begin(chat: StonechatChat, users: readonly UserId[]): Promise<void> {
  const { showNew } = await import("./dialogs.ts");
  showNew(chat, users);
}

/** Somebody signed in as this user somewhere: he should know. */
function watchDevices(chat: StonechatChat): () => void {
  const { account, locale } = chat;
  let known: ReadonlySet<string> | null = null;
  return account?.devicesKnown.subscribe((devices) => {
    const before = known;
    known = new Set(devices.keys());
    if (!before || before.size === 0) return;
    const fresh = [...devices.values()].find(({ id, revoked }) => !before.has(id) && !revoked && id !== account.deviceId);
    if (!fresh) return;
    emit(chat, "stonechat-toast", {
      text: locale.t("shell.new_device", { device: fresh.name }), icon: "laptop",
      action: { label: locale.t("shell.show"), run: () => chat.go({ page: "settings", section: "devices" }) },
    });
  }) ?? (() => undefined);
}

/* Width of the list */

function setWidth(chat: StonechatChat, width: number): void {
  chat.listWidth = Math.round(Math.min(LIST_MAX_PX, Math.max(LIST_MIN_PX, width)));
  try {
    localStorage.setItem(LIST_WIDTH, String(chat.listWidth));
  } catch {
    // Not kept: it holds for this visit.
  }
}

export function gripped(chat: StonechatChat, grip: HTMLElement, event: PointerEvent): void {
  const before = grip.parentElement!.offsetWidth;
  const direction = chat.matches(":dir(rtl)") ? -1 : 1;
  const move = (moved: PointerEvent): void => setWidth(chat, before + (moved.clientX - event.clientX) * direction);
  const end = (): void => grip.removeEventListener("pointermove", move);
  grip.setPointerCapture(event.pointerId);
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", end, { once: true });
  grip.addEventListener("pointercancel", end, { once: true });
}

/** An arrow on the grip. */
export function gripKey(chat: StonechatChat, key: string): void {
  const towardsEnd = (key === "ArrowRight") !== chat.matches(":dir(rtl)");
  setWidth(chat, (chat.listWidth || LIST_PX) + (towardsEnd ? STEP_PX : -STEP_PX));
}
