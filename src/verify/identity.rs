//! Whether a certificate is about the person who shows it: names and birth dates, compared in named tiers.
//!
//! Refuses to match what is only alike: one letter, a name more, a title that may be a name, or a birth date in part is for a
//! person to check. Nothing is never equal to nothing.
//!
//! Source: ICAO Doc 9303 part 3, sections 4.6 (names in the zone, and how they are cut) and 6 (transliteration).

mod alike;
mod birth;
mod holder;
mod name;
mod stated;
mod titles;
mod zone;

use self::alike::{Cut, bare, contradict, cut, doubtful, is_one_of_two, near, partial, same};
use self::birth::{Birth, Dates};
use self::holder::{MAX_NAME, MAX_WORDS, Shown};
use self::name::{Name, equal};
use super::verdict::Finding;
use crate::failure::Code;
use crate::model::{HealthCertificate, Person, PersonName};

pub use holder::{Holder, Named};

/// How far certificate and holder agree, the strongest tier first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The same words in the same places.
    Exact,
    /// The same words in other places, or parted otherwise.
    SameTokens,
    /// The same, where one side says a single name twice or fills the empty part.
    Mononym,
    /// The zone's name fills its field, and the certificate's begins with it.
    MrzTruncated,
    /// The same but for titles, degrees, forms of address, and `bin` or `binti`.
    TitleDropped,
    /// One edit in one long word; a form of address written to a name; or titles apart that may be two people's.
    Near,
    /// Names of one side are missing or abbreviated on the other.
    PartialName,
    /// The names match, and a birth date is not wholly known.
    PartialBirthDate,
    /// A side has no name in Latin letters.
    NotComparable,
    /// Names or birth dates differ.
    Mismatch,
}

/// What a tier means at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// It is the same person.
    Match,
    /// A person has to look.
    Check,
    /// It is another person.
    Mismatch,
}

impl Identity {
    /// Every tier, the strongest first.
    pub const ALL: [Self; 10] = [
        Self::Exact,
        Self::SameTokens,
        Self::Mononym,
        Self::MrzTruncated,
        Self::TitleDropped,
        Self::Near,
        Self::PartialName,
        Self::PartialBirthDate,
        Self::NotComparable,
        Self::Mismatch,
    ];

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::SameTokens => "same_tokens",
            Self::Mononym => "mononym",
            Self::MrzTruncated => "mrz_truncated",
            Self::TitleDropped => "title_dropped",
            Self::Near => "near",
            Self::PartialName => "partial_name",
            Self::PartialBirthDate => "partial_birth_date",
            Self::NotComparable => "not_comparable",
            Self::Mismatch => "mismatch",
        }
    }

    /// The tier with this machine name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What it means at the gate.
    pub fn agreement(self) -> Agreement {
        match self {
            Self::Exact
            | Self::SameTokens
            | Self::Mononym
            | Self::MrzTruncated
            | Self::TitleDropped => Agreement::Match,
            Self::Near | Self::PartialName | Self::PartialBirthDate | Self::NotComparable => {
                Agreement::Check
            }
            Self::Mismatch => Agreement::Mismatch,
        }
    }

    /// What speaks against the certificate: nothing, `identity_check` with the tier, or `identity_mismatch`.
    pub fn finding(self) -> Option<Finding> {
        let failure = match self.agreement() {
            Agreement::Match => return None,
            Agreement::Check => Code::IdentityCheck.because(self.name()),
            Agreement::Mismatch => Code::IdentityMismatch.because("names or birth dates differ"),
        };
        Some(Finding::from(&failure))
    }
}

impl Agreement {
    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Check => "check",
            Self::Mismatch => "mismatch",
        }
    }
}

/// How far the person whom `certificate` is about and `holder` agree.
///
/// Of the certificate's spellings the best counts, of the holder's documents the weakest. Never fails; a name of over 32 words
/// or 800 bytes is not compared.
pub fn compare(certificate: &HealthCertificate, holder: &Holder) -> Identity {
    let person = &certificate.person;
    let spellings = spellings(&person.name);
    let best = |document: &Name| spellings.iter().map(|it| named(it, document)).min();
    let shown = |document: &Shown| {
        let read = best(&document.name)?;
        let otherwise = document.otherwise.as_ref().and_then(best);
        Some(match (read, otherwise) {
            // It is theirs by the less likely reading.
            (Identity::Mismatch, Some(other)) if other != Identity::Mismatch => {
                Identity::PartialName
            }
            (read, _) => read,
        })
    };
    let documents = holder.names.iter().flatten();
    let names = documents.filter_map(shown).max();
    born(names, holder.born(person.birth_date))
}

