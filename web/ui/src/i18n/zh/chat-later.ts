import type { Text } from "../en.ts";
import type { chatLater as source } from "../en/chat-later.ts";

export const chatLater: { readonly [key in keyof typeof source]: Text } = {
  "chat.pinned_at": "置顶 {at}/{n}",
  "chat.pinned": "置顶",
  "chat.pinned_next": "下一条置顶消息",
  "chat.far": "这条消息不在此设备上，恢复连接后可以查看。",
  "chat.gone": "这条消息已不在了。",

  "msg.and_more": "{names} 等另外 {n} 人",

  "act.edit": "编辑",
  "act.copy": "复制文字",
  "act.forward": "转发",
  "act.pin": "置顶",
  "act.unpin": "取消置顶",
  "act.star": "收藏",
  "act.unstar": "取消收藏",
  "act.select": "选择",
  "act.readers": "{n} 人中 {read} 人已读",
  "act.reactions": "谁回应了",
  "act.recall": "对所有人撤回",
  "act.delete": "仅为我删除",
  "act.react_with": "用 {emoji} 回应",
  "act.more_emoji": "更多表情",

  "recall.ask": "撤回这条消息？",
  "recall.text_direct": "你们双方都将看不到它，引用和搜索中也会消失。",
  "recall.text": "{n} 名成员都将看不到它，引用和搜索中也会消失。",
  "recall.keep": "保留",
  "recall.do": "撤回",

  "delete.ask": { one: "为你删除这条消息？", other: "为你删除 {n} 条消息？" },
  "delete.text": "其他人仍能看到。它不会再出现在你的设备上。",
  "delete.do": "删除",

  "select.count": "已选择 {n} 条",
  "select.cancel": "退出选择",
  "select.bar": "已选择的消息",

  "forward.title": "转发 {n} 条消息",
  "forward.search": "搜索聊天",
  "forward.merged": "合并转发",
  "forward.single": "逐条转发",
  "forward.how": "转发方式",
  "forward.send": "转发",
  "forward.done": "已转发到 {n} 个聊天",
  "forward.from": "来自 {title} 的消息",
  "forward.none": "没有找到“{text}”。",

  "readers.title": "回执",
  "readers.read": "已读 {n}",
  "readers.unread": "未读 {n}",
  "readers.nobody": "还没有人。",
  "readers.everybody": "所有人都已读。",

  "reactions.title": "回应",

  "history.title": "编辑记录",
  "history.now": "现在",
  "history.first": "最初",

  "write.mentions": "可提及的人",
  "write.everyone": "所有人",
  "write.notifies": "通知 {n} 人",

  "emoji.title": "表情",
  "emoji.search": "搜索表情",
  "emoji.recent": "最近使用",
  "emoji.smileys": "笑脸与人物",
  "emoji.nature": "动物与自然",
  "emoji.food": "食物与饮料",
  "emoji.travel": "旅行与地点",
  "emoji.activities": "活动",
  "emoji.objects": "物品",
  "emoji.symbols": "符号",
  "emoji.flags": "旗帜",
  "emoji.none": "没有找到“{text}”。",
  "emoji.tones": "肤色",
};
