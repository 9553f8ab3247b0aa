/** The class under the sections of the settings: they stand in the column of the page. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { icon } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import { Panel } from "./panel.ts";
import { panelStyles } from "./styles.ts";

export abstract class Section extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, panelStyles, css`
    :host { display: grid; gap: 28px; grid-template-columns: minmax(0, 1fr); background: none; }
    h3 { font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); margin: 0 4px 8px; }
    .identity h3 { margin: 0; font-size: var(--stonechat-font-size-title); line-height: var(--stonechat-line-title); color: var(--stonechat-color-text); }
    @media (max-width: 719px) { :host { gap: 22px; } }
  `];

  /** A row with one of a few values, which a menu changes. */
  protected choiceRow<T extends string>(
    { label, hint, options, value, set }:
    { label: string; hint?: string; options: readonly (readonly [T, string])[]; value: T | undefined; set: (value: T) => void },
  ): TemplateResult {
    const choose = (event: Event): void => {
      openMenu(this, {
        label, at: event.currentTarget as Element,
        items: options.map(([option, text]) => ({ label: text, checked: option === value, run: () => option !== value && set(option) })),
      });
    };
    return html`<button type="button" class="setting" aria-haspopup="menu" @click=${choose}>
      <span class="label">${label}${hint ? html`<span class="hint">${hint}</span>` : ""}</span>
      <span class="value">${options.find(([option]) => option === value)?.[1] ?? ""}${icon("next", "s")}</span>
    </button>`;
  }
}
