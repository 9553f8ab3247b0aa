/** What only a browser can tell of the composer: input methods, undoing, drafts. */

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { KitPages } from "./kit.ts";
import { site } from "./stage.ts";

const kit = site(KitPages.serve);

interface Says {
  readonly text: string;
  readonly entities: readonly { readonly start: number; readonly end: number; readonly mark: object }[];
}

async function writing(run: (page: Page) => Promise<void>, more: object = {}): Promise<void> {
  const { person, page } = await kit.served.visit(kit.browser);
  await page.evaluate((about) => window.kit.open(window.kit.long(12, about)), more);
  await page.locator("stonechat-timeline li.message").first().waitFor({ state: "attached" });
  await run(page);
  await person.leave();
}

const field = (page: Page) => page.getByRole("textbox", { name: "Message" });
const sent = (page: Page): Promise<number> => page.evaluate(() => window.kit.account!.fake("g_long").messages.length - 12);
const last = (page: Page): Promise<Says> =>
  page.evaluate(() => window.kit.account!.fake("g_long").messages.at(-1)!.content as unknown as Says);
const draft = (page: Page): Promise<string> =>
  page.evaluate(() => window.kit.account!.fake("g_long").summary.get()!.preferences.draft?.text ?? "");

describe("the composer", () => {
  it("leaves Enter to the input method while it composes, and keeps its text", async () => {
    await writing(async (page) => {
      await field(page).click();
      const session = await page.context().newCDPSession(page);
      await session.send("Input.imeSetComposition", { text: "ming tian", selectionStart: 9, selectionEnd: 9 });
      await field(page).evaluate((element) => {
        element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, composed: true, cancelable: true }));
        element.dispatchEvent(new KeyboardEvent("keydown", { key: "Process", keyCode: 229, bubbles: true, composed: true, cancelable: true }));
      });
      await page.evaluate(() => void window.kit.account!.fake("g_long").receive("kofi", "Something arrives meanwhile"));
      await page.locator("li.message", { hasText: "meanwhile" }).waitFor();
      expect(await field(page).inputValue()).toBe("ming tian");
      expect(await draft(page)).toBe("");
      await session.send("Input.insertText", { text: "明天" });
      expect(await field(page).inputValue()).toBe("明天");
      expect(await sent(page)).toBe(1);
      await page.keyboard.press("Enter");
      await expect.poll(() => sent(page)).toBe(2);
      expect((await last(page)).text).toBe("明天");
    });
  });

  it("calls people, and marks addresses and names when it sends", async () => {
    await writing(async (page) => {
      await field(page).click();
      await page.keyboard.type("Ask @");
      await page.getByRole("option", { name: /Kofi Asante/ }).waitFor();
      await page.keyboard.type("lxw");
      await page.getByRole("option", { name: /林晓雯/ }).waitFor();
      await page.keyboard.press("Enter");
      await expect.poll(() => field(page).inputValue()).toBe("Ask @林晓雯 ");
      await page.keyboard.type("or @Kofi Asante, see https://a.example/plan.");
      await page.keyboard.press("Enter");
      await expect.poll(() => sent(page)).toBe(1);
      const { text, entities } = await last(page);
      expect(entities.map(({ start, end, mark }) => [text.slice(start, end), mark])).toEqual([
        ["@林晓雯", { kind: "mention", user: "xiaowen" }],
        ["@Kofi Asante", { kind: "mention", user: "kofi" }],
        ["https://a.example/plan", { kind: "link", address: "https://a.example/plan" }],
      ]);
    });
  });

  it("lets what a picker wrote be undone", async () => {
    await writing(async (page) => {
      await field(page).click();
      await page.keyboard.type("@ruth");
      await page.getByRole("option", { name: /Ruth Feldmann/ }).waitFor();
      await page.keyboard.press("Tab");
      await expect.poll(() => field(page).inputValue()).toBe("@Ruth Feldmann ");
      await page.keyboard.press("Control+z");
      await expect.poll(() => field(page).inputValue()).toBe("@ruth");
    });
  });

  it("keeps a draft, brings it back, and forgets it when it is sent", async () => {
    await writing(async (page) => {
      await field(page).click();
      await page.keyboard.type("Half a thought");
      await expect.poll(() => draft(page)).toBe("Half a thought");
      await page.evaluate(() => {
        const { conversation } = window.kit;
        const parent = conversation!.parentElement!;
        conversation!.remove();
        parent.append(conversation!);
      });
      await expect.poll(() => field(page).inputValue()).toBe("Half a thought");
      await field(page).click();
      await page.keyboard.press("Enter");
      await expect.poll(() => draft(page)).toBe("");
      await expect.poll(() => field(page).inputValue()).toBe("");
    });
  });

  it("takes what another device wrote, unless something was written here", async () => {
    await writing(async (page) => {
      await page.evaluate(() => void window.kit.account!.fake("g_long").saveDraft("From the phone"));
      await expect.poll(() => field(page).inputValue()).toBe("From the phone");
      await field(page).fill("Here");
      await page.evaluate(() => void window.kit.account!.fake("g_long").saveDraft("From the phone again"));
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      expect(await field(page).inputValue()).toBe("Here");
    });
  });

  it("changes the last own message with the arrow, and gives the text back with Escape", async () => {
    await writing(async (page) => {
      await field(page).click();
      await page.keyboard.type("Plates on Wednesday");
      await page.keyboard.press("Enter");
      await page.locator("li.message.own", { hasText: "Plates on Wednesday" }).getByRole("img", { name: "Sent" }).waitFor();
      await page.keyboard.press("ArrowUp");
      await page.getByText("Edit message").waitFor();
      await expect.poll(() => field(page).inputValue()).toBe("Plates on Wednesday");
      await page.keyboard.press("Escape");
      await expect.poll(() => field(page).inputValue()).toBe("");
      await page.keyboard.press("ArrowUp");
      await page.getByText("Edit message").waitFor();
      await field(page).fill("Plates on Thursday");
      await page.keyboard.press("Enter");
      await page.locator("li.message.own", { hasText: "Plates on Thursday" }).getByText("edited").waitFor();
    });
  });

  it("counts near the limit, and does not send beyond it", async () => {
    await writing(async (page) => {
      await field(page).fill("a".repeat(60_000 - 42));
      expect(await page.getByRole("status", { name: "42 characters left" }).textContent()).toBe("42");
      await field(page).fill("a".repeat(60_000 + 214));
      await page.getByRole("status", { name: "214 characters too many" }).waitFor();
      await page.keyboard.press("Enter");
      await expect.poll(() => page.getByRole("button", { name: "Send" }).getAttribute("aria-disabled")).toBe("true");
      expect(await sent(page)).toBe(0);
    });
  });

  it("says why one cannot write", async () => {
    await writing(async (page) => {
      await page.getByText("Only admins can write here.").waitFor();
      await field(page).waitFor({ state: "detached" });
    }, { role: "member", settings: { speak: "admins" } });
    await writing(async (page) => {
      await page.getByText("This group was closed. Its messages stay here.").waitFor();
    }, { dissolved: true });
    await writing(async (page) => {
      await page.getByText("You are no longer in this group.").waitFor();
    }, { member: false });
  });

  it("explains a refusal, and writes it anew in the place of what failed", async () => {
    await writing(async (page) => {
      await page.evaluate(() => window.kit.account!.refuseNext("forbidden"));
      await field(page).fill("See this");
      await page.keyboard.press("Enter");
      const failed = page.locator("li.message.failed");
      await failed.getByText("Not sent. You may not send this here.").waitFor();
      expect(await failed.getByRole("button", { name: "Try again" }).count()).toBe(0);
      await failed.getByRole("button", { name: "Edit" }).click();
      await field(page).fill("See this instead");
      await page.keyboard.press("Enter");
      await page.locator("li.message.own", { hasText: "See this instead" }).getByRole("img", { name: "Sent" }).waitFor();
      await expect.poll(() => failed.count()).toBe(0);
    });
  });
});
