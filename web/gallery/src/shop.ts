/** What the example shows where no server is behind it: a customer of the shop, and who writes with her. */

import { clock } from "../../ui/src/base/time.ts";
import { FakeAccount, type FakeData } from "../../ui/src/testing/index.ts";
import type { Account } from "@stonechat/sdk";

const NOW = new Date(2026, 4, 14, 16, 20).getTime();
const minutesAgo = (minutes: number): number => NOW - minutes * 60_000;

const SHOP: FakeData = {
  user: "noor",
  now: NOW,
  people: [
    { id: "noor", name: "Noor Haddad", username: "noor", presence: "online" },
    { id: "astrid", name: "Astrid Lund", username: "astrid", presence: "online", status: { emoji: "🪵", text: "sanding hull 212", until: 0 } },
    { id: "piet", name: "Piet Vos", username: "piet", presence: "away", lastSeen: minutesAgo(12) },
  ],
  conversations: [
    {
      id: "g_workshop", kind: "group", title: "Workshop", memberCount: 3, unreadByOthers: 1,
      description: "Questions about boats that we build",
      members: [{ user: "astrid", role: "owner" }, { user: "piet", role: "admin" }, { user: "noor" }],
      messages: [
        { from: "noor", at: minutesAgo(58), text: "Would the Skerry carry two for an hour, or is that silly?" },
        { from: "piet", at: minutesAgo(51), text: "Silly, but it floats. For two there is the *Sound 17*." },
        { from: "astrid", at: minutesAgo(49), text: "If the second one is under ten and likes to get wet: yes.", reactions: { "😄": ["noor", "piet"] } },
        { from: "noor", at: minutesAgo(44), text: "She is eight and loves to get wet.", replyBack: 1 },
        { from: "astrid", at: minutesAgo(9), text: "Then we make the front hatch 4 cm wider. No extra cost." },
      ],
    },
    {
      id: "d_piet", kind: "direct", peer: "piet", unread: 1,
      messages: [
        { from: "noor", at: minutesAgo(1500), text: "Can I pick the blue one up on a Sunday?" },
        { from: "piet", at: minutesAgo(21), text: "Sunday at ten is good. Bring straps." },
      ],
    },
    { id: "d_astrid", kind: "direct", peer: "astrid", messages: [{ from: "astrid", at: minutesAgo(3000), text: "Thank you for the photos from the island!" }] },
  ],
};

export const WORKSHOP = "g_workshop";

/** The shop, at one minute of one afternoon. */
export function openShop(): Account {
  clock.now = () => NOW;
  return new FakeAccount(SHOP);
}
