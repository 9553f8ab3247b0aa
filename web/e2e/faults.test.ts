import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { bubble, composer, open, shown, texts, ticked } from "./acts.ts";
import { type Fault, FaultProxy } from "./fault-proxy.ts";
import { stage } from "./stage.ts";

const here = stage();
const SEED = Number(process.env.E2E_SEED ?? 7);
const ROUNDS = Number(process.env.E2E_ROUNDS ?? 14);

let line: FaultProxy;
afterEach(() => line.close());

/** The same numbers for the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The longest pause between two tries to connect, and the time that one takes. */
const BACKOFF_MS_MAX = 40_000;

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the store of this browser holds of a conversation: seq and text, in order. */
function stored(page: Page, user: string, conversation: string): Promise<[number, string][]> {
  return page.evaluate(async ([user, conversation]) => {
    const ask = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const { name } = (await indexedDB.databases()).find(({ name }) => name?.includes(user!)) ?? {};
    const db = await ask(indexedDB.open(name!));
    const rows = (await ask(db.transaction("messages").objectStore("messages").getAll())) as { conversation: string; seq: number; body: Uint8Array }[];
    db.close();
    return rows
      .filter((row) => row.conversation === conversation)
      // A text's body begins with its tag and its length; those here are short.
      .map((row): [number, string] => [row.seq, new TextDecoder().decode(row.body.subarray(2))]);
  }, [user, conversation]);
}

interface Logged {
  readonly seq: number;
  readonly text: string;
}

/** The log of the server, by its own word. */
async function logged(user: string, conversation: string): Promise<[number, string][]> {
  const { messages } = (await here.server.backend("GET", `/conversations/${conversation}/messages?as_user=${user}&limit=200`)) as { messages: Logged[] };
  return messages.map(({ seq, text }): [number, string] => [seq, text]).sort(([a], [b]) => a - b);
}

/** Notes each element that ever stood for a message, by what the message says. */
function watchItems(page: Page): Promise<void> {
  return page.evaluate(() => {
    const seen = ((globalThis as unknown as { seen: Map<string, Set<Element>> }).seen = new Map());
    const note = (node: Node) => {
      for (const item of node instanceof Element ? [node, ...node.querySelectorAll("li.message")] : []) {
        const said = item.matches("li.message") ? item.querySelector("p.text") : null;
        const meta = said?.querySelector(".meta")?.textContent ?? "";
        const text = said?.textContent?.replace(meta, "").trim();
        if (text) {
          seen.set(text, (seen.get(text) ?? new Set()).add(item));
        }
      }
    };
    const roots = new Set<ShadowRoot>();
    const find = (root: Document | ShadowRoot): void => {
      root.querySelectorAll("*").forEach((element) => {
        if (element.shadowRoot && !roots.has(element.shadowRoot)) {
          roots.add(element.shadowRoot);
          find(element.shadowRoot);
        }
      });
    };
    find(document);
    const observer = new MutationObserver((records) => records.forEach(({ addedNodes }) => addedNodes.forEach(note)));
    roots.forEach((root) => {
      root.querySelectorAll("li.message").forEach(note);
      observer.observe(root, { childList: true, subtree: true });
    });
  });
}

/** Messages for which more than one element stood. */
function flickered(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: Map<string, Set<Element>> };
    return [...seen].filter(([, elements]) => elements.size > 1).map(([text]) => text);
  });
}

test(`after a series of faults the store equals the log, and no message flickered (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const roll = dice(SEED);
  const [first, second] = here.people;
  const begun = (await here.server.backend("POST", "/messages", { sender: second!.id, to_user: first!.id, text: "begin" })) as { conversation: string };
  const { conversation } = begun;
  line = await FaultProxy.start(here.server.url);
  const a = await (await here.person({}, line.url)).signIn(first!.name);
  const b = await (await here.person()).signIn(second!.name);
  await Promise.all([open(a, second!.name), open(b, first!.name)]);
  await shown(bubble(a, "begin"));
  await watchItems(a);

  const faults: Fault[] = [
    { kind: "refuse" }, { kind: "stall" }, { kind: "half_open" }, { kind: "lost_answers" }, { kind: "dribble" },
    { kind: "delay", ms: 120 }, { kind: "none" },
  ];
  const say = async (page: Page, text: string) => {
    await composer(page).fill(text);
    await composer(page).press("Enter");
  };
  for (let round = 0; round < ROUNDS; round++) {
    const fault = faults[roll(faults.length)]!;
    line.set(fault);
    if (fault.kind === "none") {
      line.cut();
    }
    for (let i = roll(3); i >= 0; i--) {
      await say(a, `a${round}.${i}`);
      await pass(roll(60));
    }
    await say(b, `b${round}`);
    await pass(100 + roll(700));
    if (roll(2) === 0) {
      line.set({ kind: "none" });
      await pass(roll(400));
    }
  }
  line.set({ kind: "none" });
  line.cut();
  await say(a, "the end");
  // After so many failures it waits long before it tries again.
  await bubble(b, "the end").waitFor({ timeout: BACKOFF_MS_MAX });
  await ticked(a, "the end", "Read");

  const log = await logged(first!.id, conversation);
  const said = log.map(([, text]) => text);
  expect(new Set(said).size, "nothing is stored twice").toBe(said.length);
  await expect.poll(() => stored(a, first!.id, conversation), { timeout: 10_000 }).toEqual(log);
  await expect.poll(() => stored(b, second!.id, conversation), { timeout: 10_000 }).toEqual(log);
  // What is on the screen is a stretch of the log, up to its end.
  for (const page of [a, b]) {
    const shownNow = await texts(page);
    expect(shownNow).toEqual(said.slice(-shownNow.length));
  }
  const own = said.filter((text) => text.startsWith("a"));
  const order = (text: string) => { const [round, i] = text.slice(1).split("."); return Number(round) * 10 - Number(i); };
  expect(own, "own messages keep their order").toEqual([...own].sort((x, y) => order(x) - order(y)));
  expect(await flickered(a)).toEqual([]);
});

test("a connection that a router forgot is noticed, and what came meanwhile arrives", { timeout: 120_000 }, async () => {
  const [first, second] = here.people;
  await here.server.backend("POST", "/messages", { sender: second!.id, to_user: first!.id, text: "still there" });
  line = await FaultProxy.start(here.server.url);
  const a = await (await here.person({}, line.url)).signIn(first!.name);
  await open(a, second!.name);
  await shown(bubble(a, "still there"));
  line.abandon();
  await here.server.backend("POST", "/messages", { sender: second!.id, to_user: first!.id, text: "into the void" });
  await bubble(a, "into the void").waitFor({ timeout: 90_000 });
});
