//! The face for browsers and Node.js: a scanner at a gate, a world of trusted signers, and the code in a picture.
//!
//! Refuses to read a clock, to keep anything and to ask anybody: instants and bytes are arguments, and what is to be kept is
//! returned. What fails is thrown as an `Error` with the stable name of its code in `code`.
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
use js_sys::{Date, Error, JSON, Object, Reflect};
use serde_json::Value;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../web/types.d.ts");

#[wasm_bindgen]
#[derive(Debug)]
pub struct Scanner(scan::Scanner);

#[wasm_bindgen]
impl Scanner {
    pub fn enrolled(root: &str) -> Result<Scanner, JsValue> {
        let odd = || Code::RequestInvalid.because("the root is no SHA-256");
        let root = Thumbprint::parse(root).ok_or_else(odd).map_err(thrown)?;
        Ok(Self(scan::Scanner::enrolled(root)))
    }

    pub fn remembering(memory: &str) -> Result<Scanner, JsValue> {
        let seen = Seen::read(memory.as_bytes()).map_err(thrown)?;
        Ok(Self(scan::Scanner::remembering(seen)))
    }

    pub fn memory(&self) -> Result<String, JsValue> {
        let bytes = self.0.seen().write().map_err(thrown)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn load(&mut self, bundle: &[u8]) -> Result<(), JsValue> {
        self.0.load(bundle).map_err(thrown)
    }

    pub fn install(&mut self, bundle: &[u8], at: &Date) -> Result<Option<Vec<u8>>, JsValue> {
        let at = instant(at).map_err(thrown)?;
        self.0.install(bundle, at).map_err(thrown)
    }

    #[wasm_bindgen(getter)]
    pub fn bundle(&self) -> Option<String> {
        self.0.bundle().map(|name| name.to_string())
    }

    #[wasm_bindgen(unchecked_return_type = "Status")]
    pub fn status(&self, at: &Date) -> Result<JsValue, JsValue> {
        object(&self.0.status(instant(at).map_err(thrown)?))
    }

    #[wasm_bindgen(unchecked_return_type = "Scanned")]
    pub fn scan(
        &mut self,
        text: &str,
        at: &Date,
        #[wasm_bindgen(unchecked_optional_param_type = "Circumstances")] circumstances: JsValue,
    ) -> Result<JsValue, JsValue> {
        let scanned = match (circumstances_in(&circumstances), instant(at)) {
            (Ok(circumstances), Ok(at)) => self.0.scan(text, &circumstances, at),
            (Err(failure), _) | (_, Err(failure)) => self.0.refused(&failure),
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
        list: &[u8],
        #[wasm_bindgen(unchecked_param_type = "Environment")] environment: &str,
        at: &Date,
    ) -> Result<World, JsValue> {
        Self::of(list, environment, at).map_err(thrown)
    }

    #[wasm_bindgen(getter)]
    pub fn signers(&self) -> usize {
        self.0.trust().signers().len()
    }

    #[wasm_bindgen(unchecked_return_type = "Verdict")]
    pub fn verify(
        &self,
        text: &str,
        at: &Date,
        #[wasm_bindgen(unchecked_optional_param_type = "View")] view: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let at = instant(at).map_err(thrown)?;
        let view = view.map_or(Some(View::Result), |it| View::parse(&it));
        let odd = || Code::RequestInvalid.because("the view is not known");
        let view = view.ok_or_else(odd).map_err(thrown)?;
        let verdict = verify(text, at, &self.0, &Policy::default());
        object(&verdict.to_json(view, None, None))
    }
}

impl World {
    fn of(list: &[u8], environment: &str, at: &Date) -> Result<Self, Failure> {
        let odd = || Code::RequestInvalid.because("the environment is not known");
        let environment = Environment::parse(environment).ok_or_else(odd)?;
        let rows = exchange::read(NAME, list)?;
        let source = Source::new(NAME.to_owned(), environment, instant(at)?);
        let entries = rows.into_iter().filter_map(Result::ok).collect();
        let list = SourceList::pinned(source, entries);
        Ok(Self(Snapshot::assemble(environment, 1, &[list]).0))
    }
}

#[wasm_bindgen(js_name = codeIn)]
pub fn code_in(rgba: &[u8], width: u32, height: u32) -> Option<String> {
    picture::text(picture::grey(rgba), width, height).ok()
}

/// The instant that `at` is.
fn instant(at: &Date) -> Result<UnixTime, Failure> {
    let odd = || Code::RequestInvalid.because("the instant is no date of our era");
    // A date that is none has no text.
    if at.get_time().is_nan() {
        return Err(odd());
    }
    let text = String::from(at.to_iso_string());
    UnixTime::parse(&text).ok_or_else(odd)
}

fn circumstances_in(said: &JsValue) -> Result<Circumstances, Failure> {
    if said.is_undefined() || said.is_null() {
        return Ok(Circumstances::default());
    }
    let member = |name: &str| Reflect::get(said, &name.into()).ok()?.as_string();
    Circumstances::read(member("mode"), member("sector"), member("wilayah"))
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
