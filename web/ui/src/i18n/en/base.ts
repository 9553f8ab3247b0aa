/** Words of the base, the list, contacts, connection and the shell. */
export const base = {
  // Everywhere
  "common.back": "Back",
  "common.back_unread": { one: "Back, {n} unread", other: "Back, {n} unread" },
  "common.you": "You",
  "common.clear": "Clear",
  "common.today": "Today",
  "common.yesterday": "Yesterday",
  "ago.minutes": "{n} min",
  "ago.hours": "{n} h",

  // People
  "presence.online": "online",
  "presence.away": "away",
  "presence.seen_at": "seen at {time}",
  "presence.seen_yesterday": "seen yesterday",
  "presence.seen_on": "seen {day}",
  "typing.one_direct": "typing",
  "typing.one": "{a} is typing",
  "typing.two": "{a} and {b} are typing",
  "typing.many": { one: "{n} person is typing", other: "{n} people are typing" },
  "people.self": "Notes to self",
  "people.members": { one: "{n} member", other: "{n} members" },
  "people.members_online": { one: "{n} member, {online} online", other: "{n} members, {online} online" },
  "people.readers": { one: "Channel, {n} reader", other: "Channel, {n} readers" },

  // Ticks
  "ticks.waiting": "Waiting",
  "ticks.waiting_network": "Waiting for the network",
  "ticks.sent": "Sent",
  "ticks.delivered": "Delivered",
  "ticks.read": "Read",
  "ticks.failed": "Not sent",

  // Kinds of messages without words
  "kind.image": "Photo",
  "kind.voice": "Voice message",
  "kind.video": "Video",
  "kind.file": "File",
  "kind.location": "Place",
  "kind.contact_card": "Contact",
  "kind.merged": "Messages",
  "kind.unknown": "Message",
  "kind.recalled": "{name} recalled a message",
  "kind.recalled_own": "You recalled a message",

  // List
  "list.title": "Chats",
  "list.new": "New conversation",
  "list.all": "All",
  "list.unread": "Unread",
  "list.folders": "Folders",
  "list.archived": "Archived",
  "list.you": "You:",
  "list.started": "You started this group",
  "list.nothing": "No messages yet",
  "list.who": "{name}:",
  "list.draft": "Draft:",
  "list.not_sent": "Not sent:",
  "list.mentions_you": "mentions you",
  "list.unread_count": { one: "{n} unread", other: "{n} unread" },
  "list.marked_unread": "marked unread",
  "list.pinned": "pinned",
  "list.muted": "muted",

  // Search
  "search.label": "Search",
  "search.in": "in {title}",

  // Shell
  "contacts.requests": { one: "{n} request", other: "{n} requests" },
  "shell.main": "Main",
  "shell.pane": "Conversation",
  "shell.chats": "Chats",
  "shell.contacts": "Contacts",
  "shell.settings": "Settings",
  "shell.profile": "Your profile",
  "shell.unread": { one: "{n} unread", other: "{n} unread" },
  "shell.starred": "Starred",
  "shell.details": "Details",
  "shell.resize": "Width of the list",
} as const;
