/** The gallery and the example page, bundled in memory and served as the server does: with its policy, without its data. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join, relative } from "node:path";
import { build } from "esbuild";

const folder = join(import.meta.dirname, "../gallery");
const names = ["gallery", "example"];
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html";
const types: Readonly<Record<string, string>> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html; charset=utf-8" };

export class Gallery {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async serve(): Promise<Gallery> {
    const outdir = join(folder, "none");
    const { outputFiles } = await build({
      entryPoints: names.flatMap((name) => [join(folder, `src/${name}.ts`), join(folder, `src/${name}.css`)]),
      bundle: true, write: false, splitting: true, format: "esm", target: "es2022", charset: "utf8", outdir, entryNames: "[name]",
      conditions: ["stonechat-source"],
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    });
    const files = new Map(outputFiles.map(({ path, text }) => [`/${relative(outdir, path)}`, text]));
    for (const name of names) {
      const page = readFileSync(join(folder, `${name}.html`), "utf8");
      files.set(`/${name}`, page.replace(/\{\{(\w+) ([\w.]+)\}\}/g, (_, what: string, file: string) =>
        what === "preload" ? "" : `/${basename(file).replace(/\.ts$/, ".js")}`));
    }
    files.set("/icon.svg", readFileSync(join(folder, "../messenger/public/icon.svg"), "utf8"));
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://gallery").pathname;
      const text = files.get(path);
      const type = types[/\.(\w+)$/.exec(path)?.[1] ?? "html"] ?? "text/plain";
      response.writeHead(text === undefined ? 404 : 200, { "content-type": type, "content-security-policy": policy });
      response.end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Gallery(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
