/** The SDK in Node against the real server, by its public API alone. */

import "fake-indexeddb/auto";
import { type Account, type ClientOptions, createClient, type Readable, type Timeline } from "@stonechat/sdk";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FaultProxy } from "./fault-proxy.ts";
import { Server } from "./server.ts";

let server: Server;
const accounts: Account[] = [];
const proxies: FaultProxy[] = [];

beforeAll(async () => {
  server = await Server.start();
});

afterEach(async () => {
  await Promise.all(accounts.splice(0).map((account) => account.stop()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

afterAll(async () => {
  await server?.stop();
});

let devices = 0;

/** A device of a user, connected and in step. */
async function device(userId: string, options: Partial<ClientOptions> = {}): Promise<Account> {
  const client = createClient({
    endpoint: server.url,
    tokenProvider: async (request) => server.token(request.userId),
    device: { id: `node-${++devices}` },
    ...options,
  });
  const account = await client.login({ userId });
  accounts.push(account);
  return account;
}

async function online(userId: string, options: Partial<ClientOptions> = {}): Promise<Account> {
  const account = await device(userId, options);
  await account.online(10_000);
  return account;
}

/** Waits until a value is as wished. */
async function until<T>(readable: Readable<T>, isWished: (value: T) => boolean, ms = 15_000): Promise<T> {
  let stop = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`it stayed ${JSON.stringify(readable.get())}`)), ms);
      const unsubscribe = readable.subscribe((value) => void (isWished(value) && resolve(value)));
      stop = () => {
        clearTimeout(timer);
        unsubscribe();
      };
    });
  } finally {
    stop();
  }
}

/** What the messages of a timeline say, oldest first. */
function texts(timeline: Timeline): string[] {
  return timeline.items.get().flatMap((item) => {
    const content = item.kind === "message" ? item.message.content : null;
    return content ? [content.kind === "text" ? content.text : content.kind] : [];
  });
}

const says = (timeline: Timeline, text: string) => until(timeline.items, () => texts(timeline).includes(text));

/** The line that says this. */
function line(timeline: Timeline, text: string) {
  for (const item of timeline.items.get()) {
    if (item.kind === "message" && item.message.content.kind === "text" && item.message.content.text === text) {
      return item;
    }
  }
  throw new Error(`nothing says ${text}: ${texts(timeline).join(", ")}`);
}

test("two people chat, edit, react, read and take back", async () => {
  const [alice, bob] = [await online("alice"), await online("bob")];
  const [ours, his] = [alice.conversationWith("bob"), bob.conversationWith("alice")];
  const [left, right] = [await ours.timeline({ days: false }), await his.timeline({ days: false })];

  const handle = await ours.send({ text: "Lunch?" });
  expect(line(left, "Lunch?").key).toBe(`o:${handle.clientMsgId}`);
  const sent = await handle.sent;
  await says(right, "Lunch?");
  expect(line(right, "Lunch?")).toMatchObject({ key: `l:${sent.seq}`, state: null, message: { own: false, sender: "alice" } });
  expect(line(left, "Lunch?")).toMatchObject({ key: `o:${handle.clientMsgId}`, state: { kind: "sent" } });

  // He reads, and answers.
  await until(bob.summary(his.id), (summary) => (summary?.unread ?? 0) > 0);
  await his.markAllRead();
  await until(bob.summary(his.id), (summary) => summary?.unread === 0);
  await until(left.items, () => line(left, "Lunch?").readBy === 1);
  const answer = await (await his.send({ text: "At noon", replyTo: sent.seq })).sent;
  await says(left, "At noon");
  expect(line(left, "At noon").quote).toMatchObject({ seq: sent.seq, says: { sender: "alice", text: "Lunch?" } });

  // Typing comes and goes.
  his.setTyping(true);
  await until(ours.typing, (users) => users.includes("bob"));
  his.setTyping(false);
  await until(ours.typing, (users) => users.length === 0);

  expect(await (await his.edit(answer.seq, { text: "At one" })).done).toBeGreaterThan(answer.seq);
  await says(left, "At one");
  expect(line(left, "At one").message.editedAt).toBeGreaterThan(0);
  const said = (await ours.versions(answer.seq)).map(({ content }) => content);
  expect(said).toMatchObject([{ text: "At noon" }, { text: "At one" }]);

  await (await ours.react(answer.seq, "👍")).done;
  await until(right.items, () => line(right, "At one").message.reactions.length === 1);
  expect(line(right, "At one").message.reactions).toEqual([{ emoji: "👍", count: 1, own: false }]);
  expect(await his.reactions(answer.seq)).toMatchObject([{ user: "alice", emojis: ["👍"] }]);
  await (await ours.takeBack(answer.seq, "👍")).done;
  await until(right.items, () => line(right, "At one").message.reactions.length === 0);

  await (await ours.recall(handle.clientMsgId)).done;
  await until(right.items, () => !texts(right).includes("Lunch?"));
  expect(texts(right).slice(-2)).toEqual(["recalled", "At one"]);
});

