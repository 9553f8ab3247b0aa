/** A page made with React: a timeline drawn by hand, and a component of the kit, over an account in memory. */

import { useState, createElement as h, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import type { Conversation, Timeline } from "@stonechat/sdk";
import { Conversation as Talk, Provider, useReadable, useTimeline } from "@stonechat/react";
import { englishWorld, FakeAccount } from "../../ui/src/testing/index.ts";

export interface ReactPage {
  readonly account: FakeAccount;
  /** Timelines that were opened and not closed. */
  open: number;
  /** Renderings of the list since the page began. */
  renderings: number;
  /** Names of events that came as props. */
  readonly heard: string[];
}

const account = new FakeAccount(englishWorld);
const page: ReactPage = { account, open: 0, renderings: 0, heard: [] };
Object.assign(window, { reactPage: page });

/** The conversation, with its timelines counted. */
function counted(id: string): Conversation {
  const conversation = account.conversation(id);
  return new Proxy(conversation, {
    get: (target, name) => {
      if (name !== "timeline") {
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      }
      return async (options: object): Promise<Timeline> => {
        const timeline = await target.timeline(options);
        page.open += 1;
        return { ...timeline, close: () => ((page.open -= 1), timeline.close()) };
      };
    },
  });
}

const conversations = new Map(["g_harbour", "d_ines"].map((id) => [id, counted(id)]));

function Lines({ id }: { id: string }): ReactElement {
  page.renderings += 1;
  const { items } = useTimeline(conversations.get(id), { page: 4, days: false });
  const texts = items.flatMap((item) => (item.kind === "message" && item.message.content.kind === "text" ? [[item.key, item.message.content.text]] : []));
  return h("ol", null, texts.map(([key, text]) => h("li", { key }, text)));
}

function Page(): ReactElement {
  const [id, setId] = useState<string | null>("g_harbour");
  const unread = useReadable(account.totalUnread);
  return h("main", null,
    h("output", null, unread),
    h("button", { onClick: () => setId("d_ines") }, "Ines"),
    h("button", { onClick: () => setId(null) }, "Nobody"),
    id === null ? null : h(Lines, { id }),
    h(Provider, { account }, h(Talk, { conversation: "g_ridge", onOpenDetails: () => page.heard.push("details") })));
}

createRoot(document.body.appendChild(document.createElement("div"))).render(h(Page));
