/**
 * A fixed, believable world: the same people and words in the gallery, in its pictures and in tests. English as Maya sees
 * it, Chinese as 沈予安 does, Arabic as سلمى does. All of them are invented.
 */

import { FOR_GOOD, type Device, type Timestamp } from "@stonechat/sdk";
import type { FakeConversation, FakeData, FakeEvent, FakeMember, FakeMessage, FakePerson } from "./data.ts";
import { picture } from "./pictures.ts";

/** Friday, 27 November 2026, 10:46 by the user's clock, wherever that runs. */
export const NOW: Timestamp = new Date(2026, 10, 27, 10, 46).getTime();

/** A moment some days before {@link NOW}. */
export function at(daysAgo: number, time: string): Timestamp {
  const [hours, minutes] = time.split(":").map(Number);
  return new Date(2026, 10, 27 - daysAgo, hours, minutes).getTime();
}

const DEVICES: readonly Device[] = [
  { id: "d1", name: "Firefox, Linux", client: "stonechat-web 0.1.0", seenAt: NOW, revoked: false, platform: "web", signedOut: null },
  { id: "d2", name: "Maya’s phone", client: "stonechat-android 0.1.0", seenAt: at(0, "09:58"), revoked: false, platform: "phone", signedOut: null },
  { id: "d3", name: "Safari, macOS", client: "stonechat-web 0.1.0", seenAt: at(3, "18:20"), revoked: false, platform: "web", signedOut: null },
  { id: "d4", name: "Office desktop", client: "stonechat-web 0.1.0", seenAt: at(40, "17:05"), revoked: true, platform: "desktop", signedOut: { reason: "user", at: at(31, "08:12") } },
];

/* English */

const people: readonly FakePerson[] = [
  { id: "maya", name: "Maya Lindqvist", username: "maya", avatar: picture("ridge"), presence: "online" },
  { id: "ines", name: "Ines Kowalczyk", username: "ines", avatar: picture("boat"), presence: "online" },
  { id: "omar", name: "Omar Haddad", username: "omar", avatar: picture("dunes"), presence: "online", lastSeen: at(0, "09:58") },
  { id: "kofi", name: "Kofi Asante", username: "kofi", presence: "online", status: { emoji: "⛴️", text: "on the ferry until noon", until: at(0, "12:00") } },
  { id: "ruth", name: "Ruth Feldmann", username: "ruth", avatar: picture("cup"), presence: "online" },
  { id: "tomas", name: "Tomás Arrieta", username: "tomas", presence: "away", lastSeen: at(0, "10:41") },
  { id: "jonas", name: "Jonas Pereira", username: "jonas", presence: "online" },
  { id: "xiaowen", name: "林晓雯", username: "xiaowen", presence: "away", lastSeen: at(0, "09:52") },
  { id: "dana", name: "Dana Whitlock", username: "dana", avatar: picture("leaf"), presence: "offline", lastSeen: at(1, "21:14"), question: "Which gate is blue?" },
  { id: "amara", name: "Amara Okafor", username: "amara", presence: "offline", lastSeen: at(0, "08:15") },
  { id: "petr", name: "Petr Novák", username: "petr", presence: "offline", lastSeen: at(1, "17:40") },
  { id: "yuki", name: "Yuki Tanaka", username: "yuki", presence: "offline", lastSeen: at(2, "12:03") },
  { id: "leila", name: "ليلى قاسم", username: "leila", presence: "offline", lastSeen: at(4, "19:30") },
  { id: "sven", name: "Sven Dahl", username: "sven", presence: "offline" },
  { id: "rosa", name: "Rosa Marín", username: "rosa", presence: "offline" },
];

const everybody = people.map(({ id }) => id).slice(0, 14);
const others = (count: number): string[] => everybody.filter((id) => id !== "maya").slice(0, count);

