//! Receipts for more than whether certificates are good: a journey, a holder, a colour.

use crate::ground::{day, judged_as, key, receipt_as, signed};
use crate::rules::{asks, journey, ruled};
use crate::support::gateway::PERSONAL;
use crate::support::{RECOVERY, TEST, TestSigner, VACCINATION};
use lintas::rules::{Circumstances, Colour};
use lintas::server::gateway::receipts::Archive;
use lintas::server::keys::ReceiptSigner;
use lintas::snapshot::Snapshot;
use lintas::verify::identity::{Holder, Identity, Named};
use lintas::verify::{Asked, Journey, Outcome, Policy, Receipt, Registered, Replayed, Unproven};
use tempfile::TempDir;

/// A signer, and a world with rules and policy sets, as it is and out of an archive.
struct Place {
    signer: TestSigner,
    world: Snapshot,
    archived: Snapshot,
    key: (ReceiptSigner, TempDir),
}

impl Place {
    fn new() -> Self {
        let signer = TestSigner::new(7);
        let world = ruled(signer.snapshot.clone(), true);
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::at(folder.path().to_owned());
        archive.keep(&world, &Policy::default()).unwrap();
        Self {
            archived: archive.snapshot(world.id()).unwrap(),
            signer,
            world,
            key: key(),
        }
    }

    /// The receipt for what is `asked` of what `claims` state at day(`at`), after it was signed, read, and reached again.
    fn confirmed(&self, asked: &Asked, claims: &[&str], at: i64) -> Receipt {
        let texts: Vec<_> = claims.iter().map(|it| self.signer.issue(it)).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let policy = Policy::default();
        let by = (&self.world, &policy);
        let verdict = judged_as(asked, &texts, day(at), by, Registered::NotAsked);
        let receipt = receipt_as(asked, &verdict, &texts, by);
        let (signer, _) = &self.key;
        let bytes = signed(receipt.clone(), signer);
        let unproven = Unproven::read(&bytes).unwrap();
        let proven = unproven.prove([&signer.key]).unwrap();
        assert_eq!(proven, receipt);
        let shown = receipt.to_json().to_string();
        for word in PERSONAL.iter().chain(&["Suharto", "1964", "Somebody"]) {
            let mut parts = bytes.windows(word.len());
            let found = parts.any(|it| it == word.as_bytes());
            assert!(!found && !shown.contains(word), "{word}");
        }
        let replayed = proven.replay(&texts, &self.archived, &policy).unwrap();
        assert_eq!(replayed, Replayed::Same);
        proven
    }
}

/// What is said of the first credential, in names.
fn said(receipt: &Receipt) -> String {
    let names: Vec<_> = receipt.credentials[0].names().collect();
    names.join(", ")
}

#[test]
fn a_journey_is_confirmed_with_the_rules_that_are_not_passed() {
    let place = Place::new();
    let to = |country| Asked {
        journey: Some(journey(country)),
        ..Asked::default()
    };
    for (country, claims, at, expected) in [
        ("DE", VACCINATION, 0, "rule_open GR-DE-0001"),
        (
            "DE",
            TEST,
            0,
            "rule_open GR-DE-0001, rule_failed TR-DE-0001",
        ),
        ("GR", VACCINATION, 0, ""),
        ("FR", VACCINATION, 0, "rules_missing"),
        ("MT", VACCINATION, 0, "rule_open, rule_open GR-MT-0001"),
    ] {
        let receipt = place.confirmed(&to(country), &[claims], at);
        assert_eq!(said(&receipt), expected, "{country} at {at}");
        assert_eq!(receipt.journey, Some(journey(country)));
    }
}

#[test]
fn a_holder_is_confirmed_by_how_far_they_agree() {
    let place = Place::new();
    for (name, tier, outcome) in [
        (
            "Dewi Sartika Kusumawardhani",
            Identity::Exact,
            Outcome::Accept,
        ),
        (
            "Dewi Kusumawardhani",
            Identity::PartialName,
            Outcome::Indeterminate,
        ),
        ("Somebody Else", Identity::Mismatch, Outcome::Reject),
    ] {
        let holder = Holder::read(Some(Named::Whole(name)), Some("1987-03-09"), None);
        let asked = Asked {
            holder: Some(holder.unwrap()),
            ..Asked::default()
        };
        let receipt = place.confirmed(&asked, &[VACCINATION], 0);
        assert_eq!(receipt.credentials[0].identity, Some(tier));
        assert_eq!(receipt.outcome, outcome);
    }
    // Nobody was named, and two people's certificates were shown.
    let receipt = place.confirmed(&Asked::default(), &[VACCINATION, RECOVERY], 0);
    assert_eq!(said(&receipt), "identity_check");
    assert_eq!(receipt.credentials[1].identity, None);
}

#[test]
fn a_colour_is_confirmed_with_its_rule_under_the_set_that_was_in_force() {
    let place = Place::new();
    let circumstances = Circumstances::read(None, Some("office".into()), Some("31".into()));
    let office = Journey {
        circumstances: circumstances.unwrap(),
        ..journey("ZZ")
    };
    let colour = Asked {
        journey: Some(office),
        with_colour: true,
        ..Asked::default()
    };
    let shown = |at| {
        let receipt = place.confirmed(&colour, &[VACCINATION], at);
        receipt
            .colour
            .map(|told| (told.colour, told.rule.to_string()))
    };
    let (first, rule) = shown(1).unwrap();
    assert_eq!(first, Colour::Green);
    assert_eq!(shown(3), Some((Colour::Yellow, rule)));
    assert_eq!(shown(-40), None, "none was in force");
}

#[test]
fn everything_that_can_be_asked_is_reached_again() {
    let place = Place::new();
    for asked in asks() {
        for claims in [&[VACCINATION][..], &[TEST, VACCINATION], &[RECOVERY]] {
            for at in [-40, 0, 3, 40] {
                let receipt = place.confirmed(&asked, claims, at);
                assert_eq!(receipt.journey, asked.journey);
            }
        }
    }
}

#[test]
fn what_was_answered_otherwise_is_told() {
    let place = Place::new();
    let asked = &asks()[3];
    let receipt = place.confirmed(asked, &[VACCINATION], 0);
    let text = place.signer.issue(VACCINATION);
    let replayed = |receipt: Receipt| {
        let (texts, policy) = ([text.as_str()], Policy::default());
        receipt.replay(&texts, &place.world, &policy).unwrap()
    };
    let changes: [fn(&mut Receipt); 6] = [
        |it| it.journey = Some(journey("DE")),
        |it| it.with_colour = false,
        |it| it.colour.as_mut().unwrap().colour = Colour::Black,
        |it| it.colour.as_mut().unwrap().open.push("CR-ZZ-0001".into()),
        |it| it.colour.as_mut().unwrap().is_doubtful ^= true,
        |it| it.credentials[0].identity = Some(Identity::Mismatch),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = receipt.clone();
        change(&mut changed);
        let came_to = replayed(changed);
        assert!(matches!(came_to, Replayed::Different(_)), "{number}");
    }
    assert_eq!(replayed(receipt), Replayed::Same);
}
