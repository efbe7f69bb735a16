//! Trust from a pinned anchor: what an EU gateway's list must prove, and each way in which it may not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::exchange::dgcg::{
    Dialect, TrustedIssuer, read_batch, read_issuer, read_message, read_rule, read_rule_row,
    read_statement, write_issuer, write_rule, write_rule_row,
};
use lintas::failure::{Code, Failure};
use lintas::model::{Country, Thumbprint};
use lintas::trust::{Authorities, Place, Role, Statement};
use serde_json::Value;
use std::fs;
use support::conformance_dir;
use support::country::{Identity, Participant, carried, entry, stated};

/// A network of two countries, as its list says.
struct Network {
    anchor: Identity,
    indonesia: Participant,
    singapore: Participant,
    authorities: Authorities,
}

impl Network {
    fn new() -> Self {
        let anchor = Identity::self_signed("EU", "anchor", false);
        let (indonesia, singapore) = (Participant::new("ID"), Participant::new("SG"));
        let mut authorities = Authorities::default();
        for country in [&indonesia, &singapore] {
            for statement in country.onboarded(&anchor) {
                let read = read_back(&statement);
                authorities.add(&read, &[anchor.thumbprint()]).unwrap();
            }
        }
        Self {
            anchor,
            indonesia,
            singapore,
            authorities,
        }
    }

    fn refuses(&self, statement: &Statement) -> Code {
        self.authorities.signer(statement).unwrap_err().code()
    }
}

/// The statement as it arrives.
fn read_back(statement: &Statement) -> Statement {
    let read = read_statement(statement.place.clone(), entry(statement).as_bytes()).unwrap();
    assert_eq!(
        Statement {
            kid: None,
            ..read.clone()
        },
        *statement
    );
    read
}

#[test]
fn a_signer_needs_its_own_countrys_ca_and_upload_certificate() {
    let network = Network::new();
    let signer = network.indonesia.signer();
    let good = network.indonesia.named(&signer);
    assert_eq!(
        network
            .authorities
            .signer(&read_back(&good))
            .unwrap()
            .country
            .as_deref(),
        Some("ID")
    );

    let by_singapore = stated(Role::Signer, "ID", &signer, &network.singapore.upload);
    assert_eq!(network.refuses(&by_singapore), Code::AnchorUnknown);
    let by_anchor = stated(Role::Signer, "ID", &signer, &network.anchor);
    assert_eq!(network.refuses(&by_anchor), Code::AnchorUnknown);
    let for_singapore = stated(Role::Signer, "SG", &signer, &network.singapore.upload);
    assert_eq!(network.refuses(&for_singapore), Code::ChainInvalid);
    let stranger = Participant::new("ID").signer();
    assert_eq!(
        network.refuses(&network.indonesia.named(&stranger)),
        Code::ChainInvalid
    );
    let unknown = Participant::new("TH");
    assert_eq!(
        network.refuses(&unknown.named(&unknown.signer())),
        Code::AnchorUnknown
    );
}

#[test]
fn a_message_vouches_for_one_certificate_only() {
    let network = Network::new();
    let (one, other) = (network.indonesia.signer(), network.indonesia.signer());
    let mut exchanged = network.indonesia.named(&one);
    exchanged.signature = network.indonesia.named(&other).signature;
    assert_eq!(network.refuses(&exchanged), Code::ProofInvalid);
    exchanged.signature = network.indonesia.upload.sign(&other.der, true);
    assert_eq!(network.refuses(&exchanged), Code::ProofInvalid);
    exchanged.signature = network.indonesia.upload.sign(&one.der, true);
    assert!(
        network.authorities.signer(&exchanged).is_ok(),
        "the content may stand in the message"
    );
    let early = network
        .indonesia
        .upload
        .sign_at(&one.der, false, 1_600_000_000);
    exchanged.signature = early;
    assert_eq!(network.refuses(&exchanged), Code::ProofInvalid);
    exchanged.signature = b"no message".to_vec();
    assert_eq!(network.refuses(&exchanged), Code::CmsInvalid);
    let mut relabelled = network.indonesia.named(&one);
    relabelled.thumbprint = Some(other.thumbprint());
    assert_eq!(network.refuses(&relabelled), Code::EntryInvalid);
}

#[test]
fn only_a_pinned_anchor_makes_authorities() {
    let network = Network::new();
    let thailand = Participant::new("TH");
    let another = Identity::self_signed("EU", "anchor", false);
    let pinned = [network.anchor.thumbprint()];
    let refused = |statement: &Statement, pinned: &[Thumbprint]| {
        Authorities::default()
            .add(statement, pinned)
            .unwrap_err()
            .code()
    };
    for statement in thailand.onboarded(&another) {
        assert_eq!(refused(&statement, &pinned), Code::AnchorUnknown);
    }
    let [csca, upload] = thailand.onboarded(&network.anchor);
    assert_eq!(refused(&csca, &[]), Code::AnchorUnknown);
    let as_authentication = Statement {
        role: Role::Authentication,
        ..upload
    };
    assert_eq!(refused(&as_authentication, &pinned), Code::EntryInvalid);
    let no_ca = Identity::self_signed("TH", "CSCA", false);
    let no_ca = stated(Role::Csca, "TH", &no_ca, &network.anchor);
    assert_eq!(refused(&no_ca, &pinned), Code::ChainInvalid);
    let relabelled = Statement {
        country: "SG".to_owned(),
        ..csca.clone()
    };
    assert_eq!(refused(&relabelled, &pinned), Code::CountryMismatch);
    let nowhere = Statement {
        country: "Thailand".to_owned(),
        ..csca
    };
    assert_eq!(refused(&nowhere, &pinned), Code::EntryInvalid);
}