const harbourMembers: readonly FakeMember[] = [
  { user: "ruth", role: "owner" },
  { user: "kofi", role: "admin" },
  { user: "maya", role: "admin" },
  { user: "jonas" },
  { user: "tomas" },
  { user: "xiaowen" },
  { user: "ines", mutedUntil: at(0, "18:00") },
  { user: "omar" },
  { user: "amara" },
  { user: "petr" },
  { user: "yuki" },
  { user: "leila" },
  { user: "sven" },
  { user: "rosa", nickname: "Rosa (print shop)" },
];

const harbour: readonly FakeMessage[] = [
  { from: "ruth", at: at(3, "15:10"), text: "Drawings, revision 6: the folder with all gates and the paint codes", pinned: true },
  { from: "kofi", at: at(3, "15:22"), text: "The brick wall behind gate 2 stays as it is, the city said no to paint.", pinned: true },
  { from: "jonas", at: at(2, "09:05"), text: "Opening is on 12 December, ten o’clock, all of us at gate 1.", pinned: true, reactions: { "🎉": others(7) } },
  { from: "tomas", at: at(1, "09:12"), text: "Morning. The whole harbour is gone, it looks like milk out there.", reactions: { "😄": ["kofi", "ruth", "jonas"], "🌫️": ["ines"] } },
  { from: "kofi", at: at(1, "09:41"), text: "Ferry is delayed by fog, next one at 11:20." },
  { from: "maya", at: at(1, "09:44"), text: "Then I’ll take the bus and meet you at gate 1.", reactions: { "👍": ["kofi", "tomas"] } },
  { from: "ruth", at: at(1, "09:58"), text: "Could somebody bring the long ladder?" },
  { from: "ruth", at: at(1, "09:58"), text: "And the grey tape, if there is any left." },
  { from: "jonas", at: at(1, "10:01"), text: "Tape is in the blue box, second shelf." },
  { from: "xiaowen", at: at(0, "09:20"), text: "大家好！我负责中文版的指示牌，今天先看一遍草图。", reactions: { "👋": ["maya", ...others(5)], "🎉": ["ruth", "kofi"] } },
  { from: "maya", at: at(0, "09:24"), text: "Welcome! The drawings are pinned above. Chinese goes second on every sign, same height as the English." },
  { from: "kofi", at: at(0, "10:02"), text: "Walked the whole route this morning. Three things:" },
  { from: "kofi", at: at(0, "10:03"), text: "1. Gate 2 is hidden behind the ice cart until noon\n2. The lift sign points at a wall\n3. Everything else is lovely" },
  { from: "ruth", at: at(0, "10:07"), recalled: true },
  {
    from: "ruth", at: at(0, "10:09"), text: "The lift one is mine, I had the plan upside down. New file tonight.", replyBack: 2,
    reactions: { "😄": ["kofi", "jonas", "tomas", "ines"], "❤️": ["maya"] },
  },
  { from: "tomas", at: at(0, "10:38"), text: "Gate 3 has the same problem, the arrows cross each other." },
  { from: "tomas", at: at(0, "10:41"), text: "@[maya] can you check the arrows at gate 3? I think left and right were swapped in the export." },
  { from: "jonas", at: at(0, "10:42"), text: "I’m at gate 3 now and can take a photo." },
];

const harbourEvents: readonly FakeEvent[] = [
  { kind: "members_added", by: "ruth", at: at(0, "09:15"), users: ["xiaowen"] },
];

