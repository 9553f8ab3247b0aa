/** Several pages of one browser that show the same account: one leads, the others follow. */

import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveAccount } from "../src/account.ts";
import type { Account } from "../src/api.ts";
import { createClient } from "../src/client.ts";
import { uuidBytes } from "../src/domain/id.ts";
import { LEADER_TIMEOUT_MS } from "../src/driver/limits.ts";
import { type Clock, systemClock, type Transport } from "../src/driver/ports.ts";
import { until } from "../src/readable.ts";
import { settled, TestClock, TestServer } from "./world.ts";

interface Held {
  readonly queue: (() => void)[];
  lose: (reason: unknown) => void;
}

/** Locks as a browser has them: each is held by one, waited for in order, and can be stolen. */
class TestLocks {
  #locks = new Map<string, Held>();

  async request(
    name: string,
    { signal, steal = false }: { signal?: AbortSignal; steal?: boolean },
    then: (lock: unknown) => Promise<unknown>,
  ): Promise<unknown> {
    let lock = this.#locks.get(name);
    if (lock === undefined) {
      this.#locks.set(name, (lock = { queue: [], lose: () => {} }));
    } else if (steal) {
      lock.lose(new DOMException("stolen", "AbortError"));
    } else {
      const { queue } = lock;
      await new Promise<void>((resolve, reject) => {
        queue.push(resolve);
        signal?.addEventListener("abort", () => {
          const at = queue.indexOf(resolve);
          if (at >= 0) {
            queue.splice(at, 1);
            reject(signal.reason);
          }
        });
      });
    }
    const held = lock;
    return new Promise((resolve, reject) => {
      let isStolen = false;
      held.lose = (reason) => {
        isStolen = true;
        reject(reason);
      };
      const release = (): void => {
        const next = isStolen ? () => {} : held.queue.shift();
        if (next === undefined) {
          this.#locks.delete(name);
        } else {
          next();
        }
      };
      then({ name }).finally(release).then(resolve, reject);
    });
  }
}

let browsers = 0;
let server = "";
let opened: Account[] = [];
const channels: BroadcastChannel[] = [];
const Channel = globalThis.BroadcastChannel;
globalThis.BroadcastChannel = class extends Channel {
  constructor(name: string) {
    super(name);
    channels.push(this);
  }
};

beforeEach(() => {
  Object.defineProperty(globalThis, "navigator", { value: { locks: new TestLocks() }, configurable: true });
  server = `http://chat${++browsers}.test`;
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((account) => account.stop()));
  opened = [];
});

/** A page of the browser of this test. It reaches no server but that of the test, where that says so. */
async function page(
  user = "alice",
  transport: Transport = () => ({ send() {}, close() {} }),
  clock: Clock = systemClock,
): Promise<Account> {
  const options = { endpoint: server, store: "indexeddb", tokenProvider: async () => "token", device: { id: "d1" } } as const;
  const client = createClient(options, { transport, clock });
  const account = await client.login({ userId: user });
  opened.push(account);
  return account;
}

const words = (account: Account) => async () => {
  const timeline = await account.conversationWith("bob").timeline({ days: false });
  const items = timeline.items.get();
  timeline.close();
  const contents = items.map((item) => (item.kind === "message" ? item.message.content : null));
  return contents.flatMap((content) => (content?.kind === "text" ? [content.text] : []));
};

/** Keeps the store of this test from being written until what it returns is called. */
async function busy(): Promise<() => void> {
  const [{ name }] = (await indexedDB.databases()).slice(-1) as [{ name: string }];
  const db = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => resolve(opening.result);
  });
  const table = db.transaction([...db.objectStoreNames], "readwrite").objectStore("kv");
  let isBusy = true;
  const goOn = (): void => {
    if (isBusy) {
      table.get("owner").onsuccess = goOn;
    }
  };
  goOn();
  return () => {
    isBusy = false;
    db.close();
  };
}

/** How many locks are stolen from now on. */
function counted(): () => number {
  const { locks } = navigator;
  const { request } = locks;
  let thefts = 0;
  locks.request = (...of: unknown[]) => {
    thefts += (of[1] as LockOptions).steal ? 1 : 0;
    return request.apply(locks, of as never);
  };
  return () => thefts;
}

/** What the page says that was opened last from now on is not heard: it is being killed. */
function kill(): void {
  channels.at(-1)!.postMessage = () => {};
}

