//! What parties hand in, decided by the hub alone: the order of the checks, their limits, and what is shown of it.
//!
//! Refuses a change that nobody could read afterwards: every batch and rule that is taken in is read from its record.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::exchange::dgcg::Dialect;
use lintas::exchange::{Record, RecordKind};
use lintas::failure::Code;
use lintas::model::{Country, UnixTime};
use lintas::server::gateway::hub::Conduct;
use lintas::server::gateway::hub::{
    Change, Entry, Handed, Hub, Joining, Migrated, Party, PartyRole, Reason, Refused, delete_batch,
    delete_rule, downloaded, expire_batches, leaving, migrate, migrations, shown_rules,
    upload_batch, upload_reference, upload_rule, upload_signer,
};
use lintas::trust::Role;
use serde_json::{Value, json};
use support::country::{Identity, Participant, SIGNED_AT, carried};

const HASH: &str = "4uLi4uLi4uLi4uLi4uLi4g==";

fn now() -> UnixTime {
    UnixTime::from_seconds(SIGNED_AT).unwrap()
}

fn hours(count: i64) -> UnixTime {
    now().plus(3600 * count)
}

/// A hub with two parties, and what one of them does.
struct Site {
    hub: Hub,
    sequence: u64,
    land: Participant,
    other: Participant,
    party: Party,
}

impl Site {
    fn new() -> Self {
        let anchor = Identity::self_signed("EU", "anchor", false);
        let mut site = Self {
            hub: Hub::new(&[anchor.thumbprint()]),
            sequence: 0,
            land: Participant::new("XA"),
            other: Participant::new("XB"),
            party: party("XA"),
        };
        let mut records = Vec::new();
        for land in [&site.land, &site.other] {
            records.push(party(land.country).record());
            for (role, identity) in [(Role::Csca, &land.csca), (Role::Upload, &land.upload)] {
                let signature = anchor.sign(&identity.der, false);
                let country = Country::parse(land.country).unwrap();
                let entry = Entry::new(role, country, identity.der.clone(), signature, now());
                records.push(entry.record());
            }
        }
        site.keep(records);
        site
    }

    fn keep(&mut self, records: Vec<Record>) {
        for record in records {
            self.sequence += 1;
            self.hub.apply(self.sequence, &record);
        }
    }

    fn done<T>(&mut self, change: Result<Change<T>, Refused>) -> Result<T, Reason> {
        let change = change.map_err(|refused| refused.reason)?;
        self.keep(change.records);
        Ok(change.answer)
    }

    fn batch(&mut self, id: &str, handed: &Handed) -> Result<(), Reason> {
        let change = upload_batch(&self.hub, &self.party, handed, id, now());
        self.done(change)
    }

    fn rule(&mut self, rule: &Value, at: UnixTime) -> Result<(), Reason> {
        let handed = by(&self.land.upload, rule);
        let change = upload_rule(&self.hub, &self.party, &handed, at);
        self.done(change)
    }
}

fn party(country: &str) -> Party {
    Party {
        country: Country::parse(country).unwrap(),
        name: country.to_owned(),
        roles: PartyRole::ALL.to_vec(),
        since: now(),
    }
}

fn signed(identity: &Identity, content: &[u8]) -> Handed {
    Handed::text(carried(&identity.sign(content, true)).as_bytes()).unwrap()
}

fn by(identity: &Identity, content: &Value) -> Handed {
    signed(identity, content.to_string().as_bytes())
}

/// Signed, and altered afterwards.
fn spoiled(identity: &Identity, content: &Value) -> Handed {
    let mut message = identity.sign(content.to_string().as_bytes(), true);
    *message.last_mut().unwrap() ^= 1;
    Handed::text(carried(&message).as_bytes()).unwrap()
}

fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    value[name] = member;
    value
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value
}

fn batch() -> Value {
    json!({ "country": "XA", "expires": hours(1).to_string(), "kid": "2Rk3X8HntrI=", "hashType": "SIGNATURE",
        "entries": [{ "hash": HASH }] })
}

