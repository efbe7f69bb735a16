// What is asked of the module, and what it answers, as JSON. The same for Node.js and for browsers.

const bytes = (base64) => Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));
const told = ({ code, detail, id, en }) => ({ failed: { code, detail, id, en } });

/** A scanner's day: an answer for each step. */
export function played({ Scanner }, steps) {
  let scanner;
  let kept;
  const one = (step) => {
    const at = step.at && new Date(step.at[0]);
    switch (step.do) {
      case "enrol":
        try {
          scanner = Scanner.enrolled(step.root);
          return true;
        } catch {
          return false;
        }
      case "install": {
        const whole = scanner.install(bytes(step.bytes), at);
        kept = whole ?? kept;
        return whole?.length ?? 0;
      }
      case "status":
        return scanner.status(at);
      case "scan":
        return scanner.scan(step.text, at, step.mode ? { mode: step.mode } : undefined);
      case "restart": {
        const memory = scanner.memory();
        scanner.free();
        scanner = Scanner.remembering(memory);
        scanner.load(kept);
        return memory;
      }
      default:
        throw new Error(`unknown step ${step.do}`);
    }
  };
  return steps.map((step) => {
    try {
      return one(step);
    } catch (failure) {
      if (!failure.code) throw failure;
      return told(failure);
    }
  });
}

/** Payloads by lists of signers: a verdict for each, or null where the list is none. */
export function judged({ World }, groups) {
  return groups.map((group) => {
    let world;
    try {
      world = World.trusting(bytes(group.list), group.environment, new Date(group.as_of));
    } catch (failure) {
      if (!failure.code) throw failure;
      return group.cases.map(() => null);
    }
    const verdicts = group.cases.map(({ text, at }) => world.verify(text, new Date(at), group.view));
    world.free();
    return verdicts;
  });
}

/** Pictures: the text of the code in each, or null. */
export function seen({ codeIn }, pictures) {
  return pictures.map(({ rgba, width, height }) => codeIn(bytes(rgba), width, height) ?? null);
}

/** What is no argument is refused by its code, and ends nothing. */
export function oddities({ Scanner, World, codeIn }) {
  const now = new Date();
  const invalid = (act) => {
    try {
      act();
    } catch (failure) {
      if (failure.code === "request_invalid") return;
      throw failure;
    }
    throw new Error(`taken: ${act}`);
  };
  const scanner = Scanner.enrolled("ab".repeat(32));
  const shows = (code, ...given) => {
    const shown = scanner.scan(...given);
    if (shown.colour !== "yellow" || shown.code !== code) throw new Error(`${JSON.stringify(shown)}: ${given}`);
  };
  for (const at of [undefined, null, 5, "2026-11-30", {}, new Date(NaN)]) {
    shows("request_invalid", "HC1:", at);
    invalid(() => scanner.status(at));
    invalid(() => scanner.install(new Uint8Array(5), at));
  }
  for (const text of [undefined, null, 42, {}, []]) {
    shows("request_invalid", text, now);
    invalid(() => Scanner.enrolled(text));
    invalid(() => World.trusting(new Uint8Array(5), text, now));
  }
  for (const circumstances of [{ mode: 5 }, { modus: "train" }, "train", 7, [1]]) {
    shows("request_invalid", "HC1:", now, circumstances);
  }
  for (const bytes of [undefined, null, 5, "abc", [1, 2], {}]) {
    invalid(() => scanner.install(bytes, now));
    invalid(() => scanner.load(bytes));
    if (codeIn(bytes, 1, 1) !== undefined) throw new Error("a code in no picture");
  }
  // None of it took anything from the scanner.
  shows("bundle_stale", "HC1:", now);
  JSON.parse(scanner.memory());
  scanner.free();
}

export function answers(module, asked) {
  oddities(module);
  const began = performance.now();
  const said = {
    steps: asked.steps && played(module, asked.steps),
    groups: asked.groups && judged(module, asked.groups),
    pictures: asked.pictures && seen(module, asked.pictures),
  };
  return { ...said, ms: Math.round(performance.now() - began) };
}
