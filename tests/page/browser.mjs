// A Chromium of its own, as the drivers of the page use it, and what it asks of whoever started it.
//
// Refuses to reach any host but this one: names of others lead nowhere.

import assert from "node:assert/strict";
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/** What the driver was told, in the file that its argument names. */
export const told = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** A browser whose camera sees `told.video`; `asked` is every request of its pages and workers. */
export async function start() {
  // Requests of service workers are told, too.
  process.env.PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS = "1";
  const { chromium } = await import(pathToFileURL(join(told.modules, "playwright-core/index.mjs")));
  const certificate = new X509Certificate(readFileSync(told.certificate));
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(key).digest("base64");
  const context = await chromium.launchPersistentContext(told.profile, {
    executablePath: told.chromium,
    headless: true,
    viewport: { width: 390, height: 844 },
    locale: "id-ID",
    reducedMotion: "reduce",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
      // The throw-away CA of a demonstration vouches for this key, and for no other.
      `--ignore-certificate-errors-spki-list=${pin}`,
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${told.video}`,
    ],
  });
  const asked = [];
  context.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
  const faults = [];
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  const page = context.pages()[0] ?? (await context.newPage());
  return { context, page, asked, faults };
}

const lines = createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();

/** Has whoever started this do `what` to the gateway. */
export async function have(what) {
  console.log(`? ${what}`);
  const { value } = await answers.next();
  assert.equal(value, "done");
}

/** Ends the browser, and waits for no more answers. */
export async function end(context) {
  await context.close();
  lines.close();
}

/** Says that a step is over. */
export function passed(what) {
  console.log(`ok ${what}`);
}
