//! The suite of national lists: whether their signatures hold, what they count, and what is odd in them.
//!
//! A list whose signature does not hold is counted all the same: the published numbers are about what stands in it.

use super::oddities::{is_odd, key_of};
use super::{Suite, text};
use crate::codec::jws::Jws;
use crate::crypto::sha256;
use crate::exchange::signed::{self, Anchors, ListForm, SignedList};
use crate::exchange::{self, Row, jwks, vci};
use crate::failure::{Code, Failure};
use crate::model::{Purpose, UnixTime};
use crate::server::files;
use crate::trust::{KeyMaterial, Purposes, TrustEntry, kid_of};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Grades every list of `trustlists-manifest.json` in the folder `trustlists` of `dir`.
pub(super) fn grade(dir: &Path, manifest: &Value) -> Result<Suite, Failure> {
    let lists = manifest.as_object();
    let lists = lists.ok_or_else(|| Code::RequestInvalid.because("a manifest without lists"))?;
    let folder = dir.join("trustlists");
    let mut suite = Suite::new("trustlists");
    for (name, facts) in lists {
        let mut facts = Facts {
            suite: &mut suite,
            name,
            facts,
        };
        let graded = match name.split('/').next() {
            Some("de") => germany(&mut facts, &folder.join(name)),
            Some("ch") => switzerland(&mut facts, &folder),
            Some("at") => austria(&mut facts, &folder),
            Some("nl") => netherlands(&mut facts, &folder.join(name)),
            Some("se") => sweden(&mut facts, &folder.join(name)),
            Some("vci") => directory(&mut facts, &folder.join("vci")),
            _ => {
                facts.suite.skipped += 1;
                Ok(())
            }
        };
        if let Err(failure) = graded {
            suite.record(name, "a readable list".into(), failure.to_string(), false);
        }
    }
    Ok(suite)
}

/// What is published of one list.
struct Facts<'a> {
    suite: &'a mut Suite,
    name: &'a str,
    facts: &'a Value,
}

impl Facts<'_> {
    /// Compares the published fact at `pointer` with ours; one that is not published is a disagreement.
    fn check(&mut self, pointer: &str, ours: impl Into<Value>) {
        let (published, ours) = (
            self.facts.pointer(pointer).unwrap_or(&Value::Null),
            ours.into(),
        );
        let path = format!("{}#{pointer}", self.name);
        let agrees = *published == ours;
        self.suite
            .record(&path, published.to_string(), ours.to_string(), agrees);
    }

    fn members(&self, name: &str) -> Map<String, Value> {
        let members = self.facts.get(name).and_then(Value::as_object);
        members.cloned().unwrap_or_default()
    }
}

fn germany(facts: &mut Facts<'_>, folder: &Path) -> Result<(), Failure> {
    let list = files::read(&folder.join("dsc-list.signed"))?;
    let key = pem(&files::read(&folder.join("signing-key.pem"))?);
    let holds = |list: &[u8]| read(ListForm::Germany, &[list], &key, UnixTime::EPOCH).is_ok();
    let over = "/signature_verifies_over";
    facts.check(&format!("{over}/bytes after first newline"), holds(&list));
    let shorter = list.strip_suffix(b"\n").unwrap_or(&list);
    facts.check(
        &format!("{over}/same, trailing newline removed"),
        holds(shorter),
    );
    facts.check(
        &format!("{over}/compact re-serialisation"),
        holds(&written_again(&list)),
    );
    // Of another program's way to write JSON.
    facts.suite.skipped += 1;
    let rows = exchange::read(facts.name, &list)?;
    let entries: Vec<_> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    facts.check("/certificates", entries.len());
    let kids: BTreeSet<_> = entries.iter().map(|entry| &entry.kid).collect();
    facts.check("/distinct_kids", kids.len());
    let countries: BTreeSet<_> = entries.iter().map(|entry| &entry.country).collect();
    facts.check("/countries", countries.len());
    let certificates: Vec<_> = entries.into_iter().filter_map(certificate).collect();
    let keys = count(certificates.iter().map(|der| key_of(der)));
    facts.check("/keys", json!(keys));
    for odd in facts.members("odd").keys() {
        let odd_ones = certificates.iter().filter_map(|der| is_odd(odd, der));
        let odd_ones: Vec<_> = odd_ones.collect();
        if odd_ones.is_empty() {
            // What trips another program's parser.
            facts.suite.skipped += 1;
        } else {
            let odd_ones = odd_ones.into_iter().filter(|odd| *odd).count();
            facts.check(&format!("/odd/{odd}/count"), odd_ones);
        }
    }
    Ok(())
}

