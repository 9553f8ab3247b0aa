import { expect, test } from "vitest";
import { bubble, composer, eventually, gone, open, row, shown, texts, ticked } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();

function greet(text: string, from = 1): Promise<unknown> {
  return here.server.backend("POST", "/messages", { sender: here.people[from]!.id, to_user: here.people[0]!.id, text });
}

test("the main path needs no mouse", async () => {
  await greet("By keys alone");
  const person = await here.person();
  const page = await person.tab("/");
  const [first, second, third] = here.people;
  await shown(page.getByRole("button", { name: first!.name }));
  await page.keyboard.press("Tab");
  await expect.poll(() => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent ?? "")).toContain(first!.name);
  await page.keyboard.press("Enter");
  await shown(row(page, second!.name));

  // To a conversation by its name.
  // Keys are heard from a moment after the first picture on.
  await expect.poll(async () => {
    await page.keyboard.press("Control+k");
    return page.getByRole("dialog").count();
  }).toBe(1);
  await page.keyboard.type(second!.name);
  await shown(page.getByRole("dialog").getByText(second!.name).first());
  await page.keyboard.press("Enter");
  await shown(bubble(page, "By keys alone"));
  await shown(composer(page).and(page.locator(":focus")));

  // Write, edit the last, react, answer, star.
  await page.keyboard.type("No mous");
  await page.keyboard.press("Enter");
  await ticked(page, "No mous", /Sent|Delivered/);
  await page.keyboard.press("ArrowUp");
  await shown(page.getByText("Edit message"));
  await page.keyboard.type("e here");
  await page.keyboard.press("Enter");
  await shown(bubble(page, "No mouse here").getByText("edited"));
  await page.keyboard.press("Shift+F6");
  const aimed = bubble(page, "By keys alone").and(page.locator(":focus"));
  await expect.poll(async () => {
    await page.keyboard.press("ArrowUp");
    return aimed.count();
  }).toBe(1);
  await page.keyboard.press("1");
  await shown(bubble(page, "By keys alone").getByRole("button", { name: /, 1, you reacted$/ }));
  await page.keyboard.press("s");
  await shown(bubble(page, "By keys alone").getByRole("img", { name: "Starred" }));
  await page.keyboard.press("r");
  await shown(page.getByText(`Reply to ${second!.name}`));
  await page.keyboard.type("Answered by keys");
  await page.keyboard.press("Enter");
  await shown(bubble(page, "Answered by keys").locator(".quote"));
  await page.keyboard.press("Shift+F6");
  await page.keyboard.press("ArrowUp");
  await shown(page.locator("li.message:focus"));
  await page.keyboard.press("Shift+F10");
  await shown(page.getByRole("menuitem", { name: /^Reply/ }));
  await page.keyboard.press("Escape");
  await gone(page.getByRole("menuitem"));
  await page.keyboard.press("Escape");
  await shown(composer(page).and(page.locator(":focus")));

  // To the next conversation, and the next unread.
  await greet("Down here", 2);
  await shown(row(page, third!.name));
  // Others of the demo may wait before it.
  await expect.poll(async () => {
    await page.keyboard.press("Alt+Shift+ArrowDown");
    return bubble(page, "Down here").count();
  }, { timeout: 10_000, interval: 500 }).toBe(1);
  await page.keyboard.press("Alt+ArrowDown");
  await shown(bubble(page, "By keys alone"));
  await page.keyboard.press("Control+f");
  await shown(page.locator("stonechat-chat-header, stonechat-chat").getByRole("searchbox").or(page.getByRole("textbox", { name: /Search/ })).first());
});

test("Enter of an input method takes the word and does not send", async () => {
  await greet("你好");
  const person = await here.person({ locale: "zh-CN" });
  const page = await person.signIn(here.people[0]!.name);
  await row(page, here.people[1]!.name).click();
  const field = page.getByRole("textbox", { name: "发消息", exact: true });
  await field.focus();
  const cdp = await person.context.newCDPSession(page);
  await cdp.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
  // As browsers tell the Enter of an input method: a key that is being processed.
  await cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Process", code: "Enter", windowsVirtualKeyCode: 229 });
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
  await cdp.send("Input.imeSetComposition", { text: "@ni", selectionStart: 3, selectionEnd: 3 });
  await field.evaluate((it) => {
    it.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", isComposing: true, bubbles: true, composed: true, cancelable: true }));
  });
  await cdp.send("Input.insertText", { text: "你好吗" });
  await eventually(() => field.inputValue(), "你好吗");
  await page.keyboard.press("Enter");
  await shown(bubble(page, "你好吗"));
  expect((await texts(page)).filter((text) => text === "ni hao" || text === "@ni")).toEqual([]);
  await eventually(() => field.inputValue(), "");
});

test("keys are for a menu from the moment it opens, whatever takes the focus", async () => {
  await greet("One");
  await greet("Two");
  const page = await (await here.person()).signIn(here.people[0]!.name);
  await open(page, here.people[1]!.name);
  await shown(bubble(page, "Two"));
  await page.keyboard.press("Shift+F6");
  await page.keyboard.press("ArrowUp");
  await shown(page.locator("li.message:focus"));
  // Two keys of one frame: the first one's line is brought into sight when the menu is there already.
  await page.evaluate(() => {
    const press = (init: KeyboardEventInit): void => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      at?.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, composed: true, cancelable: true, ...init }));
    };
    press({ key: "ArrowUp" });
    press({ key: "F10", shiftKey: true });
  });
  await shown(page.getByRole("menuitem", { name: /^Reply/ }));
  await shown(page.locator("stonechat-menu:focus-within"));
  await page.keyboard.press("Escape");
  await gone(page.getByRole("menuitem"));

  await page.keyboard.press("Shift+F10");
  await shown(page.getByRole("menuitem", { name: /^Reply/ }));
  await composer(page).focus();
  await page.keyboard.press("ArrowDown");
  await shown(page.locator("stonechat-menu:focus-within"));
  await composer(page).focus();
  await page.keyboard.press("Escape");
  await gone(page.getByRole("menuitem"));
  await eventually(() => composer(page).inputValue(), "");
});

test("Shift Enter makes a line, Escape leaves the answer first", async () => {
  await greet("Which one?");
  const page = await (await here.person()).signIn(here.people[0]!.name);
  await open(page, here.people[1]!.name);
  await bubble(page, "Which one?").last().hover();
  await bubble(page, "Which one?").last().getByRole("button", { name: "Reply" }).click();
  await shown(page.getByText(`Reply to ${here.people[1]!.name}`));
  await composer(page).pressSequentially("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  await page.keyboard.press("Escape");
  await gone(page.getByText(`Reply to ${here.people[1]!.name}`));
  await eventually(() => composer(page).inputValue(), "one\ntwo");
});
