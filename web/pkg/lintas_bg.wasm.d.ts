/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_scanner_free: (a: number, b: number) => void;
export const __wbg_world_free: (a: number, b: number) => void;
export const codeIn: (a: any, b: number, c: number) => [number, number];
export const scanner_bundle: (a: number) => [number, number];
export const scanner_enrolled: (a: any) => [number, number, number];
export const scanner_install: (a: number, b: any, c: any) => [number, number, number, number];
export const scanner_load: (a: number, b: any) => [number, number];
export const scanner_memory: (a: number) => [number, number, number, number];
export const scanner_remembering: (a: any) => [number, number, number];
export const scanner_scan: (a: number, b: any, c: any, d: any) => [number, number, number];
export const scanner_status: (a: number, b: any) => [number, number, number];
export const world_signers: (a: number) => number;
export const world_trusting: (a: any, b: any, c: any) => [number, number, number];
export const world_verify: (a: number, b: any, c: any, d: any) => [number, number, number];
export const __wbindgen_malloc: (a: number, b: number) => number;
export const __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
export const __wbindgen_free: (a: number, b: number, c: number) => void;
export const __wbindgen_exn_store: (a: number) => void;
export const __externref_table_alloc: () => number;
export const __wbindgen_externrefs: WebAssembly.Table;
export const __externref_table_dealloc: (a: number) => void;
export const __wbindgen_start: () => void;
