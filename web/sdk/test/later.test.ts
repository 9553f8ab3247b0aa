import { expect, it } from "vitest";
import * as accountCalls from "../src/account-calls.ts";
import { ACCOUNT_CALLS, LiveAccount } from "../src/account.ts";
import * as conversationCalls from "../src/conversation-calls.ts";
import { CONVERSATION_CALLS, LiveConversation } from "../src/conversation.ts";
import { later } from "../src/later.ts";

it("every call that is loaded later is a method", () => {
  expect([...ACCOUNT_CALLS].sort()).toEqual(Object.keys(accountCalls).sort());
  expect([...CONVERSATION_CALLS].sort()).toEqual(Object.keys(conversationCalls).sort());
  expect(ACCOUNT_CALLS.every((name) => name in LiveAccount.prototype)).toBe(true);
  expect(CONVERSATION_CALLS.every((name) => name in LiveConversation.prototype)).toBe(true);
});

it("says that a part could not be loaded, and tries again", async () => {
  class Counter {
    constructor(readonly value: number) {}
  }
  let tries = 0;
  later(Counter.prototype, ["plus"], async () => {
    if (++tries === 1) {
      throw new TypeError("Failed to fetch");
    }
    return { plus: async (it: Counter, more: number) => it.value + more };
  });
  const counter = new Counter(1) as Counter & { plus(more: number): Promise<number> };
  await expect(counter.plus(1)).rejects.toMatchObject({ code: "network", retryable: true });
  expect(await counter.plus(1)).toBe(2);
});
