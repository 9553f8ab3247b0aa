/** Where nothing is open: something to do at a first visit, a quiet place later. */

import { html, type TemplateResult } from "lit";
import { bird } from "../base/bird.ts";
import { icon } from "../base/icons.ts";
import type { Locale } from "../i18n/index.ts";
import "../loaded.ts";

export interface WelcomeActs {
  begin(): void;
  contacts(): void;
}

export function welcome({ t }: Locale, what: "first" | "people" | "chat" | "person", acts: WelcomeActs): TemplateResult {
  if (what === "person") return html`${bird}<h2>${t("shell.pick_person")}</h2><p>${t("shell.pick_person_text")}</p>`;
  if (what === "chat") return html`${bird}<h2>${t("shell.pick")}</h2><p>${t("shell.pick_text")}</p>`;
  return html`${bird}<h2>${t("empty.title")}</h2><p>${t(what === "people" ? "empty.text" : "empty.alone")}</p>
    <div class="buttons">
      <button type="button" class="button primary" @click=${acts.begin}>${icon("compose", "s")}${t("empty.new")}</button>
      <button type="button" class="button secondary" @click=${acts.contacts}>${icon("personAdd", "s")}${t("contacts.add")}</button>
    </div>
    <dl class="keys">
      <dt><kbd>Ctrl</kbd><kbd>K</kbd></dt><dd>${t("keys.go")}</dd>
      <dt><kbd>Alt</kbd><kbd>N</kbd></dt><dd>${t("empty.new")}</dd>
      <dt><kbd>?</kbd></dt><dd>${t("keys.all")}</dd>
    </dl>`;
}
