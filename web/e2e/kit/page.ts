/** Components of the kit over a fake account, for tests that steer it: `kit` on the window. */

import "@stonechat/ui";
import "@stonechat/ui/conversation";
import type { StonechatConversation } from "../../ui/src/chat/index.ts";
import { englishWorld, FakeAccount, type FakeConversation, type FakeData } from "../../ui/src/testing/index.ts";

/** Small and the same in each run (Lehmer). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const WORDS = "the lift sign points at a wall and everything else is lovely today although the ice cart hides gate two until noon".split(" ");

const kit = {
  account: null as FakeAccount | null,
  conversation: null as StonechatConversation | null,

  /** A group with so many messages of different heights, seven minutes apart. */
  long(messages: number, more: Partial<FakeConversation> = {}): FakeConversation {
    const roll = dice(7);
    const now = Date.now();
    return {
      id: "g_long", kind: "group", title: "Long", role: "owner",
      members: [{ user: "maya", role: "owner" }, { user: "kofi" }, { user: "ruth" }, { user: "xiaowen" }],
      messages: Array.from({ length: messages }, (_, at) => ({
        from: ["kofi", "kofi", "ruth", "maya"][Math.floor(roll() * 4)] ?? "kofi",
        at: now - (messages - at) * 7 * 60_000,
        text: `${at}: ${Array.from({ length: 1 + Math.floor(roll() * 40) }, () => WORDS[Math.floor(roll() * WORDS.length)]).join(" ")}`,
        ...(roll() < 0.1 ? { reactions: { "👍": ["kofi"] } } : {}),
        ...(roll() < 0.15 && at > 50 ? { replyBack: 1 + Math.floor(roll() * 40) } : {}),
      })),
      ...more,
    };
  },

  open(conversation: FakeConversation, more: Partial<FakeData> = {}): void {
    const account = new FakeAccount({ ...englishWorld, now: Date.now(), conversations: [conversation], ...more });
    const provider = document.createElement("stonechat-provider");
    provider.account = account;
    provider.language = "en";
    const element = document.createElement("stonechat-conversation");
    element.conversation = conversation.id;
    element.style.height = "100vh";
    provider.append(element);
    document.body.replaceChildren(provider);
    document.body.style.margin = "0";
    kit.account = account;
    kit.conversation = element;
  },

  get box(): HTMLElement {
    return kit.conversation!.timelineElement.renderRoot.querySelector<HTMLElement>(".scroll")!;
  },

  /** The lower edges of the lines in sight, by key. */
  edges(): Record<string, number> {
    const frame = kit.box.getBoundingClientRect();
    const lines = [...kit.box.querySelectorAll<HTMLElement>("li[data-key]")];
    const inSight = lines.map((line) => [line.dataset.key ?? "", line.getBoundingClientRect()] as const)
      .filter(([, { top, bottom }]) => bottom > frame.top + 4 && top < frame.bottom - 4);
    return Object.fromEntries(inSight.map(([key, { bottom }]) => [key, bottom - frame.top]));
  },

  /** Looks at each frame until it is told to stop: the farthest that a line in sight moved between two of them. */
  watch(): () => { moved: number; blank: number; frames: number } {
    let [before, moved, blank, frames, isOver] = [kit.edges(), 0, 0, 0, false];
    const look = (): void => {
      if (isOver) {
        return;
      }
      const now = kit.edges();
      for (const [key, edge] of Object.entries(now)) {
        moved = Math.max(moved, Math.abs(edge - (before[key] ?? edge)));
      }
      blank += Object.keys(now).length === 0 ? 1 : 0;
      frames += 1;
      before = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    return () => {
      isOver = true;
      return { moved, blank, frames };
    };
  },

  /** Which lines were put into the list and taken out of it. */
  exchanges(): string[] {
    const seen: string[] = [];
    const keyOf = (node: Node): string | undefined => (node instanceof HTMLElement ? node.dataset.key : undefined);
    new MutationObserver((records) => {
      for (const { addedNodes, removedNodes } of records) {
        seen.push(...[...addedNodes].flatMap((node) => keyOf(node) ?? []).map((key) => `+${key}`));
        seen.push(...[...removedNodes].flatMap((node) => keyOf(node) ?? []).map((key) => `-${key}`));
      }
    }).observe(kit.box.querySelector("ol")!, { childList: true });
    return seen;
  },
};

export type Kit = typeof kit;
Object.assign(window, { kit });
document.documentElement.dataset.ready = "";
