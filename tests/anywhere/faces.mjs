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

export function answers(module, asked) {
  const began = performance.now();
  const said = {
    steps: asked.steps && played(module, asked.steps),
    groups: asked.groups && judged(module, asked.groups),
    pictures: asked.pictures && seen(module, asked.pictures),
  };
  return { ...said, ms: Math.round(performance.now() - began) };
}
