/**
 * `@stonechat/ui`: importing it registers the provider, the list and `<stonechat-chat>`, which loads the rest itself when it is
 * first shown. What stands alone on a page is imported by its own name: timeline and composer from
 * `@stonechat/ui/conversation`; details, settings and contacts from `@stonechat/ui/panels`.
 */

export * from "./base/index.ts";
export type * from "./chat/index.ts";
export type { StonechatConnection } from "./connection/connection.ts";
export * from "./i18n/index.ts";
export { StonechatConversationList } from "./list/conversation-list.ts";
export { StonechatChat, type Page, type Shown } from "./shell/chat.ts";
