//! Generated events of generated persons, each in all three forms: names with diacritics, in other scripts, with titles, single
//! and very long ones, birth dates as far as they are known. Every tenth is wrong on purpose, with its code and field.
//!
//! Everything follows from a seed: no clock, no chance.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use lintas::failure::Code;
use lintas::model::UnixTime;
use serde_json::{Map, Value, json};

/// The instant that the events are checked at: none of the good ones happened later.
pub fn checked_at() -> UnixTime {
    UnixTime::parse("2026-11-25T10:00:00Z").unwrap()
}

/// The header of [`Case::csv`].
pub const HEADER: &str = "source_id,action,family_name,given_name,family_name_icao,given_name_icao,birth_date,product,kfa,cvx,\
dose,date,lot,test,sampled_at,result,centre,first_positive,facility,operator,profiles,destination";

/// One event in three forms.
pub struct Case {
    pub source_id: String,
    /// In our own JSON.
    pub json: Value,
    /// A row under [`HEADER`].
    pub csv: String,
    /// A bundle.
    pub fhir: Value,
    /// How it is refused, if it is: code and field.
    pub refused: Option<(Code, &'static str)>,
    /// The same with that field set right, where it is refused.
    pub mended: Option<Box<Case>>,
}

impl Case {
    fn of(told: &Told) -> Self {
        Self {
            source_id: told.source_id.clone().unwrap_or_default(),
            json: told.json(),
            csv: told.csv(),
            fhir: told.fhir(),
            refused: None,
            mended: None,
        }
    }
}

/// `count` cases that follow from `seed`.
pub fn cases(seed: u64, count: usize) -> impl Iterator<Item = Case> {
    (0..count).map(move |number| {
        let number_64 = u64::try_from(number).unwrap();
        let mut dice = Dice(seed ^ (number_64 << 20));
        let mut told = Told::new(&mut dice, number);
        if number % 10 != 9 {
            return Case::of(&told);
        }
        let refused = told.spoil(&mut dice, number / 10);
        let mut case = Case::of(&told);
        told.mend(refused.1, number);
        case.refused = Some(refused);
        case.mended = Some(Box::new(Case::of(&told)));
        case
    })
}

fn vaccination(product: Product, dose: Option<u64>, date: &str, lot: &str) -> What {
    What::Vaccination {
        product,
        dose,
        date: date.to_owned(),
        lot: Some(lot.to_owned()),
    }
}

fn test(sampled_at: &str, detected: Option<bool>) -> What {
    What::Test {
        test: "pcr",
        loinc: Some("94500-6"),
        device: None,
        sampled_at: sampled_at.to_owned(),
        detected,
        centre: None,
    }
}

/// The generator `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'t, T: ?Sized>(&mut self, list: &[&'t T]) -> &'t T {
        let index = self.below(u64::try_from(list.len()).unwrap());
        list[usize::try_from(index).unwrap()]
    }
}

/// What an event says, in no form.
struct Told {
    source_id: Option<String>,
    action: Option<&'static str>,
    family: Option<String>,
    given: Option<String>,
    family_icao: Option<&'static str>,
    given_icao: Option<&'static str>,
    birth: String,
    what: What,
    facility: Option<String>,
    operator: Option<String>,
    profiles: Option<&'static [&'static str]>,
    destination: Option<&'static str>,
}

impl What {
    /// What happened, with what the form that is asked for demands, and in a form that there is for it.
    fn as_can_be(
        mut self,
        profiles: Option<&'static [&'static str]>,
        destination: Option<&'static str>,
    ) -> (Self, Option<&'static [&'static str]>) {
        let names = |name| profiles.is_some_and(|profiles| profiles.contains(&name));
        let mut wanted = profiles;
        match &mut self {
            Self::Vaccination { product, lot, .. } => {
                let in_eu = !product.lacks_eu_code();
                if names("eu_dcc") && !in_eu {
                    wanted = Some(&["who_ddcc"]);
                }
                let becomes_who = names("who_ddcc")
                    || !in_eu
                    || destination.is_some_and(|it| ["SA", "JP"].contains(&it));
                if becomes_who && lot.is_none() {
                    *lot = Some("WHO-1".to_owned());
                }
            }
            Self::Test { .. } => {}
            Self::Recovery { .. } if names("who_ddcc") => wanted = Some(&["eu_dcc"]),
            Self::Recovery { .. } => {}
        }
        (self, wanted)
    }
}

