export { StonechatComposer } from "./composer.ts";
export { StonechatConversation } from "./conversation.ts";
export { StonechatChatHeader } from "./header.ts";
export type { Look, Renderer, Renderers } from "./look.ts";
export { StonechatTimeline } from "./timeline.ts";
