//! What stands beside a name and is no part of it, as data: titles, degrees, forms of address.
//!
//! Refuses inconsistent lists: see [`Titles::parse`].
//!
//! Source: names/titles.toml.

use super::name::Word;
use crate::failure::{Code, Failure};
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The lists, each in words of `A-Z`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Titles {
    before: BTreeSet<String>,
    after: BTreeSet<String>,
    address: BTreeSet<String>,
    unnamed: BTreeSet<String>,
    links: BTreeSet<String>,
    men: BTreeSet<String>,
    women: BTreeSet<String>,
    spelt: BTreeMap<String, BTreeSet<String>>,
    borne: BTreeMap<String, BTreeSet<String>>,
    abbreviated: BTreeMap<String, BTreeSet<String>>,
}

/// The lists that this program was built with.
pub(super) fn titles() -> &'static Titles {
    // The file is part of the program and a test reads it, so an error here never reaches a user.
    static TITLES: LazyLock<Titles> = LazyLock::new(|| {
        Titles::parse(include_str!("../../../names/titles.toml")).unwrap_or_default()
    });
    &TITLES
}

impl Titles {
    /// The lists in `text`, TOML.
    ///
    /// # Errors
    /// `configuration_invalid`, naming the list: it is missing, empty or unknown; an entry is not of `A-Z`, has more than
    /// two words, or more than one outside `before`; it is a single letter outside `before`; it stands in two lists other than
    /// `before` and `after`; an abbreviation is not shorter than its name; `men`, `women`, `spelt` or `borne` has what is in no
    /// list, or what is in the list beside it.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = |why: String| Code::ConfigurationInvalid.because(format!("titles: {why}"));
        let titles: Self =
            toml::from_str(text).map_err(|error| invalid(error.message().to_owned()))?;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (list, entries) in [
            ("before", &titles.before),
            ("after", &titles.after),
            ("address", &titles.address),
            ("unnamed", &titles.unnamed),
            ("links", &titles.links),
        ] {
            if entries.is_empty() {
                return Err(invalid(format!("`{list}` is empty")));
            }
            for entry in entries {
                let (before, words) = (list == "before", entry.split(' ').count());
                if !entry.split(' ').all(in_letters) || words > if before { MAX_WORDS } else { 1 } {
                    return Err(invalid(format!("`{list}` holds what is no title")));
                }
                if entry.len() == 1 && !before {
                    return Err(invalid(format!("`{list}` holds a single letter")));
                }
                let both = list == "after" && titles.before.contains(entry);
                if !seen.insert(entry) && !both {
                    return Err(invalid(format!("`{list}` repeats another list")));
                }
            }
        }
        for (name, shorts) in &titles.abbreviated {
            let right = |short: &String| in_letters(short) && short.len() < name.len();
            if !in_letters(name) || !shorts.iter().all(right) {
                return Err(invalid("`abbreviated` holds what is no name".to_owned()));
            }
        }
        let listed = |entry: &String| seen.contains(entry.as_str());
        let named = |table: &BTreeMap<String, BTreeSet<String>>| {
            let same = table.values().flatten();
            table.keys().chain(same).all(listed)
        };
        for (list, right) in [
            ("men", titles.men.iter().all(listed)),
            ("women", titles.women.iter().all(listed)),
            ("spelt", named(&titles.spelt)),
            ("borne", named(&titles.borne)),
        ] {
            if !right {
                return Err(invalid(format!("`{list}` holds what is no title")));
            }
        }
        let twice = titles.borne.keys().any(|it| titles.spelt.contains_key(it));
        if twice || !titles.men.is_disjoint(&titles.women) {
            return Err(invalid(
                "an entry is in two lists that exclude each other".to_owned(),
            ));
        }
        Ok(titles)
    }

    /// How many words at the front of `words` are one title or form of address; 0 if none.
    ///
    /// A single letter is one only where a word follows.
    pub(super) fn front(&self, words: &[Word]) -> usize {
        match words {
            [first, second, ..]
                if self
                    .before
                    .contains(&format!("{} {}", first.icao(), second.icao())) =>
            {
                2
            }
            [first, rest @ ..] if self.before.contains(first.icao()) || self.is_address(first) => {
                usize::from(first.icao().len() > 1 || !rest.is_empty())
            }
            _ => 0,
        }
    }

    /// Whether `word` is a degree, or a form of address, behind a name.
    pub(super) fn is_behind(&self, word: &Word) -> bool {
        self.after.contains(word.icao()) || self.is_address(word)
    }

    /// Whether `word` is any title, degree or form of address.
    pub(super) fn is_any(&self, word: &Word) -> bool {
        self.before.contains(word.icao()) || self.is_behind(word)
    }

    /// Whether `word` is a form of address.
    pub(super) fn is_address(&self, word: &Word) -> bool {
        self.address.contains(word.icao())
    }

    /// Whether `word` says that there is no name.
    pub(super) fn is_unnamed(&self, word: &Word) -> bool {
        self.unnamed.contains(word.icao())
    }

    /// Whether `word` links a name to the father's.
    pub(super) fn is_link(&self, word: &Word) -> bool {
        self.links.contains(word.icao())
    }

    /// Whether these titles and links say that their bearer is a man, and that she is a woman.
    pub(super) fn sexes<'t>(&self, said: impl IntoIterator<Item = &'t str>) -> (bool, bool) {
        said.into_iter().fold((false, false), |(man, woman), it| {
            (
                man || self.men.contains(it),
                woman || self.women.contains(it),
            )
        })
    }

    /// Whether `title` spells an ordinary name.
    pub(super) fn is_spelt(&self, title: &str) -> bool {
        self.spelt.contains_key(title)
    }

    /// Whether one of `mine` may be a name, and `theirs` have another title in its place.
    pub(super) fn differ(&self, mine: &[SmolStr], theirs: &[SmolStr]) -> bool {
        let titles = |said: &[SmolStr]| -> Vec<SmolStr> {
            let titles = said.iter().filter(|it| {
                !self.address.contains(it.as_str()) && !self.links.contains(it.as_str())
            });
            titles.cloned().collect()
        };
        let (mine, theirs) = (titles(mine), titles(theirs));
        mine.iter().any(|title| {
            let (same, anywhere) = match self.spelt.get(title.as_str()) {
                Some(same) => (Some(same), true),
                None => (self.borne.get(title.as_str()), false),
            };
            same.is_some_and(|same| {
                let says = |it: &SmolStr| it == title || same.contains(it.as_str());
                let another = |it: &SmolStr| {
                    !mine.contains(it) && (anywhere || self.before.contains(it.as_str()))
                };
                !theirs.iter().any(says) && theirs.iter().any(another)
            })
        })
    }

    /// Whether `short` is how `name` is often written.
    pub(super) fn abbreviates(&self, short: &str, name: &str) -> bool {
        let shorts = self.abbreviated.get(name);
        shorts.is_some_and(|shorts| shorts.contains(short))
    }

    /// `word` without the form of address that is written to its end, where at least [`MIN_GLUED`] letters are left.
    pub(super) fn unglued(&self, word: &Word) -> Option<Word> {
        let mut ends = self.address.iter();
        ends.find_map(|end| {
            let rest = word.icao().strip_suffix(end.as_str())?;
            (rest.len() >= MIN_GLUED).then(|| Word::of_letters(rest))
        })
    }
}