impl Product {
    fn lacks_eu_code(self) -> bool {
        match self {
            Self::Id(id) => ["indovac", "inavac", "awcorna"].contains(&id),
            Self::Cvx(code) => code == "513",
        }
    }
}

enum What {
    Vaccination {
        product: Product,
        dose: Option<u64>,
        date: String,
        lot: Option<String>,
    },
    Test {
        test: &'static str,
        loinc: Option<&'static str>,
        device: Option<&'static str>,
        sampled_at: String,
        detected: Option<bool>,
        centre: Option<&'static str>,
    },
    Recovery {
        first_positive: String,
    },
}

#[derive(Clone, Copy)]
enum Product {
    Id(&'static str),
    Cvx(&'static str),
}

impl Told {
    fn new(dice: &mut Dice, number: usize) -> Self {
        let (family, given, family_icao, given_icao) = name(dice);
        let birth = birth(dice);
        let vaccination = |dice: &mut Dice| {
            let (product, doses) = PRODUCTS[usize::try_from(dice.below(13)).unwrap()];
            What::Vaccination {
                product,
                dose: Some(1 + dice.below(doses)),
                date: day(dice),
                lot: (dice.below(3) > 0)
                    .then(|| format!("LOT-{}/{}", dice.below(1000), dice.below(9))),
            }
        };
        let what = match number % 4 {
            0 | 1 => vaccination(dice),
            2 => {
                let (test, loinc, device) = TESTS[usize::try_from(dice.below(5)).unwrap()];
                let zone = dice.of(&["Z", "+07:00", "+08:00", "+09:00"]);
                What::Test {
                    test,
                    loinc,
                    device,
                    sampled_at: format!(
                        "2026-11-24T{:02}:{:02}:00{zone}",
                        dice.below(24),
                        dice.below(60)
                    ),
                    detected: Some(dice.below(5) == 0),
                    centre: (dice.below(4) > 0).then(|| dice.of(CENTRES)),
                }
            }
            _ => What::Recovery {
                first_positive: format!("2026-{:02}-{:02}", 6 + dice.below(5), 1 + dice.below(28)),
            },
        };
        let entered = matches!(what, What::Vaccination { .. }) && dice.below(2) == 0;
        let (profiles, destination) = match dice.below(6) {
            0 => (Some(&["eu_dcc"][..]), None),
            1 => (Some(&["who_ddcc"][..]), None),
            2 => (Some(&["eu_dcc", "who_ddcc"][..]), None),
            3 => (None, Some(dice.of(&["DE", "FR", "SG", "SA", "JP"]))),
            _ => (None, None),
        };
        let (what, profiles) = what.as_can_be(profiles, destination);
        Self {
            source_id: Some(format!("NAR-2026-{number:06}")),
            action: [None, Some("new")][usize::try_from(dice.below(2)).unwrap()],
            family,
            given,
            family_icao,
            given_icao,
            birth,
            what,
            facility: Some(format!("31740{:02}", dice.below(40))),
            operator: entered.then(|| format!("clerk-{}", dice.below(90))),
            profiles,
            destination,
        }
    }

    /// Makes it wrong in the way `kind`, in turn.
    fn spoil(&mut self, dice: &mut Dice, kind: usize) -> (Code, &'static str) {
        let (good, today) = (Product::Cvx("511"), "2026-11-20");
        match kind % 26 {
            0 => self.what = vaccination(Product::Id("vaksin_x"), Some(1), today, "A1"),
            1 => self.what = vaccination(Product::Cvx("500"), Some(1), today, "A1"),
            2 => self.what = vaccination(good, Some(5 + dice.below(90)), today, "A1"),
            3 => self.what = vaccination(good, Some(0), today, "A1"),
            4 => self.what = vaccination(good, None, today, "A1"),
            5 => self.what = vaccination(good, Some(1), "2026-11-27", "A1"),
            6 => self.what = vaccination(good, Some(1), "20-11-2026", "A1"),
            7 => self.what = vaccination(good, Some(1), "2026-02-30", "A1"),
            8 => {
                self.birth = "2021-05".to_owned();
                self.what = vaccination(good, Some(1), "2021-04-30", "A1");
            }
            9 => self.what = vaccination(good, Some(1), today, "LOT NUMBER THAT IS TOO LONG"),
            10 => self.what = test("2026-11-24T08:00:00", Some(false)),
            11 => self.what = test("2026-11-25T17:00:01+07:00", Some(false)),
            12 => self.what = test("2026-11-24T08:00:00Z", None),
            13 => {
                (self.family, self.given, self.family_icao, self.given_icao) =
                    (None, None, None, None)
            }
            14 => (self.family, self.family_icao) = (Some("Кузнецова".to_owned()), None),
            15 => {
                self.family = Some("Ayu ".repeat(21).trim().to_owned());
                self.family_icao = None;
            }
            16 => self.family = Some("Sari\u{202e}iraS".to_owned()),
            17 => self.birth = "1988-02-30".to_owned(),
            18 => self.birth = "17-08-1988".to_owned(),
            19 => self.facility = None,
            20 => self.source_id = None,
            21 => self.source_id = Some("3174014107880003".to_owned()),
            22 => (self.profiles, self.destination) = (None, Some("Jerman")),
            23 => {
                self.what = vaccination(Product::Id("indovac"), Some(1), today, "A1");
                (self.profiles, self.destination) = (Some(&["eu_dcc"][..]), None);
            }
            24 => {
                let first_positive = "2026-10-02".to_owned();
                self.what = What::Recovery { first_positive };
                (self.profiles, self.destination) = (Some(&["who_ddcc"][..]), None);
            }
            _ => {
                let date = today.to_owned();
                let (product, dose, lot) = (good, Some(1), None);
                self.what = What::Vaccination {
                    product,
                    dose,
                    date,
                    lot,
                };
                (self.profiles, self.destination) = (None, Some("SA"));
            }
        }
        [
            (Code::ProductUnknown, "product"),
            (Code::ProductUnknown, "product"),
            (Code::DoseInvalid, "dose"),
            (Code::DoseInvalid, "dose"),
            (Code::EventInvalid, "dose"),
            (Code::ClaimInvalid, "date"),
            (Code::EventInvalid, "date"),
            (Code::EventInvalid, "date"),
            (Code::ClaimInvalid, "date"),
            (Code::EventInvalid, "lot"),
            (Code::EventInvalid, "sampled_at"),
            (Code::ClaimInvalid, "sampled_at"),
            (Code::EventInvalid, "result"),
            (Code::ClaimInvalid, "family_name"),
            (Code::ClaimInvalid, "family_name"),
            (Code::ClaimInvalid, "family_name"),
            (Code::ClaimInvalid, "family_name"),
            (Code::ClaimInvalid, "birth_date"),
            (Code::ClaimInvalid, "birth_date"),
            (Code::EventInvalid, "facility"),
            (Code::EventInvalid, "source_id"),
            (Code::EventInvalid, "source_id"),
            (Code::EventInvalid, "destination"),
            (Code::ProductHasNoEuCode, "profiles"),
            (Code::ClaimInvalid, "profiles"),
            (Code::EventInvalid, "lot"),
        ][kind % 26]
    }

    /// Sets `field` right, as somebody would who reads what is wrong with it.
    fn mend(&mut self, field: &str, number: usize) {
        match (field, &mut self.what) {
            ("product", What::Vaccination { product, .. }) => *product = Product::Cvx("511"),
            ("dose", What::Vaccination { dose, .. }) => *dose = Some(2),
            ("date", What::Vaccination { date, .. }) => *date = "2026-11-19".to_owned(),
            ("lot", What::Vaccination { lot, .. }) => *lot = Some("B2".to_owned()),
            ("sampled_at", What::Test { sampled_at, .. }) => {
                *sampled_at = "2026-11-24T08:00:00Z".to_owned();
            }
            ("result", What::Test { detected, .. }) => *detected = Some(true),
            ("family_name", _) => self.family = Some("Kusumawardhani".to_owned()),
            ("birth_date", _) => self.birth = "1988-02".to_owned(),
            ("facility", _) => self.facility = Some("3174001".to_owned()),
            ("source_id", _) => self.source_id = Some(format!("NAR-2026-{number:06}-B")),
            ("destination", _) => self.destination = Some("DE"),
            ("profiles", What::Vaccination { .. }) => self.profiles = Some(&["who_ddcc"]),
            ("profiles", _) => self.profiles = Some(&["eu_dcc"]),
            (field, _) => panic!("nobody knows how to mend {field}"),
        }
    }

    fn json(&self) -> Value {
        let mut person = Map::new();
        add(&mut person, "family_name", self.family.as_deref());
        add(&mut person, "given_name", self.given.as_deref());
        add(&mut person, "family_name_icao", self.family_icao);
        add(&mut person, "given_name_icao", self.given_icao);
        add(&mut person, "birth_date", Some(&self.birth));
        let mut event = Map::new();
        add(&mut event, "source_id", self.source_id.as_deref());
        add(&mut event, "action", self.action);
        event.insert("person".into(), Value::Object(person));
        let mut members = Map::new();
        let kind = match &self.what {
            What::Vaccination {
                product,
                dose,
                date,
                lot,
            } => {
                let product = match product {
                    Product::Id(id) => json!(id),
                    Product::Cvx(code) => json!({ "system": CVX, "code": code }),
                };
                members.insert("product".into(), product);
                members.insert("dose".into(), json!(dose));
                add(&mut members, "date", Some(date));
                add(&mut members, "lot", lot.as_deref());
                "vaccination"
            }
            What::Test {
                test,
                sampled_at,
                detected,
                centre,
                ..
            } => {
                add(&mut members, "test", Some(test));
                add(&mut members, "sampled_at", Some(sampled_at));
                add(&mut members, "result", Some(result(*detected)));
                add(&mut members, "centre", *centre);
                "test"
            }
            What::Recovery { first_positive } => {
                add(&mut members, "first_positive", Some(first_positive));
                "recovery"
            }
        };
        event.insert(kind.into(), Value::Object(members));
        add(&mut event, "facility", self.facility.as_deref());
        add(&mut event, "operator", self.operator.as_deref());
        if let Some(profiles) = self.profiles {
            event.insert("profiles".into(), json!(profiles));
        }
        add(&mut event, "destination", self.destination);
        Value::Object(event)
    }

    fn csv(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let mut cells = vec![
            text(&self.source_id),
            word(self.action),
            text(&self.family),
            text(&self.given),
            word(self.family_icao),
            word(self.given_icao),
            self.birth.clone(),
        ];
        let none = String::new;
        cells.extend(match &self.what {
            What::Vaccination {
                product,
                dose,
                date,
                lot,
            } => {
                let (id, cvx) = match product {
                    Product::Id(id) => (*id, ""),
                    Product::Cvx(code) => ("", *code),
                };
                let dose = dose.map(|dose| dose.to_string()).unwrap_or_default();
                let cells = [
                    id.to_owned(),
                    none(),
                    cvx.to_owned(),
                    dose,
                    date.clone(),
                    text(lot),
                ];
                [cells.to_vec(), vec![none(); 5]].concat()
            }
            What::Test {
                test,
                sampled_at,
                detected,
                centre,
                ..
            } => {
                let result = result(*detected).to_owned();
                let cells = [
                    (*test).to_owned(),
                    sampled_at.clone(),
                    result,
                    word(*centre),
                    none(),
                ];
                [vec![none(); 6], cells.to_vec()].concat()
            }
            What::Recovery { first_positive } => {
                [vec![none(); 10], vec![first_positive.clone()]].concat()
            }
        });
        cells.extend([
            text(&self.facility),
            text(&self.operator),
            self.profiles
                .map(|names| names.join(" "))
                .unwrap_or_default(),
            word(self.destination),
        ]);
        let quoted = |cell: String| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell,
        };
        cells.into_iter().map(quoted).collect::<Vec<_>>().join(",")
    }

    fn fhir(&self) -> Value {
        let mut names = Vec::new();
        if self.family.is_some() || self.given.is_some() {
            names.push(human(self.family.as_deref(), self.given.as_deref()));
        }
        if self.family_icao.is_some() || self.given_icao.is_some() {
            let mut latin = human(self.family_icao, self.given_icao);
            latin["extension"] = json!([{ "url": REPRESENTATION, "valueCode": "ABC" }]);
            names.push(latin);
        }
        let patient = json!({ "resourceType": "Patient", "id": "p", "name": names, "birthDate": self.birth,
            "identifier": [{ "system": "https://fhir.kemkes.go.id/id/nik", "value": "3174014107880003" }] });
        let mut tags = Vec::new();
        let mut tag = |of: &str, code: &str| {
            tags.push(json!({ "system": format!("urn:lintas:{of}"), "code": code }))
        };
        if let Some(action) = self.action {
            tag("action", action);
        }
        for profile in self.profiles.unwrap_or_default() {
            tag("profile", profile);
        }
        if let Some(country) = self.destination {
            tag("destination", country);
        }
        if matches!(self.what, What::Recovery { .. }) {
            tag("happening", "recovery");
        }
        let mut entries = vec![json!({ "fullUrl": "urn:uuid:p", "resource": patient })];
        let mut resource = self.resource(&mut entries);
        resource["meta"] = json!({ "tag": tags });
        if let Some(id) = &self.source_id {
            resource["identifier"] =
                json!([{ "system": "https://example.org/events", "value": id }]);
        }
        entries.push(json!({ "resource": resource }));
        json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
    }

    fn resource(&self, entries: &mut Vec<Value>) -> Value {
        let coded =
            |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
        let facility = self
            .facility
            .as_ref()
            .map(|id| format!("Organization/{id}"));
        let observation = |code: Value, at: &str, detected: Option<bool>| {
            let result = match detected {
                Some(true) => "260373001",
                Some(false) => "260415000",
                None => "419984006",
            };
            json!({ "resourceType": "Observation", "status": "final", "subject": { "reference": "urn:uuid:p" },
                "code": code, "effectiveDateTime": at,
                "performer": facility.as_ref().map(|to| json!([{ "reference": to }])),
                "valueCodeableConcept": coded("http://snomed.info/sct", result) })
        };
        match &self.what {
            What::Vaccination {
                product,
                dose,
                date,
                lot,
            } => {
                let product = match product {
                    Product::Id(id) => coded("urn:lintas:product", id),
                    Product::Cvx(code) => coded(CVX, code),
                };
                let mut performers = Vec::new();
                if let Some(to) = &facility {
                    performers.push(json!({ "actor": { "reference": to } }));
                }
                if let Some(operator) = &self.operator {
                    let function = coded("http://terminology.hl7.org/CodeSystem/v2-0443", "EP");
                    let actor = json!({ "reference": format!("Practitioner/{operator}") });
                    performers.push(json!({ "function": function, "actor": actor }));
                }
                json!({ "resourceType": "Immunization", "status": "completed", "vaccineCode": product,
                    "patient": { "reference": "Patient/p" }, "occurrenceDateTime": date, "lotNumber": lot,
                    "performer": performers, "protocolApplied": [{ "doseNumberPositiveInt": dose }] })
            }
            What::Test {
                test,
                loinc,
                device,
                sampled_at,
                detected,
                centre,
            } => {
                let code = match loinc {
                    Some(code) => coded("http://loinc.org", code),
                    None => coded("urn:lintas:test", test),
                };
                let mut resource = observation(code, sampled_at, *detected);
                if let (Some(name), Some(id)) = (centre, &self.facility) {
                    let organization =
                        json!({ "resourceType": "Organization", "id": id, "name": name });
                    entries.push(json!({ "resource": organization }));
                }
                if let Some(number) = device {
                    let system = "https://covid-19-diagnostics.jrc.ec.europa.eu/devices";
                    resource["device"] =
                        json!({ "identifier": { "system": system, "value": number } });
                }
                resource
            }
            What::Recovery { first_positive } => observation(
                coded("http://loinc.org", "94500-6"),
                first_positive,
                Some(true),
            ),
        }
    }
}

fn add(members: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        members.insert(name.to_owned(), json!(text));
    }
}

