//! Our own vectors: every file under `tests/vectors/eu_dcc` says in itself what it is, whom to trust, when, and what is
//! expected.
//!
//! `LINTAS_WRITE=1 cargo test --test vectors` makes them anew from a throw-away key.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::cbor::{self, Value};
use lintas::codec::{base45, cose, deflate};
use lintas::model::{Environment, Kid, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{self, Policy};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::issued_at;

/// One file.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    comment: String,
    text: String,
    at: String,
    outcome: String,
    codes: Vec<String>,
    quirks: Vec<String>,
    signer: Signed,
}

/// The one trusted signer.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    kid: String,
    public_key: String,
    country: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/eu_dcc")
}

#[test]
fn every_vector_comes_to_what_it_expects() {
    #[allow(
        clippy::disallowed_methods,
        reason = "the switch that makes the vectors anew"
    )]
    if std::env::var_os("LINTAS_WRITE").is_some() {
        write();
    }
    let mut read = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let vector: Vector = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (outcome, codes, quirks) = judge(&vector);
        let expected = (
            vector.outcome.clone(),
            vector.codes.clone(),
            vector.quirks.clone(),
        );
        assert_eq!(
            (outcome, codes, quirks),
            expected,
            "{}: {}",
            path.display(),
            vector.comment
        );
        read += 1;
    }
    assert_eq!(
        read,
        makers().len(),
        "vectors are missing; LINTAS_WRITE=1 makes them"
    );
}

fn judge(vector: &Vector) -> (String, Vec<String>, Vec<String>) {
    let at = UnixTime::parse(&vector.at).unwrap();
    let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    let entry = TrustEntry {
        place: Place {
            document: "vector".into(),
            position: 1,
        },
        key: KeyMaterial::PublicKey(decode(&vector.signer.public_key)),
        kid: Kid::from_bytes(&decode(&vector.signer.kid)),
        country: Some(vector.signer.country.clone()),
        purposes: Purposes::ALL,
    };
    let source = Source::new("vector", Environment::Demo, at);
    let list = SourceList::pinned(source, vec![entry]);
    let (snapshot, _) = Snapshot::assemble(Environment::Demo, 1, &[list]);
    let verdict = verify::verify(&vector.text, at, &snapshot, &Policy::default());
    let codes = verdict
        .findings()
        .map(|(_, finding)| finding.code.name().to_owned())
        .collect();
    let quirks = verdict.credentials[0]
        .quirks
        .iter()
        .map(|quirk| quirk.name().to_owned())
        .collect();
    (verdict.outcome().name().to_owned(), codes, quirks)
}

const KID: [u8; 8] = *b"vectors1";

/// What a vector is made of, to be changed before or after signing.
struct Draft {
    claims: BTreeMap<i64, Value>,
    certificate: Vec<(Value, Value)>,
    kid: Vec<u8>,
    at: UnixTime,
    /// Changes the signed message's four parts.
    frame: fn([Value; 4]) -> Value,
    /// Changes the text.
    text: fn(String) -> String,
}

type Maker = (&'static str, &'static str, fn(&mut Draft));

