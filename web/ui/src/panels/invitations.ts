/** `<stonechat-invitations>`: the groups that ask the user to come in, and those that he asked to be let into. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Asking } from "@stonechat/sdk";
import { customElement } from "../base/decorators.ts";
import { ago, clock, minutes } from "../base/time.ts";
import "../loaded.ts";
import { Panel } from "./panel.ts";

/** @fires stonechat-open - he came in */
@customElement("stonechat-invitations")
export class StonechatInvitations extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; flex: none; }
    .member { grid-template-columns: auto minmax(0, 1fr); align-items: start; padding: 10px 12px; column-gap: 12px; }
    .name time { margin-inline-start: auto; flex: none; font-weight: var(--stonechat-weight-regular); font-size: var(--stonechat-font-size-meta); color: var(--stonechat-color-text-muted); }
    .said { display: block; font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); }
    .answers { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 8px; }
  `];

  private async accept(asking: Asking): Promise<void> {
    const handle = this.account!.conversation(asking.conversation);
    if (await this.act(asking.conversation, () => handle.join())) {
      this.emit("stonechat-open", { conversation: asking.conversation });
    }
  }

  private async decline(asking: Asking): Promise<void> {
    await this.act(asking.conversation, () => this.account!.conversation(asking.conversation).declineInvitation());
  }

  protected override render(): unknown {
    const { account } = this;
    const all = account ? [...this.read(account.asking).values()].sort((a, b) => b.at - a.at) : [];
    if (all.length === 0) {
      return nothing;
    }
    this.read(minutes);
    return html`<h2 class="rows-note">${this.t("invitations.title")}</h2>
      <ul role="list">${repeat(all, (asking) => asking.conversation, (asking) => this.asking(asking))}</ul>`;
  }

  private asking(asking: Asking): TemplateResult {
    const title = asking.title || this.t("details.group");
    const isChannel = asking.conversation.startsWith("c_");
    const says = asking.state === "applied" ? this.t("invitations.applied")
      : asking.by ? this.t("invitations.by", { name: this.nameOf(asking.by) }) : this.t("invitations.invited");
    return html`<li class="member">
      <stonechat-avatar .seed=${asking.conversation} .name=${title} .kind=${isChannel ? "channel" : "group"}></stonechat-avatar>
      <span><span class="name"><bdi class="clip">${title}</bdi><time>${ago(asking.at, clock.now(), this.locale)}</time></span>
        <span class="said">${says}</span>
        ${asking.state === "invited" ? html`<span class="answers">
          <button type="button" class="button soft small" aria-label=${`${this.t("invitations.join")}: ${title}`} @click=${() => void this.accept(asking)}>${this.t("invitations.join")}</button>
          <button type="button" class="button secondary small" aria-label=${`${this.t("asking.decline")}: ${title}`} @click=${() => void this.decline(asking)}>${this.t("asking.decline")}</button>
        </span>` : nothing}</span>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-invitations": StonechatInvitations;
  }
}
