/** What the gallery shows: each component in each of its states, from the fixed world. */

import type { Account, ConnectionState, EndReason, MessageItem } from "@stonechat/sdk";
import { ask, type StonechatComposer, type StonechatElement } from "@stonechat/ui";
import { html, type TemplateResult } from "lit";
import { ref } from "lit/directives/ref.js";
import { openMenu } from "../../ui/src/base/menu.ts";
import { chineseWorld, emptyWorld, englishWorld, FakeAccount, NOW, offlineWorld, type FakeConversation, type FakeData } from "../../ui/src/testing/index.ts";
import { blocked, dissolved, drafted, everyKind, left, onlyAdmins, reader, silenced, writing } from "./states.ts";

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

const composer = (id = "g_states") => (): TemplateResult => html`<stonechat-composer .conversation=${id}></stonechat-composer>`;

/** A composer that answers or changes the last message. */
const composing = (begin: (composer: StonechatComposer, item: MessageItem) => void) => (account: Account): TemplateResult => {
  const begun = async (element?: Element): Promise<void> => {
    if (element && !begunWith.has(element)) {
      begunWith.add(element);
      const timeline = await account.conversation("g_states").timeline();
      const last = timeline.items.get().findLast((item) => item.kind === "message");
      timeline.close();
      if (last) {
        const { scrollY } = window;
        begin(element as StonechatComposer, last);
        // It takes the focus, as it should; the page stays where one looks.
        await (element as StonechatComposer).updateComplete;
        requestAnimationFrame(() => window.scrollTo(0, scrollY));
      }
    }
  };
  return html`<stonechat-composer .conversation=${"g_states"} ${ref((element) => void begun(element))}></stonechat-composer>`;
};
const begunWith = new WeakSet<Element>();

const connected = (state: ConnectionState): FakeData => ({ ...englishWorld, connection: state });
const connection = (): TemplateResult => html`<stonechat-connection></stonechat-connection>`;

/** What stands in the top layer cannot stand beside others: a button opens it. */
function opener(label: string, open: (host: StonechatElement, button: HTMLElement) => void): () => TemplateResult {
  const press = (event: Event): void => {
    const button = event.currentTarget as HTMLElement;
    open(button.parentElement!.querySelector("stonechat-conversation-list")!, button);
  };
  // A hidden component of the kit gives the language, the colours and a place.
  return () => html`<div class="row"><stonechat-conversation-list hidden></stonechat-conversation-list><button type="button" class="opener" @click=${press}>${label}</button></div>`;
}

const ended = (reason: EndReason) => opener("Open", (host) => {
  const element = Object.assign(document.createElement("stonechat-ended"), { reason });
  element.addEventListener("stonechat-sign-out", () => element.remove());
  host.renderRoot.append(element);
});

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
    id: "message", title: "Messages", specimens: [
      { caption: "Every kind, from all sides", size: "chat tall", world: everyKind, draw: () => html`<stonechat-timeline conversation="g_states"></stonechat-timeline>` },
      { caption: "Nothing said yet", size: "chat", world: silenced, draw: () => html`<stonechat-timeline conversation="g_states"></stonechat-timeline>` },
    ],
  },
  {
    id: "composer", title: "Composer", specimens: [
      { caption: "Empty", size: "strip canvas", world: writing, draw: composer() },
      { caption: "A draft", size: "strip canvas", world: drafted, draw: composer() },
      { caption: "An answer", size: "strip canvas", world: writing, draw: composing((it, item) => it.replyTo(item)) },
      { caption: "You may not write for a while", size: "strip canvas", world: silenced, draw: composer() },
      { caption: "Only admins write in this group", size: "strip canvas", world: onlyAdmins, draw: composer() },
      { caption: "A channel", size: "strip canvas", world: reader, draw: composer("c_states") },
      { caption: "You blocked somebody", size: "strip canvas", world: blocked, draw: composer("d_petr") },
      { caption: "The group was closed", size: "strip canvas", world: dissolved, draw: composer() },
      { caption: "You are in no more", size: "strip canvas", world: left, draw: composer() },
    ],
  },
  {
    id: "connection", title: "Connection", specimens: [
      { caption: "Reconnecting, after 2 s", size: "line", world: connected({ kind: "connecting", attempt: 3 }), draw: connection },
      { caption: "Catching up, after 2 s", size: "line", world: connected({ kind: "syncing", done: 120, total: 480 }), draw: connection },
      { caption: "Offline, after 10 s", size: "line", world: connected({ kind: "offline", reason: "unreachable", retryInMs: 40_000 }), draw: connection },
    ],
  },
  {
    id: "overlays", title: "Menus, dialogs, remarks", specimens: [
      {
        caption: "A menu", size: "plain", draw: opener("Open", (host, at) => void openMenu(host, { at, label: "Example", items: [
          { label: "Reply", icon: "reply", key: "R", run: () => undefined }, { label: "Pin", icon: "pin", run: () => undefined }, null,
          { label: "Delete for me", icon: "trash", danger: true, key: "Del", run: () => undefined },
        ] })),
      },
      {
        caption: "A dialog before a loss", size: "plain", draw: opener("Open", (host) => void ask(host, {
          title: "Recall this message?", text: "It disappears for all 14 members, from quotes and search too.", yes: "Recall", no: "Keep it", danger: true,
        })),
      },
      {
        caption: "A remark", size: "plain", draw: opener("Open", (host) => void host.dispatchEvent(new CustomEvent("stonechat-toast", {
          detail: { text: "Archived", icon: "archive", action: { label: "Undo", run: () => undefined } }, bubbles: true, composed: true,
        }))),
      },
      { caption: "Signed in somewhere else", size: "plain", draw: ended({ kind: "auth", error: "replaced" }) },
      { caption: "Signed out from elsewhere", size: "plain", draw: ended({ kind: "auth", error: "revoked" }) },
      { caption: "Too old to connect", size: "plain", draw: ended({ kind: "auth", error: "unsupported_version" }) },
      { caption: "The storage is full", size: "plain", draw: ended({ kind: "store", error: "disk_full" }) },
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
