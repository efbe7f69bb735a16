//! The face for browsers and Node.js: a scanner at a gate, a world of trusted signers, and the code in a picture.
//!
//! Refuses to read a clock, to keep anything and to ask anybody: instants and bytes are arguments, and what is to be kept is
//! returned; and arguments of other types, by code, and not by a trap. What fails is thrown as an `Error` with the stable name of its code in `code`.
//!
//! Source: docs/ANYWHERE.md; the types are in `TYPES`, which the package carries.

// What the macros write is theirs: it needs what the house forbids.
#![allow(missing_docs, reason = "documented in TYPES, where its users look")]

use crate::exchange;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};
use crate::rules::Circumstances;
use crate::scan::{self, picture};
use crate::snapshot::Snapshot;
use crate::snapshot::bundle::Seen;
use crate::trust::{Source, SourceList};
use crate::verify::{Policy, View, verify};
use js_sys::{Date, Error, JSON, Object, Reflect, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../web/types.d.ts");

#[wasm_bindgen]
#[derive(Debug)]
pub struct Scanner(scan::Scanner);

#[wasm_bindgen]
impl Scanner {
    pub fn enrolled(
        #[wasm_bindgen(unchecked_param_type = "string")] root: &JsValue,
    ) -> Result<Self, JsValue> {
        let odd = || Code::RequestInvalid.because("the root is no SHA-256");
        let root = text(root).and_then(|it| Thumbprint::parse(&it).ok_or_else(odd));
        Ok(Self(scan::Scanner::enrolled(root.map_err(thrown)?)))
    }

    pub fn remembering(
        #[wasm_bindgen(unchecked_param_type = "string")] memory: &JsValue,
    ) -> Result<Self, JsValue> {
        let seen = text(memory).and_then(|it| Seen::read(it.as_bytes()));
        Ok(Self(scan::Scanner::remembering(seen.map_err(thrown)?)))
    }

    pub fn memory(&self) -> Result<String, JsValue> {
        let bytes = self.0.seen().write().map_err(thrown)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn load(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bundle: &JsValue,
    ) -> Result<(), JsValue> {
        let loaded = bytes(bundle).and_then(|it| self.0.load(&it));
        loaded.map_err(thrown)
    }

    pub fn install(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bundle: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Date")] at: &JsValue,
    ) -> Result<Option<Vec<u8>>, JsValue> {
        let given = bytes(bundle).and_then(|it| Ok((it, instant(at)?)));
        let installed = given.and_then(|(bundle, at)| self.0.install(&bundle, at));
        installed.map_err(thrown)
    }

    #[wasm_bindgen(getter)]
    pub fn bundle(&self) -> Option<String> {
        self.0.bundle().map(|name| name.to_string())
    }

    #[wasm_bindgen(unchecked_return_type = "Status")]
    pub fn status(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Date")] at: &JsValue,
    ) -> Result<JsValue, JsValue> {
        object(&self.0.status(instant(at).map_err(thrown)?))
    }

    #[wasm_bindgen(unchecked_return_type = "Scanned")]
    pub fn scan(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "string")] code: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Date")] at: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Circumstances")] circumstances: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let given = text(code).and_then(|code| Ok((code, instant(at)?, stated(circumstances)?)));
        let scanned = match given {
            Ok((code, at, circumstances)) => self.0.scan(&code, &circumstances, at),
            Err(failure) => self.0.refused(&failure),
        };
        object(&scanned.to_json())
    }
}

#[wasm_bindgen]
#[derive(Debug)]
pub struct World(Snapshot);

#[wasm_bindgen]
impl World {
    pub fn trusting(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] list: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Environment")] environment: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Date")] at: &JsValue,
    ) -> Result<Self, JsValue> {
        Self::of(list, environment, at).map_err(thrown)
    }

    #[wasm_bindgen(getter)]
    pub fn signers(&self) -> usize {
        self.0.trust().signers().len()
    }

    #[wasm_bindgen(unchecked_return_type = "Verdict")]
    pub fn verify(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] code: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Date")] at: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "View")] view: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let given = text(code).and_then(|code| Ok((code, instant(at)?, viewed(view)?)));
        let (code, at, view) = given.map_err(thrown)?;
        let verdict = verify(&code, at, &self.0, &Policy::default());
        object(&verdict.to_json(view, None, None))
    }
}