const ines: readonly FakeMessage[] = [
  { from: "ines", at: at(4, "18:31"), text: "I’ll wait at the blue gate, by the kiosk" },
  { from: "maya", at: at(4, "18:33"), text: "Five minutes." },
  { from: "ines", at: at(1, "16:12"), text: "The printed timetable and the app disagree about the 07:40 on Sundays." },
  { from: "ines", at: at(1, "16:12"), text: "Who is right?" },
  { from: "maya", at: at(1, "16:15"), text: "The app. The printers got last year’s file, I’m afraid." },
  { from: "maya", at: at(1, "16:15"), text: "I’ll send them the new one tonight." },
  { from: "ines", at: at(1, "16:21"), text: "Thank you! They close at six though, so rather before that.", replyBack: 1 },
  {
    from: "maya", at: at(0, "08:52"), text: "Sent at 17:40, and they confirmed before closing. Plates on Wednesday, posters up on Friday.",
    editedAt: at(0, "08:54"), before: ["Sent at 17:40, and they confirmed. Plates on Wednesday."], reactions: { "👍": ["ines"], "🎉": ["ines"] },
  },
  { from: "ines", at: at(0, "10:31"), text: "Perfect." },
  {
    from: "ines", at: at(0, "10:33"), starred: true,
    text: "One more thing: stop 4 shows `pier_4_name` on my phone instead of the name. Only in Portuguese, and only after a *fresh install*.",
  },
  { from: "maya", at: at(0, "10:40"), text: "That string never went to the translators. My fault." },
  { from: "maya", at: at(0, "10:43"), text: "Fixed it and added a check, so a missing name now fails the build instead of reaching a phone." },
  { from: "maya", at: at(0, "10:44"), text: "Pushed. It is on staging now." },
];

