/**
 * The service worker: keeps the files of one version of the messenger, so that it starts without a network, and brings the
 * messenger to the front when a notification is clicked. What people write never passes through it.
 */

declare const self: ServiceWorkerGlobalScope;
/** The files of this version, and its name; put in by the build. */
declare const SHELL: readonly string[];
declare const VERSION: string;

const CACHE = `stonechat-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      // Names that change with their content may come from the browser's cache, the others not.
      await cache.addAll(SHELL.map((path) => new Request(path, { cache: path.startsWith("/assets/") ? "default" : "reload" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      // An open tab may still ask for chunks of the version before: keep that one until the next.
      const names = (await caches.keys()).filter((name) => name.startsWith("stonechat-"));
      await Promise.all(names.slice(0, -2).map((name) => (name === CACHE ? false : caches.delete(name))));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || /^\/(v1|demo)\//.test(url.pathname)) {
    return;
  }
  if (request.mode === "navigate") {
    if (isMessenger(url.pathname)) {
      event.respondWith(page(request));
    }
    return;
  }
  event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});

/** Addresses that the messenger's own page answers; others are pages of their own. */
function isMessenger(path: string): boolean {
  return /^\/($|c\/|contacts|settings|starred)/.test(path);
}

/**
 * The kept page at once: it names the files that are kept with it. A newer version is fetched meanwhile, as a new worker, and
 * is what the next start shows.
 */
async function page(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match("/")) ?? fetch(request);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = String((event.notification.data as { path?: unknown } | null)?.path ?? "/");
  event.waitUntil(
    (async () => {
      const [open] = await self.clients.matchAll({ type: "window" });
      if (!open) {
        await self.clients.openWindow(path);
        return;
      }
      open.postMessage({ type: "stonechat:open", path });
      await open.focus();
    })(),
  );
});

export {};
