import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ConversationSummary, GroupSettings, Role } from "@stonechat/sdk";
import { may, type Action } from "../src/panels/rights.ts";

const NOW = 1_000_000;
const GROUP: GroupSettings = {
  speak: "everybody", invite: "admins", editInfo: "admins", mentionAll: "admins", pin: "admins",
  join: "invitation", history: false, receipts: true, membersHidden: false,
};
const KINDS: Record<string, Partial<GroupSettings>> = {
  direct: { mentionAll: "everybody", pin: "everybody" },
  group: {},
  group_everybody: { invite: "everybody", editInfo: "everybody", mentionAll: "everybody", pin: "everybody" },
  group_silent: { speak: "admins" },
  group_hidden: { membersHidden: true },
  group_approval: { join: "approval" },
  group_open: { join: "open" },
  group_dissolved: {},
  channel: { speak: "admins", join: "open", history: true, receipts: false, membersHidden: true },
};
/** What a member does to a message of his own, and what somebody does who is no member: the panels ask otherwise. */
const ELSEWHERE = ["edit_own", "recall_own", "join", "apply", "decline_invitation"];

function summary(kind: string, column: string): ConversationSummary {
  const role: Role = column === "muted" ? "member" : (column as Role);
  const group = {
    description: "", avatar: "", announcement: 0, nickname: "",
    settings: { ...GROUP, ...KINDS[kind] },
    dissolved: kind === "group_dissolved",
    mutedUntil: column === "muted" ? NOW + 1 : 0,
  };
  const shape = kind.startsWith("group") ? "group" : kind;
  return { id: "g_1", kind: shape, role, member: true, group } as unknown as ConversationSummary;
}

test("the panels offer what the table of permissions allows, and nothing else", () => {
  const table = readFileSync(new URL("../../../fixtures/permissions.csv", import.meta.url), "utf8")
    .split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(","));
  const [head, ...rows] = table;
  let cells = 0;
  for (const [action, kind, ...outcomes] of rows) {
    for (const column of ["owner", "admin", "member", "muted"]) {
      const outcome = outcomes[head!.indexOf(column) - 2];
      if (outcome !== "-" && !ELSEWHERE.includes(action!)) {
        cells += 1;
        const allowed = may(summary(kind!, column), action as Action, NOW);
        expect({ action, kind, column, allowed }).toEqual({ action, kind, column, allowed: outcome === "ok" });
      }
    }
  }
  expect(cells).toBeGreaterThan(800);
});
