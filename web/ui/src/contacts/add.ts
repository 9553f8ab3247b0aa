/** Finds somebody by his username or his id, and asks to be a contact of his. */

import type { Account, UserProfile } from "@stonechat/sdk";
import { emit } from "../base/events.ts";
import type { StonechatElement } from "../base/element.ts";
import { prompt } from "../panels/prompt.ts";
import { reasonOf } from "../panels/reason.ts";
import { findPerson } from "./find.ts";
import "../loaded.ts";

const USERNAME_BYTES_MAX = 64;
const MESSAGE_BYTES_MAX = 256;

export async function addContact(host: StonechatElement, account: Account): Promise<void> {
  const { locale } = host;
  const { t } = locale;
  const say = (text: string, danger = false): void => void emit(host, "stonechat-toast", { text, ...(danger && { danger }) });
  const asked = await prompt(host, {
    title: t("contacts.add_title"), yes: t("contacts.add_find"), no: t("common.cancel"),
    fields: [{ kind: "text", name: "username", label: t("contacts.add_username"), required: true, most: USERNAME_BYTES_MAX }],
  });
  const username = asked?.username?.replace(/^@/, "").trim();
  if (!username) return;
  try {
    const found = await findPerson(account, username);
    if (!found) say(t("contacts.add_none", { text: username }), true);
    else if (found.id === account.user) say(t("contacts.add_self"));
    else if (account.relations.get().get(found.id)?.contactsSince) say(t("contacts.add_already"));
    else await request(host, account, found);
  } catch (error) {
    say(reasonOf(error, locale), true);
  }
}

/** With a word, and with the answer where he asks a question. */
async function request(host: StonechatElement, account: Account, who: UserProfile): Promise<void> {
  const { t } = host.locale;
  const asked = await prompt(host, {
    title: who.displayName, yes: t("contacts.add_send"), no: t("common.cancel"),
    fields: [
      ...(who.question ? [{ kind: "text", name: "answer", label: who.question, required: true, most: MESSAGE_BYTES_MAX } as const] : []),
      { kind: "text", name: "message", label: t("contacts.add_message"), most: MESSAGE_BYTES_MAX },
    ],
  });
  if (!asked) return;
  await account.requestContact(who.id, asked.message ?? "", asked.answer);
}