fn switzerland(facts: &mut Facts<'_>, folder: &Path) -> Result<(), Failure> {
    let root = pem(&files::read(&folder.join("ch/CH-root.crt"))?);
    let stem = facts
        .name
        .rsplit_once('-')
        .map_or(facts.name, |(stem, _)| stem);
    let active = files::read(&folder.join(format!("{stem}-keylist.jwt")))?;
    let keys = files::read(&folder.join(format!("{stem}-updates.jwt")))?;
    let at = captured(stem).ok_or_else(|| Code::RequestInvalid.because("no time in the name"))?;
    let list = read(ListForm::Switzerland, &[&active, &keys], &root, at);
    facts.check("/signature_valid_with_x5c0", list.is_ok());
    let good = list?.entries.iter().filter(|row| row.is_ok()).count();
    let counted = if facts.name.ends_with("-keylist.jwt") {
        "/payload_keys/activeKeyIds"
    } else {
        "/payload_keys/certs"
    };
    facts.check(counted, good);
    Ok(())
}

/// The instant in a name such as `ch/CH-20210715at1944`.
fn captured(stem: &str) -> Option<UnixTime> {
    let (day, time) = stem.rsplit_once('-')?.1.split_once("at")?;
    let (year, month, day) = (day.get(..4)?, day.get(4..6)?, day.get(6..)?);
    let (hour, minute) = time.split_at_checked(2)?;
    UnixTime::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:00Z"))
}

fn austria(facts: &mut Facts<'_>, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(facts.name);
    if path.is_dir() {
        let list = files::read(&path.join("certificates.json"))?;
        let rows = exchange::read(facts.name, &list)?;
        facts.check("/entries", rows.len());
        facts.check(
            "/kid_ok",
            rows.iter().filter(|row| names_itself(row)).count(),
        );
        return Ok(());
    }
    let file = |suffix: &str| files::read(&folder.join(format!("{}.{suffix}", facts.name)));
    let (list, signature, root) = (file("trustlist")?, file("trustlistsig")?, file("root.der")?);
    // The sample was made by a clock that stood at its beginning.
    let list = read(
        ListForm::Austria,
        &[&list, &signature],
        &root,
        UnixTime::EPOCH,
    );
    facts.check("/signature_valid", list.is_ok());
    facts.check("/sha256_matches_claim_2", list.is_ok());
    facts.check("/entries", list?.entries.len());
    Ok(())
}

fn netherlands(facts: &mut Facts<'_>, path: &Path) -> Result<(), Failure> {
    let rows = exchange::read(facts.name, &files::read(path)?)?;
    let entries: Vec<_> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let kids = entries
        .iter()
        .filter_map(|entry| Some(entry.kid.as_ref()?.to_string()));
    let kids = count(kids);
    facts.check("/eu_keys", kids.len());
    let letters = entries.iter().map(|entry| {
        let purposes = entry.purposes.restriction().unwrap_or_default();
        let mut letters: Vec<_> = purposes.iter().map(|it| letter(*it)).collect();
        letters.sort_unstable();
        letters.join(",")
    });
    let letters = count(letters);
    // Published as they stood, in two orders.
    let mut published = BTreeMap::new();
    for (usages, number) in facts.members("usages") {
        let mut usages: Vec<_> = usages.split(',').collect();
        usages.sort_unstable();
        *published.entry(usages.join(",")).or_insert(0) += number.as_u64().unwrap_or_default();
    }
    let path = format!("{}#/usages", facts.name);
    let (published, ours) = (json!(published), json!(letters));
    let agrees = published == ours;
    facts
        .suite
        .record(&path, published.to_string(), ours.to_string(), agrees);
    // Published are the first few.
    let stated = facts
        .facts
        .get("kids_with_several_keys")
        .and_then(Value::as_array);
    for kid in stated.into_iter().flatten().filter_map(Value::as_str) {
        let path = format!("{}#/kids_with_several_keys/{kid}", facts.name);
        let keys = kids.get(kid).copied().unwrap_or_default();
        facts
            .suite
            .record(&path, "several".into(), keys.to_string(), keys > 1);
    }
    Ok(())
}

fn letter(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Test => "t",
        Purpose::Vaccination => "v",
        Purpose::Recovery => "r",
    }
}

