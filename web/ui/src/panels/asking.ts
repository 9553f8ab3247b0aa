/** Who asks to be let into a group, and who was asked to come in. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { Asker } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { ago, clock } from "../base/time.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";

interface Askers {
  readonly applied: readonly Asker[];
  readonly invited: readonly Asker[];
}

/** @fires stonechat-changed - somebody was let in, or not */
@customElement("stonechat-asking")
export class StonechatAsking extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; }
    .member { align-items: start; padding-block: 10px; grid-template-columns: auto minmax(0, 1fr); }
    .name time { margin-inline-start: auto; font-weight: var(--stonechat-weight-regular); font-size: var(--stonechat-font-size-meta); color: var(--stonechat-color-text-muted); }
    .said { font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); overflow-wrap: anywhere; }
    .answers { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 8px; }
  `];

  /** Nothing is drawn where nobody asks: part of a page that says more. */
  @property({ type: Boolean }) brief = false;

  @state() private askers: Fetched<Askers> = WAITING;

  protected override begin(): void {
    this.askers = WAITING;
    void this.load();
  }

  private async load(): Promise<void> {
    const { handle } = this;
    if (handle) {
      const got = await this.fetched(async () => {
        const [applied, invited] = await Promise.all([handle.applications(), handle.invitations()]);
        return { applied, invited };
      });
      if (handle === this.handle) {
        this.askers = got;
      }
    }
  }

  private async answer(asker: Asker, letIn: boolean): Promise<void> {
    const { handle } = this;
    const answer = () => letIn ? handle!.acceptApplication(asker.user) : handle!.declineApplication(asker.user);
    const done = await this.act(asker.user, answer);
    // Also where somebody else was faster, the list says how things are.
    await this.load();
    if (done) {
      this.dispatchEvent(new CustomEvent("stonechat-changed", { bubbles: true, composed: true }));
    }
  }

  protected override render(): unknown {
    return this.got(this.askers, ({ applied, invited }) => html`
      ${this.brief && applied.length === 0 ? nothing
        : html`<div class="section-title"><h3>${applied.length ? this.t("asking.applied", { n: applied.length }) : this.t("asking.none")}</h3></div>`}
      <ul role="list">${applied.map((asker) => this.applicant(asker))}</ul>
      ${invited.length ? html`<div class="section-title"><h3>${this.t("asking.invited", { n: invited.length })}</h3></div>
        <ul role="list">${invited.map((asker) => this.guest(asker))}</ul>` : nothing}`, () => void this.load());
  }

  private person(asker: Asker, inner: unknown): TemplateResult {
    return html`<li class="member">
      ${this.avatarOf(asker.user)}
      <span><span class="name"><bdi class="clip">${this.nameOf(asker.user)}</bdi><time>${ago(asker.at, clock.now(), this.locale)}</time></span>${inner}</span>
    </li>`;
  }

  private applicant(asker: Asker): TemplateResult {
    return this.person(asker, html`
      ${asker.message ? html`<span class="said" dir="auto">${this.t("contacts.said", { message: asker.message })}</span>` : nothing}
      <span class="answers">
        <button type="button" class="button soft small" @click=${() => void this.answer(asker, true)}>${this.t("asking.let_in")}</button>
        <button type="button" class="button secondary small" @click=${() => void this.answer(asker, false)}>${this.t("asking.decline")}</button>
      </span>`);
  }

  private guest(asker: Asker): TemplateResult {
    return this.person(asker, asker.by
      ? html`<span class="sub">${this.t("asking.by", { name: this.nameOf(asker.by), time: ago(asker.at, clock.now(), this.locale) })}</span>`
      : nothing);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-asking": StonechatAsking;
  }
}
