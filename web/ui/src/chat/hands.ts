/** What pointers and keys do on a timeline, with the menu and all that is in it. Loaded once the first lines are shown. */

import type { ItemKey, MessageItem } from "@stonechat/sdk";
import { html, type TemplateResult } from "lit";
import { emit } from "../base/events.ts";
import { deepActive, isComposing } from "../base/focus.ts";
import { icon, type IconName } from "../base/icons.ts";
import { openMenu, type MenuItem } from "../base/menu.ts";
import { clock } from "../base/time.ts";
import type { Key } from "../i18n/index.ts";
import { actsOf, isSelectable, mayEdit, textOf, type Act } from "./acts.ts";
import { copy, deleteForMe, recall, retrySend, toggleReaction } from "./deeds.ts";
import { cancelSend, follow } from "./follow.ts";
import { liftOver } from "./lift.ts";
import { nameOf, others } from "./look.ts";
import { recalledText } from "./recalled.ts";
import "./selection-bar.ts";
import type { StonechatTimeline } from "./timeline.ts";
import "../loaded.ts";
import "./index.ts";

/** The reactions that one key or one click gives. */
export const QUICK = ["👍", "❤️", "😄", "🎉", "🙏"] as const;
const LONG_PRESS_MS = 480;
const SLIP_PX = 10;
/** Who rests on a reaction for so long wants to know whose it is. */
const WHO_AFTER_MS = 350;
const WHO_MAX = 10;

const MENU: Readonly<Record<Exclude<Act, "react" | "readers" | "merged">, { icon: IconName; label: Key; key?: string; danger?: boolean }>> = {
  reply: { icon: "reply", label: "act.reply", key: "R" },
  edit: { icon: "edit", label: "act.edit", key: "E" },
  copy: { icon: "copy", label: "act.copy", key: "Ctrl C" },
  forward: { icon: "forward", label: "act.forward", key: "F" },
  pin: { icon: "pin", label: "act.pin" },
  unpin: { icon: "pin", label: "act.unpin" },
  star: { icon: "star", label: "act.star", key: "S" },
  unstar: { icon: "star", label: "act.unstar", key: "S" },
  select: { icon: "select", label: "act.select", key: "Space" },
  reactions: { icon: "emoji", label: "act.reactions" },
  history: { icon: "clock", label: "act.history" },
  recall: { icon: "undo", label: "act.recall", danger: true },
  delete: { icon: "trash", label: "act.delete", key: "Del", danger: true },
  cancel: { icon: "trash", label: "common.delete", key: "Del", danger: true },
};

