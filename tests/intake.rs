//! What a feed's answer comes to: new, repeated and withdrawn entries, old and shortened lists.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::exchange::dgcg::{Dialect, write_message};
use lintas::exchange::{Record, RecordKind};
use lintas::model::{Country, Environment, UnixTime};
use lintas::server::federation::{Fetched, FetchedDocument};
use lintas::server::gateway::intake::{Intake, Taken};
use lintas::server::gateway::replica::Replica;
use lintas::snapshot::{FeedProof, FeedRecords, Snapshot, read_feed};
use lintas::trust::{Source, Statement};
use serde_json::{Value, json};
use std::collections::HashSet;
use support::country::{Identity, Participant, SIGNED_AT, entry};

/// A feed whose country has `count` signers, and what it has said so far.
struct World {
    anchor: Identity,
    country: Participant,
    signers: Vec<Identity>,
    replica: Replica,
    proof: FeedProof,
    now: i64,
}

impl World {
    fn new(count: usize) -> Self {
        let anchor = Identity::self_signed("EU", "anchor", false);
        let country = Participant::new("ID");
        let signers = (0..count).map(|_| country.signer()).collect();
        let proof = FeedProof::Gateway {
            dialect: Dialect::Eu,
            anchors: vec![anchor.thumbprint()],
        };
        Self {
            anchor,
            country,
            signers,
            replica: Replica::default(),
            proof,
            now: SIGNED_AT,
        }
    }

    /// The whole list, with the signers at `positions`.
    fn list(&self, positions: &[usize]) -> Fetched {
        let authorities = self.country.onboarded(&self.anchor);
        let named = positions.iter().map(|position| {
            let mut statement = self.country.named(&self.signers[*position]);
            statement.taken_in_at =
                UnixTime::from_seconds(SIGNED_AT + i64::try_from(*position).unwrap());
            statement
        });
        let documents = authorities.into_iter().chain(named);
        Fetched {
            documents: documents.map(|statement| document(&statement)).collect(),
            complete: vec![RecordKind::TrustListEntry],
            answered: vec![RecordKind::TrustListEntry],
            ..Fetched::default()
        }
    }

    fn take(&mut self, fetched: Fetched, accepts_less: bool) -> Taken {
        self.now += 60;
        let intake = Intake {
            source: "eu",
            proof: &self.proof,
            standing: self.replica.feed("eu"),
            at: UnixTime::from_seconds(self.now).unwrap(),
            accepts_less,
        };
        let taken = intake.take(fetched);
        taken
            .records
            .iter()
            .cloned()
            .for_each(|record| self.replica.apply(record));
        taken
    }

    /// How many signers are in force, and what was refused.
    fn admitted(&self) -> (usize, Vec<&'static str>) {
        let standing = self.replica.feed("eu").unwrap();
        let source = Source::new("eu", Environment::Production, standing.as_of());
        let feed = FeedRecords {
            source,
            proof: self.proof.clone(),
            records: standing.records().collect(),
            withdrawn: standing.withdrawn(),
            retired: standing.retired().collect(),
        };
        let content = read_feed(&feed, &[]);
        let (snapshot, report) = Snapshot::assemble(Environment::Production, 1, [&content.list]);
        let refused = content.refused.iter().chain(&report.refused);
        (
            snapshot.trust().signers().len(),
            refused.map(|it| it.code.name()).collect(),
        )
    }

    fn age(&self) -> i64 {
        self.now - self.replica.feed("eu").unwrap().as_of().seconds()
    }
}

fn document(statement: &Statement) -> FetchedDocument {
    FetchedDocument {
        kind: RecordKind::TrustListEntry,
        name: statement.thumbprint.unwrap().to_string(),
        country: None,
        body: entry(statement).into_bytes(),
    }
}

fn left_out(taken: &Taken) -> Vec<&'static str> {
    taken
        .left_out
        .iter()
        .map(|(_, failure)| failure.code().name())
        .collect()
}

#[test]
fn what_is_there_already_is_not_taken_in_twice() {
    let mut world = World::new(3);
    let first = world.list(&[0, 1, 2]);
    let taken = world.take(first, false);
    assert_eq!((taken.added, taken.repeated, taken.withdrawn), (5, 0, 0));
    let again = world.list(&[0, 1, 2]);
    // Messages are signed anew by the test, so only the very same documents count as the same.
    let standing: Vec<Record> = world
        .replica
        .feed("eu")
        .unwrap()
        .records()
        .cloned()
        .collect();
    let documents = standing.into_iter().map(|record| FetchedDocument {
        kind: record.kind,
        name: record.name,
        country: None,
        body: record.body,
    });
    let again = Fetched {
        documents: documents.collect(),
        ..again
    };
    let taken = world.take(again, false);
    assert_eq!((taken.added, taken.repeated, taken.withdrawn), (0, 5, 0));
    assert_eq!(
        taken.records.len(),
        1,
        "nothing but the note that it was asked"
    );
    assert_eq!((world.admitted(), world.age()), ((3, vec![]), 0));
}

#[test]
fn a_withdrawn_signer_comes_back_only_with_an_operator() {
    let mut world = World::new(10);
    let all: Vec<_> = (0..10).collect();
    let list = world.list(&all);
    world.take(list, false);
    let name = world.signers[3].thumbprint().to_string();
    let delta = Fetched {
        withdrawn: vec![
            (RecordKind::TrustListEntry, name.clone()),
            (RecordKind::TrustListEntry, "ff".repeat(32)),
        ],
        ..Fetched::default()
    };
    assert_eq!(world.take(delta, false).withdrawn, 1);
    assert_eq!(world.admitted(), (9, vec![]));
    let returned = world.list(&all);
    world.take(returned, false);
    assert_eq!(world.admitted(), (9, vec!["withdrawn_returned"]));
    world.replica.apply(Record {
        kind: RecordKind::Readmission,
        source: "eu".to_owned(),
        name: format!("signer/{name}"),
        country: None,
        received_at: UnixTime::EPOCH,
        body: b"{}".to_vec(),
    });
    assert_eq!(world.admitted(), (10, vec![]));
}

