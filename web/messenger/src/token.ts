/**
 * Where tokens come from. A token is kept in memory and, so that a reload needs no new one, in the session storage of its tab;
 * nowhere else.
 */

import { StonechatError, type TokenRequest, type UserId } from "@stonechat/sdk";

const STORED = "stonechat.token";
/** How long the page that opened this one may take to give a token. */
const ANSWER_MS_MAX = 10_000;

/** One of the people of the demo. */
export interface DemoPerson {
  readonly user: UserId;
  readonly name: string;
  readonly avatar: string;
  /** What awaits whoever picks him. */
  readonly note: string;
}

/** The people of the demo; null where the server has none. Rejects when it cannot be reached. */
export async function demoPeople(language: string): Promise<readonly DemoPerson[] | null> {
  const answer = await fetch("/demo/people", { headers: { accept: "application/json", "accept-language": language } });
  if (answer.status === 404) {
    return null;
  }
  if (!answer.ok) {
    throw new Error(`the people of the demo: status ${answer.status}`);
  }
  // A server that has no demo may answer any address with this page.
  return answer.headers.get("content-type")?.includes("json") ? ((await answer.json()) as DemoPerson[]) : null;
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

/** The token provider of the messenger: the kept one, one of the demo, or one of the page that opened this one. */
export async function provideToken(request: TokenRequest): Promise<string> {
  const kept = request.reason === "first" ? keptToken(request.userId) : null;
  if (kept !== null) {
    return kept;
  }
  const token = (await demoToken(request)) ?? (await tokenOfOpener(request));
  if (token === null) {
    throw new StonechatError("auth.no_token", "nobody gave a token");
  }
  keepToken(token);
  return token;
}

async function demoToken({ userId, signal }: TokenRequest): Promise<string | null> {
  const answer = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: userId }),
    signal,
  });
  // The demo has no such user, or there is no demo.
  if (answer.status === 404 || answer.status === 405) {
    return null;
  }
  if (!answer.ok) {
    throw new StonechatError("unavailable", `the demo gave no token: status ${answer.status}`, true);
  }
  return ((await answer.json()) as { token: string }).token;
}

/**
 * Asks the page that opened this one: it is sent `{ type: "stonechat:token-wanted" }` and answers
 * `{ type: "stonechat:token", token }`. Whoever answers must have a token of this very user, so no other page gains anything by it.
 */
function tokenOfOpener({ userId, signal }: TokenRequest): Promise<string | null> {
  const opener = window.opener as Window | null;
  if (!opener) {
    return Promise.resolve(null);
  }
  return new Promise((resolve) => {
    const done = (token: string | null) => {
      removeEventListener("message", listen);
      clearTimeout(timer);
      resolve(token);
    };
    const listen = ({ source, data }: MessageEvent) => {
      const token = source === opener && data?.type === "stonechat:token" ? String(data.token) : null;
      if (token !== null && readToken(token)?.user === userId) {
        done(token);
      }
    };
    const timer = setTimeout(() => done(null), ANSWER_MS_MAX);
    signal.addEventListener("abort", () => done(null), { once: true });
    addEventListener("message", listen);
    opener.postMessage({ type: "stonechat:token-wanted" }, "*");
  });
}
