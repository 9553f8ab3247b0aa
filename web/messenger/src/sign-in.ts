/** The page of sign-in: the people of the demo, or a sentence and a field for a token. */

import type { UserId } from "@stonechat/sdk";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { bird } from "./bird.ts";
import { language, say } from "./texts/index.ts";
import { type DemoPerson, demoPeople, readToken } from "./token.ts";

const RETRY_MS = 3_000;

export interface SignInChoice {
  readonly user: UserId;
  /** Null for one of the people of the demo: the demo gives it. */
  readonly token: string | null;
}

/** Sends `choose` with a {@link SignInChoice}, `language` with a code, and `stay`. */
export class SignIn extends LitElement {
  /** Whose token the address brought while somebody else is signed in here. */
  @property({ attribute: false }) offered: { readonly token: string; readonly user: UserId; readonly signedIn: UserId } | null = null;
  /** The token before was refused. */
  @property({ type: Boolean }) refused = false;

  @state() private people: readonly DemoPerson[] | "asking" | "none" | "unreachable" = "asking";
  @state() private trouble = "";
  @state() private opening: UserId | null = null;

  private timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.ask();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  /** Asks who there is, until somebody answers. */
  async ask(): Promise<void> {
    clearTimeout(this.timer);
    try {
      this.people = (await demoPeople()) ?? "none";
    } catch {
      this.people = "unreachable";
      this.timer = setTimeout(() => void this.ask(), RETRY_MS);
    }
  }

  /** Lets one choose again, after a choice that came to nothing. */
  reset(): void {
    this.opening = null;
  }

  protected override render(): TemplateResult {
    return html`<main>
      ${bird}
      <section>
        <h1>Stonechat</h1>
        ${this.offered ? this.renderOffer(this.offered) : this.renderChoice()}
      </section>
      <nav aria-label=${say("signin.language")}>
        ${[["en", "English", "en"], ["zh", "中文", "zh-Hans"]].map(([code, name, tag]) =>
          code === language()
            ? html`<span lang=${tag!} aria-current="true">${name}</span>`
            : html`<button class="link" lang=${tag!} @click=${() => this.send("language", code)}>${name}</button>`)}
      </nav>
    </main>`;
  }

  private renderChoice(): TemplateResult | typeof nothing {
    switch (this.people) {
      case "asking":
        // The answer is there before anybody has read a sentence about it.
        return html`<div class="space"></div>`;
      case "unreachable":
        return html`<p role="status">${say("signin.unreachable")}</p>`;
      case "none":
        return this.renderToken();
      default:
        return this.renderPeople(this.people);
    }
  }

  private renderPeople(people: readonly DemoPerson[]): TemplateResult {
    return html`<p>${say("signin.who")}</p>
      ${this.renderTrouble()}
      <div class="people">
        ${people.map((person) => html`<button class="person" ?disabled=${this.opening !== null} @click=${() => this.pick(person)}>
          <stonechat-avatar .seed=${person.id} .name=${person.name} .src=${person.avatar ?? ""}></stonechat-avatar>
          <span class="who"><b><bdi>${person.name}</bdi></b>${this.opening === person.id
            ? html`<span>${say("signin.opening")}</span>`
            : html`<span lang=${person.language} dir="auto">${person.awaits}</span>`}</span>
        </button>`)}
      </div>
      <p class="foot">${say("signin.demo")}</p>`;
  }

  private renderToken(): TemplateResult {
    return html`<p>${say("signin.app")}</p>
      <form @submit=${this.submit}>
        <label for="token">${say("signin.token")}</label>
        <input id="token" name="token" autocomplete="off" autocapitalize="off" spellcheck="false" dir="ltr" required
          aria-invalid=${this.trouble || this.refused ? "true" : "false"} aria-describedby="trouble" @input=${() => this.clear()}>
        ${this.renderTrouble()}
        <button class="primary" ?disabled=${this.opening !== null}>${say("signin.go")}</button>
      </form>`;
  }

  private renderOffer(offered: NonNullable<SignIn["offered"]>): TemplateResult {
    return html`<p>${say("signin.other", { name: offered.signedIn, other: offered.user })}</p>
      <div class="buttons">
        <button class="secondary" @click=${() => this.send("stay", null)}>${say("signin.stay", { name: offered.signedIn })}</button>
        <button class="primary" @click=${() => this.choose({ user: offered.user, token: offered.token })}>
          ${say("signin.as", { name: offered.user })}
        </button>
      </div>`;
  }

  private renderTrouble(): TemplateResult {
    const text = this.trouble || (this.refused ? say("signin.refused") : "");
    return html`<div id="trouble" role="status">${text
      ? html`<svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="6.8"/><path d="M10 6.4v4.2"/><path d="M10 13.5v.1" stroke-width="2.2"/></svg><span>${text}</span>`
      : nothing}</div>`;
  }

  private pick(person: DemoPerson): void {
    this.choose({ user: person.id, token: null });
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const token = String(new FormData(event.target as HTMLFormElement).get("token") ?? "").trim();
    const read = readToken(token);
    if (!read) {
      this.trouble = say("signin.no_token");
    } else if (read.until <= Date.now()) {
      const time = new Intl.DateTimeFormat(language(), { timeStyle: "short" }).format(read.until);
      this.trouble = say("signin.ended_token", { time });
    } else {
      this.choose({ user: read.user, token });
    }
  }

