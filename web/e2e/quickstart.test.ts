/** Does what docs/quickstart-web.md says, word by word; only ports and places are others. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bubble, composer, open, say, shown } from "./acts.ts";
import { stage } from "./stage.ts";

const web = new URL("..", import.meta.url).pathname;
const here = stage();
const folder = mkdtempSync(join(tmpdir(), "stonechat-quickstart-"));
let backend: ChildProcess | null = null;

afterAll(() => {
  backend?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** The files of the page: a name in backticks at the start of a line, and the block that follows it. */
function files(): Map<string, string> {
  const text = readFileSync(join(web, "../docs/quickstart-web.md"), "utf8");
  return new Map([...text.matchAll(/^`([\w./-]+)`[^\n]*\n\n```\w+\n(.*?)^```$/gms)].map(([, name, body]) => [name!, body!]));
}

test("the quickstart works as it is written", { timeout: 120_000 }, async () => {
  const found = files();
  expect([...found.keys()]).toEqual(["public/index.html", "public/app.css", "app.js", "backend.mjs"]);
  mkdirSync(join(folder, "public"));
  for (const [name, body] of found) {
    const here8080 = body.replaceAll("http://127.0.0.1:8080", here.server.url).replace("listen(3000,", "listen(0,");
    // Whichever port it gets, it says it.
    writeFileSync(join(folder, name), here8080.replace('() => console.log("ready http://127.0.0.1:3000")', "function () { console.log(`ready http://127.0.0.1:${this.address().port}`); }"));
  }
  if (!existsSync(join(web, "ui/dist/index.js"))) {
    execFileSync("node", ["tools/build.mjs", "--only", "libraries"], { cwd: web });
  }
  // The packages as they are published lie where npm would put them.
  symlinkSync(join(web, "node_modules"), join(folder, "node_modules"));
  execFileSync(join(web, "node_modules/.bin/esbuild"), ["app.js", "--bundle", "--splitting", "--format=esm", "--minify", "--outdir=public", "--log-level=error"], { cwd: folder });

  const key = join(folder, "secret");
  writeFileSync(key, here.server.secret());
  const started = spawn("node", ["backend.mjs", key], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  backend = started;
  const url = await new Promise<string>((resolve) => started.stdout.on("data", (said: Buffer) => resolve(/ready (\S+)/.exec(said.toString())![1]!)));

  const second = here.people[1]!;
  const ada = await (await here.person({}, url)).tab("/?user=ada");
  await ada.locator("stonechat-chat nav").waitFor();
  await ada.getByRole("button", { name: "New conversation" }).first().click();
  await ada.locator("stonechat-dialog[open]").getByRole("combobox").fill(second.id);
  await ada.locator("stonechat-dialog[open]").getByRole("option", { name: second.name }).click();
  await shown(composer(ada));
  await say(ada, "Hello from my own page");
  const other = await (await here.person()).signIn(second.name);
  await open(other, "ada");
  await shown(bubble(other, "Hello from my own page"));
  expect(await ada.evaluate(() => getComputedStyle(document.querySelector("stonechat-chat")!).getPropertyValue("--stonechat-color-accent"))).toContain("#0b6e5c");
});