impl World {
    fn of(list: &JsValue, environment: &JsValue, at: &JsValue) -> Result<Self, Failure> {
        let odd = || Code::RequestInvalid.because("the environment is not known");
        let environment = Environment::parse(&text(environment)?).ok_or_else(odd)?;
        let rows = exchange::read(NAME, &bytes(list)?)?;
        let source = Source::new(NAME.to_owned(), environment, instant(at)?);
        let entries = rows.into_iter().filter_map(Result::ok).collect();
        let list = SourceList::pinned(source, entries);
        Ok(Self(Snapshot::assemble(environment, 1, &[list]).0))
    }
}

#[wasm_bindgen(js_name = codeIn)]
pub fn code_in(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] rgba: &JsValue,
    width: u32,
    height: u32,
) -> Option<String> {
    let grey = picture::grey(&bytes(rgba).ok()?);
    picture::text(grey, width, height).ok()
}

// What is handed over is looked at before anything is asked with it: what throws on the way in leaves nothing half done.

fn text(given: &JsValue) -> Result<String, Failure> {
    let odd = || Code::RequestInvalid.because("no text where one is needed");
    given.as_string().ok_or_else(odd)
}

fn bytes(given: &JsValue) -> Result<Vec<u8>, Failure> {
    let odd = || Code::RequestInvalid.because("no bytes where some are needed");
    let array = given.dyn_ref::<Uint8Array>();
    array.map(Uint8Array::to_vec).ok_or_else(odd)
}

fn instant(given: &JsValue) -> Result<UnixTime, Failure> {
    let odd = || Code::RequestInvalid.because("the instant is no date of our era");
    let at = given.dyn_ref::<Date>().ok_or_else(odd)?;
    // A date that is none has no text.
    if at.get_time().is_nan() {
        return Err(odd());
    }
    UnixTime::parse(&String::from(at.to_iso_string())).ok_or_else(odd)
}

fn viewed(given: &JsValue) -> Result<View, Failure> {
    if given.is_undefined() {
        return Ok(View::Result);
    }
    let odd = || Code::RequestInvalid.because("the view is not known");
    View::parse(&text(given)?).ok_or_else(odd)
}

fn stated(given: &JsValue) -> Result<Circumstances, Failure> {
    let mut circumstances = Circumstances::default();
    if given.is_undefined() {
        return Ok(circumstances);
    }
    let odd =
        || Code::RequestInvalid.because("circumstances are mode, sector and wilayah, as text");
    let rows = given.dyn_ref::<Object>().map(Object::keys);
    for name in rows.ok_or_else(odd)?.iter() {
        let value = Reflect::get(given, &name).map_err(|_| odd())?;
        if value.is_undefined() {
            continue;
        }
        let place = match name.as_string().as_deref() {
            Some("mode") => &mut circumstances.mode,
            Some("sector") => &mut circumstances.sector,
            Some("wilayah") => &mut circumstances.wilayah,
            _ => return Err(odd()),
        };
        *place = Some(value.as_string().ok_or_else(odd)?);
    }
    let Circumstances {
        mode,
        sector,
        wilayah,
    } = circumstances;
    Circumstances::read(mode, sector, wilayah)
}

/// `value` as an object of the host.
fn object(value: &Value) -> Result<JsValue, JsValue> {
    JSON::parse(&value.to_string())
}

/// `failure` as whoever calls catches it: an `Error` with what is told of it as members.
fn thrown(failure: Failure) -> JsValue {
    let error = Error::new(failure.detail());
    if let Ok(told) = object(&scan::told(&failure)) {
        Object::assign(&error, told.unchecked_ref());
    }
    error.into()
}

/// What the list is called in what is said of it.
const NAME: &str = "list";
