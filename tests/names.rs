//! The corpus of names: every case its tier, nobody turned away for a spelling, nobody let in with another's certificate.
//!
//! What the cells of a case mean is told in tests/names/README.md.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use lintas::failure::{Class, Code};
use lintas::model::{
    Coded, Date, Entry, HealthCertificate, PartialDate, Person, PersonName, Recovery, Uvci,
    transliterate,
};
use lintas::verify::identity::{Agreement, Holder, Identity, Named, compare};
use std::path::Path;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Same,
    Other,
    Unknown,
}

struct Case {
    place: String,
    who: Who,
    tier: Identity,
    certificate: String,
    born: String,
    document: String,
    document_born: String,
}

fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/names");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "tsv"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| cases(path)).collect()
}

fn cases(path: &Path) -> Vec<Case> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(number, line)| {
            let place = format!("{name}:{number}: {line}");
            let cells: Vec<&str> = line.split('\t').collect();
            assert!((5..=6).contains(&cells.len()), "{place}");
            let date = |text: &str| text.trim_matches('-').to_owned();
            Case {
                who: match cells[0] {
                    "same" => Who::Same,
                    "other" => Who::Other,
                    "unknown" => Who::Unknown,
                    _ => panic!("{place}"),
                },
                tier: *Identity::ALL
                    .iter()
                    .find(|tier| tier.name() == cells[1])
                    .unwrap_or_else(|| panic!("{place}")),
                certificate: cells[2].to_owned(),
                born: date(cells[3]),
                document: cells[4].to_owned(),
                document_born: date(cells.get(5).unwrap_or(&cells[3])),
                place,
            }
        })
        .collect()
}

/// The parts of `Family / Given`, either of which may be empty.
fn parts(text: &str) -> Option<(&str, &str)> {
    let padded = text.strip_suffix(" /").map(|family| (family, ""));
    let padded = padded.or_else(|| text.strip_prefix("/ ").map(|given| ("", given)));
    padded.or_else(|| text.split_once(" / "))
}

fn certificate(text: &str, born: &str) -> HealthCertificate {
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    let (written, icao) = match text.split_once('|') {
        Some((written, icao)) => (written.trim(), Some(icao.trim())),
        None => (text, None),
    };
    let derived = |text: &str| transliterate(text).unwrap_or_default();
    let (family, given) = parts(written).unwrap_or_default();
    let (family_icao, given_icao) = match icao.and_then(parts) {
        Some((family, given)) => (family.to_owned(), given.to_owned()),
        None => (derived(family), derived(given)),
    };
    let full = icao.is_none() && parts(written).is_none();
    person(
        PersonName {
            family: some(family),
            given: some(given),
            family_icao: some(&family_icao),
            given_icao: some(&given_icao),
            full: full.then(|| written.into()),
        },
        born,
    )
}

fn person(name: PersonName, born: &str) -> HealthCertificate {
    let day = Date::parse("2026-01-01").unwrap();
    HealthCertificate {
        schema_version: "1.3.0".into(),
        person: Person {
            name,
            birth_date: PartialDate::parse(born).unwrap().0,
        },
        entry: Entry::Recovery(Recovery {
            disease: Coded("840539006".into()),
            first_positive: day,
            valid_from: day,
            valid_until: day,
            country: "ID".into(),
            issuer: "Ministry of Tests".into(),
            uvci: Uvci::parse("URN:UVCI:01:ID:1").unwrap(),
        }),
        as_written: Default::default(),
    }
}

fn holder(case: &Case) -> Holder {
    let (document, born) = (case.document.as_str(), case.document_born.as_str());
    let stated = (!born.is_empty()).then_some(born);
    let read = match document.split_once(' ').unwrap_or_default() {
        ("td1" | "td2" | "td3", name) => {
            Holder::read(None, None, Some(&zone(document, name, born)))
        }
        ("field" | "line", text) => Holder::read(None, stated, Some(text)),
        _ => Holder::read(Some(typed(document)), stated, None),
    };
    read.unwrap_or_else(|failure| panic!("{}: {failure}", case.place))
}

fn typed(text: &str) -> Named<'_> {
    match parts(text) {
        Some((family, given)) => Named::Parts { family, given },
        None => Named::Whole(text),
    }
}

