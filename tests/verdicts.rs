//! What speaks against a credential with a good signature, and what does not: its signer, its period, its issuer.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::codec::cose;
use lintas::credential::hcert;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Environment, Kid, UnixTime};
use lintas::quirk::Quirk;
use lintas::snapshot::Snapshot;
use lintas::trust::{
    AdmissionReport, KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry, kid_of,
};
use lintas::verify::{self, Outcome, Policy, Verdict};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use std::sync::OnceLock;
use support::{VACCINATION, issued_at};

const DAY_S: i64 = 86_400;
const NOTHING: [&str; 0] = [];

/// A signer's certificate, from the test time on for 700 days unless said otherwise.
struct Certificate {
    key: SigningKey,
    from: i64,
    until: i64,
    country: Option<&'static str>,
    usages: Vec<Vec<u64>>,
    /// Its signature is random, so it is made once.
    made: OnceLock<Vec<u8>>,
}

impl Certificate {
    fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Self {
            key,
            from: -10,
            until: 700,
            country: Some("ZZ"),
            usages: Vec::new(),
            made: OnceLock::new(),
        }
    }

    fn der(&self) -> Vec<u8> {
        self.made.get_or_init(|| self.make()).clone()
    }

    fn make(&self) -> Vec<u8> {
        let pem = self.key.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).unwrap();
        let key = KeyPair::from_pem(&pem).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::CommonName, "DSC");
        if let Some(country) = self.country {
            parameters
                .distinguished_name
                .push(DnType::CountryName, country);
        }
        parameters.extended_key_usages = self
            .usages
            .iter()
            .map(|arc| ExtendedKeyUsagePurpose::Other(arc.clone()))
            .collect();
        let day = |days: i64| {
            let date = issued_at().plus(days * DAY_S).date();
            rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
        };
        parameters.not_before = day(self.from);
        parameters.not_after = day(self.until);
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    fn entry(&self) -> TrustEntry {
        entry(KeyMaterial::Certificate(self.der()), None)
    }
}

fn entry(key: KeyMaterial, kid: Option<Kid>) -> TrustEntry {
    let place = Place {
        document: "test".into(),
        position: 1,
    };
    TrustEntry {
        place,
        key,
        kid,
        country: None,
        purposes: Purposes::ALL,
    }
}

fn public_key(seed: u8, kid: u8) -> TrustEntry {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    entry(KeyMaterial::PublicKey(spki), Kid::from_bytes(&[kid; 8]))
}

fn world(entries: Vec<TrustEntry>) -> (Snapshot, AdmissionReport) {
    let source = Source::new("test", Environment::Demo, issued_at());
    Snapshot::assemble(Environment::Demo, 1, &[SourceList::pinned(source, entries)])
}

/// A vaccination certificate under whatever header and claims a test wants.
struct Credential<'a> {
    key: &'a SigningKey,
    kid: Vec<u8>,
    algorithm: i64,
    issuer: &'a str,
    issued_at: i64,
    expires_at: i64,
}

impl<'a> Credential<'a> {
    fn by(certificate: &'a Certificate) -> Self {
        let kid = kid_of(&certificate.der()).unwrap().as_bytes().to_vec();
        Self::with_kid(&certificate.key, &kid)
    }

    fn with_kid(key: &'a SigningKey, kid: &[u8]) -> Self {
        let (issued_at, expires_at) = (
            issued_at().seconds(),
            issued_at().plus(300 * DAY_S).seconds(),
        );
        Self {
            key,
            kid: kid.to_vec(),
            algorithm: -7,
            issuer: "ZZ",
            issued_at,
            expires_at,
        }
    }

    fn text(&self) -> String {
        let claims: Claims = serde_json::from_str(VACCINATION).unwrap();
        let issuer = Issuer {
            country: Country::DEMO,
            name: "Ministry of Tests".into(),
        };
        let uvci = issue::uvci_from_random(Country::DEMO, [3; 16]).unwrap();
        let certificate = issue::check(&claims, &issuer, uvci, issued_at()).unwrap();
        let payload =
            hcert::write_certificate(self.issuer, self.issued_at, self.expires_at, &certificate);
        let message = cose::Unsigned::new(self.algorithm, &self.kid, payload.unwrap()).unwrap();
        let signature: p256::ecdsa::Signature = self.key.sign(&message.signed_bytes());
        hcert::write(&message.complete(signature.to_vec()).unwrap()).unwrap()
    }
}

