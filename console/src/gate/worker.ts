// The service worker of Gate: the page opens without a network.
declare const PRECACHED: readonly string[];
declare const RELEASE: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `gate-${RELEASE}`;

worker.addEventListener("install", (event) => {
  // The page itself has no name of its content: a copy that the browser kept may be an old one.
  const wanted = PRECACHED.map((path) => new Request(path, path === "/gate" ? { cache: "reload" } : {}));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(wanted)));
});

// A release takes over when the usher says so, not between two scans.
worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
});

worker.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("gate-") && name !== CACHE).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && (url.pathname === "/gate" || url.pathname.startsWith("/gate/"))) {
    event.respondWith(caches.match("/gate").then((kept) => kept ?? fetch(event.request)));
  } else if (PRECACHED.includes(url.pathname)) {
    event.respondWith(caches.match(url.pathname).then((kept) => kept ?? fetch(event.request)));
  }
});
