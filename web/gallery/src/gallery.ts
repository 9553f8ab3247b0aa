/**
 * All components in all their states, from one fixed world. `?theme=dark&dir=rtl&lang=zh&only=details` say what a picture
 * needs; the switches of the page do the same by hand.
 */

import { html, render, type TemplateResult } from "lit";
import "@stonechat/ui";
import "@stonechat/ui/conversation";
import { clock } from "../../ui/src/base/time.ts";
import "../../ui/src/connection/connection.ts";
import "../../ui/src/connection/ended.ts";
import "../../ui/src/contacts/contacts.ts";
import "../../ui/src/panels/index.ts";
import { NOW } from "../../ui/src/testing/index.ts";
import { accountOf, CHAPTERS, type Specimen } from "./specimens.ts";

type Theme = "" | "light" | "dark";

interface View {
  theme: Theme;
  dir: "ltr" | "rtl";
  lang: "en" | "zh";
  readonly only: string;
}

const asked = new URLSearchParams(location.search);
const one = <T extends string>(name: string, allowed: readonly T[]): T => allowed.find((value) => value === asked.get(name)) ?? allowed[0]!;
const view: View = {
  theme: one("theme", ["", "light", "dark"]),
  dir: one("dir", ["ltr", "rtl"]),
  lang: one("lang", ["en", "zh"]),
  only: asked.get("only") ?? "",
};

// The world stands still at one minute, so that pictures are alike.
clock.now = () => NOW;

const accounts = new Map<Specimen, ReturnType<typeof accountOf>>();

function draw(): void {
  const root = document.documentElement;
  root.dir = view.dir;
  root.lang = view.lang === "zh" ? "zh-Hans" : "en";
  if (view.theme === "") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = view.theme;
  }
  render(html`
    <header class="bar"><h1>Components and their states</h1><div class="switches">
      ${choice("Theme", view.theme, [["", "System"], ["light", "Light"], ["dark", "Dark"]], (theme) => (view.theme = theme))}
      ${choice("Direction", view.dir, [["ltr", "LTR"], ["rtl", "RTL"]], (dir) => (view.dir = dir))}
      ${choice("Language", view.lang, [["en", "English"], ["zh", "中文"]], (lang) => (view.lang = lang))}
    </div></header>
    <main>${CHAPTERS.filter(({ id }) => view.only === "" || view.only.split(",").includes(id)).map((chapter) => html`
      <section class="chapter" id=${chapter.id} aria-label=${chapter.title}><h2>${chapter.title}</h2>
        <div class="specimens">${chapter.specimens.map(specimenOf)}</div></section>`)}</main>`, document.body);
}

function specimenOf(specimen: Specimen): TemplateResult {
  let account = accounts.get(specimen);
  if (!account) {
    accounts.set(specimen, (account = accountOf(specimen)));
  }
  return html`<figure class="specimen"><figcaption class="caption">${specimen.caption}</figcaption>
    <div class="hold ${specimen.size}"><stonechat-provider .account=${account} .language=${view.lang}>${specimen.draw(account)}</stonechat-provider></div></figure>`;
}

function choice<T extends string>(label: string, value: T, options: readonly (readonly [T, string])[], set: (value: T) => void): TemplateResult {
  return html`<fieldset><legend>${label}</legend>${options.map(([option, text]) => html`<button type="button" aria-pressed=${option === value}
    @click=${() => (set(option), draw())}>${text}</button>`)}</fieldset>`;
}

// What opens in a shell of its own stays where it is here; a settings page goes to its section by itself.
document.addEventListener("stonechat-open", (event) => event.preventDefault());
draw();