/** A page that leads and one that follows, with what the first has sent for the second: its frame and its handle. */
async function following() {
  const [before, after] = [new TestServer(), new TestServer()];
  const leader = await page("alice", before.transport);
  const said = channels.at(-1)!;
  const follower = await page("alice", after.transport);
  channels.push(said);
  await settled();
  before.welcome();
  await until(follower.connection, ({ kind }) => kind === "online");
  const bob = follower.conversationWith("bob");
  return { before, after, leader, follower, bob };
}

describe("pages of one browser", () => {
  it("show what any of them writes", async () => {
    const [leader, follower] = [await page(), await page()];
    const timeline = await leader.conversationWith("bob").timeline({ days: false });
    await follower.conversationWith("bob").send({ text: "one" });
    await leader.conversationWith("bob").send({ text: "two" });
    expect(await words(leader)()).toEqual(["one", "two"]);
    expect(await words(follower)()).toEqual(["one", "two"]);
    expect(timeline.items.get().length).toBe(3);
    expect(follower.connection.get()).toEqual(leader.connection.get());
  });

  it("tell the same errors", async () => {
    await page();
    const follower = await page();
    const handle = await follower.conversationWith("bob").send({ text: "one" });
    await handle.cancel();
    await expect(handle.sent).rejects.toMatchObject({ code: "cancelled" });
    // Gone it is, whoever asks again.
    await handle.cancel();
    await expect(handle.retry()).rejects.toMatchObject({ name: "StonechatError", code: "not_found", retryable: false });
  });

  it("hear what became of a message when the one that leads was killed before it told them", async () => {
    const { before, after, leader, follower, bob } = await following();
    const handle = await bob.send({ text: "one" });
    const lost = await bob.send({ text: "two" });
    await settled();
    const { frame } = before.said("send")[0]!;
    kill();
    before.say({ id: frame, body: { case: "sent", value: { conversationId: bob.id, seq: 2n, ordinal: 1n, sentAt: 5n } } });
    await leader.outbox();
    await leader.stop();
    expect(await handle.sent).toMatchObject({ seq: 2, ordinal: 1, sentAt: 5 });
    expect(lost.state.get().kind).toBe("queued");
    expect((await follower.outbox()).map(({ clientMsgId }) => clientMsgId)).toEqual([lost.clientMsgId]);
    // It is still known by the name that it had before it was placed.
    await settled();
    after.welcome();
    await until(follower.connection, ({ kind }) => kind === "online");
    await bob.react(handle.clientMsgId, "👍");
    const { clientMsgId } = after.said("send")[0]!;
    const two = { conversationId: bob.id, seq: 3n, ordinal: 2n, sentAt: 6n };
    expect(clientMsgId).toEqual(uuidBytes(lost.clientMsgId));
    after.say({ id: after.said("send")[0]!.frame, body: { case: "sent", value: two } });
    await lost.sent;
    await settled();
    expect(after.said("changeMessage")).toMatchObject([{ seq: 2n }]);
  });

  it("take back once what they ask two that lead to take back", async () => {
    const server = new TestServer();
    server.acceptsAtOnce = false;
    const leader = await page("alice", server.transport);
    const said = channels.at(-1)!;
    const follower = await page();
    channels.push(said);
    const bob = follower.conversationWith("bob");
    const [one, two] = [await bob.send({ text: "one" }), await bob.send({ text: "two" })];
    kill();
    const asked = [one.cancel(), bob.recall(two.clientMsgId)] as const;
    await settled();
    await leader.stop();
    await asked[0];
    await (await asked[1]).done;
    await expect(one.sent).rejects.toMatchObject({ code: "cancelled" });
    await expect(two.sent).rejects.toMatchObject({ code: "cancelled" });
    expect(await follower.outbox()).toEqual([]);
    await expect(bob.recall("00000000-0000-7000-8000-000000000001")).rejects.toMatchObject({ code: "not_found" });
  });

  it("follow the one that leads, whatever comes late of another", async () => {
    const leader = await page();
    const from = channels.at(-1)!;
    let snapshot: object = {};
    from.postMessage = (data) => {
      snapshot = data.kind === "snapshot" ? data : snapshot;
      Channel.prototype.postMessage.call(from, data);
    };
    const follower = await page();
    const { onmessage } = channels.at(-1)!;
    const late = () => onmessage!.call(channels.at(-1)!, { data: { ...snapshot, from: "gone" } } as MessageEvent);
    late();
    await follower.conversationWith("bob").send({ text: "asked" });
    late();
    const told = await leader.conversationWith("bob").send({ text: "told" });
    await expect.poll(() => follower.sending(told.clientMsgId)).not.toBeNull();
  });

  it("wait for the one that leads while it stores what it accepted", async () => {
    const clock = new TestClock();
    const leader = await page("alice", undefined, clock);
    const thefts = counted();
    const release = await busy();
    const sent = leader.conversationWith("bob").send({ text: "slow" }).catch(() => {});
    const stopped = leader.stop();
    const waits = new TestClock();
    const opening = page("alice", undefined, waits);
    await settled();
    await waits.advance(LEADER_TIMEOUT_MS);
    release();
    await Promise.all([sent, stopped]);
    expect(await words(await opening)()).toEqual(["slow"]);
    expect(thefts()).toBe(0);
  });

  it("go on when the one that leads is gone", async () => {
    const [leader, follower, third] = [await page(), await page(), await page()];
    await follower.conversationWith("bob").send({ text: "before" });
    const timeline = await follower.conversationWith("bob").timeline({ days: false });
    const before = timeline.items.get();
    const [item] = before.filter(({ kind }) => kind === "message");
    const stopped = leader.stop();
    // Asked of nobody: whoever leads next answers.
    const one = follower.conversationWith("bob").send({ text: "one" });
    const two = third.conversationWith("bob").send({ text: "two" });
    await Promise.all([stopped, one, two]);
    await until(timeline.items, (items) => items.length === 4);
    expect(timeline.items.get()[1]).toBe(item);
    expect((await words(third)()).sort()).toEqual(["before", "one", "two"]);
    expect((await third.outbox()).length).toBe(3);
    expect(leader.connection.get()).toEqual({ kind: "ended", reason: { kind: "stopped" } });
    expect(follower.connection.get().kind).not.toBe("ended");
  });

  it("take the lead from one that is suspended, which follows when it wakes", async () => {
    const clock = new TestClock();
    const leader = await page("alice", undefined, clock);
    await leader.conversationWith("bob").send({ text: "before" });
    const asleep = channels.at(-1)!;
    const { onmessage } = asleep;
    const unheard: MessageEvent[] = [];
    asleep.onmessage = (event) => void unheard.push(event);
    const opening = page("alice", undefined, clock);
    await settled();
    await clock.advance(LEADER_TIMEOUT_MS);
    const awake = await opening;
    expect(await words(awake)()).toEqual(["before"]);
    asleep.onmessage = onmessage;
    unheard.forEach((event) => onmessage!.call(asleep, event));
    // Its page hears of it when it wakes, and asks the other from then on.
    await leader.conversationWith("bob").send({ text: "after" });
    await awake.conversationWith("bob").send({ text: "together" });
    expect(await words(awake)()).toEqual(["before", "after", "together"]);
    expect(await words(leader)()).toEqual(["before", "after", "together"]);
    expect(leader.connection.get()).toEqual(awake.connection.get());
    await awake.stop();
    await leader.conversationWith("bob").send({ text: "leads again" });
    expect((await words(leader)()).at(-1)).toBe("leads again");
  });

  it("open when another takes the lead just then", async () => {
    const leader = await page();
    const { locks } = navigator;
    const { request } = locks;
    let give = (): void => {};
    const isGiven = new Promise<void>((resolve) => (give = resolve));
    // Of the lock of its own, which is the first that it asks for.
    locks.request = async (...of: unknown[]) => {
      locks.request = request;
      await isGiven;
      return request.apply(locks, of as never);
    };
    const opening = page();
    await settled();
    await leader.stop();
    const next = await page();
    await next.conversationWith("bob").send({ text: "hi" });
    give();
    expect(await words(await opening)()).toEqual(["hi"]);
  });

  it("hear nothing of it when the page that leads is closed", async () => {
    const [leader, follower] = [await page(), await page()];
    const states: string[] = [];
    follower.connection.subscribe(({ kind }) => void states.push(kind));
    await leader.stop();
    await follower.outbox();
    await settled();
    expect(states).not.toContain("ended");
  });

  it("connect no more when they are stopped while they take the lead", async () => {
    const chat = new TestServer();
    const leader = await page();
    const follower = await page("alice", chat.transport);
    const states: string[] = [];
    follower.connection.subscribe(({ kind }) => void states.push(kind));
    const { open } = indexedDB;
    const stopped = new Promise<void>((resolve) => {
      indexedDB.open = (...of) => {
        indexedDB.open = open;
        void follower.stop().then(resolve);
        return open.apply(indexedDB, of);
      };
    });
    await leader.stop();
    await stopped;
    // As long as it takes to open the store, and to connect.
    await page("carol");
    await settled();
    expect(states.indexOf("ended")).toBe(states.length - 1);
    expect(chat.connections.filter(({ closed_ }) => !closed_)).toEqual([]);
    const third = await page();
    await third.conversationWith("bob").send({ text: "hi" });
    expect(third.connection.get().kind).not.toBe("ended");
  });

  it("connect no more when the sign-out is heard of after the lead was given", async () => {
    const chat = new TestServer();
    const leader = await page();
    const follower = await page("alice", chat.transport);
    const channel = channels.at(-1)!;
    const { onmessage } = channel;
    const late: MessageEvent[] = [];
    channel.onmessage = (event) => void (event.data.kind === "over" ? late.push(event) : onmessage!.call(channel, event));
    await leader.signOut();
    await until(follower.connection, ({ kind }) => kind === "connecting");
    await settled();
    late.forEach((event) => onmessage!.call(channel, event));
    await settled();
    expect(follower.connection.get()).toEqual({ kind: "ended", reason: { kind: "stopped" } });
    expect(chat.connections.filter(({ closed_ }) => !closed_)).toEqual([]);
  });

  it("leave the lead to another when they were suspended themselves while they asked for it", async () => {
    const leader = await page();
    const clock = new TestClock();
    const follower = await page("alice", undefined, clock);
    const channel = channels.at(-1)!;
    const { onmessage } = channel;
    const late: MessageEvent[] = [];
    channel.onmessage = (event) => void late.push(event);
    const asked = follower.outbox();
    await settled();
    // Its timers fire before what it was told meanwhile.
    clock.now += 60_000;
    const thefts = counted();
    await clock.advance(0);
    channel.onmessage = onmessage;
    late.forEach((event) => onmessage!.call(channel, event));
    await asked;
    await clock.advance(LEADER_TIMEOUT_MS);
    await leader.outbox();
    expect(thefts()).toBe(0);
  });

  it("do not open an account that is signed out just then", async () => {
    const leader = await page();
    const channel = channels.at(-1)!;
    // It answers nobody any more.
    channel.onmessage = null;
    const opening = page();
    const refused = expect(opening).rejects.toMatchObject({ code: "closed" });
    await settled();
    await leader.signOut();
    await refused;
  });

  it("take the lead once the user looks at them, when they were opened behind a suspended one", async () => {
    const clock = new TestClock();
    await page("alice", undefined, clock);
    channels.at(-1)!.onmessage = null;
    const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    Object.assign(globalThis, { document, window: new EventTarget() });
    try {
      const opening = page("alice", undefined, clock);
      await settled();
      await clock.advance(2 * LEADER_TIMEOUT_MS);
      document.visibilityState = "visible";
      document.dispatchEvent(new Event("visibilitychange"));
      await settled();
      await clock.advance(LEADER_TIMEOUT_MS);
      expect(await words(await opening)()).toEqual([]);
    } finally {
      Object.assign(globalThis, { document: undefined, window: undefined });
    }
  });

  it("take the lead from one that falls asleep while they are looked at, when they need it", async () => {
    const clock = new TestClock();
    await page("alice", undefined, new TestClock());
    const asleep = channels.at(-1)!;
    const follower = await page("alice", undefined, clock);
    await settled();
    await clock.advance(2 * LEADER_TIMEOUT_MS);
    asleep.onmessage = null;
    const sent = follower.conversationWith("bob").send({ text: "hi" });
    await settled();
    await clock.advance(LEADER_TIMEOUT_MS / 2);
    // Whoever asks again and again waits no longer for that.
    follower.conversationWith("bob").setTyping(true);
    await settled();
    await clock.advance(LEADER_TIMEOUT_MS / 2);
    await sent;
    expect(await words(follower)()).toEqual(["hi"]);
  });

  it("show and watch the same when another leads", async () => {
    const [before, after] = [new TestServer(), new TestServer()];
    const [leader, follower] = [await page("alice", before.transport), await page("alice", after.transport)];
    await settled();
    before.welcome();
    await until(follower.connection, ({ kind }) => kind === "online");
    const bob = follower.conversationWith("bob").id;
    await follower.focus([bob]);
    follower.watchPresence(["bob"]).catch(() => {});
    await settled();
    await leader.stop();
    await until(follower.connection, ({ kind }) => kind === "connecting");
    await settled();
    after.welcome();
    await until(follower.connection, ({ kind }) => kind === "online");
    await settled();
    expect(after.said("focus").at(-1)?.conversationIds).toEqual([bob]);
    expect(after.said("watchPresence").at(-1)?.userIds).toEqual(["bob"]);
  });

  it("show what they showed when they are closed while another takes the lead", async () => {
    const [leader, follower, third] = [await page(), await page(), await page()];
    await third.conversationWith("bob").send({ text: "hi" });
    (third as LiveAccount).inner.host.onRenewed(() => void third.stop());
    const timeline = await third.conversationWith("bob").timeline({ days: false });
    const before = timeline.items.get();
    await leader.stop();
    await follower.outbox();
    await until(third.connection, ({ kind }) => kind === "ended");
    await settled();
    expect(timeline.items.get()).toEqual(before);
  });

  it("keep what was written when all of them are closed", async () => {
    const first = await page();
    await first.conversationWith("bob").send({ text: "kept" });
    await first.stop();
    expect(await words(await page())()).toEqual(["kept"]);
  });

  it("all end when one of them signs out, and nothing is left", async () => {
    const [leader, follower] = [await page(), await page()];
    await leader.conversationWith("bob").send({ text: "secret" });
    await follower.signOut();
    const over = { kind: "ended", reason: { kind: "stopped" } };
    expect(follower.connection.get()).toEqual(over);
    await until(leader.connection, ({ kind }) => kind === "ended");
    await expect(leader.outbox()).rejects.toMatchObject({ code: "closed" });
    expect((await indexedDB.databases()).filter(({ name }) => name?.includes(new URL(server).host))).toEqual([]);
    expect(await words(await page())()).toEqual([]);
  });

  it("do not share what is another user's", async () => {
    const alice = await page();
    await alice.conversationWith("bob").send({ text: "of alice" });
    const carol = await page("carol");
    expect(await words(carol)()).toEqual([]);
    expect(await carol.outbox()).toEqual([]);
  });

  it("say together what they show and watch, and that the user is away only when all do", async () => {
    const chat = new TestServer();
    const [leader, follower] = [await page("alice", chat.transport), await page("alice", chat.transport)];
    await settled();
    chat.welcome();
    await until(leader.connection, ({ kind }) => kind === "online");
    const [bob, carol] = [leader.conversationWith("bob").id, leader.conversationWith("carol").id];
    await leader.focus([bob]);
    await follower.focus([carol]);
    await expect(leader.focus(Array.from({ length: 17 }, () => bob))).rejects.toMatchObject({ code: "invalid_argument" });
    // Answered when the server has, which this one never does.
    leader.watchPresence(["bob"]).catch(() => {});
    follower.watchPresence(["carol", "bob"]).catch(() => {});
    await follower.setAway(true);
    expect(chat.said("away")).toEqual([]);
    await leader.setAway(true);
    await settled();
    expect(chat.said("focus").map((it) => it.conversationIds)).toEqual([[bob], [carol, bob]]);
    expect(chat.said("watchPresence").map((it) => it.userIds)).toEqual([["bob"]]);
    expect(chat.said("away").map((it) => it.away)).toEqual([true]);
    // Nobody looks any more at what a page showed that is closed.
    await follower.stop();
    await settled();
    expect(chat.said("focus").at(-1)!.conversationIds).toEqual([bob]);
  });

  it("run alone where there are no locks", async () => {
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
    const first = await page();
    await first.conversationWith("bob").send({ text: "mine" });
    const second = await page();
    expect(await words(second)()).toEqual(["mine"]);
    // The one that was opened last has the store.
    await expect(first.conversationWith("bob").send({ text: "lost" })).rejects.toMatchObject({ code: "store.locked" });
    expect(first.connection.get()).toEqual({ kind: "ended", reason: { kind: "store", error: "locked" } });
  });

  it("keep it as long as the page where the browser keeps nothing", async () => {
    const open = indexedDB.open;
    indexedDB.open = () => {
      throw new DOMException("not here", "SecurityError");
    };
    try {
      const account = await page();
      await account.conversationWith("bob").send({ text: "for now" });
      expect(account.storage.get()).toBe("memory");
      expect(await words(account)()).toEqual(["for now"]);
    } finally {
      indexedDB.open = open;
    }
  });
});
