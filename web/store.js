// What the scanner keeps: memory, bundle, counts, settings, in IndexedDB. Nothing of a person.
//
// Refuses to replace a part of what belongs together: memory and bundle are written in one transaction, which is durable before
// it is done.

const NAME = "lintas-scanner";
const KEPT = "kept";

/** Everything that was kept, by name. */
export async function read() {
  const database = await open();
  const kept = database.transaction(KEPT).objectStore(KEPT);
  const [names, values] = await Promise.all([answered(kept.getAllKeys()), answered(kept.getAll())]);
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

/** Keeps all `parts`, or none. */
export function keep(parts) {
  return changed((kept) => {
    for (const [name, value] of Object.entries(parts)) {
      kept.put(value, name);
    }
  });
}

/** Keeps `parts` and takes away everything else but the settings, or does nothing. */
export function begin(parts) {
  return changed((kept) => {
    for (const name of ["memory", "bundle", "tally"]) {
      kept.delete(name);
    }
    for (const [name, value] of Object.entries(parts)) {
      kept.put(value, name);
    }
  });
}

async function changed(change) {
  const database = await open();
  const transaction = database.transaction(KEPT, "readwrite", { durability: "strict" });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  try {
    change(transaction.objectStore(KEPT));
  } catch {
    transaction.abort();
  }
  await done;
}

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(KEPT);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
