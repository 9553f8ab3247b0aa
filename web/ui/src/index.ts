/**
 * `@stonechat/ui`: importing it registers the components. Details, settings, contacts and what else is beside reading and
 * writing come with `@stonechat/ui/panels`; `<stonechat-chat>` loads them itself when they are first shown.
 */

export * from "./base/index.ts";
export * from "./chat/index.ts";
export type { StonechatConnection } from "./connection/connection.ts";
export * from "./i18n/index.ts";
export { StonechatConversationList } from "./list/conversation-list.ts";
export { StonechatChat, type Page, type Shown } from "./shell/chat.ts";
