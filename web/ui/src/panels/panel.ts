/** The class under the panels: what they draw alike, and how they carry out what somebody asked for. */

import { html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { Availability, ConversationSummary, Presence, UserId } from "@stonechat/sdk";
import "../base/avatar.ts";
import { property, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import type { IconName } from "../base/icons.ts";
import { icon } from "../base/icons.ts";
import { titleOf } from "../base/names.ts";
import { buttons, fields, members } from "../base/controls.ts";
import { badges, base, panes, scrollbars, skeletons, surface } from "../base/styles.ts";
import { clock, lastSeen } from "../base/time.ts";
import type { Key, Params } from "../i18n/index.ts";
import { reasonOf } from "./reason.ts";
import { panelStyles } from "./styles.ts";
import "./words.ts";

/** Something to fetch before it can be shown. */
export type Fetched<T> = { readonly kind: "waiting" } | { readonly kind: "got"; readonly value: T } | { readonly kind: "failed"; readonly why: string };
export const WAITING: Fetched<never> = { kind: "waiting" };

export abstract class Panel extends StonechatElement {
  static override styles: CSSResultGroup = [
    base, surface, buttons, fields, badges, members, panes, scrollbars, skeletons, panelStyles,
  ];

  /** It is all that is seen of the page: its title is the title of the page. */
  @property({ type: Boolean }) alone = false;

  /** What was asked for and is not answered yet: a second press does not ask again. */
  @state() protected busy = "";

  /**
   * Carries out what the user asked for. What it shows afterwards is said by `done` only where it is not seen anyway; why
   * it did not work is always said.
   */
  protected async act(name: string, work: () => Promise<unknown>, done?: Key, params?: Params): Promise<boolean> {
    if (this.busy !== "") {
      return false;
    }
    this.busy = name;
    try {
      await work();
      if (done) {
        this.emit("stonechat-toast", { text: this.t(done, params) });
      }
      return true;
    } catch (error) {
      this.emit("stonechat-toast", { text: reasonOf(error, this.locale), danger: true });
      return false;
    } finally {
      this.busy = "";
    }
  }

  /** Fetches what is shown, and says why where that fails. */
  protected async fetched<T>(work: () => Promise<T>): Promise<Fetched<T>> {
    try {
      return { kind: "got", value: await work() };
    } catch (error) {
      return { kind: "failed", why: reasonOf(error, this.locale) };
    }
  }

  /** Draws what was fetched; until then nothing, since it mostly comes at once. */
  protected got<T>(fetched: Fetched<T>, draw: (value: T) => unknown, again?: () => void): unknown {
    switch (fetched.kind) {
      case "waiting": return nothing;
      case "got": return draw(fetched.value);
      case "failed": return html`<p class="note" role="status">${fetched.why}${again
        ? html` <button type="button" class="link-button" @click=${again}>${this.t("common.retry")}</button>`
        : nothing}</p>`;
    }
  }

  protected titleOf(summary: ConversationSummary): string {
    const account = this.account;
    return account ? (this.read(account.names), this.read(account.relations), titleOf(account, summary, this.locale)) : summary.title;
  }

  protected avatarOf(user: UserId, presence: Availability | null = null): TemplateResult {
    return html`<stonechat-avatar .seed=${user} .name=${this.nameOf(user)} .src=${this.pictureOf(user)} .presence=${presence}></stonechat-avatar>`;
  }

  protected avatarOfConversation(summary: ConversationSummary): TemplateResult {
    const own = summary.peer !== null && summary.peer === this.account?.user;
    return html`<stonechat-avatar .seed=${summary.peer ?? summary.id} .name=${this.titleOf(summary)}
      .kind=${own ? "self" : summary.kind} .src=${summary.peer ? this.pictureOf(summary.peer) : summary.group.avatar}></stonechat-avatar>`;
  }

  /** Of somebody; null while it is not known or the device is offline, when nobody can know. */
  protected presenceOf(user: UserId): Presence | null {
    const account = this.account;
    if (!account) {
      return null;
    }
    const connection = this.read(account.connection).kind;
    return connection === "online" || connection === "syncing" ? this.read(account.presences).get(user) ?? null : null;
  }

  /** "online", "away", "seen at 10:41", or nothing. */
  protected presenceText(presence: Presence | null): string {
    switch (presence?.availability) {
      case "online": return this.t("presence.online");
      case "away": return this.t("presence.away");
      case "offline": return lastSeen(presence.lastSeen, clock.now(), this.locale);
      default: return "";
    }
  }

  /** A row that leads on, or does something: text before control, the hint below. */
  protected row(
    { label, hint, value, symbol, danger, open }:
    { label: unknown; hint?: unknown; value?: unknown; symbol?: IconName; danger?: boolean; open: () => void },
  ): TemplateResult {
    return html`<button type="button" class="setting ${danger ? "danger" : ""}" @click=${open}>
      ${symbol ? icon(symbol) : nothing}
      <span class="label">${label}${hint ? html`<span class="hint" dir="auto">${hint}</span>` : nothing}</span>
      ${value === undefined ? nothing : html`<span class="value">${value}</span>`}
    </button>`;
  }

  /** A row with a switch. */
  protected toggle(
    { label, hint, symbol, on, set, off }:
    { label: string; hint?: string; symbol?: IconName; on: boolean; set: (on: boolean) => void; off?: boolean },
  ): TemplateResult {
    return html`<label class="setting">
      ${symbol ? icon(symbol) : nothing}
      <span class="label">${label}${hint ? html`<span class="hint">${hint}</span>` : nothing}</span>
      <input type="checkbox" role="switch" class="switch" .checked=${on} ?disabled=${off ?? false}
        @change=${(event: Event) => set((event.target as HTMLInputElement).checked)} />
    </label>`;
  }

  /** A row with a choice of few. */
  protected segmented<T extends string>(
    { label, hint, options, value, set }:
    { label: string; hint?: string; options: readonly (readonly [T, string])[]; value: T; set: (value: T) => void },
  ): TemplateResult {
    return html`<div class="setting">
      <span class="label">${label}${hint ? html`<span class="hint">${hint}</span>` : nothing}</span>
      ${this.segments(label, options, value, set)}
    </div>`;
  }

  /** A choice of few beside each other: one stop for Tab, arrows choose. */
  protected segments<T extends string>(label: string, options: readonly (readonly [T, string])[], value: T, set: (value: T) => void): TemplateResult {
    const onKey = (event: KeyboardEvent): void => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) {
        return;
      }
      event.preventDefault();
      const by = this.rtl && /Left|Right/.test(event.key) ? -step : step;
      const next = (options.findIndex(([option]) => option === value) + by + options.length) % options.length;
      ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus();
      set(options[next]![0]);
    };
    return html`<span class="segmented" role="radiogroup" aria-label=${label} @keydown=${onKey}>${options.map(
      ([option, text]) => html`<button type="button" role="radio" aria-checked=${option === value} tabindex=${option === value ? 0 : -1}
        @click=${() => option !== value && set(option)}>${text}</button>`,
    )}</span>`;
  }

  /** The head of a panel: back to where it came from, its name, what it offers, and how to close it. */
  protected head(title: string, { back, actions, close }: { back?: () => void; actions?: unknown; close?: () => void }): TemplateResult {
    return html`<div class="pane-header" part="header">
      ${back ? html`<button type="button" class="icon-button back" aria-label=${this.t("common.back")} @click=${back}>${icon("back")}</button>` : nothing}
      <h2 tabindex="-1" aria-level=${this.alone ? 1 : nothing}>${title}</h2>${actions ?? nothing}
      ${close ? html`<button type="button" class="icon-button" aria-label=${this.t("common.close")} @click=${close}>${icon("close")}</button>` : nothing}
    </div>`;
  }

  /** After a page of the panel gave way to another, readers and keys go on at its title. */
  protected async focusHead(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("h2[tabindex]")?.focus({ preventScroll: true });
  }
}