fn at(days: i64) -> UnixTime {
    issued_at().plus(days * DAY_S)
}

fn verdict(text: &str, at: UnixTime, snapshot: &Snapshot) -> Verdict {
    let patient = Policy {
        max_trust_age_s: 1000 * DAY_S,
        ..Policy::default()
    };
    verify::verify(text, at, snapshot, &patient)
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict
        .findings()
        .map(|(_, finding)| finding.code.name())
        .collect()
}

#[test]
fn an_expired_dsc_rejects_though_the_credential_is_current() {
    let short = Certificate {
        until: 100,
        ..Certificate::new(1)
    };
    let (snapshot, _) = world(vec![short.entry()]);
    let text = Credential::by(&short).text();
    let before = verdict(&text, at(99), &snapshot);
    assert_eq!(before.outcome(), Outcome::Accept);
    assert!(before.credentials[0].quirks.contains(Quirk::ExceedsSigner));
    assert_eq!(
        codes(&verdict(&text, at(101), &snapshot)),
        ["signer_expired"]
    );
    assert_eq!(
        codes(&verdict(&text, at(301), &snapshot)),
        ["signer_expired", "expired"]
    );
}

#[test]
fn a_dsc_that_has_not_begun_rejects() {
    let late = Certificate {
        from: 30,
        ..Certificate::new(1)
    };
    let (snapshot, _) = world(vec![late.entry()]);
    let text = Credential::by(&late).text();
    assert_eq!(
        codes(&verdict(&text, at(10), &snapshot)),
        ["signer_not_yet_valid"]
    );
    let later = verdict(&text, at(31), &snapshot);
    assert_eq!(later.outcome(), Outcome::Accept);
    assert!(
        later.credentials[0]
            .quirks
            .contains(Quirk::IssuedBeforeSigner)
    );
}

#[test]
fn the_end_is_exact_and_the_start_forgives_a_clock_that_is_ahead() {
    let certificate = Certificate::new(1);
    let (snapshot, _) = world(vec![certificate.entry()]);
    let text = Credential::by(&certificate).text();
    let on = |second: i64| codes(&verdict(&text, issued_at().plus(second), &snapshot));
    assert_eq!(on(300 * DAY_S), NOTHING);
    assert_eq!(on(300 * DAY_S + 1), ["expired"]);
    assert_eq!(on(-300), NOTHING);
    assert_eq!(on(-301), ["not_yet_valid"]);
}

#[test]
fn recheck_by_is_the_next_instant_at_which_time_alone_changes_the_verdict() {
    let certificate = Certificate {
        until: 100,
        ..Certificate::new(1)
    };
    let (snapshot, _) = world(vec![certificate.entry()]);
    let text = Credential::by(&certificate).text();
    let mut instant = at(-20);
    let mut seen = Vec::new();
    loop {
        let verdict = verdict(&text, instant, &snapshot);
        seen.push(codes(&verdict));
        let Some(next) = verdict.recheck_by() else {
            break;
        };
        assert_eq!(
            codes(&self::verdict(&text, next.plus(-1), &snapshot)),
            codes(&verdict)
        );
        assert!(next > instant);
        instant = next;
    }
    // Signer begins, credential begins, signer ends, credential ends, source goes stale.
    assert_eq!(seen.len(), 6, "{seen:?}");
    assert_eq!(seen[2], NOTHING);
    assert_eq!(seen[5], ["signer_expired", "expired", "trust_list_stale"]);
}