/// All lines of a zone with this name and birth date.
fn zone(size: &str, name: &str, born: &str) -> String {
    let digits: String = born.chars().skip(2).filter(char::is_ascii_digit).collect();
    let date = format!("{digits:<<6}");
    let digit = check_digit(&date);
    let end = format!("{END}{}", check_digit(END));
    let (number, birth) = (
        format!("{NUMBER}{}", check_digit(NUMBER)),
        format!("{date}{digit}"),
    );
    match &size[..3] {
        "td1" => {
            let composite = check_digit(&format!("{number:<<25}{birth}{end}{:<<11}", ""));
            format!(
                "I<IDN{number:<<25}\n{birth}M{end}IDN{:<<11}{composite}\n{name:<<30}",
                ""
            )
        }
        "td2" => {
            let composite = check_digit(&format!("{number}{birth}{end}{:<<7}", ""));
            format!(
                "I<IDN{name:<<31}\n{number}IDN{birth}M{end}{:<<7}{composite}",
                ""
            )
        }
        _ => {
            let composite = check_digit(&format!("{number}{birth}{end}{:<<15}", ""));
            format!(
                "P<IDN{name:<<39}\n{number}IDN{birth}M{end}{:<<15}{composite}",
                ""
            )
        }
    }
}

const NUMBER: &str = "X0000A0<<";
const END: &str = "300101";

fn check_digit(field: &str) -> u32 {
    let values = field.chars().map(|it| it.to_digit(36).unwrap_or(0));
    let weights = [7, 3, 1].into_iter().cycle();
    values
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum::<u32>()
        % 10
}

