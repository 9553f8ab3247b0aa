/** All keys. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, property } from "../base/decorators.ts";
import { DEFAULT_CHOICES, type Choices } from "../base/events.ts";
import type { Key } from "../i18n/index.ts";
import { Section } from "./section.ts";

type Keys = readonly (readonly [readonly string[], Key])[];

const EVERYWHERE: Keys = [
  [["Ctrl K"], "keys.go"], [["Alt ↑", "Alt ↓"], "keys.switch"], [["Alt Shift ↓"], "keys.next_unread"], [["Ctrl N", "Alt N"], "keys.new"],
  [["Ctrl F"], "keys.find"], [["F6", "Shift F6"], "keys.panes"], [["Esc"], "keys.escape"], [["?"], "keys.all"],
];
const TIMELINE: Keys = [
  [["↑", "↓", "Home", "End"], "keys.move"], [["End", "Ctrl End"], "keys.latest"], [["R"], "keys.reply"], [["E"], "keys.edit"], [["F"], "keys.forward"],
  [["S"], "keys.star"], [["Del"], "keys.delete"], [["1 – 5"], "keys.react"], [["Space"], "keys.mark"], [["Shift F10"], "keys.menu"],
];
const LIST: Keys = [[["U"], "keys.unread"], [["P"], "keys.pin"], [["M"], "keys.mute"], [["A"], "keys.archive"]];

@customElement("stonechat-settings-keys")
export class StonechatSettingsKeys extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .key { display: flex; align-items: center; gap: 12px; min-height: 44px; padding: 8px 16px; font-size: 0.875rem; line-height: 1.25rem; }
    dt { flex: 1; min-width: 0; }
    dd { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 4px; direction: ltr; }
    kbd { padding: 3px 7px; font-size: var(--stonechat-font-size-meta); }
  `];

  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;

  protected override render(): TemplateResult {
    const [send, line] = this.choices.enterSends ? ["Enter", "Shift Enter"] : ["Ctrl Enter", "Enter"];
    const writing: Keys = [[[send], "keys.just_send"], [[line], "keys.newline"], [["↑"], "keys.edit_last"]];
    return html`${this.keys("keys.everywhere", EVERYWHERE)}${this.keys("keys.writing", writing)}${this.keys("keys.in_timeline", TIMELINE)}${this.keys("keys.in_list", LIST)}`;
  }

  private keys(title: Key, keys: Keys): TemplateResult {
    return html`<section><h3>${this.t(title)}</h3><dl class="plate">${keys.map(([names, what]) => html`<div class="key">
      <dt>${this.t(what)}</dt><dd>${names.map((name) => html`<kbd>${name}</kbd>`)}</dd></div>`)}</dl></section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-keys": StonechatSettingsKeys;
  }
}