#[test]
fn a_renewed_certificate_of_the_same_key_saves_the_holder_in_either_order() {
    let old = Certificate {
        until: 100,
        ..Certificate::new(1)
    };
    let renewed = Certificate {
        from: 50,
        ..Certificate::new(1)
    };
    let text = Credential::by(&old).text();
    for entries in [
        vec![old.entry(), renewed.entry()],
        vec![renewed.entry(), old.entry()],
    ] {
        let (snapshot, report) = world(entries);
        assert_eq!(report.admitted, 2);
        assert_eq!(
            verdict(&text, at(200), &snapshot).outcome(),
            Outcome::Accept
        );
    }
}

#[test]
fn all_signers_that_share_a_kid_are_tried_and_their_number_is_bounded() {
    let sharing: Vec<_> = (1..=20).map(|seed| public_key(seed, 7)).collect();
    let (snapshot, report) = world(sharing);
    // Without a country they count as one country's.
    assert_eq!((report.admitted, report.refused.len()), (8, 12));
    assert!(
        report
            .refused
            .iter()
            .all(|refusal| refusal.code.name() == "candidate_limit")
    );
    let admitted = snapshot.trust().signers();
    let tried: Vec<_> = (1..=20)
        .filter_map(|seed| {
            let key = SigningKey::from_slice(&[seed; 32]).unwrap();
            let verdict = verdict(
                &Credential::with_kid(&key, &[7; 8]).text(),
                at(1),
                &snapshot,
            );
            (verdict.outcome() == Outcome::Accept).then_some(verdict.credentials[0].work.signatures)
        })
        .collect();
    assert_eq!(tried.len(), admitted.len());
    assert_eq!(tried.iter().max(), Some(&8));
    let stranger = SigningKey::from_slice(&[99; 32]).unwrap();
    let refused = verdict(
        &Credential::with_kid(&stranger, &[7; 8]).text(),
        at(1),
        &snapshot,
    );
    assert_eq!(
        (codes(&refused), refused.credentials[0].work.signatures),
        (vec!["signature_invalid"], 8)
    );
}

#[test]
fn sixteen_signers_of_two_countries_are_the_most_that_one_kid_may_cost() {
    let mut entries = Vec::new();
    for (index, country) in ["SG", "MY", "TH"].into_iter().enumerate() {
        for seed in 1..=8 {
            let seed = u8::try_from(index).unwrap() * 8 + seed;
            entries.push(TrustEntry {
                country: Some(country.to_owned()),
                ..public_key(seed, 7)
            });
        }
    }
    let (snapshot, report) = world(entries);
    assert_eq!((report.admitted, report.refused.len()), (16, 8));
    let kid = Kid::from_bytes(&[7; 8]).unwrap();
    assert_eq!(snapshot.trust().candidates(&kid).count(), 16);
}

#[test]
fn a_signer_for_tests_signs_no_vaccination() {
    for arc in [
        vec![1, 3, 6, 1, 4, 1, 1847, 2021, 1, 1],
        vec![1, 3, 6, 1, 4, 1, 0, 1847, 2021, 1, 1],
    ] {
        let restricted = Certificate {
            usages: vec![arc],
            ..Certificate::new(1)
        };
        let (snapshot, _) = world(vec![restricted.entry()]);
        let text = Credential::by(&restricted).text();
        assert_eq!(
            codes(&verdict(&text, at(1), &snapshot)),
            ["signer_not_authorised"]
        );
    }
    // A usage of another field restricts nothing.
    let foreign = Certificate {
        usages: vec![vec![1, 3, 6, 1, 5, 5, 7, 3, 2]],
        ..Certificate::new(1)
    };
    let (snapshot, _) = world(vec![foreign.entry()]);
    assert_eq!(
        verdict(&Credential::by(&foreign).text(), at(1), &snapshot).outcome(),
        Outcome::Accept
    );
}

