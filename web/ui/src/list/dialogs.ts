/** For how long a conversation is quiet, and in which folders it lies; loaded when it is asked. */

import { FOR_GOOD, type Account, type Conversation, type ConversationSummary } from "@stonechat/sdk";
import { html, render } from "lit";
import { adopt } from "../base/adopt.ts";
import "../base/dialog.ts";
import { ask } from "../base/dialog.ts";
import type { StonechatElement } from "../base/element.ts";
import { emit } from "../base/events.ts";
import { buttons, fields } from "../base/controls.ts";
import { clock, moment } from "../base/time.ts";
import { prompt } from "../panels/prompt.ts";
import { FOLDER_BYTES_MAX, FOLDERS_MAX, folderName, foldersOf, renameFolder, saveFolders } from "./folders.ts";
import "../loaded.ts";

const HOUR_MS = 3_600_000;

/** Eight in the morning, tomorrow, by the user's clock. */
export function tomorrowMorning(now: number): number {
  const date = new Date(now);
  date.setDate(date.getDate() + 1);
  date.setHours(8, 0, 0, 0);
  return date.getTime();
}

export async function askMute(host: StonechatElement, conversation: Conversation, title: string): Promise<void> {
  const { locale } = host;
  const { t } = locale;
  const now = clock.now();
  const until: Readonly<Record<string, number>> = { hour: now + HOUR_MS, morning: tomorrowMorning(now), always: FOR_GOOD };
  const answer = await prompt(host, {
    title: t("mute.title", { name: title }), text: t("mute.hint"), yes: t("row.mute"), no: t("common.cancel"),
    fields: [{
      kind: "choice", name: "until", value: "morning",
      options: [{ value: "hour", label: t("mute.hour") }, { value: "morning", label: t("mute.morning") }, { value: "always", label: t("mute.always") }],
    }],
  });
  const end = until[answer?.until ?? ""];
  if (end === undefined) return;
  const before = conversation.summary.get()?.preferences.mutedUntil ?? 0;
  await conversation.muteUntil(end);
  const text = end === FOR_GOOD ? t("mute.done") : t("mute.until", { time: moment(end, now, locale) });
  emit(host, "stonechat-toast", { text, icon: "bellOff", action: { label: t("common.undo"), run: () => void conversation.muteUntil(before) } });
}

/** The result of each press is at once: there is nothing to confirm. */
export function askFolders(host: StonechatElement, account: Account, summary: ConversationSummary): void {
  const { t } = host.locale;
  const list = account.conversations({ archived: "any" });
  let names = foldersOf(account.profile.get(), list.items.get());
  list.close();
  let inside = new Set(summary.preferences.folders);
  const place = document.createElement("div");
  place.style.display = "contents";
  host.renderRoot.append(place);
  adopt(host.renderRoot, [buttons, fields]);
  const put = (name: string, isIn: boolean): void => {
    inside = new Set(inside);
    if (isIn) inside.add(name);
    else inside.delete(name);
    void account.conversation(summary.id).setFolders([...inside]);
  };
  const make = (event: Event): void => {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).querySelector("input")!;
    const name = folderName(input.value, names);
    if (!name) return;
    input.value = "";
    names = [...names, name];
    put(name, true);
    // Without a network its place is kept by the conversation alone, at the end.
    saveFolders(account, names).catch(() => undefined);
    draw();
  };
  const draw = (): unknown => render(
    html`<stonechat-dialog open heading=${t("folder.title")} @close=${() => place.remove()}>
      ${names.map((name) => html`<label class="choice"><input class="check" type="checkbox" .checked=${inside.has(name)}
        @change=${(event: Event) => put(name, (event.target as HTMLInputElement).checked)} /><bdi>${name}</bdi></label>`)}
      ${names.length < FOLDERS_MAX
        ? html`<form class="adding" @submit=${make}>
            <label class="field"><span class="sr">${t("folder.name")}</span><input maxlength=${FOLDER_BYTES_MAX} placeholder=${t("folder.new")} /></label>
            <button type="submit" class="button secondary">${t("folder.add")}</button>
          </form>`
        : ""}
      <button slot="buttons" type="button" class="button primary" autofocus @click=${() => place.querySelector("stonechat-dialog")!.hide()}>${t("common.done")}</button>
    </stonechat-dialog>`, place);
  draw();
}

export async function askFolderName(host: StonechatElement, account: Account, items: readonly ConversationSummary[], folder: string): Promise<void> {
  const { t } = host.locale;
  const answer = await prompt(host, {
    title: t("folder.rename"), yes: t("common.save"), no: t("common.cancel"),
    fields: [{ kind: "text", name: "name", label: t("folder.name"), value: folder, required: true, most: FOLDER_BYTES_MAX }],
  });
  const name = folderName(answer?.name ?? "", foldersOf(account.profile.get(), items));
  if (name) await tell(host, renameFolder(account, items, folder, name));
}

export async function askFolderRemoval(host: StonechatElement, account: Account, items: readonly ConversationSummary[], folder: string): Promise<void> {
  const { t } = host.locale;
  const yes = await ask(host, {
    title: t("folder.remove_ask", { folder }), text: t("folder.remove_text"), yes: t("folder.remove"), no: t("row.keep"), danger: true,
  });
  if (yes) await tell(host, renameFolder(account, items, folder, null));
}

/** What needs the server says where it did not work. */
function tell(host: StonechatElement, work: Promise<void>): Promise<void> {
  return work.catch(() => void emit(host, "stonechat-toast", { text: host.locale.t("folder.offline"), danger: true }));
}