const conversations: readonly FakeConversation[] = [
  { id: "d_ines", kind: "direct", peer: "ines", messages: ines, unreadByOthers: 1, typing: ["ines"], folders: ["Harbour"] },
  {
    id: "g_harbour", kind: "group", title: "Harbour signage", role: "admin", members: harbourMembers, memberCount: 14, messages: harbour, events: harbourEvents,
    unread: 3, folders: ["Harbour"], description: "Signs, arrows and timetables for the new terminal. Opening on 12 December.",
    announcement: { seq: 900, text: "Friday, 09:00, meet at gate 1", by: "ruth", at: at(2, "17:00") },
    settings: { join: "approval", speak: "everybody" },
    links: [{ id: "7".repeat(32), until: at(-4, "18:00"), left: 14 }],
    applications: [
      { user: "dana", displayName: "Dana Whitlock", message: "I draw the tide tables and would like to follow.", by: null, at: at(0, "08:40") },
      { user: "petr", displayName: "Petr Novák", message: "", by: null, at: at(1, "20:11") },
    ],
    bans: [{ user: "spam77", displayName: "Best Paint Deals", until: FOR_GOOD, reason: "Advertising", by: "ruth", at: at(9, "11:00") }],
  },
  {
    id: "g_ridge", kind: "group", title: "Saturday ridge walk", avatar: picture("ridge"), memberCount: 6,
    members: [{ user: "kofi", role: "owner" }, { user: "ruth" }, { user: "maya" }, { user: "jonas" }, { user: "ines" }, { user: "dana" }],
    messages: [
      { from: "ruth", at: at(1, "19:02"), text: "Train at 07:12, or is that cruel?" },
      { from: "maya", at: at(1, "19:05"), text: "Cruel, but the light is worth it." },
      { from: "kofi", at: at(0, "10:32"), text: "Boots are dry again, I’m in." },
    ],
    unread: 1, typing: ["kofi", "ruth"],
  },
  {
    id: "d_omar", kind: "direct", peer: "omar", unread: 1,
    messages: [
      { from: "maya", at: at(0, "09:40"), text: "The Arabic proof is in your inbox, the big one for gate 1." },
      { from: "omar", at: at(0, "09:58"), text: "شكراً! أرسلها بعد الظهر إن شاء الله" },
    ],
  },
  {
    id: "g_night", kind: "group", title: "Night shift", avatar: picture("night"), memberCount: 9, mutedUntil: FOR_GOOD, unreadShown: 28,
    members: [{ user: "jonas", role: "owner" }, { user: "maya" }, { user: "amara" }, { user: "petr" }, { user: "yuki" }],
    messages: [{ from: "jonas", at: at(0, "09:15"), text: "The tide gauge is quiet again, going home." }], unread: 1,
  },
  {
    id: "d_xiaowen", kind: "direct", peer: "xiaowen",
    messages: [
      { from: "maya", at: at(1, "17:20"), text: "No hurry, tomorrow is fine." },
      { from: "xiaowen", at: at(1, "17:31"), text: "好的，明天上午我把两版都发给你" },
    ],
  },
  {
    id: "d_ruth", kind: "direct", peer: "ruth", draft: { text: "I was thinking we could ask the school if", replyTo: null, at: at(1, "14:10") },
    messages: [
      { from: "ruth", at: at(16, "11:20"), text: "I checked twice: a wooden gate is in the budget, a steel one is not" },
      { from: "ruth", at: at(1, "13:58"), text: "Here is the plan for gate 2." },
    ],
  },
  {
    id: "c_notices", kind: "channel", title: "Harbour notices", memberCount: 420, settings: { speak: "admins", membersHidden: true },
    messages: [
      { from: "amara", at: at(2, "08:00"), text: "The lift at pier 4 runs again." },
      { from: "amara", at: at(1, "12:30"), text: "Gate 2 closes Thursday 06:00 to 14:00 for painting." },
    ],
  },
  {
    id: "g_family", kind: "group", title: "Family", avatar: picture("cup"), memberCount: 5, folders: ["Family"],
    members: [{ user: "dana", role: "owner" }, { user: "maya" }, { user: "sven" }, { user: "rosa" }, { user: "yuki" }],
    messages: [
      { from: "dana", at: at(15, "18:12"), text: "The light was unreal today, from the harbour wall at six" },
      { from: "dana", at: at(4, "20:05"), text: "Grandma says the pear tree survived 🍐" },
    ],
  },
  {
    id: "g_printers", kind: "group", title: "Printers Weld & Co", memberCount: 3, unreadByOthers: 1,
    members: [{ user: "rosa", role: "owner" }, { user: "maya" }, { user: "sven" }],
    messages: [
      { from: "maya", at: at(4, "15:30"), text: "Not the file of last year, the new one for the harbour, please" },
      { from: "rosa", at: at(4, "15:58"), text: "Got it. Proof is attached to the order." },
      { from: "maya", at: at(4, "16:10"), text: "Proof approved, plates on Wednesday." },
    ],
  },
  {
    id: "g_allotment", kind: "group", title: "Allotment 14", avatar: picture("leaf"), memberCount: 22, mutedUntil: FOR_GOOD, settings: { speak: "admins" },
    members: [{ user: "yuki", role: "owner" }, { user: "maya" }],
    messages: [{ from: "yuki", at: at(7, "09:00"), text: "Water is off until spring, please empty the barrels." }],
  },
  {
    id: "d_jonas", kind: "direct", peer: "jonas",
    messages: [
      { from: "maya", at: at(9, "16:40"), text: "By the way, the gate by the slipway is open till nine" },
      { from: "jonas", at: at(9, "16:44"), text: "Good, then after work." },
      { from: "maya", at: at(9, "16:45"), text: "See you at the slipway." },
    ],
  },
  { id: "d_maya", kind: "direct", peer: "maya", messages: [{ from: "maya", at: at(11, "11:02"), text: "Paint code for the handrails: 7016" }] },
  {
    id: "g_old", kind: "group", title: "Terminal open day", memberCount: 31, archived: true, dissolved: true,
    members: [{ user: "ruth", role: "owner" }, { user: "maya" }],
    messages: [{ from: "ruth", at: at(48, "18:00"), text: "That was it. Thank you all, the numbers are in the folder." }],
  },
];

export const englishWorld: FakeData = {
  user: "maya",
  now: NOW,
  people,
  conversations,
  devices: DEVICES,
  privateFields: { "stonechat.folders": "Harbour\nFamily" },
  relations: [
    { user: "dana", incoming: { message: "Hi, we met at the tide tables talk.", answer: "", at: at(0, "08:40") } },
    { user: "jonas", incoming: { message: "", answer: "the blue gate", at: at(0, "08:20") } },
    ...["ines", "kofi", "xiaowen", "omar", "ruth", "tomas", "amara", "leila"].map((user) => ({ user, contactsSince: at(200, "12:00") })),
    { user: "petr", blocksSince: at(20, "09:00") },
  ].map((relation) => (relation.user === "kofi" ? { ...relation, tags: ["Harbour", "Hikes"] } : relation)),
};

