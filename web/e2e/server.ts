/** The real server, as a process of its own with data of its own. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;

/** The binary under test: STONECHAT_BIN, or that of a build of this repository. */
export function binary(): string {
  const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
  const found = [process.env.STONECHAT_BIN, join(target, "release/stonechat"), join(target, "debug/stonechat")]
    .filter((path) => path !== undefined)
    .find((path) => existsSync(path));
  if (!found) {
    throw new Error("there is no server to test: build it by `cargo build`, or name one in STONECHAT_BIN");
  }
  return found;
}

/** The pages under test: what is built now, which is what a binary is built with. */
const pages = new URL("../dist", import.meta.url).pathname;

export interface DemoPerson {
  readonly id: string;
  readonly name: string;
}

export class Server {
  readonly #data = mkdtempSync(join(tmpdir(), "stonechat-e2e-"));
  readonly #demo: boolean;
  #process: ChildProcess | null = null;
  #log = "";
  /** The same through restarts. */
  url = "";

  private constructor(demo: boolean) {
    this.#demo = demo;
  }

  /** With the people of the demo, unless told otherwise. */
  static async start({ demo = true }: { demo?: boolean } = {}): Promise<Server> {
    const server = new Server(demo);
    await server.run();
    return server;
  }

  /** Starts it, again where it listened before. */
  async run(): Promise<void> {
    const listen = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const args = ["serve", "--data", this.#data, "--listen", listen, "--web-folder", pages, ...(this.#demo ? ["--demo"] : [])];
    const child = spawn(binary(), args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    this.url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not become ready:\n${this.#log}`)), START_MS_MAX);
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const url = /^ready (\S+)$/m.exec(said)?.[1];
        if (url) {
          clearTimeout(timer);
          resolve(url);
        }
      });
      child.stderr.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-20_000)));
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with ${code}:\n${this.#log}`));
      });
    });
  }

  /** SIGKILL: nothing is told to anybody. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.#data, { recursive: true, force: true });
  }

  token(user: string, expires = "1h"): string {
    return execFileSync(binary(), ["token", "mint", "--user", user, "--expires", expires, "--data", this.#data], { encoding: "utf8" }).trim();
  }

  /** Whom one can be, in their order. */
  async people(): Promise<readonly DemoPerson[]> {
    const answer = await fetch(`${this.url}/demo/people`);
    return ((await answer.json()) as { people: readonly DemoPerson[] }).people;
  }

  /** The key of the app's backend. */
  secret(): string {
    return readFileSync(join(this.#data, "keys/api-secret.default"), "utf8").trim();
  }

  /** A call of the API for backends. */
  async backend(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}/v1/apps/default${path}`, {
      method,
      headers: { authorization: `Bearer ${this.secret()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return text === "" ? null : JSON.parse(text);
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }
}
