// The page: enrols a scanner, brings it data, gives it codes, shows what it says.
//
// Refuses to send anything: it asks for its own files and for bundles, and what it reads stays on the device. Refuses to run twice
// at once, since two would overwrite what the other remembers.

import init, { Scanner } from "./pkg/lintas.js";
import { inFile, newerThan } from "./bundles.js";
import { Camera } from "./camera.js";
import { keepFiles } from "./offline.js";
import { codeInFile } from "./pictures.js";
import * as result from "./result.js";
import { sound, wake } from "./sound.js";
import { grouped, show, silence, tell, told } from "./state.js";
import * as store from "./store.js";
import { count } from "./tally.js";
import { failure, said, second, speak } from "./words.js";

const at = (id) => document.getElementById(id);
const camera = new Camera(at("video"), judge, (thrown) => {
  tell(thrown);
  state();
});

let scanner;
let tally = {};
let settings = { language: "id", mode: "", sector: "", wilayah: "", sound: true };
/** When memory was last kept, by a clock that nobody sets. */
let kept = performance.now();
/** What is written, one after the other: a scanner and what is kept of it change together. */
let written = Promise.resolve();
let isAsking = false;
let isReached = false;
let isKept = false;
let wantedRoot;

// Starting

async function start() {
  speak(settings.language);
  try {
    await alone();
    await init();
    await reopen();
  } catch (thrown) {
    at("busy").hidden = false;
    at("busy").textContent = said("broken");
    throw thrown;
  }
  keepFiles().then((it) => {
    isKept = it;
    state();
  });
  setInterval(tick, MINUTE_MS);
  if (scanner) {
    update(false);
  }
  named();
}

/** Waits until no other window has this scanner. */
function alone() {
  const forEver = new Promise(() => {});
  return new Promise((resolve) => {
    const mine = () => {
      at("busy").textContent = said("busy");
      resolve();
      return forEver;
    };
    navigator.locks.request("lintas-scanner", { ifAvailable: true }, (lock) => {
      if (lock) {
        return mine();
      }
      at("busy").textContent = said("elsewhere");
      navigator.locks.request("lintas-scanner", mine);
      return undefined;
    });
  });
}

/** Begins again with what was kept. Without all of it nobody is enrolled. */
async function reopen() {
  const parts = await store.read();
  settings = { ...settings, ...parts.settings };
  tally = parts.tally ?? {};
  scanner = undefined;
  try {
    if (parts.memory !== undefined) {
      const next = Scanner.remembering(parts.memory);
      if (parts.bundle !== undefined) {
        next.load(parts.bundle);
      } else if (JSON.parse(parts.memory).bundle !== null) {
        throw failure("not_enrolled", "gone");
      }
      scanner = next;
    }
  } catch (thrown) {
    tell(thrown);
  }
  for (const name of ["mode", "sector", "wilayah"]) {
    at(name).value = settings[name];
  }
  at("sound").checked = settings.sound;
  speak(settings.language);
  stand();
}

/** Shows what there is to be done: the gate, or enrolling. */
function stand(isEnrolling = scanner === undefined) {
  at("busy").hidden = true;
  at("enrol").hidden = !isEnrolling;
  at("enrol-leave").hidden = scanner === undefined;
  at("gate").hidden = isEnrolling;
  if (isEnrolling) {
    camera.stop();
    result.clear();
  }
  state();
}

// Enrolling

/** Asks whether the root is the one in `text`. */
function enrol(text) {
  const root = text.replace(/[\s:]/g, "").toLowerCase();
  const isRoot = /^[0-9a-f]{64}$/.test(root);
  at("root-odd").textContent = isRoot ? "" : said("rootOdd");
  at("root").setAttribute("aria-invalid", String(!isRoot));
  if (!isRoot) {
    stand(true);
    at("root").focus();
    return;
  }
  wantedRoot = root;
  at("groups").textContent = grouped(root);
  at("lost").hidden = scanner === undefined;
  at("confirm").showModal();
}

async function enrolled() {
  at("confirm").close();
  const next = Scanner.enrolled(wantedRoot);
  try {
    await inTurn(async () => {
      await store.begin({ memory: next.memory() });
      scanner = next;
      tally = {};
    });
  } catch {
    tell(failure("input_output", "not_kept"));
    return;
  }
  at("root").value = "";
  tell("enrolled");
  stand();
  at("camera").focus();
  navigator.storage?.persist?.().catch(() => {});
  update(true);
}

/** Takes the root that the address names, once. */
function named() {
  const root = new URLSearchParams(location.hash.slice(1)).get("root");
  if (root !== null) {
    history.replaceState(null, "", location.pathname);
    enrol(root);
  }
}

// Data

/** Asks the gateway for what is new; tells of everything where somebody `asked`, else of what is refused. */
async function update(asked) {
  if (isAsking) {
    return;
  }
  isAsking = true;
  const mine = scanner;
  try {
    const bytes = await newerThan(mine.bundle);
    isReached = true;
    if (scanner === mine) {
      const isNew = bytes !== undefined && (await take(bytes, mine));
      if (isNew || asked) {
        tell(isNew ? "inUse" : "inUseAlready");
      }
    }
  } catch (thrown) {
    isReached = thrown.code !== "input_output";
    if (asked || isReached) {
      tell(thrown);
    }
  } finally {
    isAsking = false;
    state();
  }
}

/** Uses the bundle in `bytes`, and keeps it with what is remembered; whether it is a new one. */
function take(bytes, mine = scanner) {
  return inTurn(async () => {
    const whole = scanner === mine ? scanner.install(bytes, new Date()) : undefined;
    if (whole === undefined) {
      return false;
    }
    try {
      await store.keep({ memory: scanner.memory(), bundle: whole, tally });
    } catch {
      // What is in use is what is kept.
      await reopen();
      throw failure("input_output", "not_kept");
    }
    return true;
  });
}

