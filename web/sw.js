// Keeps the page's own files, so that it opens without a network. A new version is taken whole or not at all.
//
// Refuses to answer for anything else: what the page asks a gateway goes to the gateway.

const OURS = "lintas-scanner-";
const VERSION = `${OURS}@VERSION@`;
const FILES = [
  "./",
  "bundles.js",
  "camera.js",
  "icon-192.png",
  "icon-512.png",
  "icon.svg",
  "manifest.webmanifest",
  "offline.js",
  "page.js",
  "pictures.js",
  "pkg/lintas.js",
  "pkg/lintas_bg.wasm",
  "result.js",
  "sound.js",
  "state.js",
  "store.js",
  "style.css",
  "tally.js",
  "words.js",
];
const OWN = new Set(FILES.map((file) => new URL(file, location).pathname));

addEventListener("install", (event) => {
  event.waitUntil(taken());
});

addEventListener("activate", (event) => {
  event.waitUntil(alone());
});

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === location.origin && OWN.has(pathname)) {
    event.respondWith(kept(pathname, event.request));
  }
});

// The page asks for it once somebody wants the new version.
addEventListener("message", (event) => {
  if (event.data === "go") {
    skipWaiting();
  }
});

async function taken() {
  const cache = await caches.open(VERSION);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
}

async function alone() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== VERSION) {
      await caches.delete(name);
    }
  }
  await clients.claim();
}

async function kept(pathname, request) {
  const cache = await caches.open(VERSION);
  return (await cache.match(pathname)) ?? fetch(request);
}
