/**
 * Menus: beside their cause, or a sheet at the foot of a phone. They stand in the top layer, take the keyboard, and give
 * the focus back.
 */

import { css, html, LitElement, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, state } from "./decorators.ts";
import { isComposing, keepFocus } from "./focus.ts";
import { icon, type IconName } from "./icons.ts";
import { buttons } from "./controls.ts";
import { base, PHONE } from "./styles.ts";
import "../loaded.ts";

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
  readonly icon?: IconName;
  /** Its shortcut, told at the end. */
  readonly key?: string;
  /** Last, apart, and in another colour. */
  readonly danger?: boolean;
  /** One that can be on or off. */
  readonly checked?: boolean;
}

export interface MenuOptions {
  /** What is not allowed is not in it. `null` draws a line. */
  readonly items: readonly (MenuItem | null)[];
  /** For readers. */
  readonly label: string;
  /** Its cause, or a point of the window. */
  readonly at: Element | { readonly x: number; readonly y: number };
  /** Above the items, such as a row of reactions: its buttons have role `menuitem` too. `close` ends the menu. */
  readonly head?: (close: () => void) => TemplateResult;
  /** It is there, as a sheet: it covers what is at the foot of the window. */
  readonly covers?: (sheet: StonechatMenu) => void;
  /** It is gone. */
  readonly closed?: () => void;
}

const GAP_PX = 4;
const EDGE_PX = 8;
/** Letters typed within this belong to one word. */
const TYPEAHEAD_MS = 600;

@customElement("stonechat-menu")
export class StonechatMenu extends LitElement {
  @state() options: MenuOptions | null = null;

  private giveBack: (() => void) | null = null;
  private typed = "";
  private typedAt = 0;
  private sheet = false;
  private pressed = false;

  static override styles: CSSResultGroup = [
    base,
    buttons,
    css`
      :host { position: fixed; inset: auto; margin: 0; border: 0; padding: 6px; width: max-content; min-width: 200px; max-width: min(320px, calc(100vw - 16px)); max-height: calc(100dvh - 16px); overflow: auto; border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-2); font-size: 0.875rem; line-height: 1.25rem; color: var(--stonechat-color-text); opacity: 1; transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-out), transform var(--stonechat-time-standard) var(--stonechat-ease-out); }
      @starting-style { :host(:popover-open) { opacity: 0; transform: translateY(-4px); } }
      .item { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 34px; padding: 4px 10px; border-radius: 8px; }
      .item > .icon { width: 18px; height: 18px; color: var(--stonechat-color-icon); }
      .item:is(:hover, :focus) { background: var(--stonechat-color-hover); }
      .item:focus-visible { outline-offset: -2px; }
      .item .label { flex: 1; min-width: 0; }
      .item kbd { box-shadow: none; background: none; padding: 0; font-size: var(--stonechat-font-size-meta); font-weight: var(--stonechat-weight-regular); }
      .danger, .danger .icon { color: var(--stonechat-color-danger-text) !important; }
      [role="separator"] { height: 1px; margin: 6px 10px; background: var(--stonechat-color-rim); }
      [data-row] { display: flex; justify-content: space-between; padding: 2px 2px 8px; margin-block-end: 6px; border-block-end: 1px solid var(--stonechat-color-rim); }
      [data-row] button { display: grid; place-items: center; width: 32px; height: 32px; border-radius: 50%; font-size: 19px; line-height: 1; color: var(--stonechat-color-icon); }
      [data-row] button:is(:hover, :focus) { background: var(--stonechat-color-hover); }
      :host([sheet]) [data-row] { padding: 0 6px 10px; }
      :host([sheet]) [data-row] button { width: 48px; height: 48px; font-size: 27px; }
      .grip { display: none; }
      :host([sheet]) { inset: auto 0 0; width: auto; max-width: none; max-height: 85dvh; padding: 8px 10px calc(20px + env(safe-area-inset-bottom)); border-radius: var(--stonechat-radius-xl) var(--stonechat-radius-xl) 0 0; box-shadow: var(--stonechat-shadow-3); font-size: 1rem; line-height: 1.5rem; transition-duration: var(--stonechat-time-gentle); }
      :host([sheet])::backdrop { background: var(--stonechat-color-scrim); }
      @starting-style { :host([sheet]:popover-open) { opacity: 0; transform: translateY(24px); } }
      :host([sheet]) .grip { display: block; width: 36px; height: 4px; border-radius: 2px; margin: 0 auto 10px; background: var(--stonechat-color-line-strong); opacity: 0.5; }
      :host([sheet]) .item { min-height: 48px; gap: 14px; padding-inline: 12px; border-radius: var(--stonechat-radius-m); }
      :host([sheet]) .item > .icon { width: 22px; height: 22px; }
      :host([sheet]) kbd { display: none; }
      @media (pointer: coarse) { .item { min-height: 44px; } }
      @media (forced-colors: active) { :host { border: 1px solid CanvasText; } }
    `,
  ];

  /** Opens it. The element is in the document already. */
  async open(options: MenuOptions): Promise<void> {
    this.giveBack = keepFocus();
    this.options = options;
    this.sheet = matchMedia(PHONE).matches;
    this.toggleAttribute("sheet", this.sheet);
    this.setAttribute("role", "menu");
    this.setAttribute("aria-label", options.label);
    this.popover = "manual";
    await this.updateComplete;
    if (!this.isConnected) return;
    this.showPopover();
    if (this.sheet) options.covers?.(this);
    else this.place(options.at);
    this.entries()[0]?.focus({ preventScroll: true });
    addEventListener("keydown", this.onKey, true);
    addEventListener("pointerdown", this.outside, true);
    addEventListener("resize", this.leave);
    addEventListener("blur", this.leave);
    addEventListener("scroll", this.scrolled, true);
  }