/** Does `act` once all that was to be written before is. */
function inTurn(act) {
  const done = written.then(act);
  written = done.catch(() => {});
  return done;
}

async function takeFile(input) {
  const [file] = input.files;
  try {
    if (file) {
      tell((await take(await inFile(file))) ? "inUse" : "inUseAlready");
    }
  } catch (thrown) {
    tell(thrown);
  }
  input.value = "";
  state();
}

/** Keeps what is remembered and counted. */
async function remember() {
  if (!scanner) {
    return;
  }
  kept = performance.now();
  try {
    await inTurn(() => store.keep({ memory: scanner.memory(), tally }));
  } catch {
    tell(failure("input_output", "not_kept"));
  }
}

function tick() {
  state();
  if (scanner && navigator.onLine) {
    update(false);
  }
}

// Codes

/** Shows, sounds and counts what the scanner says of `text`. */
function judge(text) {
  const now = new Date();
  const { mode, sector, wilayah } = settings;
  const circumstances = Object.fromEntries(Object.entries({ mode, sector, wilayah }).filter(([, it]) => it !== ""));
  let scanned;
  try {
    scanned = scanner.scan(text.slice(0, MAX_TEXT + 1), now, circumstances);
  } catch {
    scanned = result.refused("internal");
  }
  count(tally, scanned.colour, now);
  result.show(scanned, () => camera.forget());
  if (settings.sound) {
    sound(scanned.colour);
  }
  state();
  if (performance.now() - kept > MINUTE_MS) {
    remember();
  }
}

function judgeTyped() {
  const text = at("text").value.trim();
  at("text").value = "";
  if (text !== "") {
    judge(text);
  }
}

async function judgePicture(file) {
  try {
    const text = await codeInFile(file);
    if (text === undefined) {
      result.clear();
      tell(failure("format_unknown", "noCode"));
    } else {
      silence();
      judge(text);
    }
  } catch (thrown) {
    result.clear();
    tell(thrown);
  }
}

async function switchCamera() {
  if (camera.isOn) {
    camera.stop();
  } else {
    try {
      await camera.start();
    } catch {
      camera.stop();
      tell(failure("input_output", "cameraNone"));
    }
  }
  at("torch").hidden = !camera.hasTorch;
  at("torch").setAttribute("aria-pressed", "false");
  state();
}

async function switchTorch() {
  const on = at("torch").getAttribute("aria-pressed") !== "true";
  await camera.light(on).catch(() => {});
  at("torch").setAttribute("aria-pressed", String(on));
}

// What is said

/** Shows what the scanner has, how old it is, and what was counted. */
function state() {
  const now = new Date();
  const isOnline = isReached && navigator.onLine;
  show(scanner?.status(now), { tally, now, isOnline, isKept, isCameraOn: camera.isOn });
}

// Wiring

function setting(name, value) {
  settings[name] = value;
  store.keep({ settings }).catch(() => tell(failure("input_output", "not_kept")));
}

function listen() {
  const on = (id, event, act) => at(id).addEventListener(event, act);
  const entered = (act) => (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      // The key is not for whatever has the focus next.
      event.preventDefault();
      act();
    }
  };
  on("enrol-now", "click", () => enrol(at("root").value));
  on("root", "keydown", entered(() => enrol(at("root").value)));
  on("enrol-leave", "click", () => stand(false));
  on("again", "click", () => {
    stand(true);
    at("root").focus();
  });
  on("yes", "click", enrolled);
  on("no", "click", () => at("confirm").close());
  on("camera", "click", switchCamera);
  on("torch", "click", switchTorch);
  on("check", "click", judgeTyped);
  on("text", "keydown", entered(judgeTyped));
  on("picture", "change", async () => {
    await judgePicture(at("picture").files[0]);
    at("picture").value = "";
  });
  for (const name of ["picture", "bundle"]) {
    on(`choose-${name}`, "click", () => at(name).click());
  }
  on("update", "click", () => update(true));
  on("bundle", "change", () => takeFile(at("bundle")));
  on("language", "click", () => {
    setting("language", second());
    speak(settings.language);
    result.clear();
    told();
    state();
  });
  for (const name of ["mode", "sector", "wilayah"]) {
    on(name, "change", () => setting(name, at(name).value.trim()));
  }
  on("sound", "change", () => setting("sound", at("sound").checked));
  addEventListener("hashchange", named);
  addEventListener("online", tick);
  addEventListener("offline", state);
  addEventListener("pointerdown", wake);
  addEventListener("keydown", typed);
  addEventListener("paste", pasted);
  addEventListener("pagehide", () => result.clear());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      // Timers stand still in a pocket.
      result.clear();
      if (camera.isOn) {
        switchCamera();
      }
      remember();
    }
  });
}

const isAtGate = () => scanner !== undefined && !at("gate").hidden && !at("confirm").open;
const isField = (element) => element.matches("input[type=text]");

/** A scanner that types is heard wherever the focus is. */
function typed(event) {
  wake();
  const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (isAtGate() && isLetter && !isField(document.activeElement)) {
    at("text").focus({ preventScroll: true });
  }
}

function pasted(event) {
  const isElsewhere = isField(event.target) && event.target !== at("text");
  if (!isAtGate() || isElsewhere) {
    return;
  }
  event.preventDefault();
  const picture = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  const text = event.clipboardData.getData("text/plain").trim();
  if (picture) {
    judgePicture(picture);
  } else if (text !== "") {
    judge(text);
  }
}

const MINUTE_MS = 60_000;
/** Characters of a text; what is longer the scanner refuses. */
const MAX_TEXT = 64 * 1024;

listen();
start();
