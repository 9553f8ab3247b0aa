/** Links by which one joins: make, copy, end. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import type { Account, JoinLink } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon } from "../base/icons.ts";
import { openMenu, type MenuItem } from "../base/menu.ts";
import { clock, moment } from "../base/time.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";
import { prompt } from "./prompt.ts";

const DAY_MS = 86_400_000;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** The texts of links that were made here: the server knows only what they hash to. */
const made = new WeakMap<Account, Map<string, string>>();

@customElement("stonechat-links")
export class StonechatLinks extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; }
    .setting { flex-wrap: wrap; }
    .label { flex: 1 1 140px; }
  `];

  /** What stands before the text of a link, so that it is an address. */
  @property({ attribute: "link-base" }) linkBase = "";

  @state() private links: Fetched<readonly JoinLink[]> = WAITING;

  protected override begin(): void {
    this.links = WAITING;
    void this.load();
  }

  private async load(): Promise<void> {
    const { handle } = this;
    if (handle) {
      const got = await this.fetched(() => handle.links());
      if (handle === this.handle) {
        this.links = got;
      }
    }
  }

  private get texts(): Map<string, string> {
    const account = this.account!;
    let texts = made.get(account);
    if (!texts) {
      made.set(account, (texts = new Map()));
    }
    return texts;
  }

  private async make(): Promise<void> {
    const { handle } = this;
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("links.make"),
      text: t("links.hint"),
      fields: [
        { kind: "choice", name: "lasts", label: t("links.lasts"), value: String(7 * DAY_MS), options: [
          { value: String(DAY_MS), label: t("for.day") }, { value: String(7 * DAY_MS), label: t("for.week") },
          { value: String(30 * DAY_MS), label: t("for.month") }, { value: "", label: t("links.forever") },
        ] },
        { kind: "choice", name: "uses", label: t("links.how_often"), value: "", options: [
          { value: "1", label: t("links.once") }, { value: "10", label: t("links.times", { n: 10 }) },
          { value: "100", label: t("links.times", { n: 100 }) }, { value: "", label: t("links.any") },
        ] },
      ],
      yes: t("links.make"),
      no: t("common.cancel"),
    });
    if (!answer || !handle) {
      return;
    }
    let text = "";
    const done = await this.act("make", async () => {
      const before = new Set((await handle.links()).map((link) => link.id));
      text = await handle.makeLink(Number(answer.lasts) || null, Number(answer.uses) || null);
      const mine = (await handle.links()).find((link) => !before.has(link.id));
      if (mine) {
        this.texts.set(mine.id, text);
      }
    });
    await this.load();
    if (done) {
      await this.copy(text);
    }
  }

  private async copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(this.linkBase + text);
    this.emit("stonechat-toast", { text: this.t("links.copied"), icon: "copy" });
  }

  private async revoke(link: JoinLink): Promise<void> {
    const { t } = this.locale;
    const yes = await ask(this, { title: t("links.revoke_ask"), text: t("links.revoke_text"), yes: t("links.revoke"), no: t("links.keep"), danger: true });
    if (yes) {
      await this.act("revoke", () => this.handle!.revokeLink(link.id));
      await this.load();
    }
  }

  protected override render(): unknown {
    return html`
      ${this.got(this.links, (links) => links.length
        ? html`<ul role="list">${links.map((link) => this.linkRow(link))}</ul>`
        : html`<p class="note">${this.t("links.none")}</p>`, () => void this.load())}
      ${this.may("make_link") ? html`<button type="button" class="setting act" @click=${() => void this.make()}>
        ${icon("plus")}<span class="label">${this.t("links.make")}<span class="hint">${this.t("links.hint")}</span></span></button>` : ""}`;
  }

  private linkRow(link: JoinLink): TemplateResult {
    const text = this.texts.get(link.id);
    const short = link.id.slice(0, 6);
    const now = clock.now();
    const until = link.until >= FOREVER || link.until === 0 ? this.t("links.no_end") : this.t("links.until", { time: moment(link.until, now, this.locale) });
    const uses = link.left === 0 ? this.t("links.any_uses") : this.t("links.uses", { n: link.left });
    const items: MenuItem[] = this.may("revoke_link")
      ? [{ label: this.t("links.revoke"), icon: "trash", danger: true, run: () => void this.revoke(link) }]
      : [];
    return html`<li class="setting">
      ${icon("link")}<span class="label">${text ? html`<bdi dir="ltr" class="clip address">${this.linkBase + text}</bdi>` : this.t("links.link", { id: short })}
        <span class="hint">${until} · ${uses}</span></span>
      ${text ? html`<button type="button" class="button secondary small" @click=${() => void this.copy(text)}>${icon("copy", "s")}${this.t("links.copy")}</button>` : ""}
      ${items.length ? html`<button type="button" class="icon-button" aria-haspopup="menu" aria-label=${`${this.t("common.more")}: ${this.t("links.link", { id: short })}`}
        @click=${(event: Event) => openMenu(this, { items, at: event.currentTarget as Element, label: this.t("common.more") })}>${icon("more")}</button>` : ""}
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-links": StonechatLinks;
  }
}
