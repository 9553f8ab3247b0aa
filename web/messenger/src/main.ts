/// <reference types="trusted-types" />
/** The messenger: opens who was signed in, or asks who it is, and ties the kit to the address, the title and the system. */

import { type Account, type Client, createClient, type EndReason, type UserId } from "@stonechat/sdk";
import { applyChoices, choose, readChoices } from "./choices.ts";
import { openSession, type Session } from "./session.ts";
import { say } from "./texts/index.ts";
import type { SignIn, SignInChoice } from "./sign-in.ts";
import { forgetToken, keepToken, onSharedToken, provideToken, readToken, shareToken, tokenOfAddress } from "./token.ts";

/** How long a new token may take to be judged before the account is shown anyway. */
const ANSWER_MS_MAX = 3_000;

let session: Session | null = null;

/** A session that ended for want of a token goes on by one that another page was given. */
function takeShared(): void {
  onSharedToken((token, user) => {
    if (session?.account.user === user) {
      session.resume();
      // Going on forgets the token of before, so this one is kept after that.
      keepToken(token);
    }
  });
}

async function start(): Promise<void> {
  await applyChoices(readChoices());
  const client = createClient({ tokenProvider: provideToken, device: { name: deviceName(), platform: "web" } });
  const last = await client.lastUser();
  const token = tokenOfAddress();
  const brought = token === null ? null : readToken(token);
  if (token !== null && brought && (last === null || brought.user === last)) {
    keepToken(token);
    shareToken(token);
    await enter(client, brought.user);
  } else if (token !== null && brought && last !== null) {
    // A link must not sign somebody into another account unasked.
    await ask(client, (page) => (page.offered = { token, user: brought.user, signedIn: last }));
  } else if (last !== null) {
    await enter(client, last);
  } else {
    await ask(client);
  }
  takeShared();
  keepShell();
}

/** Lets the messenger start without a network from now on. */
function keepShell(): void {
  const path = "/sw.js";
  const policy = window.trustedTypes?.createPolicy("stonechat", { createScriptURL: (url: string) => url });
  const url = (policy?.createScriptURL(path) ?? path) as string;
  void navigator.serviceWorker?.register(url).catch(() => {
    // It needs a network to start then; nothing else is missing.
  });
}

/** The link of an invitation, `#join=CONVERSATION.TOKEN`, until somebody has signed in. */
let join: string | null = /^#join=([\w.-]+)$/.exec(location.hash)?.[1] ?? null;

/** Shows the page of sign-in until somebody is chosen. */
async function ask(client: Client, prepare: (page: SignIn) => void = () => {}): Promise<void> {
  await import("./sign-in.ts");
  const page = document.createElement("stonechat-sign-in") as SignIn;
  prepare(page);
  page.addEventListener("choose", (event) => {
    const { user, token } = (event as CustomEvent<SignInChoice>).detail;
    forgetToken();
    if (token !== null) {
      keepToken(token);
    }
    void client.login({ userId: user }).then(async (account) => {
      if (await isRefused(account)) {
        await account.stop();
        page.refused = true;
        page.reset();
      } else {
        show(client, account);
      }
    });
  });
  page.addEventListener("stay", () => {
    if (page.offered) {
      void enter(client, page.offered.signedIn);
    }
  });
  page.addEventListener("language", (event) => {
    void choose({ language: (event as CustomEvent<string>).detail }).then(() => page.requestUpdate());
  });
  document.title = "Stonechat";
  document.body.replaceChildren(page);
}

async function enter(client: Client, user: UserId): Promise<void> {
  show(client, await client.login({ userId: user }));
}

function show(client: Client, account: Account): void {
  const link = join;
  join = null;
  session = openSession(account, {
    signedOut: () => {
      forgetToken();
      session = null;
      // Another page: nothing of who was here stays in the memory of this one.
      location.replace("/");
    },
    again: async (reason) => {
      const former = session;
      session = null;
      forgetToken();
      await former?.close();
      // Signed out of here on purpose, or the token was no good: who it is must be said anew.
      await (mustAsk(reason) ? ask(client) : enter(client, account.user));
    },
  }, link);
}

/** Waits a moment for what the server says of a token that was just given. */
function isRefused(account: Account): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (refused: boolean) => {
      clearTimeout(timer);
      resolve(refused);
      queueMicrotask(() => off());
    };
    // Without a network the account opens all the same.
    const timer = setTimeout(() => done(false), ANSWER_MS_MAX);
    const off = account.connection.subscribe((state) => {
      if (state.kind === "ended") {
        done(state.reason.kind === "auth");
      } else if (state.kind === "online" || state.kind === "syncing" || state.kind === "offline") {
        done(false);
      }
    });
  });
}

function mustAsk(reason: EndReason | null): boolean {
  return reason?.kind === "auth" && reason.error !== "replaced" && reason.error !== "token_expired";
}

/** "Firefox, Linux": what the list of devices shows. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = (["Edg", "OPR", "Firefox", "Chrome", "Safari"] as const).find((name) => agent.includes(name)) ?? "Safari";
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["CrOS", "ChromeOS"]]
    .find(([mark]) => agent.includes(mark!))?.[1] ?? "Linux";
  return `${{ Edg: "Edge", OPR: "Opera", Firefox: "Firefox", Chrome: "Chrome", Safari: "Safari" }[browser]}, ${system}`;
}

/** What is left where even the storage cannot be opened. */
function tellTrouble(): void {
  const main = document.createElement("main");
  const title = document.createElement("h1");
  const text = document.createElement("p");
  const button = document.createElement("button");
  main.className = "trouble";
  title.textContent = say("start.storage");
  text.textContent = say("start.storage_text");
  button.textContent = say("start.reload");
  button.onclick = () => location.reload();
  main.append(title, text, button);
  document.body.replaceChildren(main);
}

start().catch((error: unknown) => {
  tellTrouble();
  throw error;
});
