/** `<stonechat-new-conversation>`: write to somebody, or start a group or a channel. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { UserId } from "@stonechat/sdk";
import { customElement, property, query, state } from "../base/decorators.ts";
import { isComposing } from "../base/focus.ts";
import { icon } from "../base/icons.ts";
import { Panel } from "./panel.ts";
import "./people-picker.ts";
import { prompt } from "./prompt.ts";
import { codeOf } from "./reason.ts";

type Kind = "person" | "group" | "channel";

const TITLE_BYTES_MAX = 256;

/**
 * @fires stonechat-open - the conversation that was begun
 * @fires stonechat-close - it is done, or its cross
 * @csspart header
 */
@customElement("stonechat-new-conversation")
export class StonechatNewConversation extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    .kinds { padding: 12px 16px 4px; }
    .kinds .segmented { display: flex; }
    .kinds .segmented > * { flex: 1; text-align: center; }
    .hint { padding: 0 16px 8px; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); }
    .title { padding: 12px 16px 0; }
    .named { padding: 12px 16px; display: grid; gap: 16px; align-content: start; flex: 1; }
    .chosen { font-size: var(--stonechat-font-size-small); color: var(--stonechat-color-text-muted); }
    .link { margin: 0 8px 8px; width: auto; }
    :host([bare]) { background: none; }
  `];

  /** In a dialog, which has a title and a cross already. */
  @property({ type: Boolean, reflect: true }) bare = false;
  /** Whom it begins with. */
  @property({ attribute: false }) users: readonly UserId[] = [];

  @state() private kind: Kind = "person";
  @state() private chosen: readonly UserId[] = [];
  @state() private isNaming = false;
  @query("#title") private titleField!: HTMLInputElement | null;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (changed.has("users") && this.users.length > 0) {
      this.chosen = this.users;
      this.kind = "group";
    }
  }

  private begin(user: UserId): void {
    this.emit("stonechat-open", { conversation: this.account!.conversationWith(user).id });
    this.emit("stonechat-close", {});
  }

  private async make(): Promise<void> {
    const title = this.titleField?.value.trim() ?? "";
    const { account, chosen } = this;
    if (!account || title === "") {
      this.titleField?.focus();
      return;
    }
    if (new TextEncoder().encode(title).length > TITLE_BYTES_MAX) {
      this.emit("stonechat-toast", { text: this.t("why.too_large"), danger: true });
      return;
    }
    await this.act("make", async () => {
      const made = this.kind === "channel" ? await account.createChannel(title, chosen) : await account.createGroup(title, chosen);
      this.emit("stonechat-open", { conversation: made.id });
      this.emit("stonechat-close", {});
    });
  }

  private async next(): Promise<void> {
    this.isNaming = true;
    await this.updateComplete;
    this.titleField?.focus();
  }

  /** The text of a link, alone or at the end of an address. */
  private async joinByLink(): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("new.by_link"),
      fields: [{ kind: "text", name: "link", label: t("new.by_link_label"), required: true, most: 2048 }],
      yes: t("new.by_link_do"), no: t("common.cancel"),
    });
    const link = answer?.link?.split(/[#/?=]/).at(-1);
    if (!link) {
      return;
    }
    await this.act("join", async () => {
      try {
        const joined = await this.account!.joinByLink(link);
        this.emit("stonechat-open", { conversation: joined.id });
        this.emit("stonechat-close", {});
      } catch (error) {
        if (!["not_found", "invalid_argument", "malformed"].includes(codeOf(error))) {
          throw error;
        }
        this.emit("stonechat-toast", { text: t("new.by_link_bad"), danger: true });
      }
    });
  }

  protected override render(): unknown {
    if (!this.account) {
      return nothing;
    }
    return html`${this.bare ? nothing : this.head(this.t("new.title"), {
      close: () => this.emit("stonechat-close", {}),
      ...(this.isNaming ? { back: () => (this.isNaming = false) } : {}),
    })}${this.isNaming ? this.naming() : this.picking()}`;
  }

  private picking(): TemplateResult {
    const { t } = this.locale;
    const kinds: readonly (readonly [Kind, string])[] = [["person", t("new.person")], ["group", t("new.group")], ["channel", t("new.channel")]];
    const isMany = this.kind !== "person";
    return html`<div class="kinds">${this.segments(t("new.kind"), kinds, this.kind, (kind) => (this.kind = kind))}</div>
      ${isMany ? html`<p class="hint">${t(this.kind === "group" ? "new.group_hint" : "new.channel_hint")}</p>` : nothing}
      <stonechat-people-picker .multiple=${isMany} .chosen=${this.chosen} @stonechat-picked=${this.onPicked}></stonechat-people-picker>
      ${isMany ? html`<div class="foot"><button type="button" class="button primary" @click=${() => void this.next()}>${t("new.next")}</button></div>`
        : html`<button type="button" class="setting link act" @click=${() => void this.joinByLink()}>${icon("link")}<span class="label">${t("new.by_link")}</span></button>`}`;
  }

  private readonly onPicked = (event: CustomEvent<{ user?: UserId; users?: readonly UserId[] }>): void => {
    const { user, users } = event.detail;
    if (user !== undefined) {
      this.begin(user);
    } else {
      this.chosen = users ?? [];
    }
  };

  private naming(): TemplateResult {
    const { t } = this.locale;
    const isGroup = this.kind === "group";
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Enter" && !isComposing(event)) {
        event.preventDefault();
        void this.make();
      }
    };
    return html`<div class="named">
        <div><label class="field-label" for="title">${t(isGroup ? "new.name_group" : "new.name_channel")}</label>
          <div class="field"><input id="title" dir="auto" autocomplete="off" maxlength=${TITLE_BYTES_MAX} @keydown=${onKey} /></div>
          <p class="field-hint">${t(isGroup ? "new.group_hint" : "new.channel_hint")}</p></div>
        <p class="chosen">${t("new.chosen", { n: this.chosen.length })}</p>
      </div>
      <div class="foot">
        ${this.bare ? html`<button type="button" class="button secondary" @click=${() => (this.isNaming = false)}>${t("common.back")}</button>` : nothing}
        <button type="button" class="button primary" @click=${() => void this.make()}>${t(isGroup ? "new.make_group" : "new.make_channel")}</button></div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-new-conversation": StonechatNewConversation;
  }
}
