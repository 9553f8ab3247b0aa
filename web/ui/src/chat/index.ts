/** What one reads and writes with, for `@stonechat/ui/conversation`; `<stonechat-chat>` loads it with the first conversation. */

import "../index.ts";

export { StonechatComposer } from "./composer.ts";
export { StonechatConversation } from "./conversation.ts";
export { StonechatChatHeader } from "./header.ts";
export type { Look, Renderer, Renderers } from "./look.ts";
export { StonechatTimeline } from "./timeline.ts";
