// The scanner's page as gate staff use it, in a real browser: enrolled, brought up to date, without a network, by keys alone, with
// a camera, with a clock that somebody sets.
//
// Usage: node drive.mjs FILE, with what `tests/page.rs` writes into it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { end, have, passed, start, told } from "./browser.mjs";

const { context, page, asked, faults } = await start();
const at = (id) => page.locator(`#${id}`);
const HOUR_MS = 3_600_000;

/** Waits until what is shown has this colour and code, and returns the words. */
async function shows(colour, code) {
  await page.locator(`#result.${colour}`).waitFor();
  assert.equal(await at("code").textContent(), code ?? "");
  return at("result").innerText();
}

async function gone() {
  await at("result").waitFor({ state: "hidden" });
}

/** Pastes `text` where the focus is. */
async function paste(text) {
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** Waits until this was told. */
async function tells(words) {
  await page.locator("#told", { hasText: words }).waitFor();
}

async function enrol(root) {
  await at("root").fill(root);
  await at("enrol-now").click();
  await at("yes").click();
}

async function shot(name) {
  if (told.shots) {
    await page.screenshot({ path: join(told.shots, `${name}.png`) });
  }
}

async function clockMoved(hours) {
  await page.clock.setSystemTime(Date.now() + hours * HOUR_MS);
}

async function faultless(where) {
  await page.evaluate(readFileSync(join(told.modules, "axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(found, [], where);
}

// Sounds are counted, not heard.
await context.addInitScript(() => {
  globalThis.tones = 0;
  const { start } = AudioScheduledSourceNode.prototype;
  AudioScheduledSourceNode.prototype.start = function (...when) {
    globalThis.tones += 1;
    return start.apply(this, when);
  };
});

await page.goto(told.site);
await at("enrol").waitFor();
await faultless("enrolling");
await shot("enrol");

// Nobody reads a root from what is none; and "no" changes nothing.
await at("root").fill("12345");
await at("enrol-now").click();
assert.match(await at("root-odd").textContent(), /64/);
await at("root").fill(told.root);
await at("enrol-now").click();
assert.equal((await at("groups").textContent()).replaceAll(" ", ""), told.root);
await faultless("asked whether it is the root");
await at("no").click();
assert.ok(await at("enrol").isVisible());
passed("a root is asked about");

// By keys alone: from the root to the first verdict.
await at("root").fill("");
await at("root").focus();
await page.keyboard.type(told.root);
await page.keyboard.press("Enter");
await at("confirm").waitFor();
assert.ok(await at("no").evaluate((it) => it === document.activeElement), "no is first");
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
await tells("Data baru dipakai");
assert.ok(await page.locator("h1 .mark").isVisible());
assert.equal(await at("environment").textContent(), "demo: hanya percobaan");
assert.equal(await at("age-of").textContent(), "baru");
assert.ok(await at("age").isHidden());
const order = [];
for (let step = 0; step < 9; step += 1) {
  order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.localName));
  await page.keyboard.press("Tab");
}
assert.deepEqual(order, ["camera", "choose-picture", "text", "check", "update", "choose-bundle", "summary", "body", "language"]);
// A scanner that types is heard though the focus is at a button, and a blank of a code presses none.
await at("camera").focus();
await page.keyboard.type(told.good);
await page.keyboard.press("Enter");
const words = await shows("green");
for (const expected of ["DEMO", "HIJAU:", "BOLEH MASUK", "GREEN: MAY ENTER", "Melati", "1990", "kartu identitas", "identity document"]) {
  assert.ok(words.includes(expected), `${expected}: ${words}`);
}
assert.equal(await at("text").inputValue(), "");
assert.ok(await at("text").evaluate((it) => it === document.activeElement), "the field keeps the focus");
assert.ok(await at("video").isHidden(), "no button was pressed");
assert.equal(await page.evaluate(() => globalThis.tones), 1);
passed("by keys alone");

// Read out once, in one language.
await page.locator("#announced", { hasText: "HIJAU: BOLEH MASUK. Melati Contoh. 1990" }).waitFor();
const tree = await page.locator("main").ariaSnapshot();
for (const expected of ['heading "HIJAU: BOLEH MASUK"', 'button "Nyalakan kamera"', 'textbox "Teks kode', 'button "Ambil data baru"']) {
  assert.ok(tree.includes(expected), `${expected}: ${tree}`);
}
await faultless("green");
await shot("green");
await at("language").click();
await gone();
assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
await paste(told.good);
assert.match(await shows("green"), /GREEN:\s+MAY ENTER\s+HIJAU: BOLEH MASUK/);
assert.equal(await at("word").getAttribute("lang"), "en");
assert.equal(await at("word-also").getAttribute("lang"), "id");
await faultless("in English");
await at("language").click();
passed("both languages");

// Narrow, and with text of double size.
for (const [width, size] of [[320, "100%"], [390, "200%"]]) {
  await page.setViewportSize({ width, height: 844 });
  await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, size);
  await paste(told.good);
  await shows("green");
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(over, 0, `${width} ${size}`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, input:not([type=checkbox]), summary, .switch")]
      .filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 44)
      .map((it) => it.outerHTML));
  assert.deepEqual(small, []);
}
await page.setViewportSize({ width: 390, height: 844 });
await page.evaluate(() => { document.documentElement.style.fontSize = ""; });
await page.emulateMedia({ colorScheme: "dark" });
await faultless("dark");
await page.emulateMedia({ colorScheme: "light" });
passed("narrow, large, dark");

