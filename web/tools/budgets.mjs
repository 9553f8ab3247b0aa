// Measures what the messenger promises: `node tools/budgets.mjs [--minutes 10] [--write]`. Prints the figures beside their
// budgets and fails at twice a budget; `--write` puts them into docs/benchmarks.md. Needs dist/, a server (STONECHAT_BIN) and
// Chromium.
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./root.mjs";
import { SDK_AND_KIT_KB_BUDGET, SDK_KB_MAX, sizes } from "./sizes.mjs";

const CONVERSATIONS = 10_000;
const MESSAGES = 100_000;
const PER_SECOND = 50;
const STARTS = 5;
const SWITCHES = 20;

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const minutes = Number(option("--minutes", "1"));
const figures = [];
const rounded = (value) => value.toFixed(value < 100 ? 1 : 0);

function note(name, value, unit, most = null) {
  figures.push({ name, value, unit, most });
  console.log(`${name}: ${rounded(value)} ${unit}${most === null ? "" : `, budget ${most}`}`);
}

const at = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The real server, with the pages that are built now. */
async function startServer(data) {
  const args = ["serve", "--demo", "--data", data, "--listen", "127.0.0.1:0", "--web-folder", join(root, "dist")];
  const child = spawn(process.env.STONECHAT_BIN ?? join(root, "../target/release/stonechat"), args, { stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => /^ready (\S+)$/m.test(chunk) && resolve(/^ready (\S+)$/m.exec(chunk)[1]));
    child.once("exit", () => reject(new Error("the server did not start")));
  });
  return { url, stop: () => new Promise((resolve) => (child.once("exit", resolve), child.kill())) };
}

async function fillScript() {
  const { outputFiles } = await build({
    absWorkingDir: root, entryPoints: ["e2e/bench/fill.ts"], bundle: true, format: "iife", target: "es2022", write: false,
    conditions: ["stonechat-source"], logLevel: "error",
  });
  return outputFiles[0].text;
}

/** Starts of a messenger whose store is full: until the first paint, and until rows of conversations are there. */
async function starts(context, url) {
  const paints = [];
  const rows = [];
  for (let i = 0; i < STARTS; i++) {
    const page = await context.newPage();
    await page.goto(url);
    await page.locator("stonechat-conversation-list a").first().waitFor();
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
    rows.push(await page.evaluate(() => globalThis.rowsAt));
    await page.close();
  }
  return { paint: at(paints, 0.5), rows: at(rows, 0.5) };
}

/** In the page, before its scripts: when the first frame with rows was drawn. */
function watchRows() {
  const look = () => {
    const list = document.querySelector("stonechat-chat")?.shadowRoot?.querySelector("stonechat-conversation-list");
    if (list?.shadowRoot?.querySelector("a")) {
      requestAnimationFrame(() => (globalThis.rowsAt = performance.now()));
    } else {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
}

/** From a click on a row to the frame in which the messages of that conversation are drawn. */
async function switches(page) {
  return page.evaluate(async (count) => {
    const chat = document.querySelector("stonechat-chat").shadowRoot;
    const list = chat.querySelector("stonechat-conversation-list").shadowRoot;
    const deep = (root, selector) => {
      const found = root.querySelector(selector);
      if (found) return found;
      for (const element of root.querySelectorAll("*")) {
        const inner = element.shadowRoot && deep(element.shadowRoot, selector);
        if (inner) return inner;
      }
      return null;
    };
    /** Once the frame that is being made was painted. */
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(null);
    }));
    const taken = [];
    for (let i = 0; i < count; i++) {
      const rows = [...list.querySelectorAll("a")].slice(0, 8).filter((it) => !it.hasAttribute("aria-current"));
      const before = deep(chat, "li.message");
      const begun = performance.now();
      rows[i % rows.length].click();
      do {
        await painted();
      } while (performance.now() - begun < 3000 && (deep(chat, "li.message") === before || !deep(chat, "li.message")));
      taken.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return taken;
  }, SWITCHES);
}

const SCRIPT_AND_LAYOUT = new Set([
  "EvaluateScript", "FunctionCall", "FireAnimationFrame", "FireIdleCallback", "TimerFire", "EventDispatch", "RunMicrotasks", "V8.GCScavenger",
  "MajorGC", "MinorGC", "UpdateLayoutTree", "Layout", "PrePaint", "HitTest", "ResizeObserver", "IntersectionObserverController::computeIntersections",
]);

