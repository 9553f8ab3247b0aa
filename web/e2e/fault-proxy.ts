/**
 * A TCP proxy that treats connections badly. It knows nothing of what passes: a fault hits bytes.
 *
 * A fault holds for what is open and what comes, until another is set. What a fault has swallowed is lost, so a connection that
 * lost bytes is cut when the fault ends.
 */

import { createServer, type Server as TcpServer, type Socket, connect } from "node:net";

export type Fault =
  | { readonly kind: "none" }
  /** Nobody listens: connections are cut, and new ones are at once. */
  | { readonly kind: "refuse" }
  /** Bytes wait, and arrive when the fault ends. */
  | { readonly kind: "stall" }
  /** Bytes of both sides vanish, and no side is told. */
  | { readonly kind: "half_open" }
  /** The server hears everything, its answers vanish: whoever sends must send again. */
  | { readonly kind: "lost_answers" }
  | { readonly kind: "delay"; readonly ms: number }
  /** Each byte is a write of its own. */
  | { readonly kind: "dribble" };

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes of it are lost: it cannot go on. */
  damaged: boolean;
  /** Both sides believe that it is open, and nothing passes any more. */
  abandoned: boolean;
  readonly held: (() => void)[];
}

export class FaultProxy {
  readonly #listener: TcpServer;
  readonly #links = new Set<Link>();
  #fault: Fault = { kind: "none" };
  url = "";

  private constructor(target: URL) {
    this.#listener = createServer((client) => this.#accept(client, target));
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    const address = proxy.#listener.address();
    proxy.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    return proxy;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#links.size;
  }

  set(fault: Fault): void {
    this.#fault = fault;
    for (const link of [...this.#links]) {
      if (fault.kind === "refuse" || link.damaged) {
        this.#cut(link);
      } else if (fault.kind !== "stall") {
        link.held.splice(0).forEach((write) => write());
      }
    }
  }

  /** Cuts what is open; new connections are welcome. */
  cut(): void {
    [...this.#links].forEach((link) => this.#cut(link));
  }

  /** Leaves what is open half-open for good, as a router does that forgot it; new connections are well. */
  abandon(): void {
    this.#links.forEach((link) => (link.abandoned = true));
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #accept(client: Socket, target: URL): void {
    if (this.#fault.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    const link: Link = { client, server, damaged: false, abandoned: false, held: [] };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#end(link));
      socket.on("close", () => this.#end(link));
    }
    client.on("data", (bytes) => this.#pass(link, server, bytes, "up"));
    server.on("data", (bytes) => this.#pass(link, client, bytes, "down"));
  }

  #pass(link: Link, to: Socket, bytes: Buffer, way: "up" | "down"): void {
    const write = () => {
      if (!to.destroyed) {
        to.write(bytes);
      }
    };
    const { kind } = this.#fault;
    if (link.abandoned) {
      return;
    }
    if (kind === "half_open" || (kind === "lost_answers" && way === "down")) {
      link.damaged = true;
    } else if (link.damaged && way === "down") {
      // What follows a hole is noise.
    } else if (kind === "stall" || link.held.length > 0) {
      link.held.push(write);
    } else if (this.#fault.kind === "delay") {
      this.#later(link, this.#fault.ms, write);
    } else if (kind === "dribble") {
      for (const byte of bytes) {
        to.write(Buffer.of(byte));
      }
    } else {
      write();
    }
  }

  /** In order: what is held is written by the first timer that is due, with all that came before it. */
  #later(link: Link, ms: number, write: () => void): void {
    link.held.push(write);
    setTimeout(() => {
      if (this.#fault.kind !== "stall") {
        link.held.splice(0, link.held.indexOf(write) + 1).forEach((each) => each());
      }
    }, ms);
  }

  /** One side ended. An abandoned one is told nothing of the other. */
  #end(link: Link): void {
    if (!link.abandoned || link.client.destroyed) {
      this.#cut(link);
    }
  }

  #cut(link: Link): void {
    if (this.#links.delete(link)) {
      link.client.resetAndDestroy();
      link.server.destroy();
    }
  }
}
