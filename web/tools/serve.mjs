// Serves dist/ as the server does, and passes /v1 and /demo on to a running one:
// `node tools/serve.mjs --to http://127.0.0.1:8080 [--listen 8090]`. For work on the pages; the server has them inside.
import { createServer, request } from "node:http";
import { connect } from "node:net";
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

/** Starts it on a free port, or `listen`; gives its address and how to end it. `to` null has no server behind it. */
export async function serve({ dist = join(root, "dist"), to = null, listen = 0 } = {}) {
  const server = createServer((incoming, answer) => {
    const path = new URL(incoming.url, "http://x").pathname;
    if (/^\/(v1|demo|health|metrics)(\/|$)/.test(path)) {
      return to ? pass(to, incoming, answer) : answer.writeHead(404).end();
    }
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
  server.on("upgrade", (incoming, socket, head) => {
    if (!to) {
      return socket.destroy();
    }
    const { hostname, port } = new URL(to);
    const out = connect(Number(port), hostname, () => {
      const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      out.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
      out.write(head);
      socket.pipe(out).pipe(socket);
    });
    out.on("error", () => socket.destroy());
    socket.on("error", () => out.destroy());
    socket.on("close", () => out.destroy());
    out.on("close", () => socket.destroy());
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

function pass(to, incoming, answer) {
  const out = request(new URL(incoming.url, to), { method: incoming.method, headers: incoming.headers }, (from) => {
    answer.writeHead(from.statusCode, from.headers);
    from.pipe(answer);
  });
  out.on("error", () => answer.writeHead(502).end());
  incoming.pipe(out);
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
  const { url } = await serve({ to: option("--to"), listen: Number(option("--listen") ?? 8090) });
  console.log(`ready ${url}`);
}
