import { expect, test } from "vitest";
import { bubble, eventually, open, say, shown, texts, ticked } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage({ demo: false });

test("without the demo, an app signs its users in by a token", async () => {
  const person = await here.person();
  const page = await person.tab("/");
  await shown(page.getByText("Your app opens this page for you. Go back to it and choose chat."));
  const field = page.getByRole("textbox", { name: "Or sign in with a token" });
  await field.fill("no token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await shown(page.getByText("This is no token."));
  await field.fill(here.server.token("ada"));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await here.server.backend("POST", "/messages", { sender: "grace", to_user: "ada", text: "Hello Ada" });
  await open(page, "grace");
  await shown(bubble(page, "Hello Ada"));
  await say(page, "Hello Grace");
  await ticked(page, "Hello Grace", /Sent|Delivered/);
  // Where the token is: in this tab, and nowhere that lasts.
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain("eyJ");
  await page.reload();
  await eventually(() => texts(page), ["Hello Ada", "Hello Grace"]);
});

test("a link with a token opens chat, and its address keeps no token", async () => {
  const person = await here.person();
  const page = await person.tab(`/#token=${here.server.token("ada")}`);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  expect(page.url()).not.toContain("token");
});

test("a session whose token ended goes on by the token of a new link", async () => {
  const person = await here.person();
  // A token that holds for less than five seconds is not begun with, so that nobody waits for its end here.
  const page = await person.tab(`/#token=${here.server.token("lin", "3s")}`);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await shown(page.getByRole("dialog").or(page.getByRole("alertdialog")).getByText("Sign in again").first());
  const link = await person.tab(`/#token=${here.server.token("lin")}`);
  await link.getByRole("navigation", { name: "Main" }).waitFor();
  await here.server.backend("POST", "/messages", { sender: "grace", to_user: "lin", text: "You are back" });
  // Behind another, a tab is painted once a second.
  await page.bringToFront();
  await open(page, "grace");
  await shown(bubble(page, "You are back"));
});

test("a token that the server does not take is refused in words", async () => {
  const person = await here.person();
  const page = await person.tab("/");
  const [head, body] = here.server.token("eve").split(".");
  await page.getByRole("textbox", { name: "Or sign in with a token" }).fill(`${head}.${body}.AAAA`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await shown(page.getByText("The server did not take this token."));
});
