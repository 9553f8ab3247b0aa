/** `<stonechat-ended>`: the session is over, and somebody must decide. What is on the device stays readable behind it. */

import type { AuthError, EndReason, StoreError } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, property, state } from "../base/decorators.ts";
import "../base/dialog.ts";
import { StonechatElement } from "../base/element.ts";
import type { IconName } from "../base/icons.ts";
import { buttons } from "../base/controls.ts";
import { base, surface } from "../base/styles.ts";
import type { Key } from "../i18n/index.ts";
import "../loaded.ts";

interface Ending {
  readonly icon: IconName;
  readonly title: Key;
  readonly text: Key;
  /** What helps. */
  readonly act: "again" | "reload";
  readonly label: Key;
  /** What the device held is gone: there is nothing left to sign out of. */
  readonly isEmpty?: boolean;
}

const EXPIRED: Ending = { icon: "lock", title: "ended.expired", text: "ended.expired_text", act: "again", label: "ended.sign_in" };
const STORE: Ending = { icon: "alert", title: "ended.store", text: "ended.store_text", act: "reload", label: "ended.reload" };

const AUTH: Readonly<Record<AuthError, Ending>> = {
  token_refused: EXPIRED,
  token_expired: EXPIRED,
  no_token: EXPIRED,
  wrong_user: EXPIRED,
  replaced: { icon: "laptop", title: "ended.elsewhere", text: "ended.elsewhere_text", act: "again", label: "ended.use_this" },
  device_replaced: { icon: "laptop", title: "ended.elsewhere", text: "ended.replaced_text", act: "again", label: "ended.use_this", isEmpty: true },
  revoked: { icon: "signOut", title: "ended.signed_out", text: "ended.signed_out_text", act: "again", label: "ended.sign_in", isEmpty: true },
  revoked_by_app: { icon: "lock", title: "ended.by_app", text: "ended.by_app_text", act: "again", label: "ended.sign_in", isEmpty: true },
  device_limit: { icon: "laptop", title: "ended.devices", text: "ended.devices_text", act: "again", label: "ended.sign_in" },
  unsupported_version: { icon: "refresh", title: "ended.version", text: "ended.version_text", act: "reload", label: "ended.reload" },
};

/** What to say of an end; null where nothing is to be decided. */
export function endingOf(reason: EndReason): Ending | null {
  if (reason.kind === "stopped") return null;
  if (reason.kind === "store") return reason.error satisfies StoreError ? STORE : null;
  return AUTH[reason.error];
}

/** @fires stonechat-sign-out - `again` true: with what is here; false: nothing of it stays */
@customElement("stonechat-ended")
export class StonechatEnded extends StonechatElement {
  @property({ attribute: false }) reason: EndReason = { kind: "stopped" };
  @state() private unsent = 0;

  static override styles: CSSResultGroup = [base, surface, buttons];

  override connectedCallback(): void {
    super.connectedCallback();
    this.account?.outbox().then((outbox) => (this.unsent = outbox.length), () => undefined);
  }

  protected override render(): TemplateResult | typeof nothing {
    const ending = endingOf(this.reason);
    if (!ending) return nothing;
    const text = ending.text === "ended.elsewhere_text" && this.unsent > 0 ? this.t("ended.elsewhere_unsent", { n: this.unsent }) : this.t(ending.text);
    const act = (): void => {
      if (ending.act === "reload") location.reload();
      else this.emit("stonechat-sign-out", { again: true });
    };
    return html`<stonechat-dialog open alert held symbol=${ending.icon} heading=${this.t(ending.title)}>
      <p>${text}</p>
      ${ending.isEmpty
        ? nothing
        : html`<button slot="buttons" type="button" class="button secondary" @click=${() => this.emit("stonechat-sign-out", { again: false })}>${this.t("ended.sign_out")}</button>`}
      <button slot="buttons" type="button" class="button primary" autofocus @click=${act}>${this.t(ending.label)}</button>
    </stonechat-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-ended": StonechatEnded;
  }
}