  private clear(): void {
    this.trouble = "";
    this.refused = false;
  }

  private choose(choice: SignInChoice): void {
    this.clear();
    this.opening = choice.user;
    this.send("choose", choice);
  }

  private send(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  static override styles = css`
    * { box-sizing: border-box; }
    main { min-height: 100dvh; display: grid; grid-template-columns: minmax(0, 472px); place-content: center; justify-items: center; padding: 24px 16px; background: var(--stonechat-color-canvas); }
    main > svg { display: block; width: 168px; height: 126px; overflow: visible; margin-block-end: -26px; }
    .disc { fill: light-dark(oklch(0.93 0.02 74), oklch(0.47 0.022 62)); }
    section { position: relative; width: 100%; background: var(--stonechat-color-surface); border-radius: 24px; box-shadow: var(--stonechat-shadow-2); padding: 34px 28px 24px; text-align: center; }
    h1 { margin: 0; font-size: var(--stonechat-font-size-display); line-height: var(--stonechat-line-display); font-weight: var(--stonechat-weight-strong); letter-spacing: -0.02em; }
    p { margin: 4px 0 0; color: var(--stonechat-color-text-muted); text-wrap: balance; }
    .space { height: 96px; }
    button, input { font: inherit; color: inherit; border: 0; margin: 0; }
    button { cursor: pointer; }
    :focus-visible { outline: 2px solid var(--stonechat-color-focus); outline-offset: 2px; }
    .people { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; margin-block-start: 24px; text-align: start; }
    .person { display: flex; align-items: center; gap: 12px; min-width: 0; padding: 10px 12px; text-align: start; border-radius: var(--stonechat-radius-l); box-shadow: inset 0 0 0 1px var(--stonechat-color-line); background: var(--stonechat-color-raised); }
    .person:hover { background: linear-gradient(var(--stonechat-color-hover), var(--stonechat-color-hover)) var(--stonechat-color-raised); }
    .person:active { background: linear-gradient(var(--stonechat-color-pressed), var(--stonechat-color-pressed)) var(--stonechat-color-raised); }
    .person:disabled { cursor: default; }
    .person stonechat-avatar { --size: 40px; }
    .who { min-width: 0; }
    .who b { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .who span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
    .who b { font-size: 0.875rem; line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); }
    .who span { font-size: var(--stonechat-font-size-meta); line-height: 1.0625rem; color: var(--stonechat-color-text-muted); }
    .foot { margin-block-start: 20px; padding-block-start: 16px; border-block-start: 1px solid var(--stonechat-color-line); font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; }
    form { display: grid; grid-template-columns: minmax(0, 1fr); margin-block-start: 28px; text-align: start; }
    label { font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-medium); margin-block-end: 6px; }
    input { min-height: 44px; padding: 0 12px; border-radius: var(--stonechat-radius-m); background: var(--stonechat-color-raised); box-shadow: inset 0 0 0 1px var(--stonechat-color-line-strong); font-family: var(--stonechat-font-mono); font-size: max(0.8125rem, 13px); }
    input:focus { outline: none; box-shadow: inset 0 0 0 2px var(--stonechat-color-focus); }
    input[aria-invalid="true"] { box-shadow: inset 0 0 0 2px var(--stonechat-color-danger); }
    #trouble { display: flex; align-items: flex-start; gap: 6px; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--stonechat-color-danger-text); }
    #trouble:not(:empty) { margin-block-start: 8px; }
    #trouble svg { flex: none; width: 16px; height: 16px; margin-block-start: 2px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; }
    .buttons { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-block-start: 24px; }
    .primary, .secondary { min-height: 44px; padding: 0 16px; border-radius: var(--stonechat-radius-m); font-size: 0.875rem; line-height: 1.25rem; font-weight: var(--stonechat-weight-medium); }
    .primary { background: var(--stonechat-color-accent); color: var(--stonechat-color-on-accent); }
    .primary:hover { background: var(--stonechat-color-accent-hover); }
    .primary:active { background: var(--stonechat-color-accent-pressed); }
    .primary:disabled { background: var(--stonechat-color-sunken); color: var(--stonechat-color-text-muted); cursor: default; }
    .secondary { background: var(--stonechat-color-control); box-shadow: inset 0 0 0 1px var(--stonechat-color-line-strong); }
    form .primary { margin-block-start: 16px; }
    nav { margin-block-start: 18px; display: flex; gap: 16px; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--stonechat-color-text-muted); }
    .link { position: relative; background: none; padding: 0; color: var(--stonechat-color-accent-text); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 2.5px; }
    .link::after { content: ""; position: absolute; inset: -12px -8px; }
    @media (max-width: 719px) {
      section { padding: 30px 16px 20px; }
      .people { grid-template-columns: minmax(0, 1fr); }
      .person { min-height: 44px; }
    }
  `;
}

customElements.define("stonechat-sign-in", SignIn);
