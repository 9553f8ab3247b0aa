/** The user's folders: make, rename, order, remove, and what is in each. */

import { css, html, render, type CSSResultGroup, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ConversationList, ConversationSummary } from "@stonechat/sdk";
import { customElement } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import { FOLDER_BYTES_MAX, folderName, FOLDERS_MAX, foldersOf, renameFolder, saveFolders } from "../list/folders.ts";
import { prompt } from "./prompt.ts";
import { Section } from "./section.ts";

@customElement("stonechat-settings-folders")
export class StonechatSettingsFolders extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .setting { flex-wrap: nowrap !important; }
    .up svg { transform: rotate(180deg); }
    .pick { padding: 0 12px 12px; }
    .member { cursor: pointer; }
  `];

  private list: ConversationList | null = null;
  private listOf: unknown = null;

  protected override willUpdate(): void {
    if (this.account !== this.listOf) {
      this.list?.close();
      this.listOf = this.account;
      this.list = this.account?.conversations({ archived: "any" }) ?? null;
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.list?.close();
    this.list = this.listOf = null;
  }

  private get items(): readonly ConversationSummary[] {
    return this.list ? this.read(this.list.items) : [];
  }

  protected override render(): unknown {
    const { account } = this;
    if (!account) {
      return "";
    }
    const { t } = this.locale;
    const { items } = this;
    const names = foldersOf(this.read(account.profile), items);
    return html`<section><div class="plate">
      ${names.length === 0 ? html`<p class="note">${t("settings.folder_none")}</p>` : ""}
      ${repeat(names, (name) => name, (name, at) => this.folder(name, at, names))}
      ${names.length < FOLDERS_MAX
        ? html`<button type="button" class="setting act" @click=${() => void this.make(names)}>${icon("plus")}<span class="label">${t("settings.folder_make")}</span></button>`
        : html`<p class="note">${t("settings.folder_most", { n: FOLDERS_MAX })}</p>`}
    </div><p class="plate-note">${t("settings.folders_note")}</p></section>`;
  }

  private folder(name: string, at: number, names: readonly string[]): TemplateResult {
    const { t } = this.locale;
    const n = this.items.filter((item) => item.preferences.folders.includes(name)).length;
    const menu = (event: Event): void => {
      openMenu(this, { label: t("settings.folder_menu", { name }), at: event.currentTarget as Element, items: [
        { label: t("settings.folder_pick"), icon: "chat", run: () => this.pick(name) },
        { label: t("folder.rename"), icon: "edit", run: () => void this.rename(name, names) }, null,
        { label: t("folder.remove"), icon: "trash", danger: true, run: () => void this.takeAway(name) },
      ] });
    };
    const move = (by: number): void => {
      const next = names.toSpliced(at, 1).toSpliced(at + by, 0, name);
      void this.act("order", () => saveFolders(this.account!, next));
    };
    return html`<div class="setting">${icon("folder")}
      <span class="label"><bdi>${name}</bdi><span class="hint">${t("settings.folder_count", { n })}</span></span>
      ${at > 0 ? html`<button type="button" class="icon-button up" aria-label=${t("settings.folder_up", { name })} @click=${() => move(-1)}>${icon("down", "s")}</button>` : ""}
      ${at < names.length - 1 ? html`<button type="button" class="icon-button" aria-label=${t("settings.folder_down", { name })} @click=${() => move(1)}>${icon("down", "s")}</button>` : ""}
      <button type="button" class="icon-button" aria-haspopup="menu" aria-label=${t("settings.folder_menu", { name })} @click=${menu}>${icon("more")}</button></div>`;
  }

  /** A name that is free; null where there is none. */
  private async nameFor(title: string, before: string, names: readonly string[]): Promise<string | null> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title,
      fields: [{ kind: "text", name: "name", label: t("folder.name"), value: before, required: true, most: FOLDER_BYTES_MAX }],
      yes: t("common.save"), no: t("common.cancel"),
    });
    if (!answer?.name || answer.name === before) {
      return null;
    }
    const name = folderName(answer.name, names);
    if (name === null) {
      this.emit("stonechat-toast", { text: t("settings.folder_exists"), danger: true });
    }
    return name;
  }

  private async make(names: readonly string[]): Promise<void> {
    const name = await this.nameFor(this.t("folder.new"), "", names);
    if (name !== null && (await this.act("make", () => saveFolders(this.account!, [...names, name])))) {
      this.pick(name);
    }
  }

  private async rename(before: string, names: readonly string[]): Promise<void> {
    const name = await this.nameFor(this.t("folder.rename"), before, names);
    if (name !== null) {
      await this.act("rename", () => renameFolder(this.account!, this.items, before, name));
    }
  }

  private async takeAway(name: string): Promise<void> {
    const { t } = this.locale;
    const yes = await ask(this, { title: t("folder.remove_ask", { folder: name }), text: t("folder.remove_text"), yes: t("folder.remove"), no: t("common.cancel"), danger: true });
    if (yes) {
      await this.act("remove", () => renameFolder(this.account!, this.items, name, null));
    }
  }

  /** Which conversations are in it; each press counts at once. */
  private pick(folder: string): void {
    const place = document.createElement("div");
    place.style.display = "contents";
    this.renderRoot.append(place);
    const toggle = async (item: ConversationSummary, isIn: boolean): Promise<void> => {
      const before = this.account!.summary(item.id).get()?.preferences.folders ?? item.preferences.folders;
      const folders = isIn ? [...before.filter((name) => name !== folder), folder] : before.filter((name) => name !== folder);
      await this.act("pick", () => this.account!.conversation(item.id).setFolders(folders));
    };
    const { t } = this.locale;
    render(html`<stonechat-dialog wide open heading=${folder} @close=${() => place.remove()}>
      <ul class="pick" role="list">${this.items.map((item) => html`<li><label class="member">${this.avatarOfConversation(item)}
        <span><span class="name"><bdi class="clip">${this.titleOf(item)}</bdi></span></span>
        <input type="checkbox" class="check" .checked=${item.preferences.folders.includes(folder)}
          @change=${(event: Event) => void toggle(item, (event.target as HTMLInputElement).checked)} /></label></li>`)}</ul>
      <button slot="buttons" type="button" class="button secondary" @click=${() => place.querySelector("stonechat-dialog")!.hide()}>${t("common.done")}</button>
    </stonechat-dialog>`, place);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-folders": StonechatSettingsFolders;
  }
}
