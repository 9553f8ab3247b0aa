/** How it looks and which language it speaks: on this device. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, property } from "../base/decorators.ts";
import { DEFAULT_CHOICES, type Choices } from "../base/events.ts";
import { LANGUAGES } from "../i18n/index.ts";
import { Section } from "./section.ts";

const reducesMotion = "(prefers-reduced-motion: reduce)";

@customElement("stonechat-settings-look")
export class StonechatSettingsLook extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .themes { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px; padding: 16px; }
    .theme { display: grid; align-content: start; gap: 8px; font-size: 0.875rem; line-height: 1.25rem; cursor: pointer; }
    .preview { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; height: 92px; border-radius: 12px; overflow: hidden; box-shadow: 0 0 0 1px var(--stonechat-color-line); }
    .theme:has(:checked) .preview { box-shadow: 0 0 0 2px var(--stonechat-color-raised), 0 0 0 4px var(--stonechat-color-accent); }
    .theme:has(:focus-visible) .preview { outline: 2px solid var(--stonechat-color-focus); outline-offset: 6px; }
    .theme input:focus-visible { outline: none; }
    .cap { display: flex; align-items: center; gap: 8px; justify-content: center; text-align: center; }
    .mini { background: var(--stonechat-color-canvas); padding: 12px; display: grid; align-content: center; gap: 5px; }
    .mini.light { color-scheme: light; }
    .mini.dark { color-scheme: dark; }
    .mini i { display: block; width: 58%; height: 13px; border-radius: 7px; background: var(--stonechat-color-bubble-other); box-shadow: var(--stonechat-shadow-bubble); }
    .mini i:nth-child(2) { width: 46%; background: var(--stonechat-color-bubble-own); box-shadow: none; margin-inline-start: auto; }
    .mini i:nth-child(3) { width: 42%; }
    @media (max-width: 719px) { .themes { gap: 10px; padding: 12px; } .preview { height: 72px; } .cap { flex-direction: column; gap: 4px; } }
  `];

  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;

  private set(change: Partial<Choices>): void {
    this.emit("stonechat-appearance", change);
  }

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const { choices } = this;
    return html`
      <section><h3 id="theme">${t("settings.theme")}</h3><div class="plate"><div class="themes" role="radiogroup" aria-labelledby="theme">
        ${this.theme("system", ["light", "dark"])}${this.theme("light", ["light"])}${this.theme("dark", ["dark"])}
      </div></div></section>
      <section><h3>${t("settings.reading")}</h3><div class="plate">
        ${this.segmented({
          label: t("settings.text_size"), value: choices.textSize, set: (textSize) => this.set({ textSize }),
          options: [["small", t("settings.text_small")], ["standard", t("settings.text_standard")], ["large", t("settings.text_large")]],
        })}
        ${this.segmented({
          label: t("settings.density"), hint: t("settings.density_hint"), value: choices.density, set: (density) => this.set({ density }),
          options: [["comfortable", t("settings.comfortable")], ["compact", t("settings.compact")]],
        })}
        ${this.toggle({ label: t("settings.enter"), hint: t("settings.enter_hint"), on: choices.enterSends, set: (enterSends) => this.set({ enterSends }) })}
        <div class="setting"><span class="label">${t("settings.motion")}<span class="hint">${t("settings.motion_hint")}</span></span>
          <span class="value">${t(matchMedia(reducesMotion).matches ? "settings.on" : "settings.off")}</span></div>
      </div></section>`;
  }

  private theme(name: Choices["theme"], halves: readonly ("light" | "dark")[]): TemplateResult {
    return html`<label class="theme">
      <span class="preview" aria-hidden="true">${halves.map((half) => html`<span class="mini ${half}"><i></i><i></i><i></i></span>`)}</span>
      <span class="cap"><input type="radio" class="radio" name="theme" value=${name} .checked=${this.choices.theme === name}
        @change=${() => this.set({ theme: name })} />${this.t(`settings.theme_${name}`)}</span>
    </label>`;
  }
}

@customElement("stonechat-settings-language")
export class StonechatSettingsLanguage extends Section {
  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;

  protected override render(): TemplateResult {
    const options = [{ code: "", name: this.t("settings.language_browser") }, ...LANGUAGES];
    return html`<section><div class="plate" role="radiogroup" aria-label=${this.t("settings.language")}>
      ${options.map(({ code, name }) => html`<label class="setting">
        <span class="label" lang=${code || this.locale.language}>${name}</span>
        <input type="radio" class="radio" name="language" value=${code} .checked=${this.choices.language === code}
          @change=${() => this.emit("stonechat-appearance", { language: code })} /></label>`)}
      </div><p class="plate-note">${this.t("settings.language_note")}</p></section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-look": StonechatSettingsLook;
    "stonechat-settings-language": StonechatSettingsLanguage;
  }
}
