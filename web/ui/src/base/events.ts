/** How components speak with the page round them: bubbling, composed events. */

import type { ConversationId, MessageItem, Ordinal, RichText, Seq, UserId } from "@stonechat/sdk";
import type { IconName } from "./icons.ts";

/** A short remark at the foot of the page. `run` undoes it, or leads somewhere. */
export interface Toast {
  readonly text: string;
  readonly icon?: IconName;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** It tells of something that did not work, and that belongs to nothing on the screen. */
  readonly danger?: boolean;
}

/** What the user chose for this device. */
export interface Choices {
  readonly theme: "system" | "light" | "dark";
  readonly density: "comfortable" | "compact";
  readonly textSize: "small" | "standard" | "large";
  /** A language of the kit, or empty for the one of the browser. */
  readonly language: string;
  /** Whether Enter sends; else it makes a new line and Ctrl Enter sends. */
  readonly enterSends: boolean;
  /** Whether to notify while the page is hidden, and whether a notification has the text of the message. */
  readonly notify: boolean;
  readonly notifyText: boolean;
}

export const DEFAULT_CHOICES: Choices = {
  theme: "system", density: "comfortable", textSize: "standard", language: "", enterSends: true, notify: false, notifyText: true,
};

export interface StonechatEvents {
  /** Show a conversation, and a message in it; with its ordinal it is found however far back it is. */
  "stonechat-open": { readonly conversation: ConversationId; readonly seq?: Seq; readonly ordinal?: Ordinal };
  /** Show who somebody is. */
  "stonechat-open-person": { readonly user: UserId };
  /** Show, or hide, what there is to know of a conversation. */
  "stonechat-open-details": { readonly conversation: ConversationId };
  /** Begin a conversation. */
  "stonechat-new": { readonly users?: readonly UserId[] };
  /** Show a page of the settings, or the settings. */
  "stonechat-open-settings": { readonly section?: string };
  /** The thing that sent it wants to be closed. */
  "stonechat-close": Record<string, never>;
  "stonechat-toast": Toast;
  /** The user wants to sign out of this device, or to sign in again after the session ended. */
  "stonechat-sign-out": { readonly again: boolean };
  /** The user chose something for this device; the app keeps it and applies it. */
  "stonechat-appearance": Partial<Choices>;
  /** Answer a message. */
  "stonechat-reply": { readonly item: MessageItem };
  /** Let an own message say something else; with `text` and without `item`, write that again; with both, in the place of one that failed. */
  "stonechat-edit": { readonly item?: MessageItem; readonly text?: RichText };
  /** Change the last own message. */
  "stonechat-edit-last": Record<string, never>;
  /** Messages are selected; null when selecting ends. */
  "stonechat-select": { readonly items: readonly MessageItem[] | null };
  /** Something was written here, and is on its way. */
  "stonechat-sent": { readonly conversation: ConversationId };
  /** The user went somewhere in `<stonechat-chat>`: keep it in the address. `replace`: it is no step further. `over`: something lies over it that a step back closes. */
  "stonechat-shown": { readonly page: string; readonly conversation: ConversationId | null; readonly section: string; readonly replace: boolean; readonly over: boolean };
  /** Search in a conversation. */
  "stonechat-search": { readonly conversation: ConversationId };
  /** Show what a group is like and who may do what in it, in place of the conversation. */
  "stonechat-open-group-settings": { readonly conversation: ConversationId };
}

declare global {
  // Typed listeners: `element.addEventListener("stonechat-open", (event) => event.detail.conversation)`.
  interface HTMLElementEventMap extends StonechatEventMap {}
  interface DocumentEventMap extends StonechatEventMap {}
  interface WindowEventMap extends StonechatEventMap {}
}

export type StonechatEventMap = { [name in keyof StonechatEvents]: CustomEvent<StonechatEvents[name]> };

/** Returns false where somebody called `preventDefault`. */
export function emit<Name extends keyof StonechatEvents>(from: EventTarget, name: Name, detail: StonechatEvents[Name]): boolean {
  return from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
}