#[test]
fn every_case_has_its_tier_and_nobody_matches_another() {
    let corpus = corpus();
    let mut wrong = Vec::new();
    let mut rows = [(0, 0); Identity::ALL.len()];
    let (mut same, mut other) = (0, 0);
    for case in &corpus {
        let found = compare(&certificate(&case.certificate, &case.born), &holder(case));
        let row = Identity::ALL.iter().position(|tier| *tier == case.tier);
        let row = &mut rows[row.unwrap()];
        row.0 += 1;
        if found == case.tier {
            row.1 += 1;
        } else {
            wrong.push(format!("{}: {}", case.place, found.name()));
        }
        same += usize::from(case.who == Who::Same && found.agreement() == Agreement::Mismatch);
        other += usize::from(case.who == Who::Other && found.agreement() == Agreement::Match);
    }
    eprintln!("{:20} {:>6} {:>6} {:>6}", "tier", "cases", "right", "wrong");
    for (tier, (cases, right)) in Identity::ALL.iter().zip(rows) {
        eprintln!(
            "{:20} {cases:>6} {right:>6} {:>6}",
            tier.name(),
            cases - right
        );
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert_eq!(same, 0, "people turned away from their own certificates");
    assert_eq!(other, 0, "people let in with another's certificate");
    assert!(corpus.len() >= 400);
    assert!(rows.iter().all(|(cases, _)| *cases > 0));
}

#[test]
fn no_case_says_who_without_a_tier_that_may_say_it() {
    for case in corpus() {
        let agreement = case.tier.agreement();
        let right = match case.who {
            Who::Same => agreement != Agreement::Mismatch,
            Who::Other => agreement != Agreement::Match,
            Who::Unknown => agreement != Agreement::Match,
        };
        assert!(right, "{}", case.place);
    }
}

#[test]
fn names_that_are_typed_compare_alike_in_both_directions() {
    let mut turned = 0;
    for case in corpus() {
        let zone = ["td1 ", "td2 ", "td3 ", "field ", "line "];
        let cell = &case.certificate;
        if zone.iter().any(|size| case.document.starts_with(size)) || cell.contains('|') {
            continue;
        }
        turned += 1;
        let certificate = certificate(&case.document, &case.document_born);
        let empty = certificate.person.name.full.as_deref() == Some("");
        let stated = (!case.born.is_empty()).then_some(case.born.as_str());
        let Ok(holder) = Holder::read(Some(typed(cell)), stated, None) else {
            assert!(
                empty || case.tier == Identity::NotComparable,
                "{}",
                case.place
            );
            continue;
        };
        let found = compare(&certificate, &holder);
        assert_eq!(found, case.tier, "{}", case.place);
    }
    assert!(turned > 200);
}

#[test]
fn brothers_and_sisters_of_one_birth_date_never_match() {
    let families = [
        "Santoso",
        "van der Berg",
        "bin Abdullah",
        "Tan",
        "Müller",
        "",
    ];
    let born = "2001-12-17";
    let pairs = (0..SIBLINGS.len()).flat_map(|mine| (0..mine).map(move |theirs| (mine, theirs)));
    for (mine, theirs) in pairs {
        let family = families[(mine + theirs) % families.len()];
        let size = ["td1", "td2", "td3"][(mine + theirs) % 3];
        let (mine, theirs) = (SIBLINGS[mine], SIBLINGS[theirs]);
        let icao = |text: &str| transliterate(text).unwrap();
        let zone = zone(size, &format!("{}<<{}", icao(family), icao(theirs)), born);
        let typed = [
            format!("{theirs} {family}"),
            format!("{family}/{theirs} MR"),
            format!("H. {theirs} {family}"),
            format!("{}{theirs}", family.replace(' ', "")),
        ];
        let mut holders = vec![Holder::read(None, None, Some(&zone)).unwrap()];
        holders.extend(
            typed
                .iter()
                .map(|text| Holder::read(Some(Named::Whole(text)), Some(born), None).unwrap()),
        );
        for cell in [
            format!("{family} / {mine}"),
            format!("{mine} {family}"),
            format!("{mine} / {family}"),
            format!("Dr. {mine} {family}, S.H."),
        ] {
            let certificate = certificate(cell.trim(), born);
            for holder in &holders {
                let found = compare(&certificate, holder);
                assert_ne!(found.agreement(), Agreement::Match, "{cell}: {theirs}");
            }
        }
    }
}

/// Given names that are easily taken for each other, for abbreviations or for titles.
const SIBLINGS: [&str; 39] = [
    "Fitriani",
    "Fitriana",
    "Fitri",
    "Nur Fitriani",
    "Nur",
    "Nuraini",
    "Nur Aina",
    "Hasan",
    "Husein",
    "Husain",
    "Muhammad Hasan",
    "Muhammad Husein",
    "M. Hasyim",
    "Ahmad",
    "Achmad",
    "Budi",
    "Rudi",
    "Budiman",
    "Dewi",
    "Dwi",
    "Tri",
    "Siti",
    "Sita",
    "Putu Eka",
    "I Putu Dwi",
    "Ni Putu Dwi",
    "Mei Hua",
    "Mei Hui",
    "Li Mei",
    "Ajeng",
    "Ayu Ajeng",
    "Hadi",
    "Rahmat",
    "Maria",
    "Mario",
    "Marie-Claire",
    "Jörg",
    "Jürgen",
    "Adams",
];

#[test]
fn a_birth_date_decides_before_any_name() {
    for case in corpus() {
        let other_day = Case {
            document_born: "1999-12-31".to_owned(),
            ..case
        };
        let certificate = certificate(&other_day.certificate, "1999-12-30");
        let found = compare(&certificate, &holder(&other_day));
        assert_eq!(found, Identity::Mismatch, "{}", other_day.place);
    }
}

fn named(name: Named<'_>) -> Result<Holder, lintas::failure::Failure> {
    Holder::read(Some(name), Some("1985-01-20"), None)
}

fn budi() -> HealthCertificate {
    certificate("Santoso / Budi", "1985-01-20")
}

#[test]
fn a_holder_that_cannot_be_read_is_refused_by_member_and_not_repeated() {
    let long = "SANTOSO ".repeat(1_250);
    let many = "S ".repeat(33);
    let zone = zone("td3", "SANTOSO<<BUDI", "1985-01-20");
    let digits = zone.replacen("BUDI", "BUD1", 1);
    let spaced = zone.replacen("<<BUDI", "  BUDI", 1);
    let shorter = zone.replacen("<\n", "\n", 1);
    let nameless = zone.replacen("SANTOSO<<BUDI", "<<<<<<<<<<<<<", 1);
    let other_day = zone.replacen("850120", "850121", 1);
    let no_day = zone.replacen(
        &format!("850120{}", check_digit("850120")),
        &format!("851320{}", check_digit("851320")),
        1,
    );
    let whole = Named::Whole;
    for (name, birth_date, mrz, member) in [
        (None, Some("1985-01-20"), None, "holder"),
        (Some(whole(&long)), None, None, "holder.name"),
        (Some(whole(&many)), None, None, "holder.name"),
        (Some(whole("")), None, None, "holder.name"),
        (
            Some(whole("SANTOSO\u{0}<<<")),
            Some("20.01.1985"),
            None,
            "holder.birth_date",
        ),
        (Some(whole("- / ʼ")), None, None, "holder.name"),
        (Some(whole("\u{202e}\u{200b}")), None, None, "holder.name"),
        (
            Some(Named::Parts {
                family: "Santoso",
                given: &long,
            }),
            None,
            None,
            "holder.name",
        ),
        (
            Some(Named::Parts {
                family: "",
                given: " ",
            }),
            None,
            None,
            "holder.name",
        ),
        (
            Some(whole("Budi")),
            Some("1985-02-30"),
            None,
            "holder.birth_date",
        ),
        (
            Some(whole("Budi")),
            Some("1815-01-20"),
            None,
            "holder.birth_date",
        ),
        (None, None, Some(long.as_str()), "holder.mrz"),
        (None, None, Some(""), "holder.mrz"),
        (None, None, Some(digits.as_str()), "holder.mrz"),
        (None, None, Some(spaced.as_str()), "holder.mrz"),
        (None, None, Some(shorter.as_str()), "holder.mrz"),
        (None, None, Some(nameless.as_str()), "holder.mrz"),
        (None, None, Some(other_day.as_str()), "holder.mrz"),
        (None, None, Some(no_day.as_str()), "holder.mrz"),
        (None, None, Some("SÄNTOSO<<BUDI"), "holder.mrz"),
    ] {
        let failure = Holder::read(name, birth_date, mrz).unwrap_err();
        assert_eq!(
            (failure.code(), failure.member()),
            (Code::RequestInvalid, Some(member))
        );
        let told = failure.to_string().to_uppercase();
        assert!(
            !["SANTOSO", "BUD", "1985", "8501", "SÄN"]
                .iter()
                .any(|it| told.contains(it)),
            "{told}"
        );
    }
}

#[test]
fn a_zone_is_read_with_line_breaks_of_any_kind_or_none() {
    for size in ["td1", "td2", "td3"] {
        let zone = zone(size, "SANTOSO<<BUDI", "1985-01-20");
        for text in [
            zone.clone(),
            zone.replace('\n', ""),
            zone.replace('\n', "\r\n"),
            zone.replace('\n', "\r"),
            format!(" {}\n", zone.replace('\n', " \n ")),
            zone.to_lowercase(),
        ] {
            let holder = Holder::read(None, None, Some(&text)).unwrap();
            assert_eq!(compare(&budi(), &holder), Identity::Exact, "{text}");
        }
    }
}

/// A zone with `text` from `place` on.
fn overwritten(zone: &str, place: usize, text: &str) -> String {
    let mut zone = zone.to_owned();
    zone.replace_range(place..place + text.len(), text);
    zone
}

#[test]
fn no_digit_that_a_zone_checks_can_be_changed_alone() {
    // Places in the lines as they are written, with a break between them.
    for (size, checked) in [
        ("td1", &[5..15, 31..38, 39..46, 60..61][..]),
        ("td2", &[37..47, 50..57, 58..65, 72..73]),
        ("td3", &[45..55, 58..65, 66..73, 88..89]),
    ] {
        let zone = zone(size, "SANTOSO<<BUDI", "1985-01-20");
        Holder::read(None, None, Some(&zone)).unwrap();
        let mut changed = 0;
        for place in checked.iter().cloned().flatten() {
            for digit in '0'..='9' {
                if zone[place..].starts_with(digit)
                    || !zone[place..].starts_with(|it: char| it.is_ascii_digit())
                {
                    continue;
                }
                let text = overwritten(&zone, place, &digit.to_string());
                let failure = Holder::read(None, None, Some(&text)).unwrap_err();
                assert_eq!(failure.member(), Some("holder.mrz"), "{text}");
                changed += 1;
            }
        }
        assert!(changed >= 150, "{size}: {changed}");
    }
}

#[test]
fn a_visa_has_no_composite_digit_and_a_card_may_have_a_long_number() {
    let exact = |text: &str| {
        let holder = Holder::read(None, None, Some(text)).unwrap();
        assert_eq!(compare(&budi(), &holder), Identity::Exact, "{text}");
    };
    for (size, place) in [("td3", 74), ("td2", 66)] {
        let zone = zone(size, "SANTOSO<<BUDI", "1985-01-20");
        let visa = overwritten(&overwritten(&zone, 0, "V"), place, "6ZE184");
        exact(&visa);
        let number = overwritten(&visa, zone.find('\n').unwrap() + 2, "9");
        assert!(Holder::read(None, None, Some(&number)).is_err(), "{number}");
    }
    // The number is D23145890734, with 9 as its digit; as in Doc 9303 part 5.
    let card = zone("td1", "SANTOSO<<BUDI", "1985-01-20");
    for (number, read) in [
        ("D23145890<7349", true),
        ("D23145890<7348", false),
        ("D23145890<<<<<", false),
    ] {
        let card = overwritten(&card, 5, number);
        let composite = card[5..30].to_owned() + &card[31..38] + &card[39..46] + &card[49..60];
        let card = overwritten(&card, 60, &check_digit(&composite).to_string());
        match read {
            true => exact(&card),
            false => assert!(Holder::read(None, None, Some(&card)).is_err(), "{card}"),
        }
    }
}

#[test]
fn of_several_documents_the_weakest_counts() {
    let zone = |name, born| zone("td3", name, born);
    let budi_zone = zone("SANTOSO<<BUDI", "1985-01-20");
    for (name, birth_date, mrz, found) in [
        ("SANTOSO/BUDI", "1985-01-20", &budi_zone, Identity::Exact),
        (
            "SANTOSO/BUDI MR",
            "1985-01-20",
            &budi_zone,
            Identity::TitleDropped,
        ),
        ("SANTOSA/BUDI", "1985-01-20", &budi_zone, Identity::Near),
        ("SANTOSO/JOKO", "1985-01-20", &budi_zone, Identity::Mismatch),
        ("SANTOSO/BUDI", "1985-01-21", &budi_zone, Identity::Mismatch),
        (
            "SANTOSO/BUDI",
            "1985",
            &budi_zone,
            Identity::PartialBirthDate,
        ),
        (
            "SANTOSO/BUDI",
            "1985-01-20",
            &zone("SANTOSO<<JOKO", "1985-01-20"),
            Identity::Mismatch,
        ),
        (
            "SANTOSO/BUDI",
            "1985-01-20",
            &zone("SANTOSO<<BUDI", "1985-01-21"),
            Identity::Mismatch,
        ),
        // What cannot be compared gives way to what can.
        ("山本", "1985-01-20", &budi_zone, Identity::Exact),
    ] {
        let holder = Holder::read(Some(Named::Whole(name)), Some(birth_date), Some(mrz)).unwrap();
        assert_eq!(compare(&budi(), &holder), found, "{name} {birth_date}");
    }
}

#[test]
fn hostile_texts_are_bounded_and_match_nobody() {
    let ten_kilobytes = "Santoso".repeat(1_463);
    let words = "Budi ".repeat(160);
    let marks = format!("Bu{}di Santoso", "\u{301}".repeat(390));
    for full in [
        &ten_kilobytes,
        &words,
        "",
        " ",
        "<<",
        "\u{0}",
        "Budi\u{202e}Santoso",
        "Budi\u{1b}[2J",
    ] {
        let name = PersonName {
            full: Some(full.into()),
            ..nameless()
        };
        let holder = named(Named::Whole("Budi Santoso")).unwrap();
        let found = compare(&person(name, "1985-01-20"), &holder);
        assert_eq!(found, Identity::NotComparable);
    }
    // A spelling that is not compared takes nothing from one that is.
    let name = PersonName {
        family: Some(ten_kilobytes.into()),
        family_icao: Some("SANTOSO".into()),
        given_icao: Some("BUDI".into()),
        ..nameless()
    };
    let holder = named(Named::Whole("Budi Santoso")).unwrap();
    assert_eq!(
        compare(&person(name, "1985-01-20"), &holder),
        Identity::Exact
    );
    for (typed, found) in [
        (marks.as_str(), Identity::Exact),
        ("Budi\u{202e} Santoso", Identity::NotComparable),
        ("Budi\u{7} Santoso", Identity::NotComparable),
        ("Budi\tSantoso\r\n", Identity::Exact),
        ("Budi////Santoso", Identity::SameTokens),
        ("Budi,,,, Santoso,", Identity::SameTokens),
    ] {
        let holder = named(Named::Whole(typed)).unwrap();
        assert_eq!(compare(&budi(), &holder), found, "{typed:?}");
    }
    let both = PersonName {
        full: Some("".into()),
        ..nameless()
    };
    let holder = named(Named::Whole("王")).unwrap();
    assert_eq!(
        compare(&person(both, "1985-01-20"), &holder),
        Identity::NotComparable
    );
}

fn nameless() -> PersonName {
    PersonName {
        family: None,
        given: None,
        family_icao: None,
        given_icao: None,
        full: None,
    }
}

#[test]
fn a_finding_says_the_tier_and_nothing_of_the_person() {
    for tier in Identity::ALL {
        let finding = tier.finding();
        let told = finding.map(|it| (it.code, it.code.class(), it.detail));
        let expected = match tier.agreement() {
            Agreement::Match => None,
            Agreement::Check => Some((
                Code::IdentityCheck,
                Class::Indeterminate,
                tier.name().to_owned(),
            )),
            Agreement::Mismatch => {
                let detail = "names or birth dates differ".to_owned();
                Some((Code::IdentityMismatch, Class::Rejected, detail))
            }
        };
        assert_eq!(told, expected);
    }
    let holder = named(Named::Whole("Budi Santoso")).unwrap();
    assert_eq!(
        format!("{holder:?} {:?}", Named::Whole("Budi")),
        "<redacted> <redacted>"
    );
}
