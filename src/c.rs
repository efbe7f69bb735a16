//! The face for C, and for whatever calls C: a scanner at a gate. What each function does stands in `include/lintas.h`, where its
//! users look.
//!
//! Refuses text that is not UTF-8 and bytes that are not there, as it refuses any others; reads no clock, keeps no file, asks nobody.
//!
//! Source: docs/ANYWHERE.md; the Rustonomicon, foreign functions.
//!
//! # Safety
//! Of every function here: pointers are null or what the header says, live for the call, and one scanner is used by one thread at a
//! time.

#![allow(
    unsafe_code,
    reason = "C hands over pointers, and this is their one home"
)]
#![allow(clippy::missing_safety_doc, reason = "said once, above")]
#![allow(missing_docs, reason = "documented in include/lintas.h")]

use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::rules::Circumstances;
use crate::scan::{self, told};
use crate::snapshot::bundle::Seen;
use serde_json::Value;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::slice;

/// A scanner, and the whole bundle that it took last.
#[derive(Debug)]
pub struct Scanner {
    scanner: scan::Scanner,
    whole: Vec<u8>,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_enrolled(
    root: *const c_char,
    failure: *mut *mut c_char,
) -> *mut Scanner {
    let odd = || Code::RequestInvalid.because("the root is no SHA-256");
    let root = unsafe { text(root) }.and_then(|it| Thumbprint::parse(it).ok_or_else(odd));
    unsafe { made(root.map(scan::Scanner::enrolled), failure) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_remembering(
    memory: *const c_char,
    failure: *mut *mut c_char,
) -> *mut Scanner {
    let seen = unsafe { text(memory) }.and_then(|it| Seen::read(it.as_bytes()));
    unsafe { made(seen.map(scan::Scanner::remembering), failure) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_free(scanner: *mut Scanner) {
    if !scanner.is_null() {
        drop(unsafe { Box::from_raw(scanner) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_memory(scanner: *const Scanner) -> *mut c_char {
    let Some(face) = (unsafe { scanner.as_ref() }) else {
        return ptr::null_mut();
    };
    let memory = face.scanner.seen().write().unwrap_or_default();
    given(String::from_utf8_lossy(&memory).into_owned())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_load(
    scanner: *mut Scanner,
    bundle: *const u8,
    length: usize,
) -> *mut c_char {
    let (face, bundle) = unsafe { (scanner.as_mut(), bytes(bundle, length)) };
    let Some(face) = face else {
        return nobody();
    };
    done(bundle.and_then(|it| face.scanner.load(it)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_install(
    scanner: *mut Scanner,
    bundle: *const u8,
    length: usize,
    at: i64,
) -> *mut c_char {
    let (face, bundle) = unsafe { (scanner.as_mut(), bytes(bundle, length)) };
    let Some(face) = face else {
        return nobody();
    };
    let installed = bundle.and_then(|it| face.scanner.install(it, instant(at)?));
    done(installed.map(|whole| face.whole = whole.unwrap_or_default()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_whole(
    scanner: *const Scanner,
    length: *mut usize,
) -> *const u8 {
    let whole = unsafe { scanner.as_ref() }.map(|it| it.whole.as_slice());
    let whole = whole.filter(|it| !it.is_empty());
    if let Some(length) = unsafe { length.as_mut() } {
        *length = whole.map_or(0, <[u8]>::len);
    }
    whole.map_or(ptr::null(), <[u8]>::as_ptr)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_status(scanner: *const Scanner, at: i64) -> *mut c_char {
    let Some(face) = (unsafe { scanner.as_ref() }) else {
        return nobody();
    };
    let status = instant(at).map(|at| face.scanner.status(at));
    json(&status.unwrap_or_else(|failure| told(&failure)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_scanner_scan(
    scanner: *mut Scanner,
    code: *const c_char,
    at: i64,
    mode: *const c_char,
    sector: *const c_char,
    wilayah: *const c_char,
) -> *mut c_char {
    let Some(face) = (unsafe { scanner.as_mut() }) else {
        return nobody();
    };
    let said = |word: *const c_char| match word.is_null() {
        true => Ok(None),
        false => unsafe { text(word) }.map(|it| Some(it.to_owned())),
    };
    let mut scanned = || {
        let circumstances = Circumstances::read(said(mode)?, said(sector)?, said(wilayah)?)?;
        let (code, at) = (unsafe { text(code) }?, instant(at)?);
        Ok(face.scanner.scan(code, &circumstances, at))
    };
    let scanned = scanned();
    let scanned = scanned.unwrap_or_else(|failure| face.scanner.refused(&failure));
    json(&scanned.to_json())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lintas_text_free(text: *mut c_char) {
    if !text.is_null() {
        drop(unsafe { CString::from_raw(text) });
    }
}

/// The text at `text`.
unsafe fn text<'t>(text: *const c_char) -> Result<&'t str, Failure> {
    let odd = || Code::RequestInvalid.because("no text in UTF-8");
    if text.is_null() {
        return Err(odd());
    }
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| odd())
}

/// The `length` bytes at `bytes`.
unsafe fn bytes<'b>(bytes: *const u8, length: usize) -> Result<&'b [u8], Failure> {
    if bytes.is_null() || isize::try_from(length).is_err() {
        return Err(Code::RequestInvalid.because("no bytes"));
    }
    Ok(unsafe { slice::from_raw_parts(bytes, length) })
}

fn instant(seconds: i64) -> Result<UnixTime, Failure> {
    let odd = || Code::RequestInvalid.because("the instant is no date of our era");
    UnixTime::from_seconds(seconds).ok_or_else(odd)
}

/// The scanner, or null and what is told of its failure.
unsafe fn made(scanner: Result<scan::Scanner, Failure>, failure: *mut *mut c_char) -> *mut Scanner {
    let (made, told) = match scanner {
        Ok(scanner) => {
            let whole = Vec::new();
            (
                Box::into_raw(Box::new(Scanner { scanner, whole })),
                ptr::null_mut(),
            )
        }
        Err(failure) => (ptr::null_mut(), json(&told(&failure))),
    };
    match unsafe { failure.as_mut() } {
        Some(failure) => *failure = told,
        None => unsafe { lintas_text_free(told) },
    }
    made
}

/// Null, or what is told of the failure.
fn done(result: Result<(), Failure>) -> *mut c_char {
    result.map_or_else(|failure| json(&told(&failure)), |()| ptr::null_mut())
}

fn nobody() -> *mut c_char {
    json(&told(&Code::RequestInvalid.because("no scanner")))
}

fn json(value: &Value) -> *mut c_char {
    given(value.to_string())
}

/// `text`, which the caller frees. JSON has no zero byte in it.
fn given(text: String) -> *mut c_char {
    CString::new(text).map_or(ptr::null_mut(), CString::into_raw)
}
