// Takes the pictures in docs/screenshots anew: `node tools/screenshots.mjs [name]`. Look at them before they are committed.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./root.mjs";

const only = process.argv[2] ? ["-t", `^${process.argv[2]}$`] : [];
execFileSync(join(root, "node_modules/.bin/vitest"), ["run", "--project", "e2e", "screens.test.ts", ...only], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, UPDATE_SCREENSHOTS: "1" },
});