#[test]
fn a_list_that_shrinks_at_once_or_is_older_changes_nothing() {
    let mut world = World::new(10);
    let all: Vec<_> = (0..10).collect();
    let list = world.list(&all);
    world.take(list, false);
    for (positions, alarm) in [
        (&[5, 6, 7, 8, 9][..], "list_shrunk"),
        (&[0, 1, 2, 3, 4, 5, 6, 7][..], "list_rolled_back"),
        (&[][..], "list_rolled_back"),
    ] {
        let list = world.list(positions);
        let taken = world.take(list, false);
        assert_eq!(left_out(&taken), [alarm]);
        assert_eq!((taken.added, taken.withdrawn), (0, 0));
        assert_eq!(world.admitted(), (10, vec![]));
        assert!(world.age() > 0, "what alarms is no sign of life");
    }
    let list = world.list(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(world.take(list, false).withdrawn, 1);
    assert_eq!((world.admitted(), world.age()), ((9, vec![]), 0));
    let list = world.list(&[5, 6, 7, 8, 9]);
    assert_eq!(world.take(list, true).withdrawn, 4);
    assert_eq!(world.admitted(), (5, vec![]));
}

#[test]
fn one_bad_document_costs_itself_alone() {
    let mut world = World::new(2);
    let mut list = world.list(&[0, 1]);
    list.documents[3].body = b"garbage".to_vec();
    list.documents.push(FetchedDocument {
        kind: RecordKind::Tombstone,
        name: "signer/00".to_owned(),
        country: None,
        body: b"{}".to_vec(),
    });
    let taken = world.take(list, false);
    assert_eq!(left_out(&taken), ["entry_invalid", "upstream_invalid"]);
    assert_eq!(world.admitted(), (1, vec![]));
    let mut list = world.list(&[0, 1]);
    list.documents[2].body = b"garbage".to_vec();
    assert_eq!(
        world.take(list, false).withdrawn,
        0,
        "an entry that cannot be read is not gone"
    );
    assert_eq!(world.admitted(), (2, vec![]));
    let noted = &world.replica.feed("eu").unwrap().confirmation().left_out;
    assert_eq!(noted.len(), 1);
}

#[test]
fn a_rule_that_cannot_be_read_leaves_its_country_open_if_it_has_signed_it() {
    let world = World::new(0);
    let stranger = Identity::self_signed("ID", "another uploader", false);
    let rule = |identifier: &str, logic: &Value| {
        json!({
            "Identifier": identifier, "Type": "Acceptance", "Country": &identifier[3..5], "Version": "1.0.0",
            "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC", "EngineVersion": "1.0.0", "CertificateType": "General",
            "Description": [{ "lang": "en", "desc": "A rule that is there for a test." }],
            "ValidFrom": "2022-01-01T00:00:00Z", "ValidTo": "2030-01-01T00:00:00Z", "AffectedFields": ["dn"],
            "Logic": logic,
        })
    };
    let good = rule("GR-ID-0001", &json!({ "===": [1, 1] }));
    let mut of_tomorrow = good.clone();
    of_tomorrow["Weather"] = json!("fair");
    let none = rule("GR-ID-0002", &json!({ "if": [true, true, true, true] }));
    let foreign = rule("GR-TH-0001", &json!({ "===": [1, 1] }));
    // Who signed it, what the feed refuses, how many rules it has, whether their country has one that nobody can read.
    for (content, signer, refused, rules, is_unread) in [
        (&good, &world.country.upload, None, 1, false),
        (&none, &world.country.upload, Some("rule_invalid"), 1, false),
        (
            &of_tomorrow,
            &world.country.upload,
            Some("rule_invalid"),
            0,
            true,
        ),
        (
            &foreign,
            &world.country.upload,
            Some("country_mismatch"),
            0,
            false,
        ),
        (&of_tomorrow, &stranger, Some("anchor_unknown"), 0, false),
    ] {
        let message = signer.sign(content.to_string().as_bytes(), true);
        let row = json!({ "version": "1.0.0", "validFrom": "2022-01-01T00:00:00Z", "validTo": "2030-01-01T00:00:00Z",
            "cms": write_message(&message) });
        let at = UnixTime::from_seconds(SIGNED_AT).unwrap();
        let record = |kind: RecordKind, name: &str, body: Vec<u8>| Record {
            kind,
            source: "eu".to_owned(),
            name: name.to_owned(),
            country: None,
            received_at: at,
            body,
        };
        let mut records: Vec<_> = world
            .country
            .onboarded(&world.anchor)
            .iter()
            .map(document)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|it| record(it.kind, &it.name, it.body))
            .collect();
        records.push(record(
            RecordKind::Rule,
            "rule",
            row.to_string().into_bytes(),
        ));
        let feed = FeedRecords {
            source: Source::new("eu", Environment::Production, at),
            proof: world.proof.clone(),
            records: records.iter().collect(),
            withdrawn: HashSet::new(),
            retired: Vec::new(),
        };
        let said = read_feed(&feed, &[]);
        let codes: Vec<_> = said.refused.iter().map(|it| it.code.name()).collect();
        assert_eq!(codes, Vec::from_iter(refused), "{content}");
        assert_eq!(said.rules.rules().count(), rules, "{content}");
        let country = Country::parse("ID").unwrap();
        assert_eq!(said.rules.has_unread(country), is_unread, "{content}");
    }
}