export class TimelineHands {
  private press: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | null = null;
  private wasPressed = false;
  /** The line that the arrows went to last, focused once it is laid out. */
  private aimed: ItemKey | null = null;
  private focused: ItemKey | null = null;
  /** The message that had the focus last. */
  last: ItemKey | null = null;
  private who: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: StonechatTimeline) {}

  /** Hears what happened, and at what: the target of an event is told to its listeners only. */
  handle(event: Event, target: Element): void {
    switch (event.type) {
      case "click": return this.click(event as MouseEvent, target);
      case "keydown": return this.key(event as KeyboardEvent, target);
      case "contextmenu": return this.contextMenu(event as MouseEvent, target);
      case "pointerover": return this.over(event as PointerEvent, target);
      case "pointerleave": return this.leave();
      case "pointerdown": return this.down(event as PointerEvent, target);
      case "pointermove": return this.move(event as PointerEvent);
      case "pointerup":
      case "pointercancel": return this.lift();
      case "focusin": return this.focusIn(target);
      case "focusout": this.focused = null;
    }
  }

  private itemOf(target: Element): MessageItem | null {
    const key = target.closest<HTMLElement>("li[data-key]")?.dataset.key;
    return key === undefined ? null : this.host.messageAt(key);
  }

  private actsOf(item: MessageItem): Act[] {
    const { look, account } = this.host;
    return look === null || account === null ? [] : actsOf(item, look, account.messageWindows.get(), clock.now());
  }

  lastEditable(): MessageItem | null {
    const { look, account, items } = this.host;
    if (look === null || account === null) {
      return null;
    }
    const windows = account.messageWindows.get();
    const may = (item: (typeof items)[number]): item is MessageItem =>
      item.kind === "message" && mayEdit(item, look, windows, clock.now());
    return items.findLast(may) ?? null;
  }

  /* Pointers */

  private over(event: PointerEvent, target: Element): void {
    if (event.pointerType !== "mouse") {
      return;
    }
    const key = target.closest<HTMLElement>("li.message")?.dataset.key ?? null;
    if (key !== null) {
      this.host.active = key;
    }
    clearTimeout(this.who);
    const reaction = target.closest<HTMLElement>(".reaction");
    if (reaction !== null && reaction.dataset.told !== reaction.textContent) {
      this.who = setTimeout(() => void this.tellWho(reaction), WHO_AFTER_MS);
    }
  }

  private leave(): void {
    clearTimeout(this.who);
    this.host.active = this.focused;
  }

  private down(event: PointerEvent, target: Element): void {
    this.wasPressed = false;
    const item = this.itemOf(target);
    if (event.pointerType !== "touch" || item === null) {
      return;
    }
    const reaction = target.closest(".reaction");
    this.lift();
    const timer = setTimeout(() => {
      this.wasPressed = true;
      navigator.vibrate?.(8);
      if (reaction !== null) {
        void this.run("reactions", item, null);
      } else {
        this.menu(item, { x: event.clientX, y: event.clientY });
      }
    }, LONG_PRESS_MS);
    this.press = { timer, x: event.clientX, y: event.clientY };
  }

  private move(event: PointerEvent): void {
    if (this.press !== null && Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) > SLIP_PX) {
      this.lift();
    }
  }

  private lift(): void {
    clearTimeout(this.press?.timer);
    this.press = null;
  }

  private contextMenu(event: MouseEvent, target: Element): void {
    const item = this.itemOf(target);
    const isTouch = (event as PointerEvent).pointerType === "touch";
    // A link keeps the menu of the browser, and so does selected text.
    const isPlain = target.closest("a") !== null || !(getSelection()?.isCollapsed ?? true);
    if (item === null || (isPlain && !isTouch) || this.host.selection !== null) {
      return;
    }
    event.preventDefault();
    if (!isTouch) {
      this.menu(item, event.clientX + event.clientY > 0 ? { x: event.clientX, y: event.clientY } : this.bubble(item));
    }
  }

  private click(event: MouseEvent, target: Element): void {
    if (this.wasPressed) {
      this.wasPressed = false;
      event.preventDefault();
      return;
    }
    const fold = target.closest<HTMLElement>("[data-fold]")?.dataset.fold;
    if (fold !== undefined) {
      return this.host.toggleFold(fold);
    }
    const item = this.itemOf(target);
    if (item === null) {
      return;
    }
    if (this.host.selection !== null) {
      event.preventDefault();
      if (isSelectable(item)) {
        this.host.toggle(item.key);
      }
      return;
    }
    const button = target.closest<HTMLElement>("[data-act]");
    if (button?.dataset.act !== undefined) {
      this.pressed(button.dataset.act, button, item);
    }
  }

  private pressed(act: string, button: HTMLElement, item: MessageItem): void {
    const { host } = this;
    const { account, look, talk } = host;
    if (account === null || look === null || talk === null) {
      return;
    }
    const { content } = item.message;
    switch (act) {
      case "person": return this.openPerson(item.message.sender);
      case "mention": return this.openPerson(button.dataset.user ?? "");
      case "card": return content.kind === "contact_card" ? this.openPerson(content.user) : undefined;
      case "quote": return item.quote === null ? undefined : void host.jumpTo(item.quote.seq, item.quote.ordinal);
      case "reaction": return toggleReaction(host, look.locale, talk, item, button.dataset.emoji ?? "");
      case "react": return void this.pick(item, button);
      case "more": return this.menu(item, button);
      case "again": {
        const text = recalledText(item, clock.now());
        return text === null ? undefined : void emit(host, "stonechat-edit", { text });
      }
      case "fail-edit": return content.kind === "text" ? void emit(host, "stonechat-edit", { item, text: content }) : undefined;
      case "fail-retry": return retrySend(account, item);
      case "fail-copy": return void this.run("copy", item, button);
      case "fail-delete": return void cancelSend(account, item);
      default: return void this.run(act as Act, item, button);
    }
  }

  private openPerson(user: string): void {
    emit(this.host, "stonechat-open-person", { user });
  }

  private async tellWho(reaction: HTMLElement): Promise<void> {
    const { talk, look } = this.host;
    const item = this.itemOf(reaction);
    const all = item === null || item.message.seq === 0 ? null : await talk?.reactions(item.message.seq).catch(() => null);
    if (!all || look === null) {
      return;
    }
    const names = all.filter(({ emojis }) => emojis.includes(reaction.dataset.emoji ?? "")).map(({ user }) => nameOf(look, user));
    reaction.dataset.told = reaction.textContent;
    const first = names.slice(0, WHO_MAX).join(", ");
    reaction.title = names.length > WHO_MAX ? look.locale.t("msg.and_more", { names: first, n: names.length - WHO_MAX }) : first;
  }

  /* The menu */

  private bubble(item: MessageItem): Element {
    const line = this.host.elementOf(item.key);
    return line?.querySelector(".bubble") ?? line ?? this.host;
  }

  private menu(item: MessageItem, at: Element | { x: number; y: number }): void {
    const { host } = this;
    const { look } = host;
    const acts = this.actsOf(item);
    if (look === null) {
      return;
    }
    const { t } = look.locale;
    const items: (MenuItem | null)[] = [];
    let hasDanger = false;
    for (const act of acts) {
      if (act === "react" || act === "merged") {
        continue;
      }
      const entry = act === "readers" ? { icon: "eye" as const, label: t("act.readers", { read: item.readBy, n: others(look) }) } : { ...MENU[act], label: t(MENU[act].label) };
      if ("danger" in entry && entry.danger && !hasDanger) {
        hasDanger = true;
        items.push(null);
      }
      items.push({ ...entry, run: () => void this.run(act, item, this.bubble(item)) });
    }
    host.active = item.key;
    let letDown = (): void => undefined;
    openMenu(host, {
      items,
      at,
      label: t("act.more"),
      ...(acts.includes("react") ? { head: (close: () => void) => this.quickReactions(item, close) } : {}),
      covers: (sheet) => {
        const line = host.elementOf(item.key);
        letDown = line === null ? letDown : liftOver(line, sheet);
      },
      closed: () => {
        letDown();
        host.active = this.focused;
      },
    });
  }

  private quickReactions(item: MessageItem, close: () => void): TemplateResult {
    const { look, talk } = this.host;
    const t = this.host.locale.t;
    const give = (emoji: string): void => {
      close();
      if (look !== null && talk !== null) {
        toggleReaction(this.host, look.locale, talk, item, emoji);
      }
    };
    const more = (): void => {
      close();
      void this.pick(item, this.bubble(item));
    };
    return html`<div data-row role="group" aria-label=${t("act.react")}>${QUICK.map((emoji) => html`<button type="button" role="menuitem" tabindex="-1"
      aria-label=${t("act.react_with", { emoji })} @click=${() => give(emoji)}>${emoji}</button>`)}<button type="button" role="menuitem" tabindex="-1"
      aria-label=${t("act.more_emoji")} @click=${more}>${icon("plus", "s")}</button></div>`;
  }

  private async pick(item: MessageItem, at: Element): Promise<void> {
    const { host } = this;
    const { openEmojiPicker } = await import("./emoji-picker.ts");
    openEmojiPicker(host, at, (emoji) => {
      if (host.talk !== null) {
        toggleReaction(host, host.locale, host.talk, item, emoji);
      }
    });
  }

  private async run(act: Act, item: MessageItem, at: Element | null): Promise<void> {
    const { host } = this;
    const { account, look, talk, locale } = host;
    if (account === null || look === null || talk === null) {
      return;
    }
    const { seq } = item.message;
    switch (act) {
      case "react": return at === null ? undefined : this.pick(item, at);
      case "reply": return void emit(host, "stonechat-reply", { item });
      case "edit": return void emit(host, "stonechat-edit", { item });
      case "copy": return copy(host, locale, [item], () => "");
      case "pin":
      case "unpin": return void follow(host, locale, talk.pinMessage(seq, act === "pin"));
      case "star":
      case "unstar": return void follow(host, locale, talk.star([seq], act === "star"));
      case "select": return host.toggle(item.key);
      case "recall": return recall(host, look, talk, item, clock.now());
      case "delete": return void deleteForMe(host, locale, talk, [item]);
      case "cancel": return cancelSend(account, item);
      default: {
        const dialogs = await import("./dialogs.ts");
        if (act === "forward") {
          dialogs.openForward(host, look, [item]);
        } else if (act === "readers") {
          dialogs.openReaders(host, look, talk, item);
        } else if (act === "reactions") {
          dialogs.openReactions(host, look, talk, item);
        } else if (act === "history") {
          dialogs.openHistory(host, look, talk, item);
        } else if (act === "merged") {
          dialogs.openMerged(host, look, item);
        }
      }
    }
  }

  /* Keys */

  private focusIn(target: Element): void {
    const line = target.closest<HTMLElement>("li.message");
    this.focused = line?.dataset.key ?? null;
    this.last = this.focused ?? this.last;
    if (this.focused !== null && line?.matches(":focus-visible")) {
      this.host.active = this.focused;
    }
  }

  /** After each rendering. */
  rendered(): void {
    this.keepFocus();
    const { selection } = this.host;
    // What was recalled meanwhile is selected no longer.
    const gone = [...selection ?? []].filter((key) => {
      const item = this.host.messageAt(key);
      return item !== null && !isSelectable(item);
    });
    if (gone.length > 0) {
      this.host.setSelection(new Set([...selection ?? []].filter((key) => !gone.includes(key))));
    }
  }

  /** A focused line that is laid out no longer leaves its focus to the timeline. */
  private keepFocus(): void {
    const root = this.host.renderRoot as ShadowRoot;
    if (this.focused !== null && root.activeElement === null && document.activeElement === document.body) {
      this.focused = null;
      this.host.focus({ preventScroll: true });
    }
  }

  /** Nobody has taken it to a menu or another part meanwhile. */
  private isFocusHere(): boolean {
    const at = deepActive();
    return at === null || at === document.body || at === this.host || at.getRootNode() === this.host.renderRoot;
  }

  private key(event: KeyboardEvent, target: Element): void {
    const { host } = this;
    if (isComposing(event) || event.defaultPrevented) {
      return;
    }
    const item = this.itemOf(target);
    const isChord = event.ctrlKey || event.metaKey || event.altKey;
    const taken = this.moves(event, item, isChord) || (item !== null && this.does(event, item, isChord, target.matches("li")));
    if (taken) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Escape" && host.selection !== null) {
      event.stopPropagation();
      host.setSelection(null);
    }
  }

  private moves(event: KeyboardEvent, item: MessageItem | null, isChord: boolean): boolean {
    const { items } = this.host;
    const at = item === null ? -1 : items.indexOf(item);
    if (event.key === "End") {
      this.host.toLatest();
      void this.focusLine(items.length - 1, -1);
      return true;
    }
    if (isChord) {
      return false;
    }
    switch (event.key) {
      case "ArrowUp": return this.focusLine(at < 0 ? this.host.lastVisible : at - 1, -1);
      case "ArrowDown": return at >= 0 && this.focusLine(at + 1, 1);
      case "Home": return this.focusLine(0, 1);
      default: return false;
    }
  }

  /** Focuses a message at a place, or the next one in a direction. */
  private focusLine(place: number, step: 1 | -1): boolean {
    const { items } = this.host;
    let at = place;
    while (items[at] !== undefined && items[at]?.kind !== "message") {
      at += step;
    }
    const item = items[at];
    if (item === undefined) {
      return place >= 0 && place < items.length;
    }
    // At once where it is laid out: keys come faster than frames.
    this.host.elementOf(item.key)?.focus({ preventScroll: true });
    this.aimed = item.key;
    void this.host.reveal(item.key).then((line) => {
      if (this.aimed === item.key && this.isFocusHere()) {
        line?.focus({ preventScroll: true });
      }
    });
    return true;
  }

  private does(event: KeyboardEvent, item: MessageItem, isChord: boolean, isLine: boolean): boolean {
    const acts = this.actsOf(item);
    const run = (act: Act): boolean => {
      if (acts.includes(act)) {
        void this.run(act, item, this.bubble(item));
      }
      return acts.includes(act);
    };
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      this.menu(item, this.bubble(item));
      return true;
    }
    if (isChord) {
      return (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c" && (getSelection()?.isCollapsed ?? true) && textOf(item) !== "" && run("copy");
    }
    switch (event.key.toLowerCase()) {
      case "r": return run("reply");
      case "e": return run("edit");
      case "f": return run("forward");
      case "s": return run(item.starred ? "unstar" : "star");
      case "delete": return run("delete") || run("cancel");
      case " ": return isLine && run("select");
      case "enter": {
        if (isLine) {
          this.menu(item, this.bubble(item));
        }
        return isLine;
      }
      default: {
        const emoji = QUICK[Number(event.key) - 1];
        const { look, talk } = this.host;
        if (emoji !== undefined && acts.includes("react") && look !== null && talk !== null) {
          toggleReaction(this.host, look.locale, talk, item, emoji);
          return true;
        }
        return false;
      }
    }
  }
}
