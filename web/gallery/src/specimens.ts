/** What the gallery shows: each component in each of its states, from the fixed world. */

import type { Account } from "@stonechat/sdk";
import { html, type TemplateResult } from "lit";
import { chineseWorld, emptyWorld, englishWorld, FakeAccount, NOW, offlineWorld, type FakeConversation, type FakeData } from "../../ui/src/testing/index.ts";

export interface Specimen {
  readonly caption: string;
  /** How large its place is: a class of the page's style sheet. */
  readonly size: string;
  readonly world?: FakeData;
  /** What has happened to the account since. */
  readonly since?: (account: FakeAccount) => void;
  readonly draw: (account: Account) => TemplateResult;
}

export interface Chapter {
  /** For the address: `?only=…`. */
  readonly id: string;
  readonly title: string;
  readonly specimens: readonly Specimen[];
}

/** The world with one conversation changed. */
function with_(id: string, change: Partial<FakeConversation>): FakeData {
  return { ...englishWorld, conversations: englishWorld.conversations.map((it) => (it.id === id ? { ...it, ...change } : it)) };
}

const owned = with_("g_harbour", {
  role: "owner",
  members: englishWorld.conversations.find((it) => it.id === "g_harbour")!.members!.map((it) =>
    it.user === "maya" ? { ...it, role: "owner" } : it.user === "ruth" ? { ...it, role: "admin" } : it),
});
const plainMember = with_("g_harbour", { role: "member" });
const removed = with_("g_harbour", { member: false, role: "none" });
const closed = with_("g_harbour", { dissolved: true, role: "member" });
const silent = with_("g_harbour", { role: "member", settings: { membersHidden: true }, mutedUntil: NOW + 8 * 3_600_000 });
const crowd = Array.from({ length: 40 }, (_, at) => ({ id: `crew${at + 1}`, name: `Crew member ${at + 1}`, username: `crew${at + 1}` }));
const crowded: FakeData = {
  ...with_("g_harbour", { memberCount: 41, members: [{ user: "maya", role: "owner" }, ...crowd.map(({ id }) => ({ user: id }))] }),
  people: [...englishWorld.people, ...crowd],
};
/** Two groups: one asks her to come in, the other was asked by her. */
const inTwoMinds = (account: FakeAccount): void => account.asking.set(new Map([
  ["g_ferry", { conversation: "g_ferry", state: "invited", title: "Night ferry", by: "ruth", at: NOW - 40 * 60_000 }],
  ["g_choir", { conversation: "g_choir", state: "applied", title: "Harbour choir", by: null, at: NOW - 3 * 3_600_000 }],
]));

const details = (id: string) => (): TemplateResult => html`<stonechat-details .conversation=${id}></stonechat-details>`;
const settings = (section: string) => (): TemplateResult => html`<stonechat-settings .section=${section}></stonechat-settings>`;
const profile = (user: string) => (): TemplateResult => html`<stonechat-profile .user=${user}></stonechat-profile>`;
const conversation = (id: string) => (): TemplateResult => html`<stonechat-conversation .conversation=${id}></stonechat-conversation>`;
const list = (): TemplateResult => html`<stonechat-conversation-list current="g_harbour"></stonechat-conversation-list>`;

const AVATARS = ["maya", "ines", "omar", "kofi", "tomas", "xiaowen", "leila", "yuki"];