fn rule(version: &str, from: UnixTime) -> Value {
    json!({
        "Identifier": "VR-XA-0001", "Type": "Acceptance", "Country": "XA", "Version": version, "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC", "EngineVersion": "0.7.5", "CertificateType": "Vaccination",
        "Description": [{ "lang": "en", "desc": "a sentence of twenty characters" }],
        "ValidFrom": from.to_string(), "ValidTo": from.plus(100 * 3600).to_string(),
        "AffectedFields": ["v.0"], "Logic": { "var": "v" },
    })
}

#[test]
fn batches_are_refused_in_the_order_of_the_checks() {
    let mut site = Site::new();
    let (own, foreign) = (Participant::new("XA").upload, Participant::new("XB").upload);
    let good = batch();
    let handed = spoiled(&own, &good);
    assert_eq!(site.batch("1", &handed), Err(Reason::TextSignatureInvalid));
    for stranger in [&own, &foreign, &Site::new().other.upload] {
        let handed = by(stranger, &json!("nonsense"));
        assert_eq!(site.batch("1", &handed), Err(Reason::BatchUploader));
    }
    let other = by(&site.other.upload, &good);
    assert_eq!(site.batch("1", &other), Err(Reason::BatchUploader));
    let many = vec![json!({ "hash": HASH }); 1001];
    let past = with(&good, "expires", json!(now().to_string()));
    use Reason::{BatchCountry, BatchEnded, BatchInvalid, BatchUnreadable};
    for (content, reason) in [
        (json!([]), BatchUnreadable),
        (json!("text"), BatchUnreadable),
        (with(&good, "hashType", json!("signature")), BatchUnreadable),
        (with(&good, "expires", json!("2026-06-15")), BatchUnreadable),
        (with(&past, "hashType", json!("?")), BatchUnreadable),
        (with(&past, "country", json!("XB")), BatchEnded),
        (with(&past, "entries", json!([])), BatchEnded),
        (with(&good, "entries", json!([])), BatchInvalid),
        (
            with(&with(&good, "entries", json!([])), "country", json!("XB")),
            BatchInvalid,
        ),
        (with(&good, "entries", json!(many)), BatchInvalid),
        (
            with(&good, "entries", json!(vec![json!(HASH); 30_000])),
            BatchInvalid,
        ),
        (
            with(&good, "entries", json!([{ "hash": "4uLi" }])),
            BatchInvalid,
        ),
        (with(&good, "entries", json!([null])), BatchInvalid),
        (with(&good, "entries", Value::Null), BatchInvalid),
        (with(&good, "entries", json!({})), BatchUnreadable),
        (with(&good, "entries", json!([7])), BatchUnreadable),
        (with(&good, "kid", json!("short")), BatchInvalid),
        (with(&good, "kid", json!("thirteen char")), BatchInvalid),
        (without(&good, "country"), BatchInvalid),
        (without(&good, "expires"), BatchInvalid),
        (without(&good, "hashType"), BatchInvalid),
        (with(&good, "country", json!("XAA")), BatchInvalid),
        (with(&good, "country", json!("xa")), BatchCountry),
        (with(&good, "country", json!("XB")), BatchCountry),
    ] {
        let handed = by(&site.land.upload, &content);
        let shown: String = content.to_string().chars().take(150).collect();
        assert_eq!(site.batch("1", &handed), Err(reason), "{shown}");
    }
    for text in [
        good.to_string() + "{}",
        good.to_string().replace("\"kid\"", "\"country\""),
        "{".to_owned(),
    ] {
        let handed = signed(&site.land.upload, text.as_bytes());
        assert_eq!(site.batch("1", &handed), Err(BatchUnreadable), "{text}");
    }
    assert_eq!(site.hub.batches().count(), 0);
}