// Pictures, bad ones, strange ones.
await at("picture").setInputFiles(told.pictures.good);
await shows("green");
await at("picture").setInputFiles(told.pictures.bad);
const red = await shows("red", "signature_invalid");
assert.ok(red.includes("TIDAK BOLEH MASUK") && !red.includes("Melati"), red);
await faultless("red");
await shot("red");
await paste(told.unknown);
await shows("red", "unknown_signer");
await at("text").fill("hello");
await at("check").click();
await shows("red", "format_unknown");
await paste(`HC1:${"X".repeat(70_000)}`);
await shows("red", "input_too_large");
await at("picture").setInputFiles(told.pictures.blank);
await tells("Tidak ada kode");
await gone();
await at("picture").setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
await tells("bukan gambar");
passed("pictures");

// The camera tells a code once while it is there.
const before = await page.evaluate(() => globalThis.tones);
await at("camera").click();
await shows("green");
await page.waitForTimeout(1500);
assert.equal((await page.evaluate(() => globalThis.tones)) - before, 1);
await shot("camera");
await at("camera").click();
await at("video").waitFor({ state: "hidden" });
passed("camera");

// Nothing of anybody is kept, and nothing is shown for long.
const counted = await at("tally").innerText();
assert.match(counted, /hijau [1-9]/);
await page.clock.install();
await paste(told.good);
await shows("green");
await page.clock.fastForward(29_000);
assert.ok(await at("result").isVisible());
await page.clock.fastForward(2_000);
await gone();
const rest = await page.content();
assert.ok(!rest.includes("Melati"));
// Whoever looks at another window has what was counted kept.
await page.evaluate(() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
});
const kept = () => page.evaluate(async () => {
  const { read } = await import("./store.js");
  return JSON.stringify(await read());
});
await page.waitForFunction(async () => {
  const { read } = await import("./store.js");
  return Object.values((await read()).tally ?? {})[0]?.red > 0;
});
for (const word of ["Melati", "Contoh", "HC1", "1990"]) {
  assert.ok(!(await kept()).includes(word), word);
}
passed("nothing is kept of a person");

// The gateway is gone, and so is the page.
await page.locator("#without-network", { hasText: "halaman ini siap" }).waitFor();
await have("down");
await page.goto("about:blank");
await page.goto(told.site);
await at("gate").waitFor();
await at("picture").setInputFiles(told.pictures.good);
await shows("green");
await at("picture").setInputFiles(told.pictures.bad);
await shows("red", "signature_invalid");
assert.match(await at("tally").innerText(), /hijau [2-9]/);
await at("update").click();
await tells("[input_output]");
assert.equal(await at("network").textContent(), "luring");
assert.ok(await at("result").isVisible());
passed("without a network");

