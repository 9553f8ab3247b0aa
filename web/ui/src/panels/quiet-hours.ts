/** Windows of quiet hours in words, and the dialog that changes one. */

import { html, render, type LitElement } from "lit";
import type { QuietWindow } from "@stonechat/sdk";
import type { StonechatDialog } from "../base/dialog.ts";
import "../base/dialog.ts";
import { dateFormat } from "../base/time.ts";
import type { Key, Locale } from "../i18n/index.ts";

const EVERY_DAY = 0x7f;
const WEEKDAYS = 0x1f;
const WEEKEND = 0x60;
/** A Monday: the days of the week are named from it. */
const MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

const KNOWN: ReadonlyMap<number, Key> = new Map([
  [EVERY_DAY, "settings.hours_every"], [WEEKDAYS, "settings.hours_weekdays"], [WEEKEND, "settings.hours_weekend"],
]);

export const NIGHTLY: QuietWindow = { days: EVERY_DAY, from: 22 * 60, upto: 7 * 60 };

function dayNames(locale: Locale, weekday: "short" | "long"): readonly string[] {
  const format = dateFormat(locale.tag, { weekday, timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, day) => format.format(MONDAY + day * DAY_MS));
}

function timeText(minutes: number, locale: Locale): string {
  return dateFormat(locale.tag, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format((minutes % 1440) * 60_000);
}

/** "Every day, 22:00 to 07:00". */
export function windowText({ days, from, upto }: QuietWindow, locale: Locale): string {
  const { t } = locale;
  const key = KNOWN.get(days);
  const names = dayNames(locale, "short").filter((_, day) => (days >> day) & 1);
  const list = key ? t(key) : new Intl.ListFormat(locale.tag, { type: "unit", style: "short" }).format(names);
  return t("settings.hours_says", { days: list, from: timeText(from, locale), upto: timeText(upto, locale) });
}

const clockField = (minutes: number): string => `${String(Math.floor((minutes % 1440) / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

/** Asks for days and times; null where it was closed. */
export function askForWindow(host: LitElement & { readonly locale: Locale }, before: QuietWindow): Promise<QuietWindow | null> {
  const { locale } = host;
  const { t } = locale;
  return new Promise((resolve) => {
    const place = document.createElement("div");
    place.style.display = "contents";
    host.renderRoot.append(place);
    let answer: QuietWindow | null = null;
    const hide = (): void => (place.querySelector("stonechat-dialog") as StonechatDialog).hide();
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const data = new FormData(event.target as HTMLFormElement);
      const days = data.getAll("day").reduce((bits, day) => bits | (1 << Number(day)), 0);
      if (days === 0) {
        const first = (event.target as HTMLFormElement).querySelector<HTMLInputElement>("[name=day]")!;
        first.setCustomValidity(t("settings.hours_no_day"));
        first.reportValidity();
        return;
      }
      answer = { days, from: minutesOf(String(data.get("from"))), upto: minutesOf(String(data.get("upto"))) };
      hide();
    };
    const forget = (): void => place.querySelector<HTMLInputElement>("[name=day]")!.setCustomValidity("");
    render(
      html`<stonechat-dialog open heading=${t("settings.hours_title")} @close=${() => (place.remove(), resolve(answer))}>
        <form id="hours" class="form" @submit=${submit} @change=${forget}>
          <div class="times">
            <div><label class="field-label" for="from">${t("settings.hours_from")}</label><div class="field"><input id="from" type="time" name="from" required autofocus .value=${clockField(before.from)} /></div></div>
            <div><label class="field-label" for="upto">${t("settings.hours_upto")}</label><div class="field"><input id="upto" type="time" name="upto" required .value=${clockField(before.upto)} /></div></div>
          </div>
          <fieldset><legend class="field-label">${t("settings.hours_days")}</legend><div class="days">${dayNames(locale, "short").map(
            (name, day) => html`<label class="day"><input type="checkbox" class="sr" name="day" value=${day} aria-label=${dayNames(locale, "long")[day]!} .checked=${Boolean((before.days >> day) & 1)} /><span aria-hidden="true">${name}</span></label>`,
          )}</div></fieldset>
        </form>
        <button slot="buttons" type="button" class="button secondary" @click=${hide}>${t("common.cancel")}</button>
        <button slot="buttons" type="submit" form="hours" class="button primary">${t("common.save")}</button>
      </stonechat-dialog>`,
      place,
    );
  });
}
