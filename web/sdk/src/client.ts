/** Where everything begins: an endpoint, a store and a token provider. */

import { LiveAccount } from "./account.ts";
import type { Account, Client, ClientOptions } from "./api.ts";
import { PLATFORMS } from "./core/translate.ts";
import { hex, userId } from "./domain/id.ts";
import { serverName, webSocketUrl } from "./driver/endpoint.ts";
import { Host, type HostOptions } from "./driver/host.ts";
import { idMaker } from "./driver/ids.ts";
import { systemClock, systemEntropy, type Clock, type Entropy, type Transport } from "./driver/ports.ts";
import { webSocketTransport } from "./driver/socket.ts";
import { argument } from "./fail.ts";
import { indexedDbStore } from "./store/indexed-db.ts";
import type { Store } from "./store/store.ts";
import type { Platform, UserId } from "./types.ts";

/** Name and version of this client. */
const CLIENT = "stonechat-web/0.1.0";

/** What tests replace. */
export interface Ports {
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
}

/** Checks what was given; needs no network. */
export function createClient(options: ClientOptions, ports: Ports = {}): Client {
  const { app = "default", appId = 1, tokenProvider: tokens, store = globalThis.document ? "indexeddb" : "memory" } = options;
  const url = webSocketUrl(options.endpoint);
  const { clock = systemClock, entropy = systemEntropy, transport = webSocketTransport(url) } = ports;
  if (typeof tokens !== "function") {
    throw argument("tokenProvider", "is missing");
  }
  const random = (): string => {
    const bytes = new Uint8Array(16);
    entropy(bytes);
    return hex(bytes);
  };
  const place = [serverName(url), app].join("/");
  const platform: Platform = options.device?.platform ?? (globalThis.document ? "web" : "bot");
  let ownDevice = options.device?.id;

  return {
    async login({ userId: me }): Promise<Account> {
      if (userId(me) === null) {
        throw argument("userId", "is no user id");
      }
      const device = (ownDevice ??= kept("device", () => `web-${random()}`));
      const settings = {
        me, device, deviceName: options.device?.name ?? device, client: CLIENT,
        platform: PLATFORMS.indexOf(platform), window: 0, recordEvents: false,
      };
      const page = random();
      const name = `stonechat:${place}/${me}/${device}`;
      const isShared = store === "indexeddb" && globalThis.navigator?.locks && globalThis.BroadcastChannel;
      const host = await Host.open({
        settings, transport, clock, entropy, tokens, page,
        name: isShared ? name : null,
        open: store === "indexeddb" ? () => openDurable(name, page) : openInMemory,
      });
      const inner = { host, me, device, app: appId, newId: idMaker(clock, entropy), fillRandom: entropy };
      keep(`user:${place}`, me);
      return new LiveAccount(inner, () => keep(`user:${place}`, null));
    },
    async lastUser(): Promise<UserId | null> {
      return userId(read(`user:${place}`) ?? "");
    },
  };
}

/** IndexedDB, or memory where the browser refuses it: in private windows and sandboxed frames. */
async function openDurable(name: string, owner: string): ReturnType<HostOptions["open"]> {
  try {
    const store = await indexedDbStore(name, owner);
    const isKept = await globalThis.navigator?.storage?.persisted?.().catch(() => false);
    if (!isKept && read("asked") === null) {
      keep("asked", "1");
      // The browser may ask the user, so nothing waits for the answer.
      void globalThis.navigator?.storage?.persist?.().catch(() => false);
    }
    return { store, storage: isKept ? "persistent" : "evictable" };
  } catch (error) {
    if ((error as { code?: string }).code === "store.failed") {
      return openInMemory();
    }
    throw error;
  }
}

async function openInMemory(): Promise<{ store: Store; storage: "memory" }> {
  const { memoryStore } = await import("./seldom.ts");
  return { store: memoryStore(), storage: "memory" };
}

const PREFIX = "stonechat:";
/** What is kept beside the store where the browser keeps nothing: as long as the page. */
const unkept = new Map<string, string>();

function read(key: string): string | null {
  try {
    return globalThis.localStorage.getItem(PREFIX + key);
  } catch {
    return unkept.get(key) ?? null;
  }
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) {
      globalThis.localStorage.removeItem(PREFIX + key);
    } else {
      globalThis.localStorage.setItem(PREFIX + key, value);
    }
  } catch {
    unkept.set(key, value ?? "");
  }
}

function kept(key: string, make: () => string): string {
  const value = read(key) || make();
  keep(key, value);
  return value;
}