fn sweden(facts: &mut Facts<'_>, path: &Path) -> Result<(), Failure> {
    let list = files::read(path)?;
    let certificates = Jws::read(String::from_utf8_lossy(&list).trim_end())?
        .header
        .certificates;
    facts.check("/x5c", certificates.len());
    let leaf = certificates.into_iter().next().unwrap_or_default();
    let at = facts.facts.get("iat").and_then(Value::as_i64);
    let at = at
        .and_then(UnixTime::from_seconds)
        .unwrap_or(UnixTime::EPOCH);
    let list = read(ListForm::Sweden, &[&list], &leaf, at);
    facts.check("/signature_valid_with_x5c0", list.is_ok());
    let list = list?;
    let seconds = |time: Option<UnixTime>| time.map(UnixTime::seconds);
    facts.check("/iat", seconds(list.issued_at));
    facts.check("/exp", seconds(list.expires_at));
    let published = facts.facts.get("keys").and_then(Value::as_array);
    let published = published.map(Vec::as_slice).unwrap_or_default();
    facts.suite.record(
        &format!("{}#/keys", facts.name),
        published.len().to_string(),
        list.entries.len().to_string(),
        published.len() == list.entries.len(),
    );
    for (index, (key, row)) in published.iter().zip(&list.entries).enumerate() {
        let usages = key.get("eku").and_then(Value::as_array);
        let usages = usages.into_iter().flatten().filter_map(Value::as_str);
        let curve = text(key, "crv")
            .or_else(|| text(key, "kty"))
            .unwrap_or_default();
        let kid_is_hash = key.get("kid_ok") == Some(&json!(true));
        let country = text(key, "country").unwrap_or_default();
        let kid = text(key, "kid").unwrap_or_default();
        let expected = describe(
            country,
            kid,
            curve,
            kid_is_hash,
            &Purposes::of_usages(usages),
        );
        let ours = row.as_ref().ok().and_then(|entry| {
            let kid = entry.kid.as_ref()?.to_string();
            let curve = match key_of(certificate(entry)?).as_str() {
                "secp256r1" => "P-256",
                "secp521r1" => "P-521",
                rsa if rsa.starts_with("rsa") => "RSA",
                _ => "another",
            };
            let country = entry.country.as_deref()?;
            Some(describe(
                country,
                &kid,
                curve,
                names_itself(row),
                &entry.purposes,
            ))
        });
        let ours = ours.unwrap_or_else(|| "a refused entry".to_owned());
        let agrees = expected == ours;
        facts.suite.record(
            &format!("{}#/keys/{index}", facts.name),
            expected,
            ours,
            agrees,
        );
    }
    Ok(())
}

fn describe(country: &str, kid: &str, curve: &str, is_hash: bool, purposes: &Purposes) -> String {
    format!(
        "{country} {kid} {curve}, kid of its certificate: {is_hash}, {:?}",
        purposes.restriction()
    )
}

fn directory(facts: &mut Facts<'_>, folder: &Path) -> Result<(), Failure> {
    let file = |suffix: &str| files::read(&folder.join(format!("vci_snapshot.{suffix}")));
    let (bytes, signature, certificate) = (file("json")?, file("sig")?, pem(&file("crt")?));
    let pinned = [sha256(&certificate)];
    let snapshot = vci::read_snapshot(facts.name, &bytes, &signature, &certificate, &pinned);
    let holds = text(facts.facts, "signature").is_some_and(|text| text.contains(" verifies "));
    let path = format!("{}#/signature", facts.name);
    let ours = snapshot.is_ok();
    facts
        .suite
        .record(&path, holds.to_string(), ours.to_string(), holds == ours);
    let issuers = snapshot?.issuers;
    facts.check("/issuers", issuers.len());
    let without = issuers.iter().filter(|issuer| issuer.keys.is_empty());
    facts.check("/issuers_without_keys", without.count());
    let known_better = issuers
        .iter()
        .filter(|it| it.issuer.canonical_iss.is_some());
    facts.check("/canonical_iss", known_better.count());
    let keys: Vec<_> = issuers
        .iter()
        .flat_map(|issuer| &issuer.keys)
        .flatten()
        .collect();
    facts.check("/keys", keys.len());
    facts.check(
        "/with_x5c",
        keys.iter()
            .filter(|key| !key.certificates.is_empty())
            .count(),
    );
    let useless = keys
        .iter()
        .filter(|key| jwks::serves_health_cards(key).is_err());
    facts.check("/kid_not_rfc7638_thumbprint", useless.count());
    Ok(())
}

/// The list in `parts` under the one anchor `anchor`.
fn read(
    form: ListForm,
    parts: &[&[u8]],
    anchor: &[u8],
    at: UnixTime,
) -> Result<SignedList, Failure> {
    let anchors = Anchors {
        pinned: &[sha256(anchor)],
        material: &[anchor],
    };
    signed::read(form, "list", parts, &anchors, at)
}

/// A list with its JSON as another program would write it.
fn written_again(list: &[u8]) -> Vec<u8> {
    let end = list
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or_default();
    let (line, content) = list.split_at_checked(end + 1).unwrap_or_default();
    let content: Value = serde_json::from_slice(content).unwrap_or_default();
    [line, content.to_string().as_bytes()].concat()
}

/// The bytes of the first block of a PEM file.
pub(super) fn pem(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"));
    let body: String = lines
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    BASE64_STANDARD.decode(body).unwrap_or_default()
}

fn certificate(entry: &TrustEntry) -> Option<&[u8]> {
    match &entry.key {
        KeyMaterial::Certificate(der) => Some(der),
        KeyMaterial::PublicKey(_) => None,
    }
}

/// Whether an entry states the key identifier that its certificate has.
fn names_itself(row: &Row) -> bool {
    let entry = row.as_ref().ok();
    entry.is_some_and(|entry| {
        let kid = certificate(entry).and_then(kid_of);
        kid.is_some() && kid == entry.kid
    })
}

fn count(items: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    items.for_each(|item| *counts.entry(item).or_default() += 1);
    counts
}