#[test]
fn batches_are_taken_in_as_the_reference_takes_them() {
    let mut site = Site::new();
    let good = batch();
    let full = vec![json!({ "hash": HASH }); 1000];
    for (number, content) in [
        good.clone(),
        with(&good, "kid", Value::Null),
        without(&good, "kid"),
        with(&good, "kid", json!("UNKNOWN_KID")),
        with(&good, "kid", json!("not-base64!!")),
        with(&good, "hashType", json!("COUNTRYCODEUCI")),
        with(&good, "entries", json!([HASH, { "hash": HASH, "more": 1 }])),
        with(&good, "entries", json!(full)),
        with(&good, "unknown", json!({ "member": [1, 2] })),
        with(&good, "expires", json!("2027-01-01T00:00:00.123+02:00")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("{number}");
        let handed = by(&site.land.upload, &content);
        assert_eq!(site.batch(&id, &handed), Ok(()), "{content}");
        let kept = site.hub.batch(&id).unwrap();
        assert_eq!(kept.message.as_deref(), Some(handed.text.as_str()));
        assert_eq!((kept.country.as_str(), kept.changed_at), ("XA", now()));
    }
}

#[test]
fn a_batch_is_taken_back_once_and_remembered_for_a_while() {
    let id = "a0000000-0000-4000-8000-000000000000";
    let mut site = Site::new();
    let handed = by(&site.land.upload, &batch());
    site.batch(id, &handed).unwrap();
    assert_eq!(downloaded(&site.hub, id, now()).unwrap(), handed.text);
    let request = json!({ "batchId": id });
    let taken_back = |site: &mut Site, by: &Handed, at| {
        let change = delete_batch(&site.hub, &site.party, by, at);
        site.done(change)
    };
    for (content, reason) in [
        (json!([]), Reason::BatchUnreadable),
        (json!({ "batchId": 7 }), Reason::BatchUnreadable),
        (json!({}), Reason::BatchDeleteInvalid),
        (
            json!({ "batchId": id.to_uppercase() }),
            Reason::BatchDeleteInvalid,
        ),
        (
            json!({ "batchId": id.replace("a0", "b0") }),
            Reason::BatchDeleteMissing,
        ),
    ] {
        let handed = by(&site.land.upload, &content);
        assert_eq!(
            taken_back(&mut site, &handed, now()),
            Err(reason),
            "{content}"
        );
    }
    let foreign = by(&site.other.upload, &request);
    assert_eq!(
        taken_back(&mut site, &foreign, now()),
        Err(Reason::BatchUploader)
    );
    site.party = party("XB");
    assert_eq!(
        taken_back(&mut site, &foreign, now()),
        Err(Reason::BatchCountry)
    );
    site.party = party("XA");
    let own = by(&site.land.upload, &request);
    assert_eq!(taken_back(&mut site, &own, hours(1)), Ok(()));
    assert_eq!(site.hub.batch(id).unwrap().changed_at, hours(1));
    assert_eq!(
        taken_back(&mut site, &own, hours(2)),
        Err(Reason::BatchDeleteGone)
    );
    let reason = |site: &Site, id: &str, at| downloaded(&site.hub, id, at).unwrap_err().reason;
    assert_eq!(reason(&site, id, hours(2)), Reason::BatchGone);
    let later = hours(1 + 14 * 24 + 1);
    assert_eq!(reason(&site, id, later), Reason::BatchMissing);
    assert_eq!(
        taken_back(&mut site, &own, later),
        Err(Reason::BatchDeleteMissing)
    );
    assert_eq!(reason(&site, "1", now()), Reason::Invalid);
}

#[test]
fn batches_that_have_ended_are_taken_back() {
    let mut site = Site::new();
    for id in ["1", "2", "3"] {
        let handed = by(&site.land.upload, &batch());
        site.batch(id, &handed).unwrap();
    }
    for (at, ended) in [
        (hours(1), 0),
        (hours(1).plus(1), 2),
        (hours(2), 1),
        (hours(2), 0),
    ] {
        let change = expire_batches(&site.hub, 2, at);
        assert_eq!(site.done(change), Ok(ended));
    }
    assert!(site.hub.batches().all(|batch| batch.is_deleted()));
}

#[test]
fn rules_are_refused_in_the_order_of_the_checks() {
    use Reason::{
        RuleCountry, RuleIdentifier, RuleTimes, RuleUnreadable, RuleUploader, RuleVersion,
    };
    let mut site = Site::new();
    let good = rule("1.0.0", hours(48));
    let refused = |site: &Site, handed: &Handed| {
        upload_rule(&site.hub, &site.party, handed, now())
            .unwrap_err()
            .reason
    };
    let handed = spoiled(&site.land.upload, &good);
    assert_eq!(refused(&site, &handed), Reason::TextSignatureInvalid);
    let handed = by(&site.other.upload, &json!(1));
    assert_eq!(refused(&site, &handed), RuleUploader);
    site.rule(&good, now()).unwrap();
    let good = rule("1.0.1", hours(48));
    let described = |rows: Value| with(&good, "Description", rows);
    let invalidation = with(
        &with(&good, "Type", json!("Invalidation")),
        "Identifier",
        json!("IR-XA-0001"),
    );
    let of_other = with(
        &with(&good, "Country", json!("XB")),
        "Identifier",
        json!("VR-XB-0001"),
    );
    let (old, at) = (rule("1.0.0", hours(0)), |from: UnixTime| {
        with(&good, "ValidFrom", json!(from.to_string()))
    });
    for (content, reason) in [
        (json!([]), RuleUnreadable),
        (without(&good, "Engine"), RuleUnreadable),
        (with(&good, "Extra", json!(1)), RuleUnreadable),
        (
            with(&good, "Identifier", json!("VR-XA-001")),
            RuleUnreadable,
        ),
        (
            with(&good, "Identifier", json!("XX-XA-0001")),
            RuleUnreadable,
        ),
        (
            with(&good, "Identifier", json!("VR-xa-0001")),
            RuleUnreadable,
        ),
        (with(&good, "Type", json!("Rejection")), RuleUnreadable),
        (with(&good, "Country", json!("XAA")), RuleUnreadable),
        (with(&good, "Version", json!("1.0")), RuleUnreadable),
        (
            with(&good, "CertificateType", json!("Booster")),
            RuleUnreadable,
        ),
        (with(&good, "Region", json!("toolong")), RuleUnreadable),
        (
            with(&good, "ValidFrom", json!("2026-06-17T00:00:00.000Z")),
            RuleUnreadable,
        ),
        (
            with(&good, "ValidFrom", json!("2026-06-17T00:00:00+0200")),
            RuleUnreadable,
        ),
        (
            with(&good, "ValidFrom", json!("2026-13-17T00:00:00Z")),
            RuleUnreadable,
        ),
        (with(&good, "AffectedFields", json!([])), RuleUnreadable),
        (with(&good, "Logic", json!({})), RuleUnreadable),
        (with(&good, "Logic", json!(true)), RuleUnreadable),
        (described(json!([])), RuleUnreadable),
        (
            described(json!([{ "lang": "de", "desc": "ein Satz von zwanzig Zeichen" }])),
            RuleUnreadable,
        ),
        (
            described(json!([{ "lang": "en", "desc": "too short" }])),
            RuleUnreadable,
        ),
        (
            described(
                json!([{ "lang": "en", "desc": "a sentence of twenty characters" },
            { "lang": "english", "desc": "a sentence of twenty characters" }]),
            ),
            RuleUnreadable,
        ),
        (
            with(&of_other, "CertificateType", json!("Test")),
            RuleIdentifier,
        ),
        (
            with(&good, "Identifier", json!("IR-XA-0001")),
            RuleIdentifier,
        ),
        (with(&good, "Type", json!("Invalidation")), RuleIdentifier),
        (
            with(&good, "Identifier", json!("GR-XA-0001")),
            RuleIdentifier,
        ),
        (of_other.clone(), RuleCountry),
        (with(&good, "Country", json!("XB")), RuleCountry),
        (with(&of_other, "Country", json!("XA")), RuleCountry),
        (old, RuleVersion),
        (rule("0.9.9", hours(48)), RuleVersion),
        (at(hours(48).plus(-1)), RuleTimes),
        (at(hours(14 * 24).plus(1)), RuleTimes),
        (
            with(&good, "ValidTo", json!(hours(48).to_string())),
            RuleTimes,
        ),
        (
            with(&good, "ValidTo", json!(hours(48 + 72).plus(-1).to_string())),
            RuleTimes,
        ),
        (
            with(
                &invalidation,
                "ValidFrom",
                json!(now().plus(-1).to_string()),
            ),
            RuleTimes,
        ),
    ] {
        let handed = by(&site.land.upload, &content);
        assert_eq!(refused(&site, &handed), reason, "{content}");
    }
    site.rule(
        &with(&invalidation, "ValidFrom", json!(now().to_string())),
        now(),
    )
    .unwrap();
    site.rule(
        &with(&good, "ValidTo", json!(hours(48 + 72).to_string())),
        now(),
    )
    .unwrap();
    // Not before the last one's beginning, though late enough.
    site.rule(&rule("1.1.0", hours(14 * 24)), now()).unwrap();
    assert_eq!(
        site.rule(&rule("1.1.1", hours(14 * 24).plus(-1)), now()),
        Err(RuleTimes)
    );
    assert_eq!(site.rule(&rule("1.10.0", hours(14 * 24)), now()), Ok(()));
}

#[test]
fn the_version_in_force_and_all_to_come_are_shown_newest_first() {
    let mut site = Site::new();
    for (version, from) in [("1.0.0", 48), ("1.0.1", 100), ("1.0.2", 200)] {
        site.rule(&rule(version, hours(from)), now()).unwrap();
    }
    for (at, versions) in [
        (0, vec!["1.0.2", "1.0.1", "1.0.0"]),
        (48, vec!["1.0.2", "1.0.1", "1.0.0"]),
        (100, vec!["1.0.2", "1.0.1"]),
        (200, vec!["1.0.2"]),
        (20_000, vec!["1.0.2"]),
    ] {
        let shown = shown_rules(&site.hub, site.party.country, hours(at));
        let shown = shown["VR-XA-0001"].iter();
        let shown: Vec<_> = shown.map(|it| it.rule.version.to_string()).collect();
        assert_eq!(shown, versions, "{at}");
    }
    assert!(shown_rules(&site.hub, Country::DEMO, now()).is_empty());
    let deleted = |site: &mut Site, identity: &str| {
        let handed = signed(&site.land.upload, identity.as_bytes());
        let change = delete_rule(&site.hub, &site.party, &handed, now());
        site.done(change)
    };
    for (identity, reason) in [
        ("VR-XA", Reason::RuleDeleteIdentifier),
        ("VR-XA-0001-1", Reason::RuleDeleteIdentifier),
        ("VR-XAA-0001", Reason::RuleDeleteIdentifier),
        ("VR-XB-0001", Reason::RuleDeleteCountry),
        ("VR-XA-0002", Reason::RuleMissing),
    ] {
        assert_eq!(deleted(&mut site, identity), Err(reason), "{identity}");
    }
    assert_eq!(deleted(&mut site, "VR-XA-0001"), Ok(()));
    assert_eq!(site.hub.rules().count(), 0);
    // As if it had never been there.
    assert_eq!(site.rule(&rule("1.0.0", hours(48)), now()), Ok(()));
}

#[test]
fn what_was_handed_in_is_signed_anew_and_keeps_its_number() {
    let id = "a0000000-0000-4000-8000-000000000000";
    let mut site = Site::new();
    let signer = site.land.signer();
    let handed = Handed::certificate(carried(&site.land.upload.sign(&signer.der, true)).as_bytes());
    let conduct = Conduct {
        dialect: Dialect::Eu,
        is_strict: false,
    };
    let change = upload_signer(
        &site.hub,
        &site.party,
        &handed.unwrap(),
        None,
        conduct,
        now(),
    );
    site.done(change).unwrap();
    let content = batch();
    let handed = by(&site.land.upload, &content);
    site.batch(id, &handed).unwrap();
    let ruled = rule("1.0.0", hours(48));
    site.rule(&ruled, now()).unwrap();
    let before = migrations(&site.hub, &site.party);
    let kinds: Vec<_> = before.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Migrated::Signer, Migrated::Batch, Migrated::Rule]);
    assert!(migrations(&site.hub, &party("XB")).is_empty());
    // Another signature each time: this key signs with randomness.
    let texts = [
        signer.der.clone(),
        content.to_string().into_bytes(),
        ruled.to_string().into_bytes(),
    ];
    let at = |later| now().plus(later);
    for (row, text) in before.iter().zip(&texts) {
        let again = |site: &Site, by: &Identity, text: &[u8], number, party: &Party| {
            let handed = signed(by, text);
            migrate(&site.hub, party, row.kind, number, &handed, at(60)).map_err(|it| it.reason)
        };
        use Reason as R;
        let (missing, foreign, differs) = match row.kind {
            Migrated::Signer => (
                R::MigratedSignerMissing,
                R::UploadFailed,
                R::MigratedSignerMissing,
            ),
            Migrated::Batch => (
                R::MigratedBatchMissing,
                R::MigratedBatchCountry,
                R::MigratedBatchDiffers,
            ),
            Migrated::Rule => (
                R::MigratedRuleMissing,
                R::MigratedRuleCountry,
                R::MigratedRuleDiffers,
            ),
        };
        let (own, other) = (&site.land.upload, &site.other.upload);
        let refused = |by: &Identity, text: &[u8], number, party: &Party| {
            again(&site, by, text, number, party).unwrap_err()
        };
        assert_eq!(refused(own, text, 999, &site.party), missing);
        assert_eq!(refused(other, text, row.number, &site.party), foreign);
        assert_eq!(refused(own, b"{}", row.number, &site.party), differs);
        if row.kind != Migrated::Signer {
            assert_eq!(refused(other, text, row.number, &party("XB")), foreign);
        }
        let change = again(&site, own, text, row.number, &site.party).unwrap();
        site.keep(change.records);
    }
    let after = migrations(&site.hub, &site.party);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.kind, before.number), (after.kind, after.number));
        assert_ne!(before.message, after.message);
    }
    assert_eq!(site.hub.batch(id).unwrap().changed_at, at(60));
    assert_eq!(site.hub.documents(RecordKind::TrustedIssuer).count(), 0);
}