fn result(detected: Option<bool>) -> &'static str {
    match detected {
        Some(true) => "detected",
        Some(false) => "not_detected",
        None => "inconclusive",
    }
}

fn human(family: Option<&str>, given: Option<&str>) -> Value {
    let latin = |name: &str| name.replace('<', " ");
    let given = given.map(|given| vec![latin(given)]);
    json!({ "use": "official", "family": family.map(latin), "given": given })
}

fn birth(dice: &mut Dice) -> String {
    let (year, month, day) = (
        1920 + dice.below(90),
        1 + dice.below(12),
        1 + dice.below(28),
    );
    match dice.below(10) {
        0 => format!("{year}"),
        1 => format!("{year}-{month:02}"),
        2 => String::new(),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

/// A day in 2021 to 2025.
fn day(dice: &mut Dice) -> String {
    let (year, month, day) = (2021 + dice.below(5), 1 + dice.below(12), 1 + dice.below(28));
    format!("{year}-{month:02}-{day:02}")
}

type Name = (
    Option<String>,
    Option<String>,
    Option<&'static str>,
    Option<&'static str>,
);

fn name(dice: &mut Dice) -> Name {
    let (first, second) = (dice.of(GIVEN).to_owned(), dice.of(FAMILY).to_owned());
    match dice.below(12) {
        // One name alone, on either side.
        0 | 1 => (Some(first), None, None, None),
        2 => (None, Some(first), None, None),
        // Titles, as they are written in Indonesia.
        3 => (
            Some(format!("{second}, {}", dice.of(TITLES_AFTER))),
            Some(first),
            None,
            None,
        ),
        4 => (
            Some(second),
            Some(format!("{} {first}", dice.of(TITLES_BEFORE))),
            None,
            None,
        ),
        // Up to 80 characters.
        5 => {
            let mut long = first.clone();
            while long.len() < 70 {
                let more = dice.of(PLAIN);
                if long.len() + more.len() + 1 > 72 {
                    break;
                }
                long = format!("{long} {more}");
            }
            (Some(second), Some(long), None, None)
        }
        6 => {
            let (family, family_icao) = SCRIPTS[usize::try_from(dice.below(6)).unwrap()];
            let (given, given_icao) = SCRIPTS[usize::try_from(dice.below(6)).unwrap()];
            (
                Some(family.to_owned()),
                Some(given.to_owned()),
                Some(family_icao),
                Some(given_icao),
            )
        }
        7 => {
            let (family, family_icao) = SCRIPTS[usize::try_from(dice.below(6)).unwrap()];
            (Some(family.to_owned()), None, Some(family_icao), None)
        }
        _ => (Some(second), Some(first), None, None),
    }
}

const CVX: &str = "http://hl7.org/fhir/sid/cvx";
const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
/// Each with its doses, boosters among them.
const PRODUCTS: [(Product, u64); 13] = [
    (Product::Cvx("511"), 4),
    (Product::Id("sinopharm"), 4),
    (Product::Cvx("210"), 4),
    (Product::Cvx("207"), 4),
    (Product::Cvx("208"), 4),
    (Product::Id("janssen"), 3),
    (Product::Cvx("505"), 4),
    (Product::Cvx("506"), 3),
    (Product::Id("covovax"), 4),
    (Product::Cvx("513"), 5),
    (Product::Id("indovac"), 4),
    (Product::Id("inavac"), 4),
    (Product::Id("awcorna"), 4),
];
/// Each with the LOINC code and the device by which an observation tells it.
const TESTS: [(&str, Option<&str>, Option<&str>); 5] = [
    ("pcr", Some("94500-6"), None),
    ("pcr", Some("94845-5"), None),
    ("tcm", None, None),
    ("antigen_panbio", Some("94558-4"), Some("1232")),
    ("antigen_standard_q", Some("94558-4"), Some("345")),
];
const CENTRES: &[&str] = &[
    "Labkesda Probolinggo",
    "RSUD Dr. Soetomo, Surabaya",
    "Klinik \"Sehat\" Makassar",
];
const PLAIN: &[&str] = &[
    "Bambang", "Kusuma", "Wijaya", "Putra", "Ningrum", "Rahayu", "Sukma",
];
const GIVEN: &[&str] = &[
    "Siti",
    "Dewi Sartika",
    "I Gusti Ayu",
    "Muhammad Al-Fatih",
    "Nur'aini",
    "Budi",
    "François-Joan",
    "Zoë",
    "Nguyễn Thị",
    "Åsa",
    "Ñusta",
    "Łucja",
    "Renée",
    "Jürgen",
    "Ida  Bagus",
    "Ŝtefan",
    "Cut Nyak",
    "O’Brien",
];
const FAMILY: &[&str] = &[
    "Suharto",
    "Kusumawardhani",
    "Simanjuntak",
    "d'Arsøns - van Halen",
    "Müßig",
    "Þórsdóttir",
    "Œuvrard",
    "Đặng",
    "Señorita",
    "Al Hadi",
    "Ambarita-Hutapea",
    "Šťastný",
    "Yılmaz",
    "Ærø",
    "Tan",
    "Pulungan",
    "Øverland",
    "Ó Súilleabháin",
];
const TITLES_BEFORE: &[&str] = &["dr.", "H.", "Hj.", "Ir.", "Drs.", "R.A.", "Prof. Dr."];
const TITLES_AFTER: &[&str] = &["S.Kom.", "S.H., M.H.", "Sp.PD", "Ph.D.", "A.Md.Keb."];
const SCRIPTS: [(&str, &str); 6] = [
    ("Иванова", "IVANOVA"),
    ("李小龙", "LI<XIAOLONG"),
    ("สมชาย", "SOMCHAI"),
    ("محمد علي", "MOHAMMED<ALI"),
    ("ꦱꦶꦠꦶ", "SITI"),
    ("김민수", "KIM<MINSU"),
];