/** The same, without the network since a while: things wait, one was refused. */
export const offlineWorld: FakeData = {
  ...englishWorld,
  connection: { kind: "offline", reason: "unreachable", retryInMs: 8000 },
  conversations: conversations.map((conversation): FakeConversation => {
    if (conversation.id === "d_ines") {
      return { ...conversation, typing: [], messages: [...ines, { from: "maya", at: at(0, "10:45"), text: "Bus it is, see you at gate 1.", state: { kind: "queued" } }] };
    }
    if (conversation.id !== "g_harbour") return { ...conversation, typing: [] };
    return {
      ...conversation,
      gap: { missing: 38, keep: 18 },
      unread: 0,
      messages: [
        ...harbour,
        {
          from: "maya", at: at(0, "10:43"), text: "The new plan is here: https://files.example/harbour/rev-6",
          state: { kind: "failed", code: "content_refused", text: "links are not allowed", recoverable: false },
        },
        { from: "maya", at: at(0, "10:44"), text: "I have the ladder in the van.", state: { kind: "queued" } },
        { from: "maya", at: at(0, "10:45"), text: "Signal is bad in the tunnel, so this may reach you late. Start without me if it gets past eleven.", state: { kind: "queued" } },
      ],
    };
  }),
};

/** A first visit: people, and nothing said yet. */
export const emptyWorld: FakeData = { ...englishWorld, conversations: [], relations: [], privateFields: {} };

/* Chinese */

const chinesePeople: readonly FakePerson[] = [
  { id: "yuan", name: "沈予安", username: "yuan", presence: "online" },
  { id: "mingyuan", name: "顾明远", username: "gumingyuan", presence: "online" },
  { id: "zhixia", name: "许知夏", username: "zhixia", presence: "online" },
  { id: "jiashu", name: "何嘉树", username: "jiashu", presence: "online" },
  { id: "ruochuan", name: "秦若川", username: "ruochuan", avatar: picture("dunes"), presence: "away", lastSeen: at(0, "10:12") },
  { id: "mama", name: "妈妈", username: "mama", avatar: picture("cup"), presence: "online" },
  { id: "emma", name: "Emma Sandoval", username: "emma", avatar: picture("leaf"), presence: "offline", lastSeen: at(1, "18:02") },
  { id: "chen", name: "房东 陈阿姨", username: "chenayi", presence: "offline" },
  { id: "robot", name: "机器人", username: "robot" },
  { id: "suyu", name: "苏语", username: "suyu", presence: "offline", lastSeen: at(0, "08:30") },
];

const spring: readonly FakeMessage[] = [
  { from: "zhixia", at: at(0, "09:50"), text: "三版主视觉都放在文件夹里了，大家投个票吧。我个人偏向第二版，留白多一点，手机上也看得清。", pinned: true, reactions: { "👍": ["yuan", "mingyuan", "jiashu", "suyu", "ruochuan"], "2️⃣": ["mingyuan", "jiashu", "suyu"] } },
  { from: "yuan", at: at(0, "09:56"), text: "第二版加一" },
  { from: "yuan", at: at(0, "09:57"), text: "不过标题那一行在小屏上会折成三行，建议缩到十二个字以内。" },
  { from: "mingyuan", at: at(0, "10:05"), text: "同意。另外英文版的 slogan 是“Quietly on time”，中文别直译。", replyBack: 1 },
  { from: "jiashu", at: at(0, "10:11"), recalled: true },
  { from: "jiashu", at: at(0, "10:12"), text: "“准点，不声张。”怎么样？", reactions: { "😄": ["zhixia", "mingyuan", "suyu", "ruochuan"], "❤️": ["zhixia", "suyu"] } },
  { from: "zhixia", at: at(0, "10:40"), text: "这个好！刚好六个字。" },
  { from: "zhixia", at: at(0, "10:42"), text: "@[yuan] 主视觉用第二版，文案今天能定吗？" },
  { from: "yuan", at: at(0, "10:43"), text: "能，我来写。" },
  { from: "yuan", at: at(0, "10:43"), text: "先定“准点，不声张。”，英文不动。", reactions: { "👌": ["zhixia"] } },
  { from: "yuan", at: at(0, "10:44"), text: "封面字号也一起改掉。" },
];