#[test]
fn a_party_that_lost_its_role_since_it_asked_is_refused() {
    let mut site = Site::new();
    let id = "a0000000-0000-4000-8000-000000000000";
    let handed = by(&site.land.upload, &batch());
    site.batch(id, &handed).unwrap();
    site.party.roles = vec![PartyRole::RevocationListReader];
    assert_eq!(site.batch("2", &handed), Err(Reason::NoRole));
    let request = by(&site.land.upload, &json!({ "batchId": id }));
    let change = delete_batch(&site.hub, &site.party, &request, now());
    assert_eq!(site.done(change), Err(Reason::NoRole));
}

#[test]
fn one_country_cannot_fill_the_memory_of_all() {
    let mut site = Site::new();
    let padded = format!("{}{}", " ".repeat(512 * 1024), batch());
    let handed = signed(&site.land.upload, padded.as_bytes());
    assert_eq!(site.batch("1", &handed), Err(Reason::BatchInvalid));
    let reference = by(&site.land.upload, &reference());
    for _ in 0..1000 {
        let change = upload_reference(&site.hub, &site.party, &reference, &["DCC"], now());
        site.done(change).unwrap();
    }
    let change = upload_reference(&site.hub, &site.party, &reference, &["DCC"], now());
    assert_eq!(site.done(change), Err(Reason::TextValues));
    // One that is there may be handed in anew.
    let known = site.hub.references().next().unwrap().uuid;
    let again = by(
        &site.land.upload,
        &with(&self::reference(), "uuid", json!(known)),
    );
    let change = upload_reference(&site.hub, &site.party, &again, &["DCC"], now());
    assert_eq!(site.done(change), Ok(known));
    let country = Country::parse("XA").unwrap();
    let signature = site.land.upload.sign(b"certificate", false);
    let filler = (0..10_000_u32).map(|number| {
        let certificate = number.to_be_bytes().to_vec();
        Entry::new(Role::Signer, country, certificate, signature.clone(), now()).record()
    });
    site.keep(filler.collect());
    let signer = site.land.csca.issue("XA", "DSC", &[]);
    let message = carried(&site.land.upload.sign(&signer.der, true));
    let handed = Handed::certificate(message.as_bytes()).unwrap();
    let conduct = Conduct {
        dialect: Dialect::Eu,
        is_strict: false,
    };
    let change = upload_signer(&site.hub, &site.party, &handed, None, conduct, now());
    assert_eq!(site.done(change), Err(Reason::UploadFailed));
    // Others have room.
    let signer = site.other.csca.issue("XB", "DSC", &[]);
    let message = carried(&site.other.upload.sign(&signer.der, true));
    let handed = Handed::certificate(message.as_bytes()).unwrap();
    let change = upload_signer(&site.hub, &party("XB"), &handed, None, conduct, now());
    assert_eq!(site.done(change), Ok(()));
}