/** What the main thread spends for script and layout in each frame, in milliseconds. */
async function frames(page, seconds, work) {
  const cdp = await page.context().newCDPSession(page);
  const events = [];
  cdp.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await cdp.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "v8"] } });
  await work(seconds);
  const done = new Promise((resolve) => cdp.once("Tracing.tracingComplete", resolve));
  await cdp.send("Tracing.end");
  await done;
  await cdp.detach();
  // The thread with most script is the page's own: a tab has one main thread, other processes are traced too.
  const spent = new Map();
  for (const { ph, dur = 0, name, pid, tid } of events) {
    if (ph === "X" && SCRIPT_AND_LAYOUT.has(name)) {
      spent.set(`${pid}.${tid}`, (spent.get(`${pid}.${tid}`) ?? 0) + dur);
    }
  }
  const main = [...spent].sort(([, a], [, b]) => b - a)[0]?.[0];
  const ours = events.filter(({ ph, name, pid, tid }) => `${pid}.${tid}` === main && ph === "X" && SCRIPT_AND_LAYOUT.has(name)).sort((a, b) => a.ts - b.ts);
  const first = ours[0]?.ts ?? 0;
  const perFrame = new Array(Math.ceil(seconds * 60)).fill(0);
  let end = 0;
  for (const { ts, dur = 0 } of ours) {
    // What lies in another is counted with it.
    const from = Math.max(ts, end);
    end = Math.max(end, ts + dur);
    if (end > from) {
      const frame = Math.floor((from - first) / (1_000_000 / 60));
      if (frame < perFrame.length) {
        perFrame[frame] += (end - from) / 1000;
      }
    }
  }
  return perFrame;
}

async function heap(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("HeapProfiler.enable");
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  await cdp.detach();
  return usedSize / 1e6;
}

/** Sends 50 messages a second to a conversation until it is told to stop. */
function storm(url, secret, body) {
  let running = true;
  let sent = 0;
  const begun = Date.now();
  const done = (async () => {
    while (running) {
      const due = Math.floor(((Date.now() - begun) / 1000) * PER_SECOND);
      const batch = [];
      for (; sent < due; sent++) {
        batch.push(fetch(`${url}/v1/apps/default/messages`, {
          method: "POST",
          headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
          body: JSON.stringify({ ...body, text: `message ${sent} of the storm, as long as people write` }),
        }).then((answer) => answer.text()));
      }
      await Promise.all(batch);
      await pass(10);
    }
  })();
  return async () => {
    running = false;
    await done;
    return sent;
  };
}

