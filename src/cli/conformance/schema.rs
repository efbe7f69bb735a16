//! The suite of bare payloads: published examples and tests of each schema version.
//!
//! A payload conforms if it reads by the rules of its folder's version without any tolerance.

use super::{Suite, json_file};
use crate::codec::cbor;
use crate::credential::eu_dcc::{self, SchemaVersion};
use crate::credential::hcert;
use crate::failure::{Code, Failure};
use crate::quirk::{Concern, Quirks};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Grades `<version>/examples/**`, `<version>/test/valid/**` and `<version>/test/invalid/**` under `dir`.
pub(super) fn grade(dir: &Path) -> Result<Suite, Failure> {
    let mut suite = Suite::new("schema");
    for version_dir in children(dir)? {
        let name = version_dir
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let Some(version) = name.as_deref().and_then(SchemaVersion::parse) else {
            continue;
        };
        for (folder, valid) in [
            ("examples", true),
            ("test/valid", true),
            ("test/invalid", false),
        ] {
            for path in files(&version_dir.join(folder))? {
                let ours = conforms(&json_file(&path)?, version);
                let shown = path
                    .strip_prefix(dir)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .into_owned();
                let describe = |valid| {
                    if valid {
                        "valid".to_owned()
                    } else {
                        "invalid".to_owned()
                    }
                };
                let agrees = ours.is_ok() == valid;
                suite.record(
                    &shown,
                    describe(valid),
                    ours.map_or_else(|why| why, |()| describe(true)),
                    agrees,
                );
            }
        }
    }
    Ok(suite)
}

/// Whether `payload` obeys `version` to the letter, or why it does not.
fn conforms(payload: &Value, version: SchemaVersion) -> Result<(), String> {
    let mut quirks = Quirks::default();
    let written = cbor::write(&from_json(payload));
    let written = written.map_err(|failure| failure.to_string())?;
    cbor::read(&written, hcert::LIMITS.cbor)
        .and_then(|payload| eu_dcc::read(payload.root(), Some(version), &mut quirks))
        .map_err(|failure| failure.to_string())?;
    match quirks
        .iter()
        .find(|quirk| quirk.concerns() == Concern::Schema)
    {
        Some(quirk) => Err(format!("tolerated only: {quirk}")),
        None => Ok(()),
    }
}

/// A JSON value as the CBOR value it stands for.
fn from_json(value: &Value) -> cbor::Value {
    match value {
        Value::Null => cbor::Value::Null,
        Value::Bool(it) => cbor::Value::from(*it),
        Value::String(it) => cbor::Value::from(it.as_str()),
        Value::Array(items) => cbor::Value::Array(items.iter().map(from_json).collect()),
        Value::Object(members) => cbor::Value::Map(
            members
                .iter()
                .map(|(key, value)| (cbor::Value::from(key.as_str()), from_json(value)))
                .collect(),
        ),
        Value::Number(it) => match it.as_i64() {
            Some(whole) => cbor::Value::from(whole),
            None => cbor::Value::from(it.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// All `.json` files under `dir`, at any depth, in order; none where there is no such folder.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    if !dir.is_dir() {
        return Ok(found);
    }
    for path in children(dir)? {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
    Ok(found)
}

fn children(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed =
        |error| Code::InputOutput.caused_by(format!("{} cannot be listed", dir.display()), error);
    let entries = std::fs::read_dir(dir).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|it| it.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}