export const chineseWorld: FakeData = {
  user: "yuan",
  now: NOW,
  people: chinesePeople,
  devices: DEVICES,
  privateFields: { "stonechat.folders": "工作\n家人" },
  relations: [
    { user: "suyu", incoming: { message: "我是设计组新来的苏语。", answer: "", at: at(0, "09:30") } },
    ...["mingyuan", "zhixia", "jiashu", "ruochuan", "mama", "emma", "chen"].map((user) => ({ user, contactsSince: at(100, "12:00") })),
  ],
  conversations: [
    {
      id: "g_spring", kind: "group", title: "春季发布 · 设计组", memberCount: 9, messages: spring, unreadByOthers: 1, folders: ["工作"],
      members: [
        { user: "zhixia", role: "owner" }, { user: "mingyuan", role: "admin" }, { user: "yuan" }, { user: "jiashu" },
        { user: "ruochuan" }, { user: "emma" }, { user: "suyu", nickname: "小顾的同桌" }, { user: "robot" }, { user: "chen" },
      ],
      description: "春季发布的视觉、文案与印刷。",
      announcement: { seq: 900, text: "周五下班前定稿", by: "zhixia", at: at(1, "17:00") },
    },
    { id: "d_mingyuan", kind: "direct", peer: "mingyuan", unread: 1, typing: ["mingyuan"], messages: [{ from: "mingyuan", at: at(0, "10:39"), text: "晚上一起改？" }] },
    {
      id: "d_mama", kind: "direct", peer: "mama", unread: 2, folders: ["家人"],
      messages: [{ from: "mama", at: at(0, "10:14"), text: "天冷了，多穿点。" }, { from: "mama", at: at(0, "10:15"), text: "周末回来吃饭吗？给你留了腌笃鲜" }],
    },
    {
      id: "g_hike", kind: "group", title: "周末爬山", avatar: picture("ridge"), memberCount: 12, unread: 1, unreadShown: 6, mentionsShown: 1,
      members: [{ user: "jiashu", role: "owner" }, { user: "yuan" }, { user: "ruochuan" }],
      messages: [{ from: "jiashu", at: at(0, "09:48"), text: "集合时间改到七点半，大家看到回一下" }],
    },
    {
      id: "g_oncall", kind: "group", title: "后端值班群", avatar: picture("night"), memberCount: 18, mutedUntil: FOR_GOOD, unread: 1, unreadShown: 34, folders: ["工作"],
      members: [{ user: "robot", role: "owner" }, { user: "yuan" }],
      messages: [{ from: "robot", at: at(0, "09:20"), text: "告警已恢复，继续观察半小时" }],
    },
    { id: "d_emma", kind: "direct", peer: "emma", messages: [{ from: "emma", at: at(1, "17:40"), text: "Thanks! I will send the contract on Monday." }] },
    { id: "d_ruochuan", kind: "direct", peer: "ruochuan", messages: [{ from: "yuan", at: at(1, "16:02"), text: "明天下午三点，还是老地方" }] },
    {
      id: "d_zhixia", kind: "direct", peer: "zhixia", draft: { text: "封面字体我想再小一号，你觉得", replyTo: null, at: at(1, "15:00") },
      messages: [{ from: "zhixia", at: at(1, "14:40"), text: "印刷厂那边我去问。" }],
    },
    { id: "c_company", kind: "channel", title: "公司公告", memberCount: 236, settings: { speak: "admins" }, messages: [{ from: "chen", at: at(4, "10:00"), text: "关于元旦放假安排的通知" }] },
    {
      id: "g_books", kind: "group", title: "读书会（第 12 期）", memberCount: 8, avatar: picture("cup"),
      members: [{ user: "mingyuan", role: "owner" }, { user: "yuan" }],
      messages: [{ from: "mingyuan", at: at(4, "09:12"), text: "这一章写得真好，尤其是最后两页" }],
    },
    {
      id: "d_chen", kind: "direct", peer: "chen",
      messages: [
        { from: "chen", at: at(7, "19:10"), text: "小沈，水表的师傅周六上午来。" },
        { from: "yuan", at: at(7, "19:20"), text: "好的谢谢阿姨", state: { kind: "failed", code: "recipient_unavailable", text: "", recoverable: false } },
      ],
    },
    { id: "d_jiashu", kind: "direct", peer: "jiashu", messages: [{ from: "yuan", at: at(9, "13:00"), text: "照片发你邮箱了" }] },
    { id: "d_yuan", kind: "direct", peer: "yuan", messages: [{ from: "yuan", at: at(11, "11:02"), text: "油漆色号 7016，扶手用" }] },
  ],
};