fn in_letters(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

const MAX_WORDS: usize = 2;
const MIN_GLUED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: &str = include_str!("../../../names/titles.toml");

    #[test]
    fn the_embedded_lists_are_read() {
        Titles::parse(TITLES).unwrap();
        assert!(titles().is_address(&Word::of_letters("MR")));
    }

    #[test]
    fn an_inconsistent_list_is_refused_by_name() {
        for (from, to, told) in [
            ("\"BUYA\"", "\"buya\"", "`before` holds what is no title"),
            ("\"BUYA\"", "\"\"", "`before` holds what is no title"),
            ("\"BUYA\"", "\"A B C\"", "`before` holds what is no title"),
            ("\"AMD\"", "\"A MD\"", "`after` holds what is no title"),
            ("\"AMD\"", "\"A\"", "`after` holds a single letter"),
            ("\"CHD\"", "\"SH\"", "`address` repeats another list"),
            ("\"BTE\"", "\"DR\"", "`links` repeats another list"),
            ("links =", "link =", "unknown field"),
            (
                "\"ABD\"",
                "\"ABDUL\"",
                "`abbreviated` holds what is no name",
            ),
            ("SITI =", "Siti =", "`abbreviated` holds what is no name"),
            ("unnamed = [", "unnamed = []\nlinks = [", "duplicate key"),
            (
                "\"MSTR\", \"RADEN",
                "\"LORD\", \"RADEN",
                "`men` holds what is no title",
            ),
            (
                "\"DATIN\", \"DRA\"",
                "\"LADY\"",
                "`women` holds what is no title",
            ),
            ("\"DATIN\", \"DRA\"", "\"MR\"", "exclude each other"),
            ("SHI = []", "LEE = []", "`spelt` holds what is no title"),
            (
                "TUAN = [\"TN\"]",
                "TUAN = [\"SIR\"]",
                "`borne` holds what is no title",
            ),
            ("TUAN = [\"TN\"]", "SHI = []", "exclude each other"),
        ] {
            assert!(TITLES.contains(from), "{from}");
            let failure = Titles::parse(&TITLES.replacen(from, to, 1)).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid);
            assert!(failure.detail().contains(told), "{told}: {failure}");
        }
        let empty = "before = []\nafter = []\naddress = []\nunnamed = []\nlinks = []\nmen = []\nwomen = []\n[spelt]\n[borne]\n[abbreviated]";
        assert!(Titles::parse(empty).is_err());
    }
}
