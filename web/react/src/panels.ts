/** What opens beside a conversation, for React: `@stonechat/react/panels`. */

import { createComponent, type EventName } from "@lit/react";
import type { StonechatEventMap } from "@stonechat/ui";
import {
  StonechatDetails, StonechatGroupSettings, StonechatNewConversation, StonechatProfile, StonechatSettings, StonechatStarred,
} from "@stonechat/ui/panels";
import * as React from "react";

type Of<Name extends keyof StonechatEventMap> = EventName<StonechatEventMap[Name]>;

const onClose = "stonechat-close" as Of<"stonechat-close">;
const onOpen = "stonechat-open" as Of<"stonechat-open">;
const onOpenSettings = "stonechat-open-settings" as Of<"stonechat-open-settings">;

/** What there is to know of a conversation. */
export const Details = createComponent({
  react: React, tagName: "stonechat-details", elementClass: StonechatDetails, displayName: "Details",
  events: {
    onClose, onOpen,
    onSearch: "stonechat-search" as Of<"stonechat-search">,
    onOpenGroupSettings: "stonechat-open-group-settings" as Of<"stonechat-open-group-settings">,
  },
});

export const GroupSettings = createComponent({
  react: React, tagName: "stonechat-group-settings", elementClass: StonechatGroupSettings, displayName: "GroupSettings",
  events: { onClose },
});

export const Profile = createComponent({
  react: React, tagName: "stonechat-profile", elementClass: StonechatProfile, displayName: "Profile",
  events: { onOpen, onOpenSettings },
});

export const Settings = createComponent({
  react: React, tagName: "stonechat-settings", elementClass: StonechatSettings, displayName: "Settings",
  events: {
    onOpenSettings,
    onAppearance: "stonechat-appearance" as Of<"stonechat-appearance">,
    onSignOut: "stonechat-sign-out" as Of<"stonechat-sign-out">,
  },
});

export const NewConversation = createComponent({
  react: React, tagName: "stonechat-new-conversation", elementClass: StonechatNewConversation, displayName: "NewConversation",
  events: { onOpen, onClose },
});

export const Starred = createComponent({
  react: React, tagName: "stonechat-starred", elementClass: StonechatStarred, displayName: "Starred",
  events: { onOpen, onClose },
});
