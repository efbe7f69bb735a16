// What is shown of a code: the colour by word and symbol, why, what helps, and whose it is said to be.
//
// Refuses to keep any of it longer than half a minute, or past the next code.

import { failure, first, said, second, span } from "./words.js";

const at = (id) => document.getElementById(id);

let timer;

/** Shows `scanned`, and calls `cleared` once it is gone. */
export function show(scanned, cleared) {
  clear();
  const [one, other] = [scanned[first()], scanned[second()]];
  at("result").className = scanned.colour;
  at("symbol").textContent = scanned.symbol;
  // The word for the colour stands above what it means.
  const [head, ...rest] = one.word.split(": ");
  write("word", "");
  for (const part of [rest.length > 0 ? `${head}: ` : head, rest.join(": ")]) {
    at("word").append(Object.assign(document.createElement("span"), { textContent: part }));
  }
  write("word-also", other.word, second());
  write("reason", one.reason);
  write("remedy", one.remedy);
  write("also", `${other.reason} ${other.remedy}`.trim(), second());
  write("code", scanned.code ?? "");
  write("data-age", scanned.data_age_s === null ? "" : `${said("dataAge")} ${span(scanned.data_age_s)}`);
  write("name", scanned.name ?? "");
  write("birth-year", scanned.birth_year ?? "");
  at("person").hidden = at("compare").hidden = scanned.name === null;
  at("ready").hidden = true;
  at("result").hidden = false;
  at("result").scrollIntoView({ block: "start" });
  announce([one.word, scanned.name, scanned.birth_year, one.reason, one.remedy]);
  timer = setTimeout(() => {
    clear();
    cleared();
  }, SHOWN_MS);
}

/** Takes away what is shown. */
export function clear() {
  clearTimeout(timer);
  at("result").hidden = true;
  at("ready").hidden = false;
  at("announced").textContent = "";
  for (const id of PERSONAL) {
    at(id).textContent = "";
  }
}

/** What is shown where the page itself failed: never green. */
export function refused(code) {
  const { id, en } = failure(code);
  return {
    colour: "yellow",
    symbol: "?",
    id: { word: "KUNING: PERIKSA", reason: id, remedy: "" },
    en: { word: "YELLOW: CHECK", reason: en, remedy: "" },
    code,
    name: null,
    birth_year: null,
    data_age_s: null,
  };
}

function write(id, text, lang = first()) {
  at(id).textContent = text;
  at(id).lang = lang;
}

/** Told once by a screen reader, in one language; empty before, so that the same words are told again. */
function announce(parts) {
  const text = parts.filter(Boolean).join(". ");
  setTimeout(() => {
    if (!at("result").hidden) {
      write("announced", text);
    }
  }, 100);
}

const SHOWN_MS = 30_000;
const PERSONAL = ["word", "word-also", "reason", "remedy", "also", "code", "data-age", "name", "birth-year"];