fn makers() -> Vec<Maker> {
    vec![
        (
            "good",
            "A vaccination certificate without anything odd.",
            |_| {},
        ),
        (
            "lower_cased",
            "A scanner wrote lower case and blanks around it.",
            |draft| {
                draft.text = |text| format!(" {}\r\n", text.to_lowercase());
            },
        ),
        ("untagged", "The COSE message has no tag.", |draft| {
            draft.frame = |parts| Value::Array(parts.to_vec());
        }),
        ("cwt_tagged", "Tag 61 around tag 18.", |draft| {
            draft.frame = |parts| Value::Tag(61, Box::new(tagged(parts)));
        }),
        (
            "other_tag",
            "Tag 98, which is another kind of message.",
            |draft| {
                draft.frame = |parts| Value::Tag(98, Box::new(Value::Array(parts.to_vec())));
            },
        ),
        (
            "float_times",
            "iat and exp are floating-point numbers.",
            |draft| {
                let seconds = |value: &Value| i64::try_from(value.as_integer().unwrap()).unwrap();
                for label in [4, 6] {
                    let whole = u32::try_from(seconds(&draft.claims[&label])).unwrap();
                    draft
                        .claims
                        .insert(label, Value::from(f64::from(whole) + 0.5));
                }
            },
        ),
        ("no_exp", "The claim exp is missing.", |draft| {
            draft.claims.remove(&4);
        }),
        (
            "no_certificate",
            "Claim -260 holds another kind of content.",
            |draft| {
                draft
                    .claims
                    .insert(-260, Value::Map(vec![(Value::from(2), Value::from("x"))]));
            },
        ),
        ("expired", "One second after exp.", |draft| {
            draft.at = issued_at().plus(86_401)
        }),
        ("not_yet_valid", "An hour before iat.", |draft| {
            draft.at = issued_at().plus(-3600)
        }),
        (
            "unknown_signer",
            "A key identifier that nobody has.",
            |draft| draft.kid = b"nobody!!".to_vec(),
        ),
        (
            "other_issuer",
            "iss names another country than the signer's.",
            |draft| {
                draft.claims.insert(1, Value::from("SG"));
            },
        ),
        (
            "flipped_payload",
            "One bit of the signed payload is changed.",
            |draft| {
                draft.frame = |[protected, unprotected, payload, signature]| {
                    let mut payload = payload.into_bytes().unwrap();
                    payload[10] ^= 1;
                    tagged([protected, unprotected, Value::Bytes(payload), signature])
                };
            },
        ),
        (
            "flipped_signature",
            "One bit of the signature is changed.",
            |draft| {
                draft.frame = |[protected, unprotected, payload, signature]| {
                    let mut signature = signature.into_bytes().unwrap();
                    signature[40] ^= 1;
                    tagged([protected, unprotected, payload, Value::Bytes(signature)])
                };
            },
        ),
        ("short_signature", "Three bytes of signature.", |draft| {
            draft.frame = |[protected, unprotected, payload, _]| {
                tagged([protected, unprotected, payload, Value::Bytes(vec![1, 2, 3])])
            };
        }),
        (
            "not_compressed",
            "The message stands without zlib around it.",
            |draft| {
                draft.text = |text| {
                    let inflated =
                        deflate::inflate(&base45::decode(&text[4..]).unwrap(), 65_536).unwrap();
                    format!("HC1:{}", base45::encode(&inflated))
                };
            },
        ),
        (
            "misspelt",
            "The manufacturer in a known misspelling.",
            |draft| {
                set(entry(draft), "ma", Value::from("Sinovac- Biontech"));
            },
        ),
        (
            "datetime_in_date",
            "A date with a time behind it.",
            |draft| {
                set(entry(draft), "dt", Value::from("2026-05-20T00:00:00Z"));
            },
        ),
        (
            "tagged_datetime",
            "A date that wears CBOR tag 0.",
            |draft| {
                set(
                    entry(draft),
                    "dt",
                    Value::Tag(0, Box::new(Value::from("2026-05-20"))),
                );
            },
        ),
        ("float_dose", "The dose is 2.0.", |draft| {
            set(entry(draft), "dn", Value::from(2.0))
        }),
        (
            "null_groups",
            "Absent groups are written as null.",
            |draft| {
                draft.certificate.push((Value::from("t"), Value::Null));
            },
        ),
        (
            "partial_birth_date",
            "Only the year of birth is known.",
            |draft| {
                set(&mut draft.certificate, "dob", Value::from("1964"));
            },
        ),
        (
            "impossible_birth_date",
            "A birth date in no calendar.",
            |draft| {
                set(&mut draft.certificate, "dob", Value::from("1989-00-20"));
            },
        ),
        (
            "impossible_date",
            "The dose was given on a day in no calendar.",
            |draft| {
                set(entry(draft), "dt", Value::from("2022-17-01"));
            },
        ),
        ("zero_dose", "Dose number 0.", |draft| {
            set(entry(draft), "dn", Value::from(0))
        }),
        (
            "no_country",
            "The country of the entry is empty.",
            |draft| set(entry(draft), "co", Value::from("")),
        ),
        (
            "two_entries",
            "Two vaccinations in one certificate.",
            |draft| {
                let both = Value::Array(vec![
                    Value::Map(entry(draft).clone()),
                    Value::Map(entry(draft).clone()),
                ]);
                set(&mut draft.certificate, "v", both);
            },
        ),
    ]
}

