/** What is asked before one leaves, hands over or closes a group. */

import { html, render, type LitElement } from "lit";
import type { Conversation, ConversationSummary, Member, UserId } from "@stonechat/sdk";
import { ask, type StonechatDialog } from "../base/dialog.ts";
import type { Locale } from "../i18n/index.ts";
import { prompt, type Choice } from "./prompt.ts";

/** Who asks: a panel, which also carries it out. */
export interface AsksForGroup extends LitElement {
  readonly locale: Locale;
  readonly account: { readonly user: UserId } | null;
}

/** More are not offered for a choice: admins come first, and are few. */
const OFFERED_MAX = 200;

/** Asks whether to leave, and where he is the only owner, who takes over. Gives what to do then; null to stay. */
export async function askToLeave(host: AsksForGroup, conversation: Conversation, summary: ConversationSummary, title: string): Promise<(() => Promise<void>) | null> {
  const { t } = host.locale;
  const alone = summary.memberCount <= 1;
  if (summary.role === "owner" && !alone && !summary.group.dissolved) {
    const others = await othersOf(host, conversation, summary);
    if (!others.some((member) => member.role === "owner")) {
      const successor = await chooseMember(host, others, { title: t("leave.successor"), text: t("leave.successor_text"), yes: t("leave.successor_do") });
      return successor === null ? null : () => conversation.leaveTo(successor);
    }
  }
  const isOpen = summary.group.settings.join === "open";
  const yes = await ask(host, {
    title: t("leave.ask", { title }),
    text: alone ? t("leave.last") : t(isOpen ? "leave.text_open" : "leave.text"),
    yes: t("leave.do"),
    no: t("leave.stay"),
    danger: true,
  });
  return yes ? () => conversation.leave() : null;
}

/** Asks who shall be owner; null for nobody. */
export async function askForOwner(host: AsksForGroup, conversation: Conversation, summary: ConversationSummary): Promise<UserId | null> {
  const { t } = host.locale;
  const others = await othersOf(host, conversation, summary);
  return chooseMember(host, others, { title: t("group.hand_over_ask"), text: t("group.hand_over_text"), yes: t("group.hand_over_do") });
}

/** Asks whether to close a group for everybody. */
export function askToClose(host: AsksForGroup, summary: ConversationSummary, title: string): Promise<boolean> {
  const { t } = host.locale;
  return ask(host, {
    title: t("group.close_ask", { title }),
    text: t("group.close_text", { n: summary.memberCount }),
    yes: t("group.close_do"),
    no: t("group.close_keep"),
    danger: true,
  });
}

async function othersOf(host: AsksForGroup, conversation: Conversation, summary: ConversationSummary): Promise<readonly Member[]> {
  // A channel has more readers than anybody chooses from.
  const members = summary.memberCount > OFFERED_MAX ? await conversation.admins() : await conversation.members();
  const rank = { owner: 0, admin: 1, member: 2, none: 3 } as const;
  return members
    .filter((member) => member.user !== host.account?.user)
    .toSorted((a, b) => rank[a.role] - rank[b.role] || a.displayName.localeCompare(b.displayName))
    .slice(0, OFFERED_MAX);
}

async function chooseMember(
  host: AsksForGroup,
  members: readonly Member[],
  words: { title: string; text: string; yes: string },
): Promise<UserId | null> {
  const { t } = host.locale;
  const options: Choice[] = members.map((member) => ({
    value: member.user,
    label: member.nickname || member.displayName || member.user,
    ...(member.role === "member" ? {} : { hint: t(member.role === "owner" ? "member.owner" : "member.admin") }),
  }));
  if (options.length === 0) {
    return null;
  }
  const answer = await prompt(host, {
    ...words,
    fields: [{ kind: "choice", name: "user", value: options[0]!.value, options }],
    no: t("common.cancel"),
  });
  return answer?.user ?? null;
}

/** Shows a picker of people in a dialog: those chosen, and how; null for nobody. */
export function pickPeople(
  host: AsksForGroup,
  { title, exclude, acts }: { title: string; exclude: ReadonlySet<UserId>; acts: readonly { readonly name: string; readonly label: (n: number) => string; readonly primary: boolean }[] },
): Promise<{ readonly users: readonly UserId[]; readonly act: string } | null> {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    place.style.display = "contents";
    host.renderRoot.append(place);
    let users: readonly UserId[] = [];
    let answer: { users: readonly UserId[]; act: string } | null = null;
    const draw = (): void => {
      render(
        html`<stonechat-dialog wide open heading=${title} @close=${() => (place.remove(), resolve(answer))}>
          <stonechat-people-picker multiple class="in-dialog" .exclude=${exclude}
            @stonechat-picked=${(event: CustomEvent<{ users: readonly UserId[] }>) => ((users = event.detail.users), draw())}></stonechat-people-picker>
          ${users.length === 0 ? "" : acts.map((act) => html`<button slot="buttons" type="button" class="button ${act.primary ? "primary" : "secondary"}"
            @click=${() => ((answer = { users, act: act.name }), (place.querySelector("stonechat-dialog") as StonechatDialog).hide())}>${act.label(users.length)}</button>`)}
        </stonechat-dialog>`,
        place,
      );
    };
    void import("./people-picker.ts").then(draw);
  });
}
