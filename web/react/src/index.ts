/**
 * The components of `@stonechat/ui` for React, and values of the SDK as hooks. Events are props: `onOpen`, `onShown`, …
 * Details, settings and what else is beside reading and writing are in `@stonechat/react/panels`.
 */

import { createComponent, type EventName } from "@lit/react";
import {
  StonechatAvatar, StonechatChat, StonechatConversationList, StonechatProvider, type StonechatEventMap,
} from "@stonechat/ui";
import { StonechatChatHeader, StonechatComposer, StonechatConversation, StonechatTimeline } from "@stonechat/ui/conversation";
import * as React from "react";

export { useReadable, useTimeline, type OpenTimeline } from "./hooks.ts";

/** An event of the kit, as React sees it. */
type Of<Name extends keyof StonechatEventMap> = EventName<StonechatEventMap[Name]>;

/** Gives the account, the language and the look to what is inside it. */
export const Provider = createComponent({
  react: React, tagName: "stonechat-provider", elementClass: StonechatProvider, displayName: "Provider",
  events: {
    onAppearance: "stonechat-appearance" as Of<"stonechat-appearance">,
    onSignOut: "stonechat-sign-out" as Of<"stonechat-sign-out">,
  },
});

/** All in one: list, conversation and details, in as many panes as there is room for. */
export const Chat = createComponent({
  react: React, tagName: "stonechat-chat", elementClass: StonechatChat, displayName: "Chat",
  events: {
    onShown: "stonechat-shown" as Of<"stonechat-shown">,
    onAppearance: "stonechat-appearance" as Of<"stonechat-appearance">,
    onSignOut: "stonechat-sign-out" as Of<"stonechat-sign-out">,
  },
});

export const ConversationList = createComponent({
  react: React, tagName: "stonechat-conversation-list", elementClass: StonechatConversationList, displayName: "ConversationList",
  events: { onOpen: "stonechat-open" as Of<"stonechat-open">, onNew: "stonechat-new" as Of<"stonechat-new"> },
});

/** Header, timeline and composer of one conversation. */
export const Conversation = createComponent({
  react: React, tagName: "stonechat-conversation", elementClass: StonechatConversation, displayName: "Conversation",
  events: {
    onClose: "stonechat-close" as Of<"stonechat-close">,
    onOpen: "stonechat-open" as Of<"stonechat-open">,
    onOpenDetails: "stonechat-open-details" as Of<"stonechat-open-details">,
    onOpenPerson: "stonechat-open-person" as Of<"stonechat-open-person">,
    onSearch: "stonechat-search" as Of<"stonechat-search">,
  },
});

export const ChatHeader = createComponent({
  react: React, tagName: "stonechat-chat-header", elementClass: StonechatChatHeader, displayName: "ChatHeader",
  events: {
    onClose: "stonechat-close" as Of<"stonechat-close">,
    onOpenDetails: "stonechat-open-details" as Of<"stonechat-open-details">,
    onSearch: "stonechat-search" as Of<"stonechat-search">,
  },
});

export const Timeline = createComponent({
  react: React, tagName: "stonechat-timeline", elementClass: StonechatTimeline, displayName: "Timeline",
  events: {
    onReply: "stonechat-reply" as Of<"stonechat-reply">,
    onEdit: "stonechat-edit" as Of<"stonechat-edit">,
    onSelect: "stonechat-select" as Of<"stonechat-select">,
    onOpen: "stonechat-open" as Of<"stonechat-open">,
    onOpenPerson: "stonechat-open-person" as Of<"stonechat-open-person">,
  },
});

export const Composer = createComponent({
  react: React, tagName: "stonechat-composer", elementClass: StonechatComposer, displayName: "Composer",
  events: { onSent: "stonechat-sent" as Of<"stonechat-sent">, onEditLast: "stonechat-edit-last" as Of<"stonechat-edit-last"> },
});

export const Avatar = createComponent({
  react: React, tagName: "stonechat-avatar", elementClass: StonechatAvatar, displayName: "Avatar",
});