#[test]
fn a_batch_counts_for_the_country_that_handed_it_in() {
    let network = Network::new();
    let batch = br#"{"country":"ID","expires":"2027-01-01T00:00:00Z","kid":null,"hashType":"UCI",
        "entries":[{"hash":"TA/gJg6xoyUDqeElh0QmXA=="}]}"#;
    let message = |by: &Identity, attached| {
        read_message(carried(&by.sign(batch, attached)).as_bytes()).unwrap()
    };
    let handed_in = message(&network.indonesia.upload, true);
    let (country, content) = network.authorities.handed_in(&handed_in).unwrap();
    assert_eq!(
        (country.as_str(), read_batch("1", content).unwrap().country),
        ("ID", country)
    );
    let refused = |message| network.authorities.handed_in(&message).unwrap_err().code();
    assert_eq!(
        refused(message(&network.indonesia.csca, true)),
        Code::AnchorUnknown
    );
    assert_eq!(
        refused(message(&network.indonesia.upload, false)),
        Code::CmsInvalid
    );
    let mut tampered = handed_in;
    tampered.content.as_mut().unwrap()[12] ^= 1;
    assert_eq!(refused(tampered), Code::ProofInvalid);
}

#[test]
fn an_issuer_is_signed_in_the_dialect_of_its_network() {
    let network = Network::new();
    let mut issuer = TrustedIssuer {
        url: "https://dsc.example/trust".to_owned(),
        kind: "HTTP".to_owned(),
        country: Country::parse("DE").unwrap(),
        country_text: "DE".to_owned(),
        name: "Ministry".to_owned(),
        thumbprint: None,
        domain: Some("DCC".to_owned()),
        taken_in_at: None,
        signature: Vec::new(),
        more: serde_json::Map::new(),
    };
    assert_eq!(
        issuer.signed_text(Dialect::Eu),
        "DE;Ministry;https://dsc.example/trust;HTTP;"
    );
    let pinned = [network.anchor.thumbprint()];
    for (dialect, other) in [(Dialect::Eu, Dialect::Tng), (Dialect::Tng, Dialect::Eu)] {
        issuer.signature = network
            .anchor
            .sign(issuer.signed_text(dialect).as_bytes(), false);
        let read = read_issuer(write_issuer(&issuer).to_string().as_bytes()).unwrap();
        assert_eq!(read, issuer);
        assert!(read.proven(dialect, &pinned).is_ok());
        let code = |it: Result<(), Failure>| it.unwrap_err().code();
        assert_eq!(code(read.proven(other, &pinned)), Code::ProofInvalid);
        assert_eq!(code(read.proven(dialect, &[])), Code::AnchorUnknown);
    }
}

#[test]
fn entries_of_a_delta_name_no_certificate() {
    let place = Place {
        document: "list".to_owned(),
        position: 7,
    };
    let gone = r#"{"kid":"qroU+hDDovs=","timestamp":"2021-05-05T10:19:30Z","country":"EU","certificateType":"DSC",
        "thumbprint":"","signature":null,"rawData":null}"#;
    assert_eq!(
        read_statement(place.clone(), gone.as_bytes())
            .unwrap_err()
            .code(),
        Code::EntryInvalid
    );
    let network = Network::new();
    let good = entry(&network.indonesia.named(&network.indonesia.signer()));
    for (from, to) in [
        ("\"DSC\"", "\"ANYTHING\""),
        ("\"country\"", "\"land\""),
        ("\"rawData\":\"", "\"rawData\":\"?"),
        ("\"signature\":\"", "\"signature\":\"?"),
        ("\"thumbprint\":\"", "\"thumbprint\":\"g"),
        ("\"kid\"", "\"country\""),
    ] {
        assert!(
            read_statement(place.clone(), good.replace(from, to).as_bytes()).is_err(),
            "{to}"
        );
    }
}

#[test]
fn published_rules_are_read_and_written_as_they_were() {
    let Some(folder) = conformance_dir() else {
        return;
    };
    let (mut read, mut refused) = (0, Vec::new());
    for file in rule_files(&folder.join("certlogic/rules")) {
        let bytes = fs::read(&file).unwrap();
        match read_rule(&bytes) {
            Ok(rule) => {
                read += 1;
                assert_eq!(
                    read_rule(write_rule(&rule).to_string().as_bytes()).unwrap(),
                    rule
                );
                let row = write_rule_row(&rule, "MIAG").to_string();
                assert_eq!(read_rule_row(row.as_bytes()).unwrap(), "MIAG");
                let source: Value = serde_json::from_slice(&bytes).unwrap();
                let written: Value = write_rule(&rule);
                assert_eq!(written["Logic"], source["Logic"]);
            }
            Err(failure) => refused.push((file, failure.detail().to_owned())),
        }
    }
    assert_eq!((read, refused.len()), (145, 0), "{refused:#?}");
}

fn rule_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rule_files(&path));
        } else if path.file_name().is_some_and(|name| name == "rule.json") {
            files.push(path);
        }
    }
    files
}
