/** What only a browser can tell of the timeline: that nothing moves under one's eyes, and that a line stays itself. */

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { Person } from "./browser.ts";
import { KitPages } from "./kit.ts";
import { site } from "./stage.ts";

const kit = site(KitPages.serve);

async function withLong(messages: number, run: (page: Page, person: Person) => Promise<void>, more: object = {}): Promise<void> {
  const { person, page } = await kit.served.visit(kit.browser);
  await page.evaluate(([count, about]) => window.kit.open(window.kit.long(count, about)), [messages, more] as const);
  await page.locator("stonechat-timeline li.message").first().waitFor({ state: "attached" });
  await run(page, person);
  await person.leave();
}

const settled = (page: Page): Promise<void> =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))));

/** Scrolls up by steps, until so many lines are loaded. */
async function scrollUpTo(page: Page, lines: number): Promise<void> {
  await page.mouse.move(500, 400);
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -1_200);
      await settled(page);
      return page.evaluate(() => window.kit.conversation!.timelineElement.items.length);
    }, { timeout: 20_000 })
    .toBeGreaterThan(lines);
}

describe("the timeline", () => {
  it("does not move what is in sight while history is loaded above it", async () => {
    await withLong(600, async (page) => {
      await page.evaluate(() => (window.kit.box.scrollTop = -1_500));
      await settled(page);
      const result = await page.evaluate(async () => {
        const { timelineElement } = window.kit.conversation!;
        const before = timelineElement.items.length;
        const stop = window.kit.watch();
        // What the timeline itself calls when its start comes near.
        const { timeline } = timelineElement as unknown as { timeline: { paginateBack(messages: number): Promise<unknown> } };
        for (let at = 0; at < 5; at += 1) {
          await timeline.paginateBack(50);
          await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
        }
        return { ...stop(), loaded: timelineElement.items.length - before };
      });
      expect(result.loaded).toBeGreaterThan(200);
      expect(result.frames).toBeGreaterThan(5);
      expect(result.moved).toBeLessThanOrEqual(1);
      expect(result.blank).toBe(0);
    });
  });

  it("goes on to the first message by scrolling, and keeps few lines laid out", async () => {
    await withLong(700, async (page) => {
      await scrollUpTo(page, 500);
      const { laidOut, blank } = await page.evaluate(async () => {
        const stop = window.kit.watch();
        for (let step = 0; step < 20; step += 1) {
          window.kit.box.scrollTop -= 400;
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return { laidOut: window.kit.box.querySelectorAll("li").length, blank: stop().blank };
      });
      expect(laidOut).toBeLessThan(200);
      expect(blank).toBe(0);
      // What scrolled past left nothing behind.
      const nodes = () => page.evaluate(() => window.kit.box.querySelector("ol")!.childNodes.length);
      expect(await nodes()).toBeLessThan(4 * laidOut);
    });
  });

  it("shows lines at once where one drags the scroll bar to", async () => {
    await withLong(700, async (page) => {
      await scrollUpTo(page, 500);
      for (const part of [0.1, 0.8, 0.45]) {
        await page.evaluate((to) => (window.kit.box.scrollTop = -window.kit.box.scrollHeight * to), part);
        await settled(page);
        expect(Object.keys(await page.evaluate(() => window.kit.edges())).length).toBeGreaterThan(2);
      }
    });
  });

  it("stays where it is while messages arrive, and follows at the end", async () => {
    await withLong(200, async (page) => {
      await page.evaluate(() => (window.kit.box.scrollTop = -1_500));
      await settled(page);
      const moved = await page.evaluate(async () => {
        const stop = window.kit.watch();
        for (let at = 0; at < 15; at += 1) {
          window.kit.account!.fake("g_long").receive("ruth", `New ${at}, and some more words`);
          await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
        }
        return stop().moved;
      });
      expect(moved).toBeLessThanOrEqual(1);
      await page.getByRole("button", { name: "To the latest, 15 new" }).click();
      await expect.poll(() => page.evaluate(() => window.kit.box.scrollTop)).toBe(0);
      await page.evaluate(() => void window.kit.account!.fake("g_long").receive("kofi", "And one more"));
      await page.locator("li.message", { hasText: "And one more" }).waitFor();
      await expect.poll(() => page.evaluate(() => window.kit.box.scrollTop)).toBe(0);
    });
  });

  it("goes on without what arrives far below, and leads back to it", async () => {
    await withLong(200, async (page) => {
      await page.evaluate(() => (window.kit.box.scrollTop = -1_500));
      await settled(page);
      const { moved, blank } = await page.evaluate(async () => {
        const stop = window.kit.watch();
        for (let at = 0; at < 60; at += 1) {
          for (let each = 0; each < 10; each += 1) {
            window.kit.account!.fake("g_long").receive("ruth", `New ${at}.${each}`);
          }
          await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
        }
        return stop();
      });
      expect(moved).toBeLessThanOrEqual(1);
      expect(blank).toBe(0);
      await expect.poll(() => page.evaluate(() => window.kit.conversation!.timelineElement.stretch !== null)).toBe(true);
      await page.getByRole("button", { name: /^To the latest/ }).click();
      await expect.poll(() => page.evaluate(() => window.kit.box.scrollTop)).toBe(0);
      await page.locator("li.message", { hasText: "New 59.9" }).waitFor();
      await expect.poll(() => page.evaluate(() => window.kit.conversation!.timelineElement.stretch)).toBe(null);
    });
  });

  it("asks for nothing before the first message, where it goes on without what arrives", async () => {
    await withLong(40, async (page) => {
      await page.evaluate(() => (window.kit.box.scrollTop = -1_500));
      await settled(page);
      await page.evaluate(async () => {
        for (let at = 0; at < 600; at += 1) {
          window.kit.account!.fake("g_long").receive("ruth", `New ${at}`);
          if (at % 10 === 0) {
            await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
          }
        }
      });
      // To where it begins, of which the timeline itself may have dropped some by then.
      await page.evaluate(() => (window.kit.box.scrollTop = -window.kit.box.scrollHeight));
      await expect.poll(() => page.evaluate(() => window.kit.conversation!.timelineElement.stretch?.moreBefore)).toBe(false);
      await expect.poll(() => page.evaluate(() => window.kit.conversation!.timelineElement.items[0]?.kind)).toBe("start");
    });
  });

  it("keeps in sight what arrived first while nobody looked", async () => {
    await withLong(60, async (page) => {
      const first = await page.evaluate(async () => {
        document.hasFocus = () => false;
        for (let at = 0; at < 40; at += 1) {
          window.kit.account!.fake("g_long").receive("ruth", `While away ${at}`);
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return Object.keys(window.kit.edges())[0] ?? "";
      });
      expect(await page.locator(`li[data-key="${first}"]`).textContent()).toContain("While away 0");
      expect(await page.evaluate(() => window.kit.account!.fake("g_long").summary.get()!.unread)).toBe(40);
    });
  });

  it("keeps one node for a message from its echo to the log, and goes to the end with it", async () => {
    await withLong(120, async (page) => {
      await page.evaluate(() => (window.kit.box.scrollTop = -1_000));
      await settled(page);
      await page.evaluate(() => Object.assign(window, { seen: window.kit.exchanges() }));
      await page.getByRole("textbox", { name: "Message" }).fill("On my way");
      await page.keyboard.press("Enter");
      const line = page.locator("li.message.own", { hasText: "On my way" });
      await line.getByRole("img", { name: "Sent" }).waitFor();
      await expect.poll(() => page.evaluate(() => window.kit.box.scrollTop)).toBe(0);
      const key = await line.getAttribute("data-key");
      const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
      expect(seen.filter((change) => change.endsWith(key ?? ""))).toEqual([`+${key}`]);
    });
  });

  it("opens at the first unread message, a third from the top, and says read what was in sight", async () => {
    await withLong(200, async (page) => {
      const place = await page.evaluate(() => {
        const divider = window.kit.box.querySelector(".divider.unread")!.getBoundingClientRect();
        const box = window.kit.box.getBoundingClientRect();
        return (divider.top - box.top) / box.height;
      });
      expect(place).toBeGreaterThan(0.28);
      expect(place).toBeLessThan(0.38);
      const unread = (): Promise<number> => page.evaluate(() => window.kit.account!.fake("g_long").summary.get()!.unread);
      await expect.poll(unread).toBeLessThan(60);
      expect(await unread()).toBeGreaterThan(20);
      await page.evaluate(() => window.kit.conversation!.timelineElement.toLatest());
      await expect.poll(unread).toBe(0);
    }, { unread: 60 });
  });

  it("jumps to a message far back, lights it up, and leads back", async () => {
    await withLong(1_500, async (page) => {
      const shown = await page.evaluate(() => window.kit.conversation!.show(100, 100));
      expect(shown).toBe(true);
      const target = page.locator("li.message.jumped");
      await target.waitFor();
      await target.filter({ hasText: "99: " }).waitFor();
      const box = await page.evaluate(() => Object.keys(window.kit.edges()));
      expect(box.length).toBeGreaterThan(2);
      await page.getByRole("button", { name: "Back to where you were" }).click();
      await expect.poll(() => page.evaluate(() => window.kit.box.textContent?.includes("1499: "))).toBe(true);
    });
  });

  it("opens at the first of very many unread messages, and goes on to the newest", async () => {
    await withLong(1_200, async (page) => {
      await page.locator(".divider.unread").waitFor();
      const first = await page.evaluate(() => Object.keys(window.kit.edges()).length);
      expect(first).toBeGreaterThan(2);
      await page.mouse.move(500, 400);
      await expect
        .poll(async () => {
          await page.mouse.wheel(0, 3_000);
          await settled(page);
          return page.evaluate(() => window.kit.box.textContent?.includes("1199: ") && window.kit.box.scrollTop > -5);
        }, { timeout: 40_000 })
        .toBe(true);
    }, { unread: 450 });
  });

  it("fits on a screen of 320 pixels", async () => {
    await withLong(40, async (page) => {
      await page.setViewportSize({ width: 320, height: 640 });
      await page.evaluate(() => void window.kit.account!.fake("g_long").receive("ruth", `https://a.example/${"long".repeat(60)} ${"W".repeat(200)}`));
      await page.locator("li.message", { hasText: "longlong" }).waitFor();
      const wide = await page.evaluate(() => [document.documentElement, window.kit.box].map((box) => box.scrollWidth - box.clientWidth));
      expect(wide).toEqual([0, 0]);
    });
  });

  it("shows what people write as text, and never as markup", async () => {
    await withLong(5, async (page) => {
      const text = `<img src=x onerror="document.title='owned'"><b>bold</b> &amp; javascript:alert(1)`;
      await page.evaluate((words) => void window.kit.account!.fake("g_long").receive("ruth", words), text);
      await page.locator("li.message", { hasText: "onerror" }).waitFor();
      expect(await page.locator(".text img, .text b, .text a").count()).toBe(0);
      expect(await page.title()).toBe("Kit");
    });
  });

  it("lets an app show a kind of content, or a line, as it likes", async () => {
    await withLong(5, async (page) => {
      await page.evaluate(() => {
        customElements.define("acme-order", class extends HTMLElement {
          set message(message: { readonly content: { readonly bodyType: string } }) {
            this.textContent = `Order in ${message.content.bodyType}`;
          }
        });
        const { conversation, account } = window.kit;
        conversation!.renderers = { "com.acme.order": "acme-order", day: () => "A day" };
        void account!.fake("g_long").send({ content: { kind: "opaque", bodyType: "com.acme.order", body: new Uint8Array() } });
      });
      await page.locator("li.message acme-order", { hasText: "Order in com.acme.order" }).waitFor();
      await page.locator("li.own-line", { hasText: "A day" }).first().waitFor();
    });
  });

  it("forwards what is selected as one card", async () => {
    await withLong(12, async (page) => {
      await page.locator("stonechat-timeline .scroll").focus();
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.getByText("1 selected").waitFor();
      await page.locator(`li.message[data-key="l:11"]`).click();
      await page.getByText("2 selected").waitFor();
      await page.getByRole("button", { name: "Forward" }).click();
      await page.getByRole("radio", { name: "As one card" }).click();
      await page.getByRole("checkbox", { name: "Long" }).check();
      await page.getByRole("button", { name: "Forward", exact: true }).last().click();
      const card = page.locator("li.message .merged");
      await card.waitFor();
      await card.filter({ hasText: "Messages from Long" }).waitFor();
      await page.getByText("2 selected").waitFor({ state: "detached" });
    });
  });

  it("lifts the message that its sheet is about, out of the scrim and above the sheet", async () => {
    const { person, page } = await kit.served.visit(kit.browser, { screen: "phone" });
    await page.evaluate(() => window.kit.open(window.kit.long(30, {})));
    const last = page.locator("ol > li.message").last();
    await last.waitFor();
    const at = (await last.locator(".bubble").boundingBox())!;
    const touch = await person.context.newCDPSession(page);
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: at.x + 20, y: at.y + 10 }] });
    const lifted = page.locator(".lifted .bubble");
    await lifted.waitFor();
    // The finger is over an entry of the sheet now.
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await page.getByRole("menuitem", { name: "Reply" }).waitFor();
    expect(await lifted.textContent()).toBe(await last.locator(".bubble").textContent());
    const bottom = async (): Promise<number> => {
      const box = await lifted.boundingBox();
      return (box?.y ?? 0) + (box?.height ?? 0);
    };
    const sheet = (): Promise<number> => page.locator("stonechat-menu").evaluate((menu) => innerHeight - (menu as HTMLElement).offsetHeight);
    await expect.poll(async () => (await bottom()) < (await sheet())).toBe(true);
    await page.keyboard.press("Escape");
    await lifted.waitFor({ state: "detached" });
    await last.locator(".bubble").waitFor();
    await person.leave();
  });

  it("does not select what was recalled, nor keeps it selected", async () => {
    await withLong(12, async (page) => {
      const recall = (seq: number): Promise<void> => page.evaluate(async (target) => void (await window.kit.account!.fake("g_long").recall(target)), seq);
      await recall(11);
      await page.locator("li.message.recalled").waitFor();
      await page.locator("stonechat-timeline .scroll").focus();
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.getByText("1 selected").waitFor();
      await page.locator("li.message.recalled").click();
      await page.locator(`li.message[data-key="l:10"]`).click();
      await page.getByText("2 selected").waitFor();
      await recall(10);
      await page.getByText("1 selected").waitFor();
    });
  });

  it("is used with the keyboard alone", async () => {
    await withLong(30, async (page) => {
      await page.locator("stonechat-timeline .scroll").focus();
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("1");
      const line = page.locator("li.message:focus");
      await line.getByRole("button", { name: /👍/ }).waitFor();
      await page.keyboard.press("Shift+F10");
      await page.getByRole("menuitem", { name: "Reply" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("r");
      await page.getByText(/^Reply to/).waitFor();
      await expect.poll(() => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName)).toBe("stonechat-composer");
    });
  });
});