  close = (): void => {
    if (!this.options) return;
    const { closed } = this.options;
    this.options = null;
    removeEventListener("keydown", this.onKey, true);
    removeEventListener("pointerdown", this.outside, true);
    removeEventListener("resize", this.leave);
    removeEventListener("blur", this.leave);
    removeEventListener("scroll", this.scrolled, true);
    const inside = this.matches(":focus-within");
    if (this.matches(":popover-open")) this.hidePopover();
    if (inside) this.giveBack?.();
    this.giveBack = null;
    this.remove();
    closed?.();
  };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.close();
  }

  private leave = (): void => this.close();

  /** A finger that opened a sheet and is lifted over one of its entries has chosen nothing. */
  private readonly clicks = {
    capture: true,
    handleEvent: (event: MouseEvent): void => {
      if (event.detail > 0 && !this.pressed) event.stopPropagation();
    },
  };

  private scrolled = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.close();
  };

  private outside = (event: PointerEvent): void => {
    if (event.composedPath().includes(this)) return;
    // What is under a sheet is not meant; what is beside a menu is.
    if (this.sheet) {
      event.preventDefault();
      event.stopPropagation();
      addEventListener("click", (click) => (click.preventDefault(), click.stopPropagation()), { capture: true, once: true });
    }
    this.close();
  };

  /** At the end of its cause, within 8 px; it turns where it would leave the window. */
  private place(at: MenuOptions["at"]): void {
    const { width, height } = this.getBoundingClientRect();
    const element = at instanceof Element;
    const box = element ? at.getBoundingClientRect() : new DOMRect(at.x, at.y, 0, 0);
    const rtl = this.matches(":dir(rtl)");
    // From a point it grows towards the end; under a button its end is the end of the button where there is no room.
    let x = rtl ? box.right - width : box.left;
    if (element && (rtl ? x < EDGE_PX : x + width > innerWidth - EDGE_PX)) x = rtl ? box.left : box.right - width;
    let y = box.bottom + (element ? GAP_PX : 0);
    if (y + height > innerHeight - EDGE_PX) y = Math.max(EDGE_PX, box.top - height - (element ? GAP_PX : 0));
    x = Math.min(Math.max(EDGE_PX, x), innerWidth - width - EDGE_PX);
    this.style.left = `${x}px`;
    this.style.top = `${y}px`;
  }

  private entries(): HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  }

  private choose(item: MenuItem): void {
    this.close();
    item.run();
  }

  /** Whoever has the focus meanwhile: keys are for the menu as long as it is open. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    const entries = this.entries();
    const at = entries.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLElement);
    const step = (by: number): void => entries[(at + by + entries.length) % entries.length]?.focus();
    // In a row of reactions the arrows to the sides move; elsewhere they do nothing.
    const sideways = entries[at]?.closest("[data-row]") ? (this.matches(":dir(rtl)") ? -1 : 1) : 0;
    switch (event.key) {
      case "ArrowDown": step(1); break;
      case "ArrowUp": step(-1); break;
      case "ArrowRight": if (sideways) step(sideways); break;
      case "ArrowLeft": if (sideways) step(-sideways); break;
      case "Home": entries[0]?.focus(); break;
      case "End": entries.at(-1)?.focus(); break;
      case "Escape": this.close(); break;
      case "Tab": this.close(); break;
      case "Enter":
      case " ": entries[at]?.click(); break;
      default:
        if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
        this.typeahead(event.key, entries, at);
    }
    event.preventDefault();
    event.stopPropagation();
  };

  private typeahead(letter: string, entries: readonly HTMLElement[], at: number): void {
    const now = performance.now();
    this.typed = now - this.typedAt > TYPEAHEAD_MS ? letter : this.typed + letter;
    this.typedAt = now;
    const wanted = this.typed.toLocaleLowerCase();
    // The same letter again goes on to the next; a longer word stays where it fits.
    const from = this.typed.length === 1 ? at + 1 : at;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(from + i) % entries.length]!;
      if (entry.textContent.trim().toLocaleLowerCase().startsWith(wanted)) return entry.focus();
    }
  }

  protected override render(): unknown {
    const options = this.options;
    if (!options) return nothing;
    return html`<div role="none" @pointerdown=${() => (this.pressed = true)} @click=${this.clicks} @contextmenu=${(event: Event) => event.preventDefault()}>
      <span class="grip"></span>
      ${options.head?.(this.close)}
      ${options.items.map((item) => (item ? this.item(item) : html`<div role="separator"></div>`))}
    </div>`;
  }

  private item(item: MenuItem): TemplateResult {
    const checkable = item.checked !== undefined;
    return html`<button type="button" tabindex="-1" class="item ${item.danger ? "danger" : ""}"
      role=${checkable ? "menuitemcheckbox" : "menuitem"} aria-checked=${checkable ? String(item.checked) : nothing}
      @click=${() => this.choose(item)}>
      ${item.icon ? icon(item.icon) : nothing}<span class="label">${item.label}</span>
      ${item.checked ? icon("check") : nothing}${item.key ? html`<kbd aria-hidden="true">${item.key}</kbd>` : nothing}
    </button>`;
  }
}

/** Opens a menu in the shadow root of `host`, so that it has its language, direction and colours. */
export function openMenu(host: LitElement, options: MenuOptions): StonechatMenu {
  const menu = document.createElement("stonechat-menu");
  host.renderRoot.append(menu);
  void menu.open(options);
  return menu;
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-menu": StonechatMenu;
  }
}
