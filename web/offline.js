// The page without a network: its files are kept by the service worker, and a new version is told of.
//
// Refuses to change the version below somebody's hands: they reload when they want to.

const at = (id) => document.getElementById(id);

/** Keeps the page's files; true once it opens without a network. */
export async function keepFiles() {
  const workers = navigator.serviceWorker;
  const registration = await workers?.register("sw.js").catch(() => undefined);
  if (!registration) {
    return false;
  }
  let isWanted = false;
  workers.addEventListener("controllerchange", () => isWanted && location.reload());
  const tell = () => {
    const isNewer = Boolean(registration.waiting && workers.controller);
    at("newer").hidden = at("reload").hidden = !isNewer;
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", tell);
  });
  tell();
  at("reload").addEventListener("click", () => {
    isWanted = true;
    registration.waiting?.postMessage("go");
  });
  await workers.ready;
  return true;
}
