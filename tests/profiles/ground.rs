//! A national signer with a certificate of its own, events, and texts with any payload.

use lintas::codec::cbor::{self, Value};
use lintas::codec::cose::{self, Sign1};
use lintas::codec::{base45, deflate};
use lintas::credential::hcert;
use lintas::failure::Failure;
use lintas::issue::event::{Action, Event, Happening, Profile, Wanted};
use lintas::issue::products::Products;
use lintas::issue::{self, Credential, Issuer, Profiles};
use lintas::model::{Country, Date, Environment, PartialDate, Person, PersonName, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{Dsc, KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{self, Policy, Verdict};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePrivateKey;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use std::sync::Arc;

pub(crate) use crate::support::issued_at;

pub(crate) const DAY_S: i64 = 86_400;

/// A signer of Indonesia, and a world that knows it alone.
pub(crate) struct National {
    key: SigningKey,
    pub(crate) dsc: Arc<Dsc>,
    pub(crate) snapshot: Snapshot,
}

impl National {
    /// For every kind, from ten days before the test time for 700 days.
    pub(crate) fn new() -> Self {
        Self::of(&[], 700)
    }

    /// For the kinds with these last numbers of their usage only: 1 tests, 2 vaccinations, 3 recoveries.
    pub(crate) fn of(kinds: &[u64], days: i64) -> Self {
        let key = SigningKey::from_slice(&[41; 32]).unwrap();
        let pem = key.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).unwrap();
        let pair = KeyPair::from_pem(&pem).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in [(DnType::CommonName, "DSC"), (DnType::CountryName, "ID")] {
            parameters.distinguished_name.push(kind, value);
        }
        let usage = |kind: &u64| vec![1, 3, 6, 1, 4, 1, 1847, 2021, 1, *kind];
        parameters.extended_key_usages = kinds
            .iter()
            .map(|kind| ExtendedKeyUsagePurpose::Other(usage(kind)))
            .collect();
        let day = |days: i64| {
            let date = issued_at().plus(days * DAY_S).date();
            rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
        };
        (parameters.not_before, parameters.not_after) = (day(-10), day(days));
        let der = parameters.self_signed(&pair).unwrap().der().to_vec();
        let entry = TrustEntry {
            place: Place {
                document: "test".into(),
                position: 1,
            },
            key: KeyMaterial::Certificate(der),
            kid: None,
            country: Some("ID".to_owned()),
            purposes: Purposes::ALL,
        };
        let source = Source::new("test", Environment::Test, issued_at());
        let lists = [SourceList::pinned(source, vec![entry])];
        let (snapshot, report) = Snapshot::assemble(Environment::Test, 1, &lists);
        assert_eq!((report.admitted, report.refused.len()), (1, 0));
        let dsc = Arc::clone(&snapshot.trust().signers()[0]);
        Self { key, dsc, snapshot }
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.key.sign(bytes);
        signature.to_vec()
    }

    /// The whole way of a certificate of `event`, as the gateway goes it.
    pub(crate) fn certify(&self, event: &Event, profile: Profile) -> Result<Credential, Failure> {
        let (products, profiles) = (Products::embedded()?, Profiles::embedded()?);
        let uvci = issue::uvci_from_random(indonesia(), [9; 16]).unwrap();
        let made = profiles.certificate(event, &products, profile, &issuer(), uvci)?;
        let until = profiles.valid_until(&made, issued_at(), &self.dsc);
        let prepared = issue::prepare(made, indonesia(), issued_at(), until, &self.dsc)?;
        let signature = self.sign(&prepared.signed_bytes());
        prepared.complete_checked(signature, &products)
    }

    /// A text around any payload.
    pub(crate) fn text(&self, payload: &Value) -> String {
        let payload = cbor::write(payload).unwrap();
        let message = cose::Unsigned::new(-7, self.dsc.kid.as_bytes(), payload).unwrap();
        let signature = self.sign(&message.signed_bytes());
        hcert::write(&message.complete(signature).unwrap()).unwrap()
    }

    /// The same around claims of a year with `container` in them.
    pub(crate) fn claims(&self, container: Value) -> String {
        let until = issued_at().plus(365 * DAY_S).seconds();
        self.text(&Value::Map(vec![
            (Value::from(1), Value::from("ID")),
            (Value::from(4), Value::from(until)),
            (Value::from(6), Value::from(issued_at().seconds())),
            (Value::from(-260), container),
        ]))
    }

    pub(crate) fn verify(&self, text: &str) -> Verdict {
        judged(text, issued_at().plus(DAY_S), &self.snapshot)
    }
}

pub(crate) fn judged(text: &str, at: UnixTime, snapshot: &Snapshot) -> Verdict {
    let patient = Policy {
        max_trust_age_s: 2000 * DAY_S,
        ..Policy::default()
    };
    verify::verify(text, at, snapshot, &patient)
}

pub(crate) fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict
        .findings()
        .map(|(_, finding)| finding.code.name())
        .collect()
}

