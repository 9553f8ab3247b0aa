// Serves a folder of pages as the server does, with nobody behind it: `node tools/serve.mjs [--listen 8090]`. For pages that
// need no server, such as the gallery; `stonechat serve --web-folder web/dist` is the real thing.
import { createServer } from "node:http";
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { root } from "./root.mjs";

/** As the server's. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; " +
  "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html stonechat";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
};

/** Starts it on a free port, or `listen`; gives its address and how to end it. */
export async function serve({ dist = join(root, "dist"), listen = 0 } = {}) {
  const server = createServer((incoming, answer) => {
    const path = new URL(incoming.url, "http://x").pathname;
    const file = fileOf(dist, path);
    if (!file) {
      return answer.writeHead(404).end();
    }
    const [encoding, suffix] = [["br", ".br"], ["gzip", ".gz"]]
      .find(([name, suffix]) => (incoming.headers["accept-encoding"] ?? "").includes(name) && existsSync(file + suffix)) ?? [null, ""];
    answer.writeHead(200, {
      "content-type": types[extname(file)] ?? "application/octet-stream",
      "content-security-policy": policy,
      "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      ...(encoding && { "content-encoding": encoding }),
    });
    answer.end(readFileSync(file + suffix));
  });
  await new Promise((resolve) => server.listen(listen, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

function fileOf(dist, path) {
  const name = path.startsWith("/c/") ? "index.html" : path.endsWith("/") ? `${path}index.html` : path;
  return [join(dist, name), join(dist, name, "index.html")].find((file) => file.startsWith(dist) && existsSync(file) && statSync(file).isFile());
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const option = (name) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? null : process.argv[at + 1];
  };
  if (!existsSync(join(root, "dist/index.html"))) {
    console.error("There is nothing to serve yet: run `npm run build` first.");
    process.exit(1);
  }
  const { url } = await serve({ listen: Number(option("--listen") ?? 8090) });
  console.log(`ready ${url}`);
}
