/** The messenger in a hand: one pane, steps back, and room for a thumb. Also that an address opens exactly what it names. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { bubble, composer, eventually, gone, list, row, say, shown } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();
/** What a thumb hits. */
const TARGET_PX = 44;

const path = (page: Page): Promise<string> => page.evaluate(() => location.pathname);

/** A message that is there, and the address of its conversation. */
async function greeted(text: string): Promise<string> {
  const sent = await here.server.backend("POST", "/messages", { sender: here.people[1]!.id, to_user: here.people[0]!.id, text });
  return `/c/${(sent as { conversation: string }).conversation}`;
}

for (const screen of ["desktop", "phone"] as const) {
  test(`an address opens what it names, also after a reload: ${screen}`, async () => {
    const talk = await greeted("By its address");
    const page = await (await here.person({ screen })).signIn(here.people[0]!.name, "/settings/privacy");
    const places: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
      ["/settings/privacy", (it) => shown(it.getByRole("heading", { name: "Privacy" }))],
      ["/settings/devices", (it) => shown(it.getByRole("heading", { name: "Devices" }))],
      ["/contacts", (it) => shown(it.getByRole("heading", { name: "Contacts" }))],
      ["/starred", (it) => shown(it.getByRole("heading", { name: "Starred messages" }))],
      [talk, (it) => shown(bubble(it, "By its address"))],
    ];
    for (const [address, isThere] of places) {
      await page.goto(here.server.url + address);
      await isThere(page);
      await page.reload();
      await isThere(page);
      expect(await path(page)).toBe(address);
    }
    // One that nobody has is the list.
    await page.goto(`${here.server.url}/c/g_aaaaaaaaaaaaaaaaaaaaaaaaaa`);
    await eventually(() => path(page), "/");
    await shown(row(page, here.people[1]!.name));
  });
}

test("a step back closes the innermost: details, then the conversation", async () => {
  await greeted("Step by step");
  const page = await (await here.person({ screen: "phone" })).signIn(here.people[0]!.name);
  await row(page, here.people[1]!.name).click();
  await shown(composer(page));
  const talk = await path(page);
  const details = page.locator("stonechat-details");
  const open = (): Promise<void> => page.getByRole("button", { name: "Details" }).click();
  // By the button of the system.
  await open();
  await shown(details.getByRole("heading", { name: here.people[1]!.name }));
  await page.goBack();
  await gone(details);
  expect(await path(page)).toBe(talk);
  // By the button of the page, which leaves no step behind.
  await open();
  await shown(details.getByRole("heading", { name: here.people[1]!.name }));
  await details.getByRole("button", { name: /Back|Close/ }).first().click();
  await gone(details);
  await eventually(() => page.evaluate(() => (history.state as { over?: boolean } | null)?.over ?? false), false);
  await shown(bubble(page, "Step by step"));
  await page.goBack();
  await shown(list(page));
  expect(await path(page)).toBe("/");

  // From a section to the settings, and no further.
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByRole("button", { name: /^Privacy/ }).click();
  await shown(page.getByRole("heading", { name: "Privacy" }));
  await page.getByRole("button", { name: "Back" }).click();
  await eventually(() => path(page), "/settings");
  await page.goBack();
  await eventually(() => path(page), "/");
});

test("what is written without a network is not hidden by the line that says so", async () => {
  await greeted("Before the tunnel");
  const person = await here.person({ screen: "phone" });
  const page = await person.signIn(here.people[0]!.name);
  await row(page, here.people[1]!.name).click();
  await shown(bubble(page, "Before the tunnel"));
  await person.context.setOffline(true);
  await say(page, "Into the tunnel");
  const line = page.locator("stonechat-connection .line");
  await shown(line);
  const gap = async (): Promise<number> => {
    const [said, told] = await Promise.all([bubble(page, "Into the tunnel").boundingBox(), line.boundingBox()]);
    return (told?.y ?? 0) - (said?.y ?? 0) - (said?.height ?? 0);
  };
  await expect.poll(gap).toBeGreaterThanOrEqual(0);
  await person.context.setOffline(false);
});

/** What is wider than the window, and what a thumb would miss, in the page as it is. */
function tight(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const found: string[] = [];
    const walk = (root: Document | ShadowRoot): void => {
      for (const element of root.querySelectorAll<HTMLElement>("*")) {
        if (element.shadowRoot) {
          walk(element.shadowRoot);
        }
        const box = (element.closest("label") ?? element).getBoundingClientRect();
        const isSeen = box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
        // A link in a text, and what is named by its label, has the size of its words.
        if (!isSeen || !element.matches("button, a.row, [role=switch], [role=tab]") || element.matches(".text *, .quote *, .link-button")) {
          continue;
        }
        const area = getComputedStyle(element, "::after");
        const grown = area.position === "absolute" ? Number.parseFloat(area.height) || 0 : 0;
        if (Math.max(box.height, grown) < least - 0.5) {
          found.push(`${element.localName}.${element.className} "${(element.ariaLabel ?? element.textContent ?? "").trim().slice(0, 24)}": ${Math.round(box.width)} x ${Math.round(box.height)}`);
        }
      }
    };
    walk(document);
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [...found, `the page is ${scrollWidth} wide`] : found;
  }, TARGET_PX);
}

test("on 320 pixels nothing is wider than the window, and a thumb hits what it can press", async () => {
  const talk = await greeted("Narrow");
  const page = await (await here.person({ screen: "phone" })).signIn(here.people[0]!.name);
  await page.setViewportSize({ width: 320, height: 640 });
  const places: readonly (readonly [string, string])[] = [
    ["/", "Chats"], ["/contacts", "Contacts"], ["/starred", "Starred messages"], ["/settings", "Settings"],
    ...["profile", "appearance", "notifications", "privacy", "devices", "folders", "keys"].map((section) => [`/settings/${section}`, ""] as const),
    [talk, here.people[1]!.name],
  ];
  const tightPlaces: string[] = [];
  for (const [address, heading] of places) {
    await page.goto(here.server.url + address);
    await shown(page.getByRole("heading", heading ? { name: heading } : {}));
    tightPlaces.push(...(await tight(page)).map((what) => `${address}: ${what}`));
  }
  await page.getByRole("button", { name: "Details" }).click();
  await shown(page.locator("stonechat-details").getByRole("heading", { name: here.people[1]!.name }));
  tightPlaces.push(...(await tight(page)).map((what) => `details: ${what}`));
  expect(tightPlaces).toEqual([]);
});
