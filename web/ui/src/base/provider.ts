/**
 * `<stonechat-provider>`: gives the account, the language and the look to the components inside it, and shows their
 * remarks.
 */

import type { Account, EndReason } from "@stonechat/sdk";
import { css, html, LitElement, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { loadedLocale, loadLocale } from "../i18n/index.ts";
import { accountContext, localeContext, Provider } from "./context.ts";
import { customElement, property, query, state } from "./decorators.ts";
import type { StonechatEventMap } from "./events.ts";
import type { StonechatToasts } from "./toast.ts";
import { adoptTokens } from "./tokens.ts";
import { lookAtOutbox } from "./unsent.ts";

/**
 * @slot - components of the kit, and anything else
 * @attr theme - `light` or `dark`; without it the page decides
 * @attr density - `compact` makes rows lower
 */
@customElement("stonechat-provider")
export class StonechatProvider extends LitElement {
  /** Null while nobody is signed in. */
  @property({ attribute: false }) account: Account | null = null;
  /** `en`, `zh-Hans`, …; without it, that of the page. */
  @property() language = "";
  @property({ reflect: true }) theme: "light" | "dark" | "" = "";
  @property({ reflect: true }) density: "compact" | "" = "";

  /** The app tells itself that the session ended. */
  @property({ type: Boolean, attribute: "no-ending" }) noEnding = false;

  @state() private ended: EndReason | null = null;
  private unfollow: (() => void) | undefined;

  @query("stonechat-toasts") private toasts!: StonechatToasts;
  private readonly provides = new Provider(this);

  static override styles: CSSResultGroup = css`
    :host { display: contents; color: var(--stonechat-color-text); font-family: var(--stonechat-font); }
    .concealed::slotted(*) { display: none !important; }
  `;

  constructor() {
    super();
    this.addEventListener("stonechat-toast", (event: StonechatEventMap["stonechat-toast"]) => {
      event.stopPropagation();
      void import("./toast.ts").then(() => this.toasts.show(event.detail));
    });
    // Rows of the list show what waits; the composer may stand elsewhere on the page.
    this.addEventListener("stonechat-sent", () => this.account && lookAtOutbox(this.account));
  }

  override connectedCallback(): void {
    adoptTokens();
    super.connectedCallback();
    this.speak();
    this.follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unfollow?.();
    this.unfollow = undefined;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("account")) {
      this.provides.give(accountContext, this.account);
      this.follow();
    }
    if (changed.has("language")) this.speak();
  }

  /** An end needs a decision, so it is told in a dialog; it is loaded when it comes. */
  private follow(): void {
    this.unfollow?.();
    this.ended = null;
    this.unfollow = this.account?.connection.subscribe((connection) => {
      const reason = connection.kind === "ended" && connection.reason.kind !== "stopped" ? connection.reason : null;
      this.ended = reason;
      if (reason && !this.noEnding) void import("../connection/ended.ts");
    });
  }

  /** Takes the language, at once where it is there. */
  private speak(): void {
    const code = this.language || this.closest<HTMLElement>("[lang]")?.lang || "en";
    if (this.language) this.lang = this.language;
    const loaded = loadedLocale(code);
    if (loaded) this.provides.give(localeContext, loaded);
    else void loadLocale(code).then((locale) => this.provides.give(localeContext, locale));
  }

  protected override render(): TemplateResult {
    // What was on a device that was signed out is not to be read there any more.
    const isConcealed = this.ended?.kind === "auth" && /^(revoked|device_replaced)/.test(this.ended.error);
    return html`<slot class=${isConcealed ? "concealed" : ""}></slot><stonechat-toasts></stonechat-toasts>${
      this.ended && !this.noEnding ? html`<stonechat-ended .account=${this.account} .reason=${this.ended}></stonechat-ended>` : nothing}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-provider": StonechatProvider;
  }
}
