/** Asks for a choice or a text in a dialog. Nothing is lost by closing it. */

import { css, html, nothing, render, type LitElement, type TemplateResult } from "lit";
import { adopt } from "../base/adopt.ts";
import { icon } from "../base/icons.ts";
import type { StonechatDialog } from "../base/dialog.ts";
import "../base/dialog.ts";
import { isComposing } from "../base/focus.ts";
import type { Locale } from "../i18n/index.ts";
import { buttons, fields } from "../base/controls.ts";
import "../loaded.ts";
import "./words.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

export type Field =
  | { readonly kind: "emoji"; readonly name: string; readonly label: string; readonly value: string }
  | { readonly kind: "choice"; readonly name: string; readonly label?: string; readonly options: readonly Choice[]; readonly value: string }
  | {
    readonly kind: "text" | "lines";
    readonly name: string;
    readonly label: string;
    readonly hint?: string;
    readonly value?: string;
    /** It cannot be left empty. */
    readonly required?: boolean;
    /** The most bytes that the server takes. */
    readonly most: number;
  };

export interface Prompt {
  readonly title: string;
  readonly text?: string;
  readonly fields: readonly Field[];
  readonly yes: string;
  readonly no: string;
  readonly danger?: boolean;
}

/** What the fields need, whoever asks. */
const styles = [buttons, fields, css`
  .form { display: grid; gap: 16px; margin-block-start: 12px; text-align: start; color: var(--stonechat-color-text); }
  .choices { display: grid; }
  .emoji { display: flex; align-items: center; gap: 8px; }
  .emoji .button { min-width: 44px; padding-inline: 8px; }
  .emoji b { font: 22px/1 var(--stonechat-font-emoji); }
  .choice .hint { display: block; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); }
`];

const encoder = new TextEncoder();

/** What was entered, by the names of the fields; null where it was closed. */
export function prompt(host: LitElement & { readonly locale: Locale }, question: Prompt): Promise<Readonly<Record<string, string>> | null> {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    place.style.display = "contents";
    host.renderRoot.append(place);
    adopt(host.renderRoot, styles);
    let answer: Record<string, string> | null = null;
    const hide = (): void => (place.querySelector("stonechat-dialog") as StonechatDialog).hide();
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
      const long = question.fields.find((field) => (field.kind === "text" || field.kind === "lines") && encoder.encode(values[field.name]).length > field.most);
      if (long) {
        complain(form.elements.namedItem(long.name) as HTMLInputElement, host.locale.t("why.too_large"));
        return;
      }
      answer = values;
      hide();
    };
    // A Return in a text says that it is done; in lines it makes a new one, and one of an input method is not ours.
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.key === "Enter" && target.tagName === "INPUT" && !isComposing(event)) {
        event.preventDefault();
        (target.closest("form") as HTMLFormElement).requestSubmit();
      }
    };
    const first = question.fields[0];
    const picked = new Map<string, string>();
    const emoji: Emojis = {
      of: (field) => picked.get(field.name) ?? field.value,
      set: (field, value) => {
        picked.set(field.name, value);
        show();
      },
      pick: async (field, cause) => {
        const { openEmojiPicker } = await import("../chat/emoji-picker.ts");
        const dialog = place.querySelector("stonechat-dialog");
        if (dialog) openEmojiPicker({ renderRoot: dialog }, cause, (one) => emoji.set(field, one));
      },
    };
    const show = (): unknown => render(
      html`<stonechat-dialog open heading=${question.title} @close=${() => (place.remove(), resolve(answer))}>
        ${question.text ? html`<p>${question.text}</p>` : nothing}
        <form id="prompt" class="form" @submit=${submit} @keydown=${onKey}>${question.fields.map((field) => draw(field, field === first, host.locale, emoji))}</form>
        <button slot="buttons" type="button" class="button secondary" @click=${hide}>${question.no}</button>
        <button slot="buttons" type="submit" form="prompt" class="button ${question.danger ? "danger" : "primary"}">${question.yes}</button>
      </stonechat-dialog>`,
      place,
    );
    show();
  });
}

type EmojiField = Extract<Field, { kind: "emoji" }>;

interface Emojis {
  of(field: EmojiField): string;
  set(field: EmojiField, value: string): void;
  pick(field: EmojiField, cause: Element): Promise<void>;
}

/** Says at a field what is wrong with it, until it is changed. */
function complain(input: HTMLInputElement | HTMLTextAreaElement, why: string): void {
  input.setCustomValidity(why);
  input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
  input.reportValidity();
}

function draw(field: Field, isFirst: boolean, { t }: Locale, emoji: Emojis): TemplateResult {
  if (field.kind === "emoji") {
    const value = emoji.of(field);
    return html`<div>
      <span class="field-label" aria-hidden="true">${field.label}</span>
      <div class="emoji"><input type="hidden" name=${field.name} .value=${value} />
        <button type="button" class="button secondary" aria-haspopup="dialog" aria-label=${value ? `${field.label}, ${value}` : field.label}
          @click=${(event: Event) => void emoji.pick(field, event.currentTarget as Element)}>${value ? html`<b>${value}</b>` : icon("emoji")}</button>
        ${value ? html`<button type="button" class="button quiet" @click=${() => emoji.set(field, "")}>${t("common.clear")}</button>` : nothing}</div>
    </div>`;
  }
  if (field.kind === "choice") {
    return html`<fieldset class="choices" aria-label=${field.label ?? nothing}>
      ${field.label ? html`<legend class="field-label">${field.label}</legend>` : nothing}
      ${field.options.map((option) => html`<label class="choice">
        <input type="radio" class="radio" name=${field.name} value=${option.value} .checked=${option.value === field.value}
          ?autofocus=${isFirst && option.value === field.value} />
        <span>${option.label}${option.hint ? html`<span class="hint">${option.hint}</span>` : nothing}</span>
      </label>`)}
    </fieldset>`;
  }
  // A grapheme takes a byte at least: the exact check is in bytes, when it is sent.
  const inner = field.kind === "lines"
    ? html`<textarea id=${`f-${field.name}`} name=${field.name} dir="auto" maxlength=${field.most} .value=${field.value ?? ""}
        ?required=${field.required ?? false} ?autofocus=${isFirst} rows="3"></textarea>`
    : html`<input id=${`f-${field.name}`} name=${field.name} dir="auto" autocomplete="off" maxlength=${field.most} .value=${field.value ?? ""}
        ?required=${field.required ?? false} ?autofocus=${isFirst} />`;
  return html`<div>
    <label class="field-label" for=${`f-${field.name}`}>${field.label}</label>
    <div class="field">${inner}</div>
    ${field.hint ? html`<p class="field-hint">${field.hint}</p>` : nothing}
  </div>`;
}