// New data, and what nobody can do to the old.
const old = join(told.bundles, readdirSync(told.bundles).filter((it) => it.endsWith(".lintas")).sort()[0]);
const earlier = await at("sequence").textContent();
await have("changed");
// Where there is no room for a bundle, what was kept stays in use, and what it remembers fits to it.
await page.evaluate(() => {
  const { put } = IDBObjectStore.prototype;
  globalThis.room = () => { IDBObjectStore.prototype.put = put; };
  IDBObjectStore.prototype.put = function (value, name) {
    if (name === "bundle") {
      throw new DOMException("no room", "QuotaExceededError");
    }
    return put.call(this, value, name);
  };
});
await at("update").click();
await tells("tidak dapat disimpan");
assert.equal(await at("sequence").textContent(), earlier);
assert.ok(await page.evaluate(async () => {
  const { read } = await import("./store.js");
  const [{ memory, bundle }, { Scanner }] = [await read(), await import("./pkg/lintas.js")];
  Scanner.remembering(memory).load(bundle);
  return true;
}));
await page.evaluate(() => globalThis.room());
const since = asked.length;
await at("update").click();
await tells("Data baru dipakai");
assert.ok(asked.slice(since).some((it) => /\/v1\/bundle\/[0-9a-f]{64}\/from\/[0-9a-f]{64}$/.test(it)), `no delta: ${asked}`);
assert.equal(await at("network").textContent(), "daring");
await paste(told.unknown);
await shows("green");
const sequence = await at("sequence").textContent();
await at("bundle").setInputFiles(old);
await tells("[bundle_rolled_back]");
await at("bundle").setInputFiles({ name: "garbage", mimeType: "", buffer: Buffer.from("garbage") });
await tells("[bundle_invalid]");
assert.equal(await at("sequence").textContent(), sequence);
await paste(told.unknown);
await shows("green");
await page.reload();
await at("gate").waitFor();
assert.equal(await at("sequence").textContent(), sequence, "memory and bundle were kept together");
await at("update").click();
await tells("sudah yang terbaru");
passed("new data");

// A second window waits.
const other = await context.newPage();
await other.goto(told.site);
await other.locator("#busy", { hasText: "jendela lain" }).waitFor();
assert.ok(await other.locator("#gate").isHidden());
await other.close();
passed("one window");

// Somebody sets the clock.
await clockMoved(3);
if (told.positive) {
  await paste(told.positive);
  assert.ok((await shows("black", "rule_failed")).includes("HUBUNGI PETUGAS KESEHATAN"));
  await faultless("black");
  await shot("black");
  // Where it stands is a setting: where the level is known, where it is not, and what the set does not know.
  await page.locator("summary").click();
  for (const [sector, wilayah, colour, code] of [
    ["office", "31", "green"],
    ["office", "", "yellow"],
    ["broom", "", "yellow", "request_invalid"],
    ["", "", "red"],
  ]) {
    await at("sector").fill(sector);
    await at("wilayah").fill(wilayah);
    await at("wilayah").blur();
    await paste(told.good);
    await shows(colour, code);
    if (colour === "yellow" && !code) {
      await faultless("yellow");
      await shot("yellow");
    }
  }
  await page.locator("summary").click();
  passed("black, by a policy set");
}
await clockMoved(30);
await paste(told.bad);
await shows("red", "signature_invalid");
assert.match(await at("age").textContent(), /Data sudah lama/);
assert.match(await at("data-age").textContent(), /Umur data: (29|30) jam/);
await shot("old");
await clockMoved(200);
await paste(told.good);
await shows("yellow", "bundle_stale");
assert.match(await at("age").textContent(), /terlalu lama/);
await faultless("stale");
await shot("stale");
await clockMoved(0);
await paste(told.good);
await shows("yellow", "clock_suspect");
passed("clocks");

// Another root, by the address, with a question; then the right one again.
await page.goto("about:blank");
await page.goto(`${told.site}#root=${"0".repeat(64)}`);
await at("confirm").waitFor();
assert.ok(await at("lost").isVisible());
assert.equal(await page.evaluate(() => location.hash), "");
await at("yes").click();
await tells("[anchor_unknown]");
assert.match(await at("age").textContent(), /Belum ada data/);
assert.doesNotMatch(await at("tally").innerText(), /[1-9]/);
await paste(told.good);
await shows("yellow", "bundle_stale");
await page.locator("summary").click();
await at("again").click();
await enrol(told.root);
await tells("Data baru dipakai");
await paste(told.good);
await shows("green");
passed("another root");

// Somebody takes away what it remembers.
await page.evaluate(async () => {
  const { keep } = await import("./store.js");
  await keep({ memory: "{}" });
});
await page.reload();
await tells("[not_enrolled]");
assert.ok(await at("enrol").isVisible());
passed("memory");

await end(context);
const own = new URL(told.site);
const strange = asked.filter((it) => {
  const [method, url] = it.split(" ");
  const { origin, pathname } = new URL(url, own);
  const isOwn = pathname.startsWith("/scan/") || /^\/v1\/bundle(\/[0-9a-f]{64}(\/from\/[0-9a-f]{64})?)?$/.test(pathname);
  return !url.startsWith("blob:") && url !== "about:blank" && (method !== "GET" || origin !== own.origin || !isOwn);
});
assert.deepEqual(strange, []);
// While the gateway was gone nobody answered; nothing else went wrong.
assert.deepEqual(faults.filter((it) => !it.includes("ERR_CONNECTION_REFUSED")), []);
passed("nothing was sent");