#[test]
fn a_party_that_leaves_takes_its_rules_and_references_along() {
    let mut site = Site::new();
    site.rule(&rule("1.0.0", hours(48)), now()).unwrap();
    let handed = by(&site.land.upload, &batch());
    site.batch("1", &handed).unwrap();
    let handed = by(&site.land.upload, &reference());
    let change = upload_reference(&site.hub, &site.party, &handed, &["DCC"], now());
    site.done(change).unwrap();
    let foreign = with(&reference(), "country", json!("XB"));
    let foreign = by(&site.other.upload, &foreign);
    let change = upload_reference(&site.hub, &party("XB"), &foreign, &["DCC"], now());
    site.done(change).unwrap();
    let country = Country::parse("XA").unwrap();
    let records = leaving(&site.hub, country, hours(1)).unwrap();
    site.keep(records);
    assert!(site.hub.party(country).is_none());
    assert!(
        site.hub
            .all()
            .all(|it| it.country != country || !it.stands())
    );
    assert_eq!(site.hub.rules().count(), 0);
    let left: Vec<_> = site.hub.references().map(|it| it.country).collect();
    assert_eq!(left, [Country::parse("XB").unwrap()]);
    // What it revoked stays revoked.
    assert!(!site.hub.batch("1").unwrap().is_deleted());
}