#[test]
fn the_issuer_binds_where_it_is_a_country_and_the_signer_has_one() {
    let greek = Certificate {
        country: Some("GR"),
        ..Certificate::new(1)
    };
    let (snapshot, _) = world(vec![greek.entry()]);
    let issued = |issuer| {
        verdict(
            &Credential {
                issuer,
                ..Credential::by(&greek)
            }
            .text(),
            at(1),
            &snapshot,
        )
    };
    for same in ["GR", "EL", "GRC"] {
        assert_eq!(issued(same).outcome(), Outcome::Accept, "{same}");
    }
    assert_eq!(codes(&issued("ID")), ["issuer_mismatch"]);
    let sentence = issued("Ministry of Health");
    assert_eq!(sentence.outcome(), Outcome::Accept);
    assert!(
        sentence.credentials[0]
            .quirks
            .contains(Quirk::IssuerNotACountry)
    );
    // What is stated and is no country is no licence to sign for any.
    let strange = Certificate {
        country: Some("YY"),
        ..Certificate::new(3)
    };
    let (snapshot, _) = world(vec![strange.entry()]);
    assert_eq!(
        codes(&verdict(&Credential::by(&strange).text(), at(1), &snapshot)),
        ["issuer_mismatch"]
    );
    let nowhere = Certificate {
        country: None,
        ..Certificate::new(2)
    };
    let (snapshot, _) = world(vec![nowhere.entry()]);
    assert_eq!(
        verdict(&Credential::by(&nowhere).text(), at(1), &snapshot).outcome(),
        Outcome::Accept
    );
}

#[test]
fn the_algorithm_is_the_keys_and_the_header_must_agree() {
    let certificate = Certificate::new(1);
    let (snapshot, _) = world(vec![certificate.entry()]);
    let stated = |algorithm| {
        codes(&verdict(
            &Credential {
                algorithm,
                ..Credential::by(&certificate)
            }
            .text(),
            at(1),
            &snapshot,
        ))
    };
    assert_eq!(stated(-37), ["algorithm_mismatch"]);
    assert_eq!(stated(-35), ["algorithm_mismatch"]);
    assert_eq!(stated(-257), ["algorithm_unsupported"]);
    assert_eq!(stated(5), ["algorithm_unsupported"]);
}

#[test]
fn a_signer_is_named_only_by_a_source_of_its_scope_and_environment() {
    let certificate = Certificate::new(1);
    let report = |environment, countries: Option<Vec<Country>>| {
        let source = Source {
            countries,
            ..Source::new("test", environment, issued_at())
        };
        let list = SourceList::pinned(source, vec![certificate.entry()]);
        Snapshot::assemble(Environment::Demo, 1, &[list]).1
    };
    assert_eq!(
        report(Environment::Demo, Some(vec![Country::DEMO])).admitted,
        1
    );
    let outside = report(Environment::Demo, Country::parse("SG").map(|it| vec![it]));
    assert_eq!(outside.refused[0].code.name(), "out_of_scope");
    let mixed = report(Environment::Production, None);
    assert_eq!(mixed.refused[0].code.name(), "environment_mismatch");
    let source = Source::new("test", Environment::Production, issued_at());
    let list = SourceList::pinned(source, vec![certificate.entry()]);
    let (_, report) = Snapshot::assemble(Environment::Production, 1, &[list]);
    assert_eq!(
        report.refused[0].code.name(),
        "environment_mismatch",
        "a demo signer outside demo"
    );
}

#[test]
fn a_kid_that_is_not_the_certificates_is_refused() {
    let certificate = Certificate::new(1);
    let lying = TrustEntry {
        kid: Kid::from_bytes(&[1; 8]),
        ..certificate.entry()
    };
    let (_, report) = world(vec![lying]);
    assert_eq!(report.refused[0].code.name(), "kid_mismatch");
}

#[test]
fn the_snapshots_name_is_its_content_whatever_the_order() {
    let (one, two) = (Certificate::new(1).entry(), Certificate::new(2).entry());
    let (forth, _) = world(vec![one.clone(), two.clone()]);
    let (back, _) = world(vec![two, one.clone()]);
    let (less, _) = world(vec![one]);
    assert_eq!(forth.id(), back.id());
    assert_ne!(forth.id(), less.id());
}

fn named_by(id: &str, entries: Vec<TrustEntry>, as_of: UnixTime) -> SourceList {
    let source = Source::new(id, Environment::Demo, as_of);
    SourceList::pinned(source, entries)
}

