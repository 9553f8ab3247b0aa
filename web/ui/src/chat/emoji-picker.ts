/** `<stonechat-emoji-picker>`: search, what was used last, and all emoji, eight in a line. Loaded when it is opened first. */

import { css, html, nothing, type CSSResultGroup, type LitElement, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { customElement, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { isComposing, keepFocus } from "../base/focus.ts";
import { icon } from "../base/icons.ts";
import { fields } from "../base/controls.ts";
import { base, PHONE, scrollbars, surface } from "../base/styles.ts";
import type { Key } from "../i18n/index.ts";
import { findEmoji, readEmoji, toned, withRecent, type Emoji, type Tone } from "./emoji.ts";
import "../loaded.ts";
import "./index.ts";

const COLUMNS = 8;
const RECENT_MAX = 16;
const LONG_PRESS_MS = 450;
const GAP_PX = 6;
const EDGE_PX = 8;
const RECENT_AT = "stonechat.emoji.recent";
const TONE_AT = "stonechat.emoji.tone";
const STARTERS = ["👍", "❤️", "😄", "🎉", "🙏", "👏", "😂", "🔥"];
const TONES: readonly Tone[] = [0, 1, 2, 3, 4, 5];
const GROUPS: readonly Key[] = [
  "emoji.smileys", "emoji.nature", "emoji.food", "emoji.travel", "emoji.activities", "emoji.objects", "emoji.symbols", "emoji.flags",
];

function stored(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A page that may keep nothing begins anew each time.
  }
}

/** @csspart panel */
@customElement("stonechat-emoji-picker")
export class StonechatEmojiPicker extends StonechatElement {
  @state() private groups: readonly (readonly Emoji[])[] = [];
  @state() private wanted = "";
  /** The place of the active one among those that are shown. */
  @state() private at = 0;
  @state() private tone: Tone = Number(stored(TONE_AT)) as Tone;
  @state() private tonesOf: Emoji | null = null;
  @state() private recent: readonly string[] = stored(RECENT_AT).split(" ").filter(Boolean);

  @query("input") private input!: HTMLInputElement;
  @query("#all") private all!: HTMLElement;

  private picked: (emoji: string) => void = () => undefined;
  private cause: Element | null = null;
  private giveBack: (() => void) | null = null;
  private press: ReturnType<typeof setTimeout> | undefined;
  private wasHeld = false;
  private shown: readonly Emoji[] = [];

  static override styles: CSSResultGroup = [base, surface, fields, scrollbars, css`
    :host { position: fixed; inset: auto; margin: 0; border: 0; padding: 10px 0 0; width: 328px; max-width: calc(100vw - 16px); border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-2); overflow: hidden; }
    .search { margin: 0 10px 4px; }
    .scroller { height: 300px; max-height: 48dvh; padding: 0 10px 8px; scrollbar-gutter: stable; }
    section { content-visibility: auto; contain-intrinsic-size: auto 400px; }
    h2 { padding: 10px 6px 4px; font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); }
    .grid { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); row-gap: 2px; }
    .grid button { display: grid; place-items: center; height: 38px; border-radius: 9px; font: 22px/1 var(--stonechat-font-emoji); }
    .grid button:hover, .grid .active { background: var(--stonechat-color-hover); }
    .grid .active { outline: 2px solid var(--stonechat-color-focus); outline-offset: -2px; }
    .scroller:focus-visible { outline-offset: -2px; }
    .none { padding: 24px 12px; text-align: center; color: var(--stonechat-color-text-muted); font-size: var(--stonechat-font-size-small); overflow-wrap: anywhere; }
    .tones { padding: 0 10px; }
    .tones .grid { grid-template-columns: repeat(6, 1fr); }
    :host([sheet]) { inset: auto 0 0; width: auto; max-width: none; padding-block-end: env(safe-area-inset-bottom); border-radius: var(--stonechat-radius-xl) var(--stonechat-radius-xl) 0 0; box-shadow: var(--stonechat-shadow-3); }
    :host([sheet])::backdrop { background: var(--stonechat-color-scrim); }
    @media (pointer: coarse) { .grid button { height: 44px; } }
    @media (forced-colors: active) { :host { border: 1px solid CanvasText; } }
  `];

  /** Opens it beside its cause. The element is in the document already. */
  async open(cause: Element, picked: (emoji: string) => void): Promise<void> {
    [this.cause, this.picked, this.giveBack] = [cause, picked, keepFocus()];
    this.toggleAttribute("sheet", matchMedia(PHONE).matches);
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-label", this.t("emoji.title"));
    const [{ default: data }, words] = await Promise.all([
      import("./emoji-data.ts"),
      this.locale.language === "zh" ? import("./emoji-words-zh.ts") : null,
    ]);
    this.groups = readEmoji(data, words?.default);
    await this.updateComplete;
    if (!this.isConnected) {
      return;
    }
    this.popover = "manual";
    this.showPopover();
    this.place();
    // A keyboard on the screen would cover what it is to search.
    (this.hasAttribute("sheet") ? this.all : this.input).focus({ preventScroll: true });
    addEventListener("pointerdown", this.outside, true);
    addEventListener("keydown", this.escape, true);
    addEventListener("resize", this.close);
  }

  readonly close = (): void => {
    removeEventListener("pointerdown", this.outside, true);
    removeEventListener("keydown", this.escape, true);
    removeEventListener("resize", this.close);
    const isInside = this.matches(":focus-within");
    this.remove();
    if (isInside) {
      this.giveBack?.();
    }
  };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.press);
    removeEventListener("pointerdown", this.outside, true);
    removeEventListener("keydown", this.escape, true);
    removeEventListener("resize", this.close);
  }

  private readonly outside = (event: Event): void => {
    const path = event.composedPath();
    if (path.includes(this)) {
      return;
    }
    if (this.cause !== null && path.includes(this.cause)) {
      // The click that follows would open it again.
      addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
    }
    this.close();
  };

  /** Escape closes it even where another part has taken the focus. */
  private readonly escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !isComposing(event) && !event.composedPath().includes(this)) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  };

  private place(): void {
    if (this.hasAttribute("sheet") || this.cause === null) {
      return;
    }
    const { width, height } = this.getBoundingClientRect();
    const box = this.cause.getBoundingClientRect();
    const above = box.top - height - GAP_PX;
    const below = box.bottom + GAP_PX;
    const y = above >= EDGE_PX ? above : Math.min(below, innerHeight - height - EDGE_PX);
    const x = this.rtl ? box.right - width : box.left;
    this.style.top = `${Math.max(EDGE_PX, y)}px`;
    this.style.left = `${Math.min(Math.max(EDGE_PX, x), innerWidth - width - EDGE_PX)}px`;
  }

  private choose(one: Emoji | undefined, isKept: boolean, tone = this.tone): void {
    if (one === undefined) {
      return;
    }
    const emoji = toned(one, tone);
    this.recent = withRecent(this.recent, emoji, RECENT_MAX);
    store(RECENT_AT, this.recent.join(" "));
    this.picked(emoji);
    if (!isKept) {
      this.close();
    }
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (isComposing(event)) {
      return;
    }
    const side = this.rtl ? -1 : 1;
    const isEmpty = this.input.value === "";
    let by = 0;
    switch (event.key) {
      case "ArrowDown": by = COLUMNS; break;
      case "ArrowUp": by = -COLUMNS; break;
      case "ArrowRight": by = isEmpty || event.target !== this.input || this.at > 0 ? side : 0; break;
      case "ArrowLeft": by = isEmpty || event.target !== this.input || this.at > 0 ? -side : 0; break;
      case "Enter": this.choose(this.shown[this.at], event.shiftKey); break;
      case "Escape":
        if (this.tonesOf === null) {
          this.close();
        } else {
          this.tonesOf = null;
        }
        break;
      case "Tab": this.close(); return;
      default:
        event.stopPropagation();
        return;
    }
    if (by === 0 && event.key.startsWith("Arrow")) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (by !== 0) {
      this.at = Math.min(Math.max(this.at + by, 0), this.shown.length - 1);
      void this.updateComplete.then(() => this.renderRoot.querySelector(".active")?.scrollIntoView({ block: "nearest" }));
    }
  };

  private onInput(): void {
    // What an input method is composing is no query yet.
    this.wanted = this.input.value.trim();
    this.at = 0;
  }

  private emojiAt(event: Event): Emoji | undefined {
    const button = (event.target as Element).closest<HTMLElement>("button[data-at]");
    return button === null ? undefined : this.shown[Number(button.dataset.at)];
  }

  private readonly onClick = (event: MouseEvent): void => {
    if (this.wasHeld) {
      this.wasHeld = false;
      return;
    }
    this.choose(this.emojiAt(event), event.shiftKey);
  };

  private readonly onDown = (event: PointerEvent): void => {
    const one = this.emojiAt(event);
    this.wasHeld = false;
    clearTimeout(this.press);
    // The field keeps the focus.
    event.preventDefault();
    if (one?.hasTones) {
      this.press = setTimeout(() => {
        this.wasHeld = true;
        this.tonesOf = one;
      }, LONG_PRESS_MS);
    }
  };

  private readonly onUp = (): void => clearTimeout(this.press);

  private readonly onMenu = (event: Event): void => {
    const one = this.emojiAt(event);
    event.preventDefault();
    if (one?.hasTones) {
      this.tonesOf = one;
    }
  };

  private chooseTone(one: Emoji, tone: Tone): void {
    this.tone = tone;
    store(TONE_AT, String(tone));
    this.tonesOf = null;
    this.choose(one, false, tone);
  }

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const found = this.wanted === "" ? null : findEmoji(this.groups, this.wanted);
    const plain = (emoji: string): Emoji => ({ emoji, hasTones: false, words: "" });
    const sections: { title: string; of: readonly Emoji[] }[] = found !== null
      ? [{ title: "", of: found }]
      : [
          { title: t("emoji.recent"), of: (this.recent.length > 0 ? this.recent : STARTERS).map(plain) },
          ...this.groups.map((of, at) => ({ title: t(GROUPS[at] as Key), of })),
        ];
    this.shown = sections.flatMap(({ of }) => of);
    let place = 0;
    return html`
      <div class="search" part="search">${icon("search", "s")}<input type="search" role="combobox" aria-expanded="true" aria-controls="all" autocomplete="off"
        aria-label=${t("emoji.search")} placeholder=${t("emoji.search")} aria-activedescendant=${this.shown.length > 0 ? `e${this.at}` : nothing}
        @input=${this.onInput} @keydown=${this.onKey} /></div>
      ${this.tonesOf === null ? nothing : this.tones(this.tonesOf)}
      <div id="all" class="scroller" role="listbox" tabindex="-1" aria-label=${t("emoji.title")} @keydown=${this.onKey} @click=${this.onClick} @pointerdown=${this.onDown}
        @pointerup=${this.onUp} @pointercancel=${this.onUp} @contextmenu=${this.onMenu}>
        ${found?.length === 0 ? html`<p class="none">${t("emoji.none", { text: this.wanted })}</p>` : nothing}
        ${sections.map(({ title, of }, section) => {
          const from = place;
          place += of.length;
          const active = this.at >= from && this.at < place ? this.at : -1;
          return guard([of, title, active, this.tone, from], () => html`<section role="group" aria-label=${title || t("emoji.search")}>
            ${title ? html`<h2 aria-hidden="true">${title}</h2>` : nothing}
            <div class="grid" role="presentation" data-section=${section}>${of.map((one, at) => html`<button type="button" role="option" tabindex="-1" id=${`e${from + at}`}
              data-at=${from + at} class=${from + at === active ? "active" : ""} aria-selected=${from + at === active}>${toned(one, this.tone)}</button>`)}</div>
          </section>`);
        })}
      </div>`;
  }

  private tones(one: Emoji): TemplateResult {
    return html`<div class="tones" role="group" aria-label=${this.t("emoji.tones")}><div class="grid">${TONES.map((tone) =>
      html`<button type="button" @click=${() => this.chooseTone(one, tone)}>${toned(one, tone)}</button>`)}</div></div>`;
  }
}

/** Opens a picker in the shadow root of `host`, so that it has its language and its colours. */
/** `host` is where it stands: what is not in an open dialog cannot be reached. */
export function openEmojiPicker(host: Pick<LitElement, "renderRoot">, cause: Element, picked: (emoji: string) => void): StonechatEmojiPicker {
  const picker = document.createElement("stonechat-emoji-picker");
  host.renderRoot.append(picker);
  void picker.open(cause, picked);
  return picker;
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-emoji-picker": StonechatEmojiPicker;
  }
}
