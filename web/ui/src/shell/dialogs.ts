/** How a conversation is begun, in a dialog; loaded when it is asked. */

import type { UserId } from "@stonechat/sdk";
import { html, render } from "lit";
import "../base/dialog.ts";
import type { StonechatElement } from "../base/element.ts";
import "../panels/new-conversation.ts";
import "../loaded.ts";

export function showNew(host: StonechatElement, users: readonly UserId[]): void {
  const place = document.createElement("div");
  place.style.display = "contents";
  host.renderRoot.append(place);
  render(
    html`<stonechat-dialog wide open heading=${host.locale.t("new.title")} @close=${() => place.remove()}>
      <stonechat-new-conversation bare .users=${users}></stonechat-new-conversation>
    </stonechat-dialog>`,
    place,
  );
}
