/** The messenger over a fixed world, for pictures: `?world=english&theme=dark&language=zh&dir=rtl`. */

import { clock } from "@stonechat/ui";
import { choose } from "../../messenger/src/choices.ts";
import { openSession } from "../../messenger/src/session.ts";
import { arabicWorld, chineseWorld, emptyWorld, englishWorld, FakeAccount, NOW, offlineWorld } from "../../ui/src/testing/index.ts";
import { picture } from "../../ui/src/testing/pictures.ts";

const asked = new URLSearchParams(location.search);
const worlds = { english: englishWorld, chinese: chineseWorld, arabic: arabicWorld, empty: emptyWorld, offline: offlineWorld };
const theme = asked.get("theme") ?? "light";
const language = asked.get("language") ?? "en";

clock.now = () => NOW;
document.documentElement.dir = asked.get("dir") ?? "ltr";
await choose({ theme: theme === "dark" ? "dark" : "light", language });
await Promise.all([...document.fonts].map((font) => font.load()));

const world = asked.get("world") ?? "english";
const people = [
  { id: "maya", name: "Maya Lindqvist", avatar: picture("ridge"), language: "en", awaits: "In 13 conversations" },
  { id: "ines", name: "Ines Kowalczyk", avatar: picture("boat"), language: "en", awaits: "Ferry timetables" },
  { id: "ruth", name: "Ruth Feldmann", avatar: picture("cup"), language: "en", awaits: "Owner of a group" },
  { id: "omar", name: "عمر حداد", avatar: picture("dunes"), language: "ar", awaits: "يكتب بالعربية" },
  { id: "xiaowen", name: "林晓雯", language: "zh", awaits: "用中文聊天" },
  { id: "kofi", name: "Kofi Asante", language: "en", awaits: "Walks on Saturdays" },
];
// The server of this world: it has a demo, unless a token is asked for.
window.fetch = () => Promise.resolve(world === "sign-in-token" ? new Response("", { status: 404 }) : Response.json({ people }));
if (world === "sign-in" || world === "sign-in-token") {
  await import("../../messenger/src/sign-in.ts");
  document.body.replaceChildren(document.createElement("stonechat-sign-in"));
} else {
  openSession(new FakeAccount(worlds[world as keyof typeof worlds]), { signedOut() {}, again: () => Promise.resolve() });
}
document.documentElement.dataset.ready = "";
