/** The edge of the SDK, with a world that tests turn. */

import "fake-indexeddb/auto";
import { afterEach, describe, expect, it } from "vitest";
import type { ClientOptions } from "../src/api.ts";
import type { Change } from "../src/core/change.ts";
import { storeFailed } from "../src/core/link.ts";
import { emptySnapshot } from "../src/core/rows.ts";
import { createClient } from "../src/client.ts";
import { directId, uuidBytes } from "../src/domain/id.ts";
import { serverName, webSocketUrl } from "../src/driver/endpoint.ts";
import { idMaker } from "../src/driver/ids.ts";
import { Leader } from "../src/driver/leader.ts";
import { CONNECT_TIMEOUT_MS, FRAMES_HELD_MAX, NAMES_KEPT_MAX, TOKEN_TIMEOUT_MS } from "../src/driver/limits.ts";
import { webSocketTransport } from "../src/driver/socket.ts";
import { StonechatError } from "../src/error.ts";
import { memoryStore } from "../src/store/memory.ts";
import { Views } from "../src/views.ts";
import { idOf } from "./bench.ts";
import { settled, TestClock, TestServer } from "./world.ts";

function world(options: Partial<ClientOptions> = {}) {
  const [clock, server] = [new TestClock(), new TestServer()];
  const client = createClient(
    { endpoint: "http://chat.test", tokenProvider: async () => "token", store: "memory", device: { id: "d1" }, ...options },
    { clock, transport: server.transport },
  );
  return { clock, server, client };
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

async function alice(options: Partial<ClientOptions> = {}) {
  const made = world(options);
  const account = await made.client.login({ userId: "alice" });
  ends.push(async () => {
    const stopped = account.stop();
    await made.clock.advance(10_000);
    await stopped;
  });
  await settled();
  return { ...made, account };
}

const DRAFT = {
  conversation: directId(1, "alice", "bob"), peer: "bob", bodyType: "text", body: new Uint8Array(), attributes: null, readUpto: 0,
};

/** What a leader works with. */
function leading(server = new TestServer()) {
  const settings = { me: "alice", device: "d1", deviceName: "", client: "", platform: 0, window: 0, recordEvents: false };
  return { settings, transport: server.transport, clock: new TestClock(), entropy: () => {}, tokens: async () => "token" };
}

describe("the driver", () => {
  it("connects with the token of the provider, and says what it does", async () => {
    const { server, account } = await alice();
    expect(server.said("hello")).toMatchObject([{ token: "token", deviceId: "d1" }]);
    server.welcome();
    await settled();
    expect(["syncing", "online"]).toContain(account.connection.get().kind);
  });

  it("gives a connection up that is not made in time, and tries again", async () => {
    const { clock, server, account } = await alice({});
    server.acceptsAtOnce = false;
    server.connection.closed("gone");
    await clock.advance(1_000);
    expect(server.connections.length).toBe(2);
    await clock.advance(CONNECT_TIMEOUT_MS);
    expect(server.connections[1]!.closed_).toBe(true);
    expect(account.connection.get()).toMatchObject({ kind: expect.stringMatching(/offline|connecting/) });
    await clock.advance(2_000);
    expect(server.connections.length).toBeGreaterThan(2);
  });

  it("hears nothing of a connection that it has left", async () => {
    const { clock, server } = await alice();
    const left = server.connection;
    left.closed("gone");
    const frames = server.frames.length;
    left.received(Uint8Array.of(1, 2, 3));
    left.opened();
    left.closed("again");
    await clock.advance(100);
    expect([server.connections.length, server.frames.length]).toEqual([1, frames]);
  });

  it("breaks off when what comes is no frame", async () => {
    const { server, account } = await alice();
    server.connection.received(Uint8Array.of(0xff));
    expect(server.connection.closed_).toBe(true);
    expect(account.connection.get()).toMatchObject({ kind: "offline", reason: "the server sent what is not a frame" });
  });

  it("takes a token that does not come for one that comes later", async () => {
    let asked = 0;
    const signals: AbortSignal[] = [];
    const { clock } = await alice({
      tokenProvider: ({ signal }) => {
        asked++;
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    expect(asked).toBe(1);
    await clock.advance(TOKEN_TIMEOUT_MS + 1_000);
    expect(asked).toBe(2);
    expect(signals[0]!.aborted).toBe(true);
  });

  it("takes what is no token for none that comes now", async () => {
    const tokens = [undefined as never, "token"];
    const { clock, server, account } = await alice({ tokenProvider: async () => tokens.shift()! });
    expect(account.connection.get().kind).toBe("offline");
    await clock.advance(1_000);
    expect(server.said("hello")).toMatchObject([{ token: "token" }]);
  });

  it("begins without a word where the store fails at once", async () => {
    const row = {
      order: 1, conversation: "d_", peer: null, clientMsgId: "", bodyType: "text", body: new Uint8Array(), attributes: null,
      readUpto: 0, createdAt: 0, written: false, failure: null, command: null,
    };
    const store = { ...memoryStore(), apply: () => Promise.reject(storeFailed("disk_full")) };
    const load = async () => ({ ...emptySnapshot(), outbox: [row] });
    const changes: Change[] = [];
    await Leader.open({ ...store, load }, leading(), (all) => void changes.push(...all));
    await settled();
    const state = { kind: "ended", reason: { kind: "store", error: "disk_full" } };
    expect(changes.filter(({ kind }) => kind === "connection").at(-1)).toEqual({ kind: "connection", state });
  });

  it("says of everything behind a failure of the store that it failed, and stops at once", async () => {
    const store = { ...memoryStore(), apply: () => Promise.reject(storeFailed("disk_full")) };
    const leader = await Leader.open(store, leading(), () => {});
    const send = (n: number) => leader.call("d1", "ask", [{ kind: "send", draft: { ...DRAFT, clientMsgId: idOf(n) } }]);
    await expect(send(1)).rejects.toMatchObject({ code: "store.disk_full" });
    await expect(send(2)).rejects.toMatchObject({ code: "store.disk_full" });
    // By a clock that nobody turns.
    await leader.stop();
  });

  it("hangs up on a server that sends more than the store keeps up with", async () => {
    const server = new TestServer();
    const store = { ...memoryStore(), apply: () => new Promise<void>(() => {}) };
    const states: unknown[] = [];
    await Leader.open(store, leading(server), (all) => states.push(...all.filter(({ kind }) => kind === "connection")));
    await settled();
    server.welcome();
    await settled();
    const { connection } = server;
    const frames = () => {
      for (let n = 0; n < FRAMES_HELD_MAX && !connection.closed_; n++) {
        const change = { case: "preferences", value: { conversationId: directId(1, "alice", "bob"), mutedUntil: BigInt(n) } } as const;
        server.say({ body: { case: "personalChange", value: { personalSeq: BigInt(n + 1), change } } });
      }
    };
    frames();
    await settled();
    expect(connection.closed_).toBe(false);
    frames();
    expect(connection.closed_).toBe(true);
  });

  it("keeps so many names, and forgets those that have been there longest", () => {
    const views = new Views();
    views.name(Array.from({ length: NAMES_KEPT_MAX + 2 }, (_, n) => [`u${n}`, `User ${n}`]));
    const names = views.names.get();
    expect([names.size, names.has("u1"), names.has("u2")]).toEqual([NAMES_KEPT_MAX, false, true]);
  });

  it("takes an address that the browser refuses for a connection that ended", async () => {
    const native = globalThis.WebSocket;
    globalThis.WebSocket = class {
      constructor() {
        throw new DOMException("not from here", "SecurityError");
      }
    } as never;
    try {
      const reasons: string[] = [];
      const connection = webSocketTransport("ws://chat.test")({
        opened() {}, received() {}, closed: (reason) => void reasons.push(reason),
      });
      await settled();
      connection.close();
      expect(reasons).toEqual([expect.stringContaining("not from here")]);
    } finally {
      globalThis.WebSocket = native;
    }
  });

  it("ends when the provider says that there is none", async () => {
    const { account } = await alice({
      tokenProvider: async () => {
        throw new StonechatError("auth.no_token", "sign in again");
      },
    });
    expect(account.connection.get()).toEqual({ kind: "ended", reason: { kind: "auth", error: "no_token" } });
    await expect(account.online()).rejects.toMatchObject({ code: "auth.no_token" });
  });

  it("does not wait for longer than it is told to", async () => {
    const { clock, account } = await alice();
    const online = account.online(5_000);
    const failed = expect(online).rejects.toMatchObject({ code: "timeout", retryable: true });
    await clock.advance(5_000);
    await failed;
  });

  it("keeps a message before it is sent, and shows it before it says so", async () => {
    const { server, account } = await alice();
    const bob = account.conversationWith("bob");
    const timeline = await bob.timeline();
    const seen: number[] = [];
    timeline.items.subscribe((items) => seen.push(items.filter((item) => item.kind === "message").length));
    const handle = await bob.send({ text: "hi" });
    expect(seen).toEqual([0, 1]);
    expect(handle.state.get()).toEqual({ kind: "queued" });
    expect((await account.outbox()).map((unsent) => unsent.content)).toEqual([{ kind: "text", text: "hi", entities: [] }]);
    server.welcome();
    await settled();
    expect(server.said("send")).toMatchObject([{ clientMsgId: uuidBytes(handle.clientMsgId) }]);
    expect(handle.state.get()).toEqual({ kind: "sending" });
  });

  it("knows whom a direct conversation is with before its first message", async () => {
    const { server, account } = await alice();
    const { id } = account.conversationWith("bob");
    expect(account.summary(id).get()).toMatchObject({ kind: "direct", peer: "bob", title: "bob", member: true, unread: 0 });
    expect(account.conversations({ archived: "any" }).items.get()).toEqual([]);
    server.welcome();
    await settled();
    // By its id alone, as a page finds it.
    await account.conversation(id).send({ text: "hi" });
    await settled();
    expect(server.said("send")).toMatchObject([{ to: { case: "userId", value: "bob" } }]);
  });

  it("names direct conversations as its app does", async () => {
    const { account } = await alice({ app: "shop", appId: 2 });
    expect(account.conversationWith("bob").id).toBe(directId(2, "alice", "bob"));
  });

  it("refuses what no server would take", async () => {
    const { account } = await alice();
    const bob = account.conversationWith("bob");
    await expect(bob.send({ text: " \u200b" })).rejects.toMatchObject({ code: "invalid_argument", field: "text" });
    await expect(bob.send({ text: "x".repeat(65_533) })).rejects.toMatchObject({ code: "too_large", field: "body" });
    await expect(bob.send({ content: { kind: "opaque", bodyType: "text", body: Uint8Array.of(255) } }))
      .rejects.toMatchObject({ code: "invalid_argument" });
    await expect(bob.react(1, "not one")).rejects.toMatchObject({ code: "invalid_argument", field: "emoji" });
    await expect(account.joinByLink("nonsense")).rejects.toMatchObject({ code: "invalid_argument", field: "link" });
    await expect(bob.markAllRead()).rejects.toMatchObject({ code: "not_found" });
  });

  it("takes no number that no message has", async () => {
    const { server, account } = await alice();
    server.welcome();
    await settled();
    const bob = account.conversationWith("bob");
    for (const wrong of [{ replyTo: 1.5 }, { replyTo: -1 }, { readUpto: Infinity }, { readUpto: 2 ** 60 }, { priority: 0.5 }]) {
      await expect(bob.send({ text: "hi", ...wrong })).rejects.toMatchObject({ code: "invalid_argument" });
    }
    await expect(bob.markRead(0.5)).rejects.toMatchObject({ code: "invalid_argument", field: "upto" });
    await expect(bob.markPlayed(NaN)).rejects.toMatchObject({ code: "invalid_argument", field: "message" });
    await bob.send({ text: "hi" });
    await settled();
    expect(server.said("send").length).toBe(1);
    // A span of hours need not be whole.
    await bob.muteUntil(1_790_000_000_000.5);
    expect(account.connection.get().kind).not.toBe("ended");
  });

  it("calls whom a text marks", async () => {
    const { server, account } = await alice();
    server.welcome();
    await settled();
    const mark = (user: string) => ({ kind: "mention", user }) as const;
    const entities = [
      { start: 0, end: 4, mark: mark("bob") },
      { start: 5, end: 9, mark: mark("bob") },
      { start: 10, end: 14, mark: { kind: "mention_all" } as const },
    ];
    await account.conversationWith("bob").send({ text: "@bob @bob @all", entities, replyTo: 7 });
    await settled();
    expect(server.said("send")[0]!.attributes).toMatchObject({ mentions: ["bob"], mentionAll: true, replyToSeq: 7n });
  });

  it("answers nobody after it was stopped", async () => {
    const { clock, account } = await alice();
    const stopped = account.stop();
    await clock.advance(0);
    await stopped;
    expect(account.connection.get()).toEqual({ kind: "ended", reason: { kind: "stopped" } });
    await expect(account.conversationWith("bob").send({ text: "hi" })).rejects.toMatchObject({ code: "closed" });
    await expect(account.online()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a client", () => {
  it("says what it lacks", async () => {
    expect(() => createClient({ endpoint: "ftp://a", tokenProvider: async () => "" })).toThrow(/endpoint/);
    expect(() => createClient({ endpoint: "http://a" } as never)).toThrow(/tokenProvider/);
    const wrong = world().client.login({ userId: "not a user" });
    await expect(wrong).rejects.toMatchObject({ code: "invalid_argument", field: "userId" });
  });

  it("reads addresses as people write them", () => {
    expect(webSocketUrl("http://localhost:8080/")).toBe("ws://localhost:8080/v1/ws");
    expect(webSocketUrl("https://chat.example.com")).toBe("wss://chat.example.com/v1/ws");
    expect(webSocketUrl("wss://[::1]:9/x/ws")).toBe("wss://[::1]:9/x/ws");
    expect(serverName("wss://[::1]:9/x/ws")).toBe("[::1]:9");
    for (const text of ["", "127.0.0.1:8080", "ftp://a:1", "ws://a b", "ws://[::1", "ws://a/?x", "http://u@a", undefined]) {
      expect(() => webSocketUrl(text), text).toThrow(StonechatError);
    }
  });

  it("makes ids that grow even when the clock stands still", () => {
    const make = idMaker(new TestClock(), (bytes) => bytes.fill(255));
    const ids = Array.from({ length: 600 }, make);
    expect(ids.every((id, at) => at === 0 || id > ids[at - 1]!)).toBe(true);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
});