/// How far the people agree whom two certificates are about, the same in both orders. The best of their spellings counts.
pub(super) fn compare_two(mine: &Person, theirs: &Person) -> Identity {
    let (spellings, their_spellings) = (spellings(&mine.name), spellings(&theirs.name));
    let pairs = spellings.iter().flat_map(|mine| {
        their_spellings
            .iter()
            .map(move |theirs| named(mine, theirs))
    });
    let dates = Birth::of(mine.birth_date).agrees(theirs.birth_date);
    born(pairs.min(), dates)
}

/// The tier of people whose names and birth dates agree so far; `None` where there are no names to compare.
fn born(names: Option<Identity>, dates: Dates) -> Identity {
    let names = names.unwrap_or(Identity::NotComparable);
    match (dates, names.agreement()) {
        (Dates::Same, _) => names,
        (Dates::Partial, Agreement::Match) => Identity::PartialBirthDate,
        (Dates::Partial, Agreement::Check) if names == Identity::NotComparable => names,
        (Dates::Partial | Dates::Different, _) => Identity::Mismatch,
    }
}

/// The spellings of a certificate's name that can be compared.
fn spellings(name: &PersonName) -> Vec<Name> {
    // A part that was written and not transliterated is missing in the transliteration.
    let transliterated = (name.family_icao.is_some() || name.family.is_none())
        && (name.given_icao.is_some() || name.given.is_none());
    let icao = transliterated.then_some((&name.family_icao, &name.given_icao));
    let parts = icao.into_iter().chain([(&name.family, &name.given)]);
    let parts = parts.map(|(family, given)| {
        let (family, given) = (family.as_deref(), given.as_deref());
        let (family, given) = (family.unwrap_or_default(), given.unwrap_or_default());
        let fits = family.len().max(given.len()) <= MAX_NAME;
        fits.then(|| Name::of_parts(family, given)).flatten()
    });
    let full = name.full.as_deref().filter(|full| full.len() <= MAX_NAME);
    let spellings = parts.chain([full.and_then(Name::of_text)]).flatten();
    let compared = 1..=MAX_WORDS;
    spellings
        .filter(|it| compared.contains(&it.len()))
        .collect()
}

/// How far two names agree; `document` is the one that may be cut.
fn named(certificate: &Name, document: &Name) -> Identity {
    let exact = match certificate.parted && document.parted {
        true => {
            equal(&certificate.family, &document.family)
                && equal(&certificate.given, &document.given)
        }
        false => equal(certificate.given_first(), document.given_first()),
    };
    if exact {
        return Identity::Exact;
    }
    if contradict(certificate, document) {
        return Identity::Mismatch;
    }
    if same(certificate, document) {
        return match (certificate.len(), document.len()) {
            (1, 1) => Identity::Mononym,
            _ => Identity::SameTokens,
        };
    }
    let (bare, their_bare) = bare(certificate, document);
    let sure = |tier| match doubtful(&bare, &their_bare) {
        true => Identity::Near,
        false => tier,
    };
    if same(&certificate.once(), &document.once()) {
        return sure(Identity::Mononym);
    }
    if cut(certificate, document, Cut::AtTheEnd) {
        return sure(Identity::MrzTruncated);
    }
    let (name, their_name) = (&bare.name, &their_bare.name);
    if same(name, their_name) || cut(name, their_name, Cut::AtTheEnd) {
        match is_one_of_two(&bare, &their_bare) {
            true => Identity::Near,
            false => sure(Identity::TitleDropped),
        }
    } else if near(name, their_name) {
        Identity::Near
    } else if partial(name, their_name) || cut(name, their_name, Cut::Anywhere) {
        Identity::PartialName
    } else {
        Identity::Mismatch
    }
}
