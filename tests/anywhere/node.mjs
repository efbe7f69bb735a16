// node node.mjs PACKAGE ASKED ANSWERED: what the module answers in Node.js.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { answers } from "./faces.mjs";

const [folder, asked, answered] = process.argv.slice(2);
const module = await import(join(resolve(folder), "lintas.js"));
module.initSync({ module: readFileSync(join(folder, "lintas_bg.wasm")) });
const said = answers(module, JSON.parse(readFileSync(asked, "utf8")));
writeFileSync(answered, JSON.stringify(said));
console.log(`node ${process.version}: ${said.ms} ms`);
