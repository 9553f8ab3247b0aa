import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { answer, bubble, composer, dialog, eventually, gone, open, row, say, shown, texts, ticked } from "./acts.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { stage } from "./stage.ts";

const here = stage();
const proxies: FaultProxy[] = [];

async function proxy(): Promise<FaultProxy> {
  const made = await FaultProxy.start(here.server.url);
  proxies.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((made) => made.close()));
});

function greet(text: string): Promise<unknown> {
  return here.server.backend("POST", "/messages", { sender: here.people[1]!.id, to_user: here.people[0]!.id, text });
}

test("what is written without a network goes out after the tab was closed and opened again", async () => {
  await greet("Before the tunnel");
  const line = await proxy();
  const profile = mkdtempSync(join(tmpdir(), "stonechat-profile-"));
  const person = await here.regular(profile, line.url);
  const page = await person.signIn(here.people[0]!.name);
  await open(page, here.people[1]!.name);
  await shown(bubble(page, "Before the tunnel"));
  // The page is kept for such times once its worker is there.
  await page.evaluate(() => navigator.serviceWorker.ready);

  line.set({ kind: "refuse" });
  await say(page, "Written in the tunnel");
  await ticked(page, "Written in the tunnel", /Waiting/);
  await person.leave();

  // The whole browser was closed, and the server cannot be reached.
  const back = await here.regular(profile, line.url);
  const again = await back.tab("/");
  await open(again, here.people[1]!.name);
  await shown(bubble(again, "Before the tunnel"));
  await ticked(again, "Written in the tunnel", /Waiting/);
  await say(again, "And another");
  await shown(again.getByText("Offline. What you write is kept and goes out later."));

  line.set({ kind: "none" });
  await again.getByRole("button", { name: "Try now" }).click();
  await ticked(again, "And another", /Sent|Delivered/);
  const b = await (await here.person()).signIn(here.people[1]!.name);
  await open(b, here.people[0]!.name);
  await shown(bubble(b, "And another"));
  await eventually(async () => (await texts(b)).slice(-2), ["Written in the tunnel", "And another"]);
  await back.leave();
  rmSync(profile, { recursive: true, force: true });
});

test("a server that is killed while somebody types is caught up with, and nothing is lost or twice", async () => {
  await greet("Ready?");
  const a = await (await here.person()).signIn(here.people[0]!.name);
  const b = await (await here.person()).signIn(here.people[1]!.name);
  await Promise.all([open(a, here.people[1]!.name), open(b, here.people[0]!.name)]);
  await say(a, "Before the power cut");
  await shown(bubble(b, "Before the power cut"));
  await composer(a).pressSequentially("In the mid", { delay: 10 });
  await here.server.kill();
  await composer(a).pressSequentially("dle of it");
  await composer(a).press("Enter");
  await ticked(a, "In the middle of it", /Waiting/);
  await say(b, "Are you still there?");
  await here.server.run();
  await shown(bubble(b, "In the middle of it"));
  await shown(bubble(a, "Are you still there?"));
  await ticked(a, "In the middle of it", "Read");
  const said = (all: string[]) => all.filter((text) => /power cut|middle of it|still there/.test(text)).sort();
  await eventually(async () => said(await texts(a)), ["Are you still there?", "Before the power cut", "In the middle of it"]);
  await eventually(() => texts(b), await texts(a));
});

test("a browser whose clock is hours wrong chats as everybody does", async () => {
  await greet("Good evening");
  const late = await here.person({ clockHours: -7 });
  const early = await here.person({ clockHours: 9 });
  const a = await late.signIn(here.people[0]!.name);
  const b = await early.signIn(here.people[1]!.name);
  await Promise.all([open(a, here.people[1]!.name), open(b, here.people[0]!.name)]);
  await say(a, "First");
  await shown(bubble(b, "First"));
  await say(b, "Second");
  await shown(bubble(a, "Second"));
  await say(a, "Third");
  await ticked(a, "Third", "Read");
  for (const page of [a, b]) {
    await eventually(async () => (await texts(page)).slice(-3), ["First", "Second", "Third"]);
  }
});

test("several tabs are one device, and the next one leads when the leader is closed", async () => {
  await greet("To all tabs");
  const person = await here.person();
  const leader = await person.signIn(here.people[0]!.name);
  const follower = await person.tab("/");
  const third = await person.tab("/");
  for (const page of [leader, follower, third]) {
    await open(page, here.people[1]!.name);
    await shown(bubble(page, "To all tabs"));
  }
  await say(follower, "From the second tab");
  await shown(bubble(leader, "From the second tab"));
  await ticked(third, "From the second tab", /Sent|Delivered/);
  await leader.close();
  await say(follower, "After the first was closed");
  await ticked(follower, "After the first was closed", /Sent|Delivered/);
  await shown(bubble(third, "After the first was closed"));
  await greet("Still heard");
  await shown(bubble(third, "Still heard"));
  await follower.close();
  await say(third, "Alone now");
  await ticked(third, "Alone now", /Sent|Delivered/);
});

test("who signs in after a sign-out sees nothing of the one before", async () => {
  await greet("Only for you");
  const person = await here.person();
  const page = await person.signIn(here.people[0]!.name);
  await open(page, here.people[1]!.name);
  await say(page, "A secret between us");
  await ticked(page, "A secret between us", /Sent|Delivered/);
  await composer(page).fill("half a secret");
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await dialog(page, "Sign out on this device?").getByRole("button", { name: "Sign out", exact: true }).click();
  await shown(page.getByRole("button", { name: here.people[3]!.name }));
  const left = await page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name ?? "");
    const contents: string[] = [];
    for (const name of names) {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const table of db.objectStoreNames) {
        const all = await new Promise<unknown[]>((resolve, reject) => {
          const request = db.transaction(table).objectStore(table).getAll();
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        contents.push(JSON.stringify(all));
      }
      db.close();
    }
    return [...contents, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })].join("\n");
  });
  expect(left).not.toMatch(/secret|Only for you|eyJ/);
  await page.getByRole("button", { name: here.people[3]!.name }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await gone(row(page, here.people[1]!.name).filter({ hasText: "secret" }));
  expect(await page.content()).not.toContain("secret");
});

test("a device that is signed out from elsewhere forgets what it held, and says so", async () => {
  await greet("For both devices");
  const lost = await here.person();
  const kept = await here.person();
  const a = await lost.signIn(here.people[0]!.name);
  await open(a, here.people[1]!.name);
  await shown(bubble(a, "For both devices"));
  const b = await kept.signIn(here.people[0]!.name, "/");
  await b.goto(`${here.server.url}/settings/devices`);
  await b.getByRole("button", { name: "Sign out all other devices" }).click();
  await answer(b, /^Sign out/);
  await shown(a.getByText("This device was signed out"));
  await gone(bubble(a, "For both devices"));
  await a.getByRole("button", { name: "Sign in again" }).click();
  await shown(a.getByRole("button", { name: here.people[0]!.name }));
  await eventually(() => b.getByText("You are signed in nowhere else.").count(), 1);
});