/* Arabic */

const arabicPeople: readonly FakePerson[] = [
  { id: "salma", name: "سلمى الراوي", username: "salma", avatar: picture("ridge"), presence: "online" },
  { id: "layla", name: "ليلى قاسم", username: "layla", presence: "online" },
  { id: "omar_h", name: "عمر حدّاد", username: "omar", avatar: picture("dunes"), presence: "online" },
  { id: "huda", name: "هدى الشامي", username: "huda", avatar: picture("night"), presence: "away", lastSeen: at(0, "10:20") },
  { id: "yusuf", name: "يوسف منصور", username: "yusuf", presence: "online" },
  { id: "ines", name: "Ines Kowalczyk", username: "ines", avatar: picture("boat"), presence: "online" },
  { id: "nour", name: "نور عبد الله", username: "nour", presence: "offline", lastSeen: at(1, "22:00") },
];

export const arabicWorld: FakeData = {
  user: "salma",
  now: NOW,
  people: arabicPeople,
  devices: DEVICES,
  privateFields: { "stonechat.folders": "العمل\nالعائلة" },
  relations: [
    { user: "nour", incoming: { message: "مرحباً، التقينا في ورشة الترجمة.", answer: "", at: at(0, "09:00") } },
    ...["layla", "omar_h", "huda", "yusuf", "ines"].map((user) => ({ user, contactsSince: at(100, "12:00") })),
  ],
  conversations: [
    {
      id: "g_translation", kind: "group", title: "فريق الترجمة", memberCount: 11, unread: 2, folders: ["العمل"],
      members: [
        { user: "layla", role: "owner" }, { user: "omar_h", role: "admin" }, { user: "salma" }, { user: "huda" }, { user: "yusuf" }, { user: "ines" }, { user: "nour" },
      ],
      messages: [
        { from: "huda", at: at(0, "09:12"), text: "صباح الخير! وصلت نسخة الطباعة الأولى، والعربية فيها أوضح بكثير من العام الماضي.", reactions: { "👏": ["layla", "omar_h", "yusuf", "ines", "nour"], "❤️": ["salma", "layla"] } },
        { from: "ines", at: at(0, "09:20"), text: "Lovely to be here. Please tell me whenever a string sounds translated rather than written." },
        { from: "salma", at: at(0, "09:31"), text: "أهلاً بكِ! عندي ملاحظة واحدة فقط: كلمة `pier_4_name` ظهرت كما هي في الشاشة الرابعة." },
        { from: "salma", at: at(0, "09:33"), text: "أصلحتها وأضفت فحصاً حتى لا تتكرر.", editedAt: at(0, "09:34"), before: ["أصلحتها."] },
        { from: "omar_h", at: at(0, "09:40"), text: "ممتاز، شكراً على السرعة.", replyBack: 1 },
        { from: "layla", at: at(0, "10:41"), text: "سؤال صغير قبل أن نرسل الملف." },
        { from: "layla", at: at(0, "10:42"), text: "@[salma] هل نكتب «البوابة 3» أم «بوابة ٣»؟ الخرائط القديمة تستعمل الأرقام الهندية، والتطبيق يستعمل الأرقام العربية." },
      ],
    },
    { id: "d_omar_h", kind: "direct", peer: "omar_h", unread: 1, typing: ["omar_h"], messages: [{ from: "omar_h", at: at(0, "10:38"), text: "هل وصلك الملف؟" }] },
    {
      id: "d_ines", kind: "direct", peer: "ines", unread: 2,
      messages: [{ from: "ines", at: at(0, "10:19"), text: "Good morning!" }, { from: "ines", at: at(0, "10:20"), text: "Arabic looks great on the test print!" }],
    },
    {
      id: "g_walk", kind: "group", title: "مشي يوم السبت", avatar: picture("ridge"), memberCount: 7, unread: 1, unreadShown: 4, mentionsShown: 1,
      members: [{ user: "yusuf", role: "owner" }, { user: "salma" }, { user: "huda" }],
      messages: [{ from: "yusuf", at: at(0, "09:55"), text: "اللقاء عند المنارة في السابعة والنصف" }],
    },
    {
      id: "g_nightshift", kind: "group", title: "وردية الليل", avatar: picture("night"), memberCount: 8, mutedUntil: FOR_GOOD, unread: 1, unreadShown: 19,
      members: [{ user: "huda", role: "owner" }, { user: "salma" }],
      messages: [{ from: "huda", at: at(0, "09:10"), text: "كل شيء هادئ، تصبحون على خير" }],
    },
    {
      id: "d_huda", kind: "direct", peer: "huda",
      messages: [{ from: "huda", at: at(1, "20:05"), text: "أرسلت لكِ النسخة الثانية." }, { from: "salma", at: at(1, "20:10"), text: "تمام، أراجعها غداً صباحاً" }],
    },
    {
      id: "d_layla", kind: "direct", peer: "layla", draft: { text: "فكرت أن نسأل المدرسة إن كانت", replyTo: null, at: at(1, "15:00") },
      messages: [{ from: "layla", at: at(1, "14:00"), text: "موعدنا يوم الأحد." }],
    },
    { id: "c_port", kind: "channel", title: "إعلانات الميناء", memberCount: 420, settings: { speak: "admins" }, messages: [{ from: "nour", at: at(1, "12:00"), text: "تُغلق البوابة 2 يوم الخميس للصيانة" }] },
    {
      id: "g_ahl", kind: "group", title: "العائلة", avatar: picture("cup"), memberCount: 6, folders: ["العائلة"],
      members: [{ user: "huda", role: "owner" }, { user: "salma" }],
      messages: [{ from: "huda", at: at(4, "21:00"), text: "شجرة الكمثرى بخير 🍐" }],
    },
    {
      id: "g_press", kind: "group", title: "مطبعة النور", memberCount: 3, unreadByOthers: 1,
      members: [{ user: "nour", role: "owner" }, { user: "salma" }],
      messages: [{ from: "nour", at: at(4, "12:00"), text: "هذا هو النموذج." }, { from: "salma", at: at(4, "12:20"), text: "تمت الموافقة على النموذج" }],
    },
    {
      id: "d_yusuf", kind: "direct", peer: "yusuf",
      messages: [{ from: "salma", at: at(7, "16:00"), text: "نلتقي عند الرصيف", state: { kind: "failed", code: "gave_up", text: "", recoverable: true } }],
    },
    { id: "d_salma", kind: "direct", peer: "salma", messages: [{ from: "salma", at: at(11, "11:00"), text: "رمز لون الدرابزين: 7016" }] },
  ],
};

/** So many conversations that no list can hold them all at once. */
export function crowdedWorld(conversationCount: number): FakeData {
  const more = Array.from({ length: conversationCount }, (_, i): FakeConversation => ({
    id: `g_crowd_${i}`,
    kind: "group",
    title: `Pier committee ${i + 1}`,
    memberCount: 5,
    members: [{ user: "ruth", role: "owner" }, { user: "maya" }],
    messages: [{ from: "ruth", at: at(12, "09:00") - i * 60_000, text: `Minutes of meeting ${i + 1} are in the folder.` }],
  }));
  return { ...englishWorld, conversations: [...conversations, ...more] };
}
