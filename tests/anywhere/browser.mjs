// node browser.mjs PLAYWRIGHT PACKAGE ASKED ANSWERED: what the module answers in a real headless Chromium.

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [driver, folder, asked, answered] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(resolve(driver));
const here = new URL(".", import.meta.url).pathname;
const served = {
  "/": ["text/html", () => "<!doctype html><title>agreement</title>"],
  "/faces.mjs": ["text/javascript", () => readFileSync(join(here, "faces.mjs"))],
  "/pkg/lintas.js": ["text/javascript", () => readFileSync(join(folder, "lintas.js"))],
  "/pkg/lintas_bg.wasm": ["application/wasm", () => readFileSync(join(folder, "lintas_bg.wasm"))],
  "/asked": ["application/json", () => readFileSync(asked)],
};
const server = createServer((request, response) => {
  const [type, body] = served[request.url] ?? ["text/plain", () => ""];
  response.writeHead(request.url in served ? 200 : 404, { "content-type": type });
  response.end(body());
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const said = await page.evaluate(async () => {
    const module = await import("/pkg/lintas.js");
    await module.default();
    const { answers } = await import("/faces.mjs");
    const asked = await (await fetch("/asked")).json();
    // As text, so that nothing is lost on the way out.
    return JSON.stringify(answers(module, asked));
  });
  writeFileSync(answered, said);
  console.log(`chromium ${browser.version()}: ${JSON.parse(said).ms} ms`);
} finally {
  await browser.close();
  server.close();
}
