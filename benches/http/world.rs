//! A throw-away world: 300 pinned signers and many certificates of theirs.
//!
//! Refuses one signer alone, which any table of keys would favour.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Environment, UnixTime};
use lintas::server::gateway::Clock;
use lintas::snapshot::Snapshot;
use lintas::trust::{Dsc, KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry, kid_of};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::sync::Arc;

/// The data folder of the gateways and the certificates to ask them about.
pub(crate) struct World {
    /// The data folder, gone with this.
    pub(crate) data: tempfile::TempDir,
    /// QR texts, all different.
    pub(crate) codes: Vec<String>,
}

impl World {
    /// A world with `count` certificates of all its signers in rotation.
    pub(crate) fn make(count: usize) -> Result<Self, Box<dyn Error>> {
        let data = tempfile::tempdir()?;
        let now = Clock::System.now();
        let signers = (0..SIGNERS)
            .map(|_| Signer::make(now))
            .collect::<Result<Vec<_>, _>>()?;
        let pinned = data.path().join("trust").join("demo");
        fs::create_dir_all(&pinned)?;
        let pem: String = signers.iter().map(|signer| signer.pem.as_str()).collect();
        fs::write(pinned.join("signers.pem"), pem)?;
        let listed = listed(&signers, now)?;
        let random = SystemRandom::new();
        let code = |number: usize| -> Result<String, Box<dyn Error>> {
            let position = number % SIGNERS;
            let certificate = issue::check(&claims(number, now)?, &issuer(), uvci(number)?, now)?;
            let until = now.plus(30 * DAY_S);
            let prepared =
                issue::prepare(certificate, Country::DEMO, now, until, &listed[position])?;
            let signature = signers[position]
                .key
                .sign(&random, &prepared.signed_bytes());
            let signature = signature.map_err(|_| "a key did not sign")?;
            Ok(prepared.complete(signature.as_ref().to_vec())?.text)
        };
        let codes = (0..count).map(code).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { data, codes })
    }
}

struct Signer {
    key: EcdsaKeyPair,
    der: Vec<u8>,
    pem: String,
}

impl Signer {
    fn make(now: UnixTime) -> Result<Self, Box<dyn Error>> {
        let key = KeyPair::generate()?;
        let mut certificate = CertificateParams::default();
        certificate.distinguished_name = DistinguishedName::new();
        certificate
            .distinguished_name
            .push(DnType::CountryName, Country::DEMO.as_str());
        certificate
            .distinguished_name
            .push(DnType::CommonName, "DEMO DSC");
        let day = |at: UnixTime| {
            let date = at.date();
            rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
        };
        certificate.not_before = day(now.plus(-DAY_S));
        certificate.not_after = day(now.plus(365 * DAY_S));
        let certificate = certificate.self_signed(&key)?;
        let signing =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der());
        Ok(Self {
            key: signing.map_err(|_| "a key was not taken")?,
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
        })
    }
}

/// The signers as a gateway lists them, in their order here.
fn listed(signers: &[Signer], now: UnixTime) -> Result<Vec<Arc<Dsc>>, Box<dyn Error>> {
    let entry = |(position, signer): (usize, &Signer)| TrustEntry {
        place: Place {
            document: "benches".to_owned(),
            position,
        },
        key: KeyMaterial::Certificate(signer.der.clone()),
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    };
    let source = Source::new("benches", Environment::Demo, now);
    let entries = (1..).zip(signers).map(entry).collect();
    let (snapshot, _) =
        Snapshot::assemble(Environment::Demo, 1, &[SourceList::pinned(source, entries)]);
    let found = signers.iter().map(|signer| {
        let kid = kid_of(&signer.der)?;
        snapshot.trust().candidates(&kid).next().map(Arc::clone)
    });
    let found: Option<Vec<_>> = found.collect();
    Ok(found.ok_or("a signer was not admitted")?)
}

/// Claims about one person of many.
fn claims(number: usize, now: UnixTime) -> Result<Claims, Box<dyn Error>> {
    let letters: String = number
        .to_string()
        .bytes()
        .map(|digit| char::from(b'a' + digit - b'0'))
        .collect();
    Ok(serde_json::from_value(json!({
        "person": {
            "family_name": format!("Kusumawardhani {letters}"),
            "given_name": "Dewi Sartika",
            "birth_date": format!("19{:02}-03-09", 30 + number % 70),
        },
        "vaccination": {
            "vaccine": "1157024006", "product": "CoronaVac", "manufacturer": "Sinovac-Biotech",
            "dose": 2, "doses": 2, "date": now.plus(-14 * DAY_S).date().to_string(),
        },
    }))?)
}

fn uvci(number: usize) -> Result<lintas::model::Uvci, Box<dyn Error>> {
    let random = u128::try_from(number)?.to_be_bytes();
    Ok(issue::uvci_from_random(Country::DEMO, random).ok_or("no identifier")?)
}

fn issuer() -> Issuer {
    Issuer {
        country: Country::DEMO,
        name: "Ministry of Benches".to_owned(),
    }
}

const SIGNERS: usize = 300;
const DAY_S: i64 = 86_400;