test("what somebody prefers, stars and searches", async () => {
  const [alice, again] = [await online("alice"), await online("alice")];
  const ours = alice.conversationWith("mei");
  const sent = await (await ours.send({ text: "今天天气很好" })).sent;
  const timeline = await ours.timeline();
  await until(timeline.items, () => texts(timeline).includes("今天天气很好"));

  await (await ours.pin(true)).done;
  await (await ours.muteUntil(Number.MAX_SAFE_INTEGER)).done;
  await (await ours.setFolders(["Work"])).done;
  await (await ours.saveDraft("half a", sent.seq)).done;
  await (await ours.star([sent.seq], true)).done;
  const there = await until(again.summary(ours.id), (summary) => summary?.preferences.draft?.text === "half a");
  const expected = { mutedUntil: Number.MAX_SAFE_INTEGER, folders: ["Work"], draft: { replyTo: sent.seq } };
  expect(there?.preferences).toMatchObject(expected);
  const list = again.conversations({ folder: "Work" });
  expect(list.items.get().map(({ id }) => id)).toEqual([ours.id]);
  list.setFilter({ query: "nobody is called so" });
  expect(list.items.get()).toEqual([]);
  list.close();

  expect((await alice.search({ text: "天" })).map(({ seq }) => seq)).toContain(sent.seq);
  expect(await alice.search({ text: "天", conversation: alice.conversationWith("bob").id })).toEqual([]);
  const [newest] = await alice.starred(null, 1);
  expect(newest).toMatchObject({ seq: sent.seq, conversation: ours.id, message: { content: { text: "今天天气很好" } } });
  expect((await alice.starred(newest!, 50)).map(({ at }) => at < newest!.at)).not.toContain(false);
  await (await ours.deleteForMe([sent.seq])).done;
  const found = await alice.search({ text: "天气", conversation: ours.id });
  expect(found.map(({ seq }) => seq)).not.toContain(sent.seq);
  expect((await alice.starred(null, 1))[0]?.seq).not.toBe(sent.seq);
});

test("people find, write and manage each other", async () => {
  const [alice, bob] = [await online("alice"), await online("bob")];
  const group = await alice.createGroup("Harbour walk", ["bob"]);
  await until(bob.summary(group.id), (summary) => summary?.title === "Harbour walk");
  expect((await group.members()).map(({ user, role }) => [user, role])).toEqual([["alice", "owner"], ["bob", "member"]]);
  await group.rename("Harbour run");
  await until(bob.summary(group.id), (summary) => summary?.title === "Harbour run");
  await group.changeSettings({ speak: "admins" });
  await until(bob.summary(group.id), (summary) => summary?.group.settings.speak === "admins");
  const refused = await bob.conversation(group.id).send({ text: "May I?" });
  await expect(refused.sent).rejects.toMatchObject({ code: expect.stringMatching(/forbidden|muted/), retryable: false });
  expect((await bob.outbox()).map(({ state }) => state.kind)).toEqual(["failed"]);
  await refused.cancel();
  await group.announce("Bring shoes");
  expect(await bob.conversation(group.id).announcement()).toMatchObject({ text: "Bring shoes", by: "alice" });
  const link = await group.makeLink(null, 2);
  expect((await group.links()).map(({ left, until }) => [left, until > 0])).toEqual([[2, true]]);
  const carol = await online("mei");
  const joined = await carol.joinByLink(link);
  await until(carol.summary(joined.id), (summary) => summary?.member === true);
  await group.ban("mei", 60_000, "test");
  expect((await group.bans()).map(({ user, reason }) => [user, reason])).toEqual([["mei", "test"]]);

  await bob.setPresence({ status: { emoji: "🌊", text: "at sea", until: 0 } });
  await alice.watchPresence(["bob"]);
  const presences = await until(alice.presences, (all) => all.has("bob"));
  expect(presences.get("bob")).toMatchObject({ availability: "online", status: { text: "at sea" } });
  await alice.annotate("bob", { alias: "Bobby", tags: ["work"], extension: {} });
  await until(alice.names, (names) => names.get("bob") === "Bobby");
  alice.lookUp(["omar"]);
  await until(alice.names, (names) => names.has("omar"));
  expect((await alice.devices()).map(({ id }) => id)).toContain(alice.deviceId);
});

