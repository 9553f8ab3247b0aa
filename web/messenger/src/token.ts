/**
 * Where tokens come from. A token is kept in memory and, so that a reload needs no new one, in the session storage of its tab;
 * nowhere else.
 */

import { StonechatError, type TokenRequest, type UserId } from "@stonechat/sdk";

const STORED = "stonechat.token";
/** Tokens that came to one tab, or were given by another page of this origin: `{ token }`. */
const CHANNEL = "stonechat.token";

/** One of the people of the demo. */
export interface DemoPerson {
  readonly id: UserId;
  readonly name: string;
  readonly avatar?: string;
  /** Of {@link awaits}. */
  readonly language: string;
  /** What awaits whoever picks him. */
  readonly awaits: string;
}

/** The people of the demo; null where the server has none. Rejects when it cannot be reached. */
export async function demoPeople(): Promise<readonly DemoPerson[] | null> {
  const answer = await fetch("/demo/people");
  if (answer.status === 404) {
    return null;
  }
  if (!answer.ok) {
    throw new Error(`the people of the demo: status ${answer.status}`);
  }
  return ((await answer.json()) as { people: readonly DemoPerson[] }).people;
}

/** Whose token it is and until when it holds; null for what is no token. Nothing is verified: the server does that. */
export function readToken(token: string): { readonly user: UserId; readonly until: number } | null {
  try {
    const [, middle = ""] = token.trim().split(".");
    const bytes = Uint8Array.from(atob(middle.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown; exp?: unknown };
    return typeof claims.sub === "string" && typeof claims.exp === "number" ? { user: claims.sub, until: claims.exp * 1000 } : null;
  } catch {
    return null;
  }
}

/** Keeps a token that was given to this tab. */
export function keepToken(token: string): void {
  sessionStorage.setItem(STORED, token.trim());
}

/** Gives a token to the other tabs, one of which may wait for it. */
export function shareToken(token: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ token });
  channel.close();
}

/** Calls with each token that another page of this origin gives and that still holds. */
export function onSharedToken(call: (token: string, user: UserId) => void): void {
  new BroadcastChannel(CHANNEL).onmessage = ({ data }) => {
    const token = String((data as { token?: unknown } | null)?.token ?? "");
    const read = readToken(token);
    if (read && read.until > Date.now()) {
      call(token, read.user);
    }
  };
}

export function forgetToken(): void {
  sessionStorage.removeItem(STORED);
}

/** The kept token of a user, where it still holds. */
function keptToken(user: UserId): string | null {
  const token = sessionStorage.getItem(STORED);
  const read = token === null ? null : readToken(token);
  return read?.user === user && read.until > Date.now() + 5_000 ? token : null;
}

/** A token that the app put behind `#token=` of the address; it is taken out of there, so that no history keeps it. */
export function tokenOfAddress(): string | null {
  const token = /^#token=([\w.-]+)$/.exec(location.hash)?.[1] ?? null;
  if (token !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return token;
}

/** The token provider of the messenger: the kept one, else one of the demo. Where there is no demo, only the app has another. */
export async function provideToken(request: TokenRequest): Promise<string> {
  // One that was refused, or is about to end, is forgotten: what is kept then has come since.
  if (request.reason !== "first" && sessionStorage.getItem(STORED) === lastGiven) {
    forgetToken();
  }
  const token = keptToken(request.userId) ?? (await demoToken(request));
  if (token === null) {
    throw new StonechatError("auth.no_token", "only the app can give another token");
  }
  keepToken(token);
  lastGiven = token;
  return token;
}

let lastGiven: string | null = null;

async function demoToken({ userId, signal }: TokenRequest): Promise<string | null> {
  const answer = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: userId }),
    signal,
  });
  // There is no demo, or nobody of this name in it.
  if (answer.status === 404) {
    return null;
  }
  if (!answer.ok) {
    throw new StonechatError("unavailable", `the demo gave no token: status ${answer.status}`, true);
  }
  return ((await answer.json()) as { token: string }).token;
}
