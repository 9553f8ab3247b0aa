/** A page of a shop that has chat in it, twice: one conversation in a column, and all of them in a corner. */

import { createClient, type Account, type ConversationId } from "@stonechat/sdk";
import "@stonechat/ui";
import "@stonechat/ui/conversation";

/** The account, and what to talk about: of the demo of the server that gave this page, else invented ones. */
async function open(): Promise<{ account: Account; conversation: ConversationId }> {
  const answer = location.search === "?invented" ? null : await fetch("/demo/people").catch(() => null);
  if (!answer?.ok) {
    const { openShop, WORKSHOP } = await import("./shop.ts");
    return { account: openShop(), conversation: WORKSHOP };
  }
  const { people } = (await answer.json()) as { people: readonly { id: string }[] };
  const client = createClient({ tokenProvider: async ({ userId, signal }) => askForToken(userId, signal), store: "memory" });
  const account = await client.login({ userId: people[0]!.id });
  return { account, conversation: account.conversationWith(people[1]!.id).id };
}

/** In your app, your own backend does this for whoever is signed in there. */
async function askForToken(user: string, signal: AbortSignal): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/demo/token", { method: "POST", headers, body: JSON.stringify({ user }), signal });
  return ((await answer.json()) as { token: string }).token;
}

function provide(account: Account, inner: HTMLElement, place: Element): void {
  const provider = document.createElement("stonechat-provider");
  provider.account = account;
  provider.append(inner);
  place.append(provider);
}

const { account, conversation } = await open();

// One conversation, in a column of the page.
const talk = document.createElement("stonechat-conversation");
talk.conversation = conversation;
provide(account, talk, document.querySelector("#workshop")!);

// All of them, in a corner, once somebody asks for it.
const launcher = document.querySelector<HTMLButtonElement>("#launcher")!;
const corner = document.querySelector<HTMLElement>("#corner")!;
const unread = document.querySelector<HTMLElement>("#unread")!;

const all = document.createElement("stonechat-chat");

function show(open: boolean): void {
  if (open && corner.childElementCount === 0) {
    provide(account, all, corner);
  }
  corner.hidden = !open;
  launcher.setAttribute("aria-expanded", String(open));
}

launcher.addEventListener("click", () => show(corner.hidden));
corner.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) {
    show(false);
    launcher.focus();
  }
});

// What the column has no room for, the corner shows.
for (const name of ["stonechat-open-details", "stonechat-open-person", "stonechat-search"] as const) {
  talk.addEventListener(name, (event) => {
    show(true);
    all.open(conversation);
    all.dispatchEvent(new CustomEvent(name, { detail: event.detail, cancelable: true }));
  });
}

account.totalUnread.subscribe((count) => {
  unread.textContent = String(count);
  unread.hidden = count === 0;
});
