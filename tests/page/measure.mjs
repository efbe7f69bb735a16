// How long ten thousand codes take in the page: the module alone, and from a text to what is shown.
//
// Usage: node measure.mjs FILE, with what `tests/page.rs` writes into it.

import { end, start, told } from "./browser.mjs";

const COUNT = 10_000;

const { context, page } = await start();
await page.goto(told.site);
await page.locator("#root").fill(told.root);
await page.locator("#enrol-now").click();
await page.locator("#yes").click();
await page.locator("#told", { hasText: "Data baru dipakai" }).waitFor();
// Tones take their own time, beside the page's.
await page.locator("summary").click();
await page.locator("#sound").uncheck();

const times = await page.evaluate(async ({ good, count }) => {
  const { Scanner } = await import("./pkg/lintas.js");
  const { read } = await import("./store.js");
  const { memory, bundle } = await read();
  const scanner = Scanner.remembering(memory);
  scanner.load(bundle);
  const timed = (act) => Array.from({ length: count }, () => {
    const from = performance.now();
    act();
    return performance.now() - from;
  });
  const alone = timed(() => {
    if (scanner.scan(good, new Date(), {}).colour !== "green") {
      throw new Error("not green");
    }
  });
  // As if somebody pasted it, with the layout that follows.
  const result = document.getElementById("result");
  const whole = timed(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", good);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    if (result.className !== "green" || result.hidden || result.offsetHeight === 0) {
      throw new Error("not shown");
    }
  });
  return { alone, whole };
}, { good: told.good, count: COUNT });

for (const [what, all] of Object.entries(times)) {
  all.sort((one, other) => one - other);
  const at = (share) => `${all[Math.floor((all.length - 1) * share)].toFixed(2)} ms`;
  const names = { alone: "the module's scan", whole: "from text to what is shown" };
  console.log(`${names[what]}: median ${at(0.5)}, p99 ${at(0.99)}, ${COUNT} times`);
}
await end(context);
