import type { Page } from "playwright-core";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { act, answer, bubble, composer, dialog, eventually, gone, open, row, say, shown, texts, ticked, timeline } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();
let ours = "";
let theirs = "";
let a: Page;
let b: Page;

/** Two people, each in a browser of his own. */
beforeAll(async () => {
  const [one, other] = here.people;
  ours = one!.name;
  theirs = other!.name;
  const [first, second] = await Promise.all([here.resident(), here.resident()]);
  [a, b] = await Promise.all([first.signIn(ours), second.signIn(theirs)]);
});

/** They look at the conversation with each other. */
beforeEach(async () => {
  await Promise.all([a, b].map((page) => page.keyboard.press("Escape")));
  await Promise.all([open(a, theirs), open(b, ours)]);
});

test("a text arrives, and its ticks say how far it has come", async () => {
  await say(a, "Is the ferry on time?");
  await shown(bubble(b, "Is the ferry on time?"));
  await ticked(a, "Is the ferry on time?", "Read");
  await say(b, "Five minutes late");
  await shown(bubble(a, "Five minutes late"));
  await shown(row(a, theirs).getByText("Five minutes late"));
});

test("line breaks, links, emoji and other scripts come out as they were written", async () => {
  const text = "two\nlines, 你好 مرحبا 👩‍👩‍👧 and https://stonechat.example/a?b=1#c.";
  await composer(a).fill(text);
  await composer(a).press("Enter");
  const arrived = bubble(b, "two");
  await shown(arrived);
  await eventually(async () => (await texts(b)).at(-1), text);
  const link = arrived.getByRole("link", { name: "https://stonechat.example/a?b=1#c" });
  expect(await link.getAttribute("href")).toBe("https://stonechat.example/a?b=1#c");
  expect(await link.getAttribute("rel")).toContain("noopener");
});

test("an answer shows what it answers, and leads there", async () => {
  await say(a, "Which pier?");
  await shown(bubble(b, "Which pier?"));
  await act(b, "Which pier?", "Reply");
  await say(b, "Pier four");
  const quote = bubble(a, "Pier four").locator(".quote button");
  await shown(quote.getByText("Which pier?"));
  await quote.click();
  await shown(a.locator("li.message.jumped", { hasText: "Which pier?" }));
});

test("an edit changes the text for both, and says so", async () => {
  await say(a, "Gate thre");
  await shown(bubble(b, "Gate thre"));
  await act(a, "Gate thre", "Edit");
  await composer(a).fill("Gate three");
  await composer(a).press("Enter");
  await shown(bubble(b, "Gate three").getByText("edited"));
  await act(b, "Gate three", "Show edits");
  await shown(dialog(b, "Edits").getByText("Gate thre", { exact: true }));
});

test("a recalled message is gone for both, out of quotes too", async () => {
  await say(a, "The code is 4711");
  await shown(bubble(b, "The code is 4711"));
  await act(b, "The code is 4711", "Reply");
  await say(b, "Noted");
  await act(a, "The code is 4711", "Recall");
  await answer(a, "Recall");
  for (const page of [a, b]) {
    await gone(timeline(page).getByText("The code is 4711"));
    await shown(bubble(page, "Noted").getByText("Message recalled"));
  }
  await shown(timeline(b).getByText(/recalled a message/));
});

test("reactions count for both, and are taken back by the same button", async () => {
  await say(a, "Lunch?");
  const there = bubble(b, "Lunch?");
  await there.hover();
  await there.getByRole("button", { name: "React", exact: true }).click();
  await b.locator("stonechat-emoji-picker").getByText("👍").first().click();
  await shown(bubble(a, "Lunch?").getByRole("button", { name: /^👍, 1$/ }));
  await bubble(a, "Lunch?").getByRole("button", { name: /^👍, 1$/ }).click();
  await shown(there.getByRole("button", { name: "👍, 2, you reacted" }));
  await there.getByRole("button", { name: "👍, 2, you reacted" }).click();
  await shown(bubble(a, "Lunch?").getByRole("button", { name: "👍, 1, you reacted" }));
});

test("a pinned message stands above the conversation for both", async () => {
  await say(a, "Wi-Fi: heron");
  await act(a, "Wi-Fi: heron", "Pin");
  await shown(b.locator("stonechat-pinned-bar").getByText("Wi-Fi: heron"));
  await act(b, "Wi-Fi: heron", "Unpin");
  await gone(a.locator("stonechat-pinned-bar").getByText("Wi-Fi: heron"));
});

test("a star is one's own, and leads back to its message", async () => {
  await say(b, "Room 12, second floor");
  await act(a, "Room 12, second floor", "Star");
  await shown(bubble(a, "Room 12, second floor").getByRole("img", { name: "Starred" }));
  await a.getByRole("button", { name: "Starred", exact: true }).click();
  await a.locator("stonechat-starred").getByText("Room 12, second floor").click();
  await shown(a.locator("li.message.jumped", { hasText: "Room 12, second floor" }));
  await say(a, "Found it");
  await shown(bubble(b, "Found it"));
  expect(await bubble(b, "Room 12, second floor").getByRole("img", { name: "Starred" }).count()).toBe(0);
});

test("a forwarded message says whose it was", async () => {
  const third = here.people[2]!;
  await here.server.backend("POST", "/messages", { sender: third.id, to_user: here.people[0]!.id, text: "Hello from me" });
  await say(b, "The tide turns at six");
  await act(a, "The tide turns at six", "Forward");
  await dialog(a, "Forward message").getByText(third.name).first().click();
  await answer(a, "Forward");
  await open(a, third.name);
  await shown(bubble(a, "The tide turns at six").getByText(`Forwarded from ${theirs}`));
});

test("what one deletes for himself stays for the other, also after a new start", async () => {
  await say(b, "Ignore this");
  await act(a, "Ignore this", "Delete for me");
  await answer(a, "Delete");
  await gone(bubble(a, "Ignore this"));
  await a.reload();
  await shown(bubble(a, "Half past twelve"));
  expect(await bubble(a, "Ignore this").count()).toBe(0);
  await shown(bubble(b, "Ignore this"));
});

test("a draft waits where it was left, and on the other device", async () => {
  const second = await here.person();
  const elsewhere = await second.signIn(ours);
  await composer(a).fill("I was thinking");
  await shown(row(elsewhere, theirs).getByText(/Draft:/));
  await open(elsewhere, theirs);
  await eventually(() => composer(elsewhere).inputValue(), "I was thinking");
  await composer(a).fill("");
});

test("who writes is seen writing, until he stops", async () => {
  await composer(b).pressSequentially("Well, ", { delay: 20 });
  await shown(a.locator("stonechat-chat-header").getByText("typing"));
  await shown(row(a, theirs).getByText("typing"));
  await composer(b).fill("");
  await gone(a.locator("stonechat-chat-header").getByText("typing"));
});

test("what comes while another conversation is open is counted, and read once it is seen", async () => {
  const third = here.people[2]!;
  await open(a, third.name);
  await say(b, "The first of two");
  await say(b, "The second of two");
  await shown(row(a, theirs, "2 unread"));
  await shown(a.getByRole("button", { name: /^Chats\W.*unread/s }));
  await eventually(async () => /^\(\d+\) /.test(await a.title()), true);
  await ticked(b, "The second of two", /Sent|Delivered/);
  await open(a, theirs);
  await ticked(b, "The second of two", "Read");
  await shown(timeline(a).getByText("2 new messages"));
  await gone(row(a, theirs, "unread"));
});