#[test]
fn a_country_cannot_join_with_the_key_of_another_s_ca() {
    let site = Site::new();
    let anchor = Identity::self_signed("EU", "anchor", false);
    let mut hub = Hub::new(&[anchor.thumbprint()]);
    let joining = |country: &str, csca: &Identity| {
        let tls = Identity::self_signed(country, "NBtls", false);
        let parts = [(Role::Authentication, &tls), (Role::Csca, csca)];
        Joining {
            country: Country::parse(country).unwrap(),
            name: country.to_owned(),
            roles: Vec::new(),
            certificates: parts
                .map(|(role, it)| (role, it.der.clone(), anchor.sign(&it.der, false)))
                .to_vec(),
        }
    };
    let records = joining("XA", &site.land.csca).records(&hub, now()).unwrap();
    for (number, record) in (1..).zip(&records) {
        hub.apply(number, record);
    }
    let key = rcgen::KeyPair::from_pem(&site.land.csca.key.serialize_pem()).unwrap();
    let mut subject = rcgen::DistinguishedName::new();
    subject.push(rcgen::DnType::CountryName, "XB");
    let posing = Identity::client(subject, key, (2026, 1, 1), (2030, 1, 1));
    let refused = joining("XB", &posing).records(&hub, now()).unwrap_err();
    assert_eq!(refused.code(), Code::RequestInvalid);
    joining("XB", &site.other.csca)
        .records(&hub, now())
        .unwrap();
    // A country may renew its own.
    joining("XA", &site.land.csca).records(&hub, now()).unwrap();
}

fn reference() -> Value {
    json!({
        "url": "https://keys.example/xa", "country": "XA", "type": "DCC", "service": "keys", "thumbprint": "0a",
        "name": "keys", "sslPublicKey": "0a", "contentType": "application/json", "signatureType": "NONE",
        "referenceVersion": "1.0.0",
    })
}