test("what is written without a server goes out later, once, and after a restart of the program", async () => {
  const proxy = await FaultProxy.start(server.url);
  proxies.push(proxy);
  const options = { endpoint: proxy.url, store: "indexeddb", device: { id: "kept" } } as const;
  const before = await online("alice", options);
  const known = before.conversations().items.get().length;
  proxy.set({ kind: "refuse" });
  await until(before.connection, ({ kind }) => kind === "offline");
  const first = await before.conversationWith("bob").send({ text: "In the tunnel" });
  await (await before.conversationWith("bob").send({ text: "In the tunnel, again" })).cancel();
  await before.stop();

  const after = await device("alice", options);
  expect(after.conversations().items.get().length).toBe(known);
  const timeline = await after.conversationWith("bob").timeline();
  expect(texts(timeline).at(-1)).toBe("In the tunnel");
  expect(after.sending(first.clientMsgId)?.state.get().kind).toBe("queued");
  proxy.set({ kind: "none" });
  after.tryNow();
  const sent = await after.sending(first.clientMsgId)!.sent;
  const bob = await online("bob");
  const { messages } = await bob.conversationWith("alice").fetchHistory(null, 50);
  const tunnels = messages.filter(({ content }) => content.kind === "text" && content.text.startsWith("In the tunnel"));
  expect(tunnels.map(({ seq }) => seq)).toEqual([sent.seq]);
});

test("a server that is killed is caught up with", async () => {
  const [alice, bob] = [await online("alice"), await online("bob")];
  const timeline = await bob.conversationWith("alice").timeline();
  await server.kill();
  await until(alice.connection, ({ kind }) => kind !== "online");
  const handle = await alice.conversationWith("bob").send({ text: "Are you there?" });
  await server.run();
  alice.tryNow();
  bob.tryNow();
  await handle.sent;
  await says(timeline, "Are you there?");
});

test("a bot hears each message once, also those that came while it was away", async () => {
  const options = { store: "indexeddb", device: { id: "bot", platform: "bot" } } as const;
  const heard: string[] = [];
  const listen = async (bot: Account, count: number): Promise<void> => {
    for await (const message of bot.messages()) {
      if (message.content.kind === "text" && heard.push(message.content.text) === count) {
        break;
      }
    }
  };
  const bob = await online("bob");
  const first = await online("omar", options);
  const two = listen(first, 3);
  await (await bob.conversationWith("omar").send({ text: "one" })).sent;
  await (await bob.conversationWith("omar").send({ text: "two" })).sent;
  await (await bob.conversationWith("omar").send({ text: "three" })).sent;
  await two;
  await first.stop();
  await (await bob.conversationWith("omar").send({ text: "four" })).sent;
  const second = await online("omar", options);
  // What it broke off at was not dealt with.
  await listen(second, 5);
  expect(heard).toEqual(["one", "two", "three", "three", "four"]);
});

test("a device that is signed out by another ends, and one that signs itself out forgets", async () => {
  const [alice, other] = [await online("alice"), await online("alice", { store: "indexeddb" })];
  await alice.revokeDevice(other.deviceId);
  const ended = await until(other.connection, ({ kind }) => kind === "ended");
  expect(ended).toEqual({ kind: "ended", reason: { kind: "auth", error: "revoked" } });
  await expect(other.online()).rejects.toMatchObject({ code: "revoked" });
  await other.signOut();
  const names = (await indexedDB.databases()).map(({ name }) => name);
  expect(names.filter((name) => name?.includes(other.deviceId))).toEqual([]);
  await expect(other.conversationWith("bob").send({ text: "hi" })).rejects.toMatchObject({ code: "closed" });
});
