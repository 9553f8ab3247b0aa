/** What stands in a list where no rows are: what will come, how a tab fills, or people to greet. Loaded with the first of it. */

import type { Account } from "@stonechat/sdk";
import { html } from "lit";
import { adopt } from "../base/adopt.ts";
import { skeletons } from "../base/styles.ts";
import "../loaded.ts";
import type { StonechatConversationList } from "./conversation-list.ts";
import { greet } from "./greet.ts";
import { notes } from "./notes-css.ts";

export function empty(list: StonechatConversationList, account: Account, isComing: boolean): unknown {
  const { tab, locale: { t } } = list;
  adopt(list.renderRoot, [skeletons, notes]);
  switch (tab.kind) {
    case "folder": return html`<p class="note">${t("list.empty_folder", { folder: tab.folder })}</p>`;
    case "unread": return html`<p class="note">${t("list.empty_unread")}</p>`;
    case "archived": return html`<p class="note">${t("list.empty_archive")}</p>`;
  }
  return isComing
    ? html`<div aria-hidden="true">${Array.from({ length: 8 }, () => html`<div class="bones"><span class="skeleton round"></span><span><span
        class="skeleton name"></span><span class="skeleton text"></span></span></div>`)}</div>`
    : greet(list, account);
}
