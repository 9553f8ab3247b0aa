import type { Text } from "../en.ts";
import type { chat as source } from "../en/chat.ts";

export const chat: { readonly [key in keyof typeof source]: Text } = {
  "chat.search": "在此聊天中搜索",
  "chat.details": "详情",
  "chat.messages": "消息",
  "chat.new": "{n} 条新消息",
  "chat.said": "{name}：{text}",

  "msg.role_owner": "群主",
  "msg.role_admin": "管理员",

  "write.label": "发消息",
  "write.emoji": "表情",
  "write.send": "发送",
  "write.save": "保存",
};
