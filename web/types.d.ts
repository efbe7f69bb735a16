/** What fails is thrown as this: `message` is for whoever operates, `id` and `en` are for whoever reads. */
export interface Failure extends Error {
  /** The stable name of what went wrong, see docs/CODES.md. */
  readonly code: string;
  readonly detail: string;
  readonly id: string;
  readonly en: string;
}

export type Environment = "demo" | "test" | "production";
export type Colour = "green" | "yellow" | "red" | "black";
/** How much of a person a verdict shows. */
export type View = "result" | "gate" | "officer" | "holder";

/** Where a scanner stands, as the policy set in force names it. */
export interface Circumstances {
  mode?: string;
  sector?: string;
  wilayah?: string;
}

/** What is said of a colour in one language. */
export interface Said {
  word: string;
  reason: string;
  remedy: string;
}

/** What gate staff see of a code. */
export interface Scanned {
  colour: Colour;
  symbol: string;
  id: Said;
  en: Said;
  /** What spoke first, see docs/CODES.md. */
  code: string | null;
  name: string | null;
  birth_year: string | null;
  /** Seconds since the data were signed, where they are old enough to say so. */
  data_age_s: number | null;
  verdict: Verdict | null;
}

/** The verdict, as `POST /v1/verify` answers it; `/v1/openapi.json` has every member. */
export interface Verdict {
  outcome: "accept" | "reject" | "indeterminate";
  [member: string]: unknown;
}

/** What a scanner has. */
export interface Status {
  root: string;
  bundle: {
    environment: Environment;
    epoch: number;
    sequence: number;
    issued_at: string;
    age: "fresh" | "old" | "too_old";
    warns_after_hours: number;
    stops_after_hours: number;
  } | null;
  /** The latest instant that has passed for sure. */
  latest: string;
  /** Whether the clock shows a time before that: then no code is decided. */
  clock_suspect: boolean;
}

/**
 * A scanner at a gate, without a network.
 *
 * `Scanner.enrolled(root)` pins the root of bundles by its SHA-256; `install(bundle, at)` takes a bundle and returns the whole one to
 * be kept, or nothing where it is in use already; `memory()` is to be kept after every `install` and every now and then, and given
 * back to `Scanner.remembering(memory)` and `load(bundle)` at the next start. `scan` never throws for what a code holds.
 */
