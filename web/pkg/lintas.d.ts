/* tslint:disable */
/* eslint-disable */
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



export class Scanner {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    static enrolled(root: string): Scanner;
    install(bundle: Uint8Array, at: Date): Uint8Array | undefined;
    load(bundle: Uint8Array): void;
    memory(): string;
    static remembering(memory: string): Scanner;
    scan(code: string, at: Date, circumstances?: Circumstances): Scanned;
    status(at: Date): Status;
    readonly bundle: string | undefined;
}

export class World {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    static trusting(list: Uint8Array, environment: Environment, at: Date): World;
    verify(code: string, at: Date, view?: View): Verdict;
    readonly signers: number;
}

export function codeIn(rgba: Uint8Array, width: number, height: number): string | undefined;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_scanner_free: (a: number, b: number) => void;
    readonly __wbg_world_free: (a: number, b: number) => void;
    readonly codeIn: (a: any, b: number, c: number) => [number, number];
    readonly scanner_bundle: (a: number) => [number, number];
    readonly scanner_enrolled: (a: any) => [number, number, number];
    readonly scanner_install: (a: number, b: any, c: any) => [number, number, number, number];
    readonly scanner_load: (a: number, b: any) => [number, number];
    readonly scanner_memory: (a: number) => [number, number, number, number];
    readonly scanner_remembering: (a: any) => [number, number, number];
    readonly scanner_scan: (a: number, b: any, c: any, d: any) => [number, number, number];
    readonly scanner_status: (a: number, b: any) => [number, number, number];
    readonly world_signers: (a: number) => number;
    readonly world_trusting: (a: any, b: any, c: any) => [number, number, number];
    readonly world_verify: (a: number, b: any, c: any, d: any) => [number, number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