export const CHAPTERS: readonly Chapter[] = [
  {
    id: "shell", title: "All in one", specimens: [
      { caption: "Three panes", size: "desk", draw: () => html`<stonechat-chat conversation="g_harbour" .details=${true}></stonechat-chat>` },
      { caption: "Two panes", size: "tablet", draw: () => html`<stonechat-chat conversation="d_ines"></stonechat-chat>` },
      { caption: "One pane: the list", size: "phone", draw: () => html`<stonechat-chat></stonechat-chat>` },
      { caption: "One pane: a conversation", size: "phone", draw: () => html`<stonechat-chat conversation="g_harbour"></stonechat-chat>` },
      { caption: "One pane: settings", size: "phone", draw: () => html`<stonechat-chat page="settings"></stonechat-chat>` },
      { caption: "A first visit", size: "tablet", world: emptyWorld, draw: () => html`<stonechat-chat .people=${["ines", "omar", "kofi"]}></stonechat-chat>` },
    ],
  },
  {
    id: "list", title: "Conversation list", specimens: [
      { caption: "Every state of a row", size: "list", draw: list },
      { caption: "Offline: waiting, not sent", size: "list", world: offlineWorld, draw: list },
      { caption: "Chinese", size: "list", world: chineseWorld, draw: () => html`<stonechat-conversation-list></stonechat-conversation-list>` },
      { caption: "First visit", size: "list", world: emptyWorld, draw: () => html`<stonechat-conversation-list .people=${["ines", "omar", "kofi", "xiaowen"]}></stonechat-conversation-list>` },
    ],
  },
  {
    id: "chat", title: "Conversation", specimens: [
      { caption: "Group: pinned, quote, reactions, recalled, unread, a mention of me", size: "chat", draw: conversation("g_harbour") },
      { caption: "Direct: runs, ticks, typing", size: "chat", draw: conversation("d_ines") },
      { caption: "Not sent, waiting, a gap", size: "chat", world: offlineWorld, draw: conversation("g_harbour") },
      { caption: "Only admins write", size: "chat", draw: conversation("g_allotment") },
      { caption: "Closed", size: "chat", draw: conversation("g_old") },
      { caption: "Arabic and English in one place", size: "chat", draw: conversation("d_omar") },
      { caption: "Chinese", size: "chat", world: chineseWorld, draw: conversation("g_spring") },
      { caption: "Phone", size: "phone", draw: conversation("g_harbour") },
    ],
  },
  {
    id: "details", title: "Details and members", specimens: [
      { caption: "Group, as an admin", size: "narrow", draw: details("g_harbour") },
      { caption: "Group, as its owner", size: "narrow", world: owned, draw: details("g_harbour") },
      { caption: "Group, as a member", size: "narrow", world: plainMember, draw: details("g_harbour") },
      { caption: "Members hidden, muted", size: "narrow", world: silent, draw: details("g_harbour") },
      { caption: "Removed", size: "narrow", world: removed, draw: details("g_harbour") },
      { caption: "Closed", size: "narrow", world: closed, draw: details("g_harbour") },
      { caption: "More than twenty members", size: "narrow", world: crowded, draw: () => html`<stonechat-details conversation="g_harbour"></stonechat-details>` },
      { caption: "Channel", size: "narrow", draw: details("c_notices") },
      { caption: "Person", size: "narrow", draw: details("d_ines") },
      { caption: "Announcement", size: "narrow", draw: () => html`<stonechat-announcement conversation="g_harbour"></stonechat-announcement>` },
      { caption: "Pinned messages", size: "narrow", draw: () => html`<stonechat-pinned conversation="g_harbour"></stonechat-pinned>` },
    ],
  },
  {
    id: "group", title: "Group settings", specimens: [
      { caption: "As its owner", size: "page", world: owned, draw: () => html`<stonechat-group-settings conversation="g_harbour" link-base="https://harbour.example/join#"></stonechat-group-settings>` },
      { caption: "Beside the conversation", size: "narrow", draw: () => html`<stonechat-group-settings conversation="g_harbour"></stonechat-group-settings>` },
      { caption: "Who asks to join", size: "list", draw: () => html`<stonechat-asking conversation="g_harbour"></stonechat-asking>` },
      { caption: "Links", size: "list", draw: () => html`<stonechat-links conversation="g_harbour"></stonechat-links>` },
      { caption: "Kept out", size: "list", draw: () => html`<stonechat-bans conversation="g_harbour"></stonechat-bans>` },
    ],
  },
  {
    id: "profile", title: "Profiles", specimens: [
      { caption: "A contact with tags", size: "card", draw: profile("kofi") },
      { caption: "He asks to be added", size: "card", draw: profile("jonas") },
      { caption: "Blocked", size: "card", draw: profile("petr") },
      { caption: "A stranger", size: "card", draw: profile("sven") },
      { caption: "You", size: "card", draw: profile("maya") },
    ],
  },
  {
    id: "settings", title: "Settings", specimens: [
      ...["appearance", "notifications", "privacy", "devices", "folders", "language", "keys", "profile"].map((section) => (
        { caption: section[0]!.toUpperCase() + section.slice(1), size: "wide", draw: settings(section) })),
    ],
  },
  {
    id: "new", title: "Beginning, searching, keeping", specimens: [
      { caption: "New conversation", size: "list", draw: () => html`<stonechat-new-conversation></stonechat-new-conversation>` },
      { caption: "New group", size: "list", draw: () => html`<stonechat-new-conversation .users=${["ines", "kofi", "xiaowen"]}></stonechat-new-conversation>` },
      { caption: "Starred messages", size: "list", draw: () => html`<stonechat-starred></stonechat-starred>` },
      { caption: "Nothing starred", size: "short", world: emptyWorld, draw: () => html`<stonechat-starred></stonechat-starred>` },
      { caption: "Asked into groups", size: "short", since: inTwoMinds, draw: () => html`<stonechat-invitations></stonechat-invitations>` },
      { caption: "Contacts", size: "list", draw: () => html`<stonechat-contacts></stonechat-contacts>` },
    ],
  },
  {
    id: "base", title: "Avatars and remarks", specimens: [
      {
        caption: "People are round, groups are squared", size: "plain strip", draw: (account) => html`<div class="row">
          ${AVATARS.map((user) => html`<stonechat-avatar .seed=${user} .name=${account.names.get().get(user) ?? user} .presence=${account.presences.get().get(user)?.availability ?? null}></stonechat-avatar>`)}
          <stonechat-avatar kind="group" seed="g_1" name="Harbour signage"></stonechat-avatar>
          <stonechat-avatar kind="channel" seed="c_1" name="Harbour notices"></stonechat-avatar>
          <stonechat-avatar kind="self" seed="maya" name="Maya Lindqvist"></stonechat-avatar></div>`,
      },
    ],
  },
];

/** One account for each specimen: what one does in it changes no other. */
export function accountOf(specimen: Specimen): Account {
  const account = new FakeAccount(specimen.world ?? englishWorld);
  specimen.since?.(account);
  return account;
}
