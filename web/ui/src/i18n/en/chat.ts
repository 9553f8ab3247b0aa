/** Words of what is read and written in a conversation. */
export const chat = {
  "chat.search": "Search in this conversation",
  "chat.details": "Details",
  "chat.messages": "Messages",
  "chat.new": { one: "{n} new message", other: "{n} new messages" },
  "chat.said": "{name}: {text}",

  "msg.role_owner": "Owner",
  "msg.role_admin": "Admin",

  "write.label": "Message",
  "write.emoji": "Emoji",
  "write.send": "Send",
  "write.save": "Save",
} as const;