pub(crate) fn quirks(verdict: &Verdict) -> Vec<&'static str> {
    let quirks = verdict.credentials[0].quirks.iter();
    quirks.map(|quirk| quirk.name()).collect()
}

pub(crate) fn indonesia() -> Country {
    Country::parse("ID").unwrap()
}

pub(crate) fn issuer() -> Issuer {
    Issuer {
        country: indonesia(),
        name: "Kementerian Kesehatan Republik Indonesia".into(),
    }
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn person() -> Person {
    let (birth_date, _) = PartialDate::parse("1987-03").unwrap();
    let name = PersonName {
        family: Some("Kusumawardhani".into()),
        given: Some("Dewi Sartika".into()),
        family_icao: Some("KUSUMAWARDHANI".into()),
        given_icao: Some("DEWI<SARTIKA".into()),
        full: None,
    };
    Person { name, birth_date }
}

pub(crate) fn event(happening: Happening, wanted: Wanted) -> Event {
    Event {
        source_id: "NAR-2026-000123".into(),
        action: Action::New,
        person: person(),
        happening,
        facility: "3174001".into(),
        operator: None,
        wanted,
    }
}

pub(crate) fn dose(product: &str, dose: u32) -> Happening {
    Happening::Vaccination {
        product: product.into(),
        dose,
        date: day("2026-05-20"),
        lot: Some("A1-2026".into()),
    }
}

pub(crate) fn test(test: &str, detected: bool) -> Happening {
    Happening::Test {
        test: test.into(),
        sampled_at: issued_at().plus(-6 * 3600),
        detected,
        centre: Some("Labkesda Probolinggo".into()),
    }
}

pub(crate) fn recovery(first_positive: &str) -> Happening {
    Happening::Recovery {
        first_positive: day(first_positive),
    }
}

/// The payload in `text` as a tree; nobody vouches for it.
pub(crate) fn payload(text: &str) -> Value {
    let compressed = base45::decode(&text[4..]).unwrap();
    let message = deflate::inflate(&compressed, hcert::LIMITS.inflated).unwrap();
    let message = Sign1::read(&message, hcert::LIMITS.cbor).unwrap();
    ciborium::from_reader(message.payload()).unwrap()
}

/// Entry `label` of claim -260 in `text`, as JSON.
pub(crate) fn content(text: &str, label: i64) -> serde_json::Value {
    let claims = payload(text);
    let container = entry(&claims, &Value::from(-260));
    json(entry(container, &Value::from(label)))
}

fn entry<'v>(map: &'v Value, key: &Value) -> &'v Value {
    let entries = map.as_map().unwrap();
    &entries.iter().find(|(own, _)| own == key).unwrap().1
}

pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(number) => i64::try_from(*number).unwrap().into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null => serde_json::Value::Null,
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let members = entries.iter();
            let members = members.map(|(key, value)| (key.as_text().unwrap().into(), json(value)));
            serde_json::Value::Object(members.collect())
        }
        other => panic!("{other:?} is in no certificate"),
    }
}

/// The reverse of [`json`].
pub(crate) fn cbor(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(it) => Value::from(*it),
        serde_json::Value::String(it) => Value::from(it.as_str()),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(cbor).collect()),
        serde_json::Value::Number(it) => it
            .as_i64()
            .map_or_else(|| Value::from(it.as_f64().unwrap()), Value::from),
        serde_json::Value::Object(members) => Value::Map(
            members
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), cbor(value)))
                .collect(),
        ),
    }
}
