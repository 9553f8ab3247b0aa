/** What messages say, in one line. */

import type { ContactCard, Message } from "@stonechat/sdk";
import { displayName } from "../base/names.ts";
import type { Look } from "./look.ts";

/** Who is meant by a card: his name here goes before what the sender called him. */
export function cardName(look: Look, card: ContactCard): string {
  return look.account.names.get().get(card.user) ?? (card.displayName || displayName(look.account, card.user));
}

/** One line of what a message says. */
export function wordsOf(look: Look, message: Pick<Message, "content">): string {
  const { content } = message;
  const { t } = look.locale;
  switch (content.kind) {
    case "text": return content.text;
    case "recalled": return t("msg.quote_recalled");
    case "corrupt": return t("msg.damaged");
    case "opaque": return look.account.words(content) || t("msg.unknown");
    case "merged": return content.title || t("msg.merged", { n: content.messages.length });
    case "location": return content.name || t("kind.location");
    case "contact_card": return t("msg.caption", { kind: t("msg.contact"), name: cardName(look, content) });
    default: return content.caption || t("msg.caption", { kind: t(`kind.${content.kind}`), name: content.file.name });
  }
}
