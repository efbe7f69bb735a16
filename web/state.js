// What the page says around the codes: what failed, what the scanner has, how old that is, what was counted.

import { COLOURS, counted } from "./tally.js";
import { failure, first, said, second, written } from "./words.js";

const at = (id) => document.getElementById(id);
const write = (id, text) => {
  at(id).textContent = text;
};

let last;

/** Tells what failed, or the words named. */
export function tell(what) {
  const words = typeof what === "string" ? { id: said(what, "id"), en: said(what, "en") } : what;
  // Whatever is no failure of ours is one of the page.
  last = words.id === undefined ? failure("internal") : words;
  told();
}

/** Takes away what was told. */
export function silence() {
  last = undefined;
  told();
}

/** Shows what was told last, in both languages. */
export function told() {
  at("told").hidden = last === undefined;
  if (last !== undefined) {
    const [one, other] = at("told").children;
    one.textContent = last[first()];
    other.textContent = [last[second()], last.code && `[${last.code}]`].filter(Boolean).join(" ");
    other.lang = second();
  }
}

/** A fingerprint as people compare it. */
export function grouped(root) {
  return root.match(/.{4}/g).join(" ");
}

/** Shows the scanner's `status`, and how the page stands. */
export function show(status, { tally, now, isOnline, isKept, isCameraOn }) {
  const bundle = status?.bundle;
  for (const mark of document.querySelectorAll(".mark")) {
    mark.hidden = bundle?.environment !== "demo";
  }
  write("environment", said(bundle?.environment ?? "none"));
  write("sequence", bundle ? String(bundle.sequence) : said("none"));
  write("issued-at", bundle ? written(new Date(bundle.issued_at)) : said("none"));
  write("age-of", said(bundle?.age ?? "none"));
  write("network", said(isOnline ? "online" : "offline"));
  write("without-network", said(isKept ? "starts" : "startsNot"));
  write("pinned", status ? grouped(status.root) : "");
  write("camera", said(isCameraOn ? "cameraStop" : "cameraStart"));
  write("language", said("other"));
  at("language").lang = second();
  at("video").setAttribute("aria-label", said("video"));
  const warning = status?.clock_suspect ? "clockSaid" : status && WARNINGS[bundle?.age ?? "none"];
  at("age").hidden = !warning;
  write("age", warning ? said(warning) : "");
  at("tally").replaceChildren(...COLOURS.map((colour) => row(colour, counted(tally, colour, now))));
}

function row(colour, sum) {
  const element = document.createElement("li");
  element.className = colour;
  element.textContent = `${said(colour)} ${sum}`;
  return element;
}

const WARNINGS = { none: "noData", fresh: undefined, old: "oldSaid", too_old: "tooOldSaid" };