fn bare(certificate: &Certificate, kid: Option<Kid>) -> TrustEntry {
    let spki = certificate
        .key
        .verifying_key()
        .to_public_key_der()
        .unwrap()
        .into_vec();
    entry(KeyMaterial::PublicKey(spki), kid)
}

#[test]
fn a_bare_key_lifts_no_period_purpose_or_country_of_its_certificate() {
    let strict = Certificate {
        until: 100,
        country: Some("GR"),
        usages: vec![vec![1, 3, 6, 1, 4, 1, 1847, 2021, 1, 1]],
        ..Certificate::new(1)
    };
    let text = Credential {
        issuer: "FR",
        ..Credential::by(&strict)
    }
    .text();
    for kid in [kid_of(&strict.der()), Kid::from_bytes(b"another")] {
        let (snapshot, report) = world(vec![bare(&strict, kid), strict.entry()]);
        assert_eq!(report.admitted, 2);
        let found = codes(&verdict(&text, at(200), &snapshot));
        assert_eq!(
            found,
            ["signer_expired", "issuer_mismatch", "signer_not_authorised"]
        );
    }
}

#[test]
fn what_a_second_source_restricts_is_restricted_and_a_contradiction_is_refused() {
    let certificate = Certificate {
        country: None,
        ..Certificate::new(1)
    };
    let text = Credential {
        issuer: "FR",
        ..Credential::by(&certificate)
    }
    .text();
    let say = |country: Option<&str>, purposes: Purposes| {
        let country = country.map(str::to_owned);
        TrustEntry {
            country,
            purposes,
            ..certificate.entry()
        }
    };
    let assemble = |second: TrustEntry| {
        let first = named_by("a", vec![say(None, Purposes::ALL)], issued_at());
        Snapshot::assemble(
            Environment::Demo,
            1,
            &[first, named_by("b", vec![second], issued_at())],
        )
    };
    let (snapshot, report) = assemble(say(Some("DE"), Purposes::ALL));
    assert_eq!((report.admitted, report.repeated), (1, 1));
    assert_eq!(
        codes(&verdict(&text, at(1), &snapshot)),
        ["issuer_mismatch"]
    );
    let (snapshot, _) = assemble(say(None, Purposes::only([lintas::model::Purpose::Test])));
    let restricted = verdict(&text, at(1), &snapshot);
    assert_eq!(codes(&restricted), ["signer_not_authorised"]);
    assert!(
        restricted.credentials[0]
            .quirks
            .contains(Quirk::SignerCountryUnknown)
    );
    let other = Certificate {
        country: Some("SG"),
        ..Certificate::new(2)
    };
    let lying = TrustEntry {
        country: Some("ID".into()),
        ..other.entry()
    };
    assert_eq!(
        world(vec![lying]).1.refused[0].code.name(),
        "country_mismatch"
    );
}

#[test]
fn one_fresh_source_that_names_a_signer_is_enough() {
    let certificate = Certificate::new(1);
    let text = Credential::by(&certificate).text();
    let old = named_by(
        "a",
        vec![certificate.entry()],
        issued_at().plus(-30 * DAY_S),
    );
    let fresh = named_by("b", vec![certificate.entry()], issued_at());
    let policy = Policy::default();
    let (both, _) = Snapshot::assemble(Environment::Demo, 1, &[old.clone(), fresh]);
    assert_eq!(
        verify::verify(&text, at(1), &both, &policy).outcome(),
        Outcome::Accept
    );
    let (alone, _) = Snapshot::assemble(Environment::Demo, 1, &[old]);
    assert_eq!(
        codes(&verify::verify(&text, at(1), &alone, &policy)),
        ["trust_list_stale"]
    );
}

#[test]
fn no_number_of_bare_keys_keeps_a_certificate_out() {
    let certificate = Certificate::new(1);
    let kid = kid_of(&certificate.der());
    let squatters = (2..=30).map(|seed| bare(&Certificate::new(seed), kid.clone()));
    let (snapshot, _) = world(squatters.chain([certificate.entry()]).collect());
    let text = Credential::by(&certificate).text();
    assert_eq!(verdict(&text, at(1), &snapshot).outcome(), Outcome::Accept);
}
