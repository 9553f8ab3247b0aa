// Draws the pictures of the installed messenger from its mark: `node tools/icons.mjs [chromium]`. They are kept in the repository.
import { chromium } from "playwright-core";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

const out = join(root, "messenger/public/icons");
const mark = readFileSync(join(root, "messenger/public/icon.svg"), "utf8");
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.argv[2] ?? process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** `inset` is the share of each edge that stays empty; what is maskable keeps to the circle that every shape shows. */
async function draw(name, size, inset, ground) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(
    `<style>body{margin:0;background:${ground ?? "transparent"}}svg{display:block;position:absolute;inset:${inset * size}px;` +
    `width:${(1 - 2 * inset) * size}px;height:${(1 - 2 * inset) * size}px}</style>${mark}`,
  );
  writeFileSync(join(out, name), await page.screenshot({ omitBackground: !ground }));
  await page.close();
}

await draw("192.png", 192, 0.06);
await draw("512.png", 512, 0.06);
await draw("180.png", 180, 0.16, "#f5f3ef");
await draw("maskable-512.png", 512, 0.2, "#f5f3ef");
// Notifications on Android show only the shape.
await draw("badge-96.png", 96, 0.06);
await browser.close();
