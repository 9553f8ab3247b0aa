import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepToken, provideToken, readToken } from "../src/token.ts";

const hour = 3_600_000;

function token(sub: unknown, exp: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "EdDSA" })}.${part({ sub, exp })}.c2lnbmF0dXJl`;
}

const inAnHour = () => Math.round((Date.now() + hour) / 1000);
const ask = (reason: "first" | "expiring" | "refused") => provideToken({ userId: "ines", reason, signal: new AbortController().signal });

let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

afterEach(() => vi.unstubAllGlobals());

test("a token says whose it is and until when", () => {
  expect(readToken(token("ines", 1_700_000_000))).toEqual({ user: "ines", until: 1_700_000_000_000 });
  expect(readToken(` ${token("åsa·", 1)}\n`)).toEqual({ user: "åsa·", until: 1_000 });
});

test("what is no token is none", () => {
  for (const text of ["", "a", "a.b", "a.b.c", "..", token(7, 1), token("ines", "soon"), "<script>alert(1)</script>"]) {
    expect(readToken(text), text).toBeNull();
  }
});

test("a kept token is given first, and only to its user", async () => {
  const own = token("ines", inAnHour());
  keepToken(own);
  expect(await ask("first")).toBe(own);
  keepToken(token("ruth", inAnHour()));
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 404 }));
  await expect(ask("first")).rejects.toMatchObject({ code: "auth.no_token" });
});

test("what was refused is not given again, and the demo has another", async () => {
  const own = token("ines", inAnHour());
  const next = token("ines", inAnHour() + 60);
  keepToken(own);
  expect(await ask("first")).toBe(own);
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    asked.push(body);
    return Response.json({ token: next });
  });
  expect(await ask("refused")).toBe(next);
  expect(asked).toEqual(['{"user":"ines"}']);
  expect(await ask("first")).toBe(next);
});

test("a token that came meanwhile is given where the last was refused", async () => {
  keepToken(token("ines", inAnHour()));
  await ask("first");
  const fresh = token("ines", inAnHour() + 60);
  keepToken(fresh);
  expect(await ask("refused")).toBe(fresh);
});

test("a demo that cannot answer now is asked again later", async () => {
  vi.stubGlobal("fetch", async () => new Response("", { status: 503 }));
  await expect(ask("first")).rejects.toMatchObject({ retryable: true });
});