fn tagged(parts: [Value; 4]) -> Value {
    Value::Tag(18, Box::new(Value::Array(parts.to_vec())))
}

fn set(fields: &mut [(Value, Value)], key: &str, value: Value) {
    let field = fields
        .iter_mut()
        .find(|(name, _)| name.as_text() == Some(key))
        .unwrap();
    field.1 = value;
}

fn entry(draft: &mut Draft) -> &mut Vec<(Value, Value)> {
    let group = draft
        .certificate
        .iter_mut()
        .find(|(name, _)| name.as_text() == Some("v"))
        .unwrap();
    group.1.as_array_mut().unwrap()[0].as_map_mut().unwrap()
}

fn write() {
    std::fs::create_dir_all(folder()).unwrap();
    for old in std::fs::read_dir(folder()).unwrap() {
        std::fs::remove_file(old.unwrap().path()).unwrap();
    }
    for (name, comment, change) in makers() {
        let vector = make(comment, change);
        std::fs::write(
            folder().join(format!("{name}.toml")),
            toml::to_string(&vector).unwrap(),
        )
        .unwrap();
    }
}

fn value(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

fn make(comment: &str, change: fn(&mut Draft)) -> Vector {
    let key = SigningKey::from_slice(&[42; 32]).unwrap();
    let good = support::TestSigner::new(42).issue(support::VACCINATION);
    let inflated = deflate::inflate(&base45::decode(&good[4..]).unwrap(), 65_536).unwrap();
    let limits = cbor::Limits {
        depth: 16,
        items: 512,
    };
    let message = cose::Sign1::read(&inflated, limits).unwrap();
    let claims = value(message.payload()).into_map().unwrap();
    let claims: BTreeMap<i64, Value> = claims
        .into_iter()
        .map(|(label, value)| (i64::try_from(label.as_integer().unwrap()).unwrap(), value))
        .collect();
    let certificate = claims[&-260].as_map().unwrap()[0]
        .1
        .as_map()
        .unwrap()
        .clone();
    let at = issued_at().plus(3600);
    let mut draft = Draft {
        claims,
        certificate,
        kid: KID.to_vec(),
        at,
        frame: tagged,
        text: |text| text,
    };
    draft
        .claims
        .insert(4, Value::from(issued_at().plus(86_400).seconds()));
    let content = draft.claims[&-260].clone();
    change(&mut draft);
    if draft.claims[&-260] == content {
        let container = Value::Map(vec![(Value::from(1), Value::Map(draft.certificate))]);
        draft.claims.insert(-260, container);
    }
    let claims = draft
        .claims
        .into_iter()
        .map(|(label, value)| (Value::from(label), value))
        .collect();
    let payload = cbor::write(&Value::Map(claims)).unwrap();
    let unsigned = cose::Unsigned::new(-7, &draft.kid, payload).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(&unsigned.signed_bytes());
    let signed = unsigned.complete(signature.to_vec()).unwrap();
    let (_, message) = value(&signed).into_tag().unwrap();
    let parts: [Value; 4] = message.into_array().unwrap().try_into().unwrap();
    let framed = cbor::write(&(draft.frame)(parts)).unwrap();
    let text = format!(
        "HC1:{}",
        base45::encode(&deflate::deflate(&framed).unwrap())
    );
    let spki = key.verifying_key().to_public_key_der().unwrap();
    let mut vector = Vector {
        comment: comment.into(),
        text: (draft.text)(text),
        at: draft.at.to_string(),
        outcome: String::new(),
        codes: Vec::new(),
        quirks: Vec::new(),
        signer: Signed {
            kid: BASE64_STANDARD.encode(KID),
            public_key: BASE64_STANDARD.encode(spki.as_bytes()),
            country: "ZZ".into(),
        },
    };
    (vector.outcome, vector.codes, vector.quirks) = judge(&vector);
    vector
}
