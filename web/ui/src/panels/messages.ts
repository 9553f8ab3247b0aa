/** Messages outside of their timeline: pinned ones of a conversation, starred ones of all. A press opens one in place. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { ConversationId, Message, Seq, StarredMessage } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { icon } from "../base/icons.ts";
import { openMenu, type MenuItem } from "../base/menu.ts";
import { clock, moment } from "../base/time.ts";
import type { Key } from "../i18n/index.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";

const rowStyles = css`
  .message-row { position: relative; display: flex; align-items: flex-start; gap: 4px; }
  .message-row > .message { flex: 1; min-width: 0; }
  .message-row > .icon-button { margin-block-start: 4px; }
`;

/** Drawn in the panel that shows it. */
function messageRow(
  panel: Panel & { called(message: Message): string; saying(message: Message): string },
  message: Message,
  where: string,
  items: readonly MenuItem[],
): TemplateResult {
  const label = panel.locale.t("common.more");
  return html`<li class="message-row">
    <button type="button" class="message" @click=${() => panel.dispatchEvent(new CustomEvent("stonechat-open", {
      detail: { conversation: message.conversation, seq: message.seq, ordinal: message.ordinal }, bubbles: true, composed: true, cancelable: true,
    }))}>
      <span class="who"><bdi class="clip">${panel.called(message)}</bdi>${where ? html`<bdi class="clip muted">${where}</bdi>` : nothing}
        <time>${moment(message.sentAt, clock.now(), panel.locale)}</time></span>
      <span class="says" dir="auto">${panel.saying(message)}</span>
    </button>
    ${items.length ? html`<button type="button" class="icon-button" aria-haspopup="menu" aria-label=${`${label}: ${panel.called(message)}`}
      @click=${(event: Event) => openMenu(panel, { items, at: event.currentTarget as Element, label })}>${icon("more")}</button>` : nothing}
  </li>`;
}

const KINDS: Readonly<Record<string, Key>> = {
  image: "kind.image", voice: "kind.voice", video: "kind.video", file: "kind.file",
  location: "kind.location", contact_card: "kind.contact_card", merged: "kind.merged",
};

/** What a message says in a line or three: its words, else what kind it is. */
function wordsOf(panel: Panel, message: Message): string {
  const { t } = panel.locale;
  const { content } = message;
  if (content.kind === "recalled") {
    const name = panel.account?.names.get().get(message.sender) ?? message.sender;
    return message.own ? t("kind.recalled_own") : t("kind.recalled", { name });
  }
  return panel.account?.words(content) || t(KINDS[content.kind] ?? "kind.unknown");
}

@customElement("stonechat-pinned")
export class StonechatPinned extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, rowStyles, css`:host { display: block; background: none; padding: 8px; }`];

  @state() private pinned: Fetched<readonly Message[]> = WAITING;

  protected override begin(): void {
    this.pinned = WAITING;
    void this.load();
  }

  private async load(): Promise<void> {
    const { handle } = this;
    if (handle) {
      const got = await this.fetched(() => handle.pinnedMessages());
      if (handle === this.handle) {
        this.pinned = got;
      }
    }
  }

  called(message: Message): string {
    return message.own ? this.t("common.you") : this.nameOf(message.sender);
  }

  saying(message: Message): string {
    return wordsOf(this, message);
  }

  private async unpin(message: Message): Promise<void> {
    await this.act("unpin", async () => (await this.handle!.pinMessage(message.seq, false)).done);
    await this.load();
  }

  protected override render(): unknown {
    const mayPin = this.may("pin");
    return this.got(this.pinned, (pinned) => pinned.length
      ? html`<ul role="list">${pinned.map((message) => messageRow(this, message, "", mayPin
        ? [{ label: this.t("pinned.unpin"), icon: "pin", run: () => void this.unpin(message) }] : []))}</ul>`
      : html`<div class="nothing">${icon("pin")}<p>${this.t("pinned.none")}</p></div>`, () => void this.load());
  }
}

/** So many at a time. */
const PAGE = 50;

/**
 * The messages that the user starred, newest star first.
 *
 * @fires stonechat-open - a message was chosen
 * @fires stonechat-close
 * @csspart header
 */
@customElement("stonechat-starred")
export class StonechatStarred extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, rowStyles, css`
    .scroller { padding: 8px; }
    .column { max-width: 664px; margin-inline: auto; }
    .more { display: block; margin: 12px auto; }
  `];

  /** Without a cross, where the page around it leads back. */
  @property({ type: Boolean }) bare = false;

  @state() private starred: Fetched<readonly StarredMessage[]> = WAITING;
  @state() private isWhole = false;
  private of: unknown = null;

  protected override willUpdate(): void {
    if (this.account !== this.of) {
      this.of = this.account;
      this.starred = WAITING;
      void this.load(null);
    }
  }

  private async load(after: StarredMessage | null): Promise<void> {
    const { account } = this;
    if (!account) {
      return;
    }
    const got = await this.fetched(() => account.starred(after, PAGE));
    if (account !== this.account) {
      return;
    }
    if (got.kind !== "got") {
      this.starred = got;
      return;
    }
    this.isWhole = got.value.length < PAGE;
    const before = after && this.starred.kind === "got" ? this.starred.value : [];
    this.starred = { kind: "got", value: [...before, ...got.value] };
  }

  called(message: Message): string {
    return message.own ? this.t("common.you") : this.nameOf(message.sender);
  }

  saying(message: Message): string {
    return wordsOf(this, message);
  }

  private where(conversation: ConversationId): string {
    const summary = this.account && this.read(this.account.summary(conversation));
    return !summary || summary.kind === "direct" ? "" : this.titleOf(summary);
  }

  private async unstar(conversation: ConversationId, seq: Seq): Promise<void> {
    const star = (starred: boolean): Promise<unknown> => this.account!.conversation(conversation).star([seq], starred);
    if (await this.act("star", () => star(false))) {
      const kept = this.starred;
      if (kept.kind === "got") {
        this.starred = { kind: "got", value: kept.value.filter((it) => it.conversation !== conversation || it.seq !== seq) };
      }
      this.emit("stonechat-toast", {
        text: this.t("starred.removed"), icon: "star",
        action: { label: this.t("common.undo"), run: () => void star(true).then(() => (this.starred = kept)) },
      });
    }
  }

  protected override render(): TemplateResult {
    return html`${this.head(this.t("starred.title"), this.bare ? {} : { close: () => this.emit("stonechat-close", {}) })}
      <div class="scroller"><div class="column">${this.got(this.starred, (list) => list.length ? this.list(list)
        : html`<div class="nothing">${icon("star")}<p>${this.t("starred.none")}</p></div>`, () => void this.load(null))}</div></div>`;
  }

  private list(list: readonly StarredMessage[]): TemplateResult {
    return html`<ul role="list">${list.map((it) => {
      const items: MenuItem[] = [{ label: this.t("starred.remove"), icon: "star", run: () => void this.unstar(it.conversation, it.seq) }];
      return it.message ? messageRow(this, it.message, this.where(it.conversation), items)
        : html`<li class="message-row"><p class="note">${this.t("starred.gone")}</p></li>`;
    })}</ul>
    ${this.isWhole ? nothing : html`<button type="button" class="button secondary small more" @click=${() => void this.load(list.at(-1)!)}>${this.t("starred.more")}</button>`}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-pinned": StonechatPinned;
    "stonechat-starred": StonechatStarred;
  }
}