async function main() {
  const { sdkKb, sdkAndKitKb, withConversationKb } = await sizes();
  note("SDK", sdkKb, "kB by brotli", SDK_KB_MAX);
  note("SDK and kit, as a page loads them", sdkAndKitKb, "kB by brotli", SDK_AND_KIT_KB_BUDGET);
  note("SDK and kit, with an open conversation", withConversationKb, "kB by brotli", SDK_AND_KIT_KB_BUDGET);

  const data = mkdtempSync(join(tmpdir(), "stonechat-budgets-"));
  const profile = mkdtempSync(join(tmpdir(), "stonechat-profile-"));
  const server = await startServer(data);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"], viewport: { width: 1440, height: 900 },
  });
  try {
    const { people } = await (await fetch(`${server.url}/demo/people`)).json();
    const [me, other] = people;
    const secret = readFileSync(join(data, "keys/api-secret.default"), "utf8").trim();
    await fetch(`${server.url}/v1/apps/default/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({ sender: other.id, to_user: me.id, text: "begin" }),
    });

    // A store that is full, of a user whom the server does not know so well: nothing of the network comes into these figures.
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole("button", { name: me.name }).click();
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready);
    const database = await page.evaluate(async (user) => (await indexedDB.databases()).find(({ name }) => name.includes(`/${user}/`)).name, me.id);
    await page.goto(`${server.url}/licenses.txt`);
    await page.evaluate(await fillScript());
    await page.evaluate((fill) => globalThis.fill(fill), { database, user: me.id, conversations: CONVERSATIONS, messages: MESSAGES });
    await page.close();

    const full = await context.newPage();
    await context.addInitScript(watchRows);
    // Routes do not see sockets; a server that is reached says that it knows none of these conversations.
    await context.routeWebSocket(/\/v1\/ws/, (socket) => socket.close());
    const { paint, rows } = await starts(context, server.url);
    note("First paint", paint, "ms", 500);
    note("First rows of the list", rows, "ms", 500);
    await full.goto(server.url);
    await full.locator("stonechat-conversation-list a").first().waitFor();
    await full.locator("stonechat-conversation-list a").first().click();
    await full.locator("li.message").first().waitFor();
    const taken = await switches(full);
    note("Switch of conversation, median", at(taken, 0.5), "ms", 50);
    note("Switch of conversation, p95", at(taken, 0.95), "ms");
    await full.close();

    // Everything at once: messages arrive in the open conversation while somebody types and scrolls.
    const busyContext = await context.browser()?.newContext() ?? context;
    const busy = await busyContext.newPage();
    const empty = await busyContext.newPage();
    await empty.goto("about:blank");
    await empty.bringToFront();
    const baseline = await frames(empty, 5, async (seconds) => {
      await empty.mouse.move(400, 400);
      for (let i = 0; i < seconds * 4; i++) {
        await empty.mouse.wheel(0, i % 2 ? 60 : -60);
        await pass(250);
      }
    });
    note("Empty page, frame p95", at(baseline, 0.95), "ms of script and layout");
    await busy.bringToFront();
    await busy.goto(server.url);
    const button = busy.getByRole("button", { name: me.name });
    const list = busy.locator("stonechat-conversation-list");
    await button.or(list.getByRole("link").first()).first().waitFor();
    if (await button.count()) {
      await button.click();
    }
    await list.getByRole("link", { name: new RegExp(`^${other.name}`) }).first().click();
    const stop = storm(server.url, secret, { sender: other.id, to_user: me.id });
    const field = busy.getByRole("textbox", { name: "Message", exact: true });
    await field.waitFor();
    await busy.mouse.move(900, 400);
    const use = async (seconds) => {
      const end = Date.now() + seconds * 1000;
      for (let i = 0; Date.now() < end; i++) {
        await busy.mouse.wheel(0, i % 8 < 4 ? -120 : 120);
        await field.pressSequentially("typing ", { delay: 30 });
        if (i % 10 === 9) {
          await field.fill("");
        }
      }
    };
    await use(3);
    const heaps = [await heap(busy)];
    const perFrame = await frames(busy, 10, use);
    note("50 messages a second, frame p95", at(perFrame, 0.95), "ms of script and layout", 12);
    note("50 messages a second, frame p99", at(perFrame, 0.99), "ms of script and layout");
    for (let i = 0; i < minutes * 6; i++) {
      await use(10);
      heaps.push(await heap(busy));
    }
    const sent = await stop();
    console.log(`${sent} messages, heap in MB: ${heaps.map((mb) => mb.toFixed(0)).join(" ")}`);
    note("Heap at the start of the storm", heaps[0], "MB");
    note(`Heap after ${minutes} min of it`, heaps.at(-1), "MB");
    const third = Math.max(1, Math.floor(heaps.length / 3));
    const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
    note("Growth, last third over the middle one", mean(heaps.slice(-third)) - mean(heaps.slice(-2 * third, -third)), "MB", 5);
  } finally {
    await context.close();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
    rmSync(profile, { recursive: true, force: true });
  }
}

function write(version) {
  const file = join(root, "../docs/benchmarks.md");
  const rows = figures.map(({ name, value, unit, most }) => `| ${name} | ${rounded(value)} ${unit} | ${most ?? ""} |`);
  const section = [
    "## Web", "",
    `\`node web/tools/budgets.mjs --minutes ${minutes} --write\` on ${cpus().length} cores (${cpus()[0].model.trim()}), Chromium ${version}; ` +
    `${CONVERSATIONS.toLocaleString("en")} conversations and ${MESSAGES.toLocaleString("en")} messages in the store of the browser. CI fails at twice a budget.`, "",
    "| What | Measured | Budget |", "|---|---|---|", ...rows, "",
  ].join("\n");
  const text = readFileSync(file, "utf8");
  const from = text.indexOf("## Web\n");
  const next = from < 0 ? -1 : text.indexOf("\n## ", from + 1);
  const before = from < 0 ? `${text.trimEnd()}\n\n` : text.slice(0, from);
  writeFileSync(file, before + section + (next < 0 ? "" : text.slice(next)));
}

await main();
if (process.argv.includes("--write")) {
  write(execFileSync(process.env.CHROMIUM ?? "/usr/bin/chromium", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).match(/\d[\d.]*/)[0]);
}
const over = figures.filter(({ value, most }) => most !== null && value > 2 * most);
over.forEach(({ name, value, most }) => console.error(`${name}: ${value.toFixed(1)} is more than twice ${most}`));
process.exitCode = over.length === 0 ? 0 : 1;
