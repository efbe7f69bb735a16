//! A name in words of `A-Z`, and the forms of it that are compared.
//!
//! Refuses to guess other scripts: a name with a character that has no transliteration is no [`Name`]. Takes no title for all of
//! a part.
//!
//! Source: ICAO Doc 9303 part 3, section 4.6 (punctuation in names) and section 6 (transliteration).

use super::titles::titles;
use crate::model::{transliterate, transliterate_otherwise};
use smol_str::SmolStr;

/// A word in both transliterations, which seldom differ.
#[derive(Clone)]
pub(super) struct Word {
    icao: SmolStr,
    short: SmolStr,
}

impl Word {
    /// How long it is, by either transliteration.
    pub(super) const LENGTHS: [fn(&Self) -> usize; 2] =
        [|word| word.icao.len(), |word| word.short.len()];

    /// The word of these letters, `A-Z`.
    pub(super) fn of_letters(letters: &str) -> Self {
        Self {
            icao: letters.into(),
            short: letters.into(),
        }
    }

    /// The word that these make, written together.
    pub(super) fn joined(words: &[&Self]) -> Self {
        Self {
            icao: words.iter().map(|word| word.icao.as_str()).collect(),
            short: words.iter().map(|word| word.short.as_str()).collect(),
        }
    }

    /// Its letters, by the ICAO table.
    pub(super) fn icao(&self) -> &str {
        &self.icao
    }

    /// Whether `test` holds for a spelling of this word and one of `other`.
    pub(super) fn any(&self, other: &Self, test: impl Fn(&str, &str) -> bool) -> bool {
        let mut mine = self.spellings();
        mine.any(|mine| other.spellings().any(|theirs| test(mine, theirs)))
    }

    /// Its spellings: two where they differ.
    fn spellings(&self) -> impl Iterator<Item = &str> {
        let differ = usize::from(self.icao != self.short);
        [self.icao.as_str(), self.short.as_str()]
            .into_iter()
            .take(1 + differ)
    }

    /// Whether they have a spelling in common.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.any(other, |mine, theirs| mine == theirs)
    }

    fn is_initial(&self) -> bool {
        self.icao.len() == 1
    }
}

/// Whether they are the same words in the same order.
pub(super) fn equal<'w>(
    mine: impl IntoIterator<Item = &'w Word>,
    theirs: impl IntoIterator<Item = &'w Word>,
) -> bool {
    let (mut mine, mut theirs) = (mine.into_iter(), theirs.into_iter());
    loop {
        match (mine.next(), theirs.next()) {
            (None, None) => return true,
            (Some(mine), Some(theirs)) if mine.is(theirs) => {}
            _ => return false,
        }
    }
}

/// A name, in parts where they are told apart.
#[derive(Clone, Default)]
pub(super) struct Name {
    pub(super) family: Vec<Word>,
    /// The given names; all words of a name as one text.
    pub(super) given: Vec<Word>,
    /// Whether the parts were told apart.
    pub(super) parted: bool,
    /// The length of the field that it fills, so that it may be cut.
    pub(super) cut: Option<usize>,
}

impl Name {
    /// The name in these parts; `None` where a character has no transliteration.
    pub(super) fn of_parts(family: &str, given: &str) -> Option<Self> {
        Some(Self {
            family: words(family)?,
            given: words(given)?,
            parted: true,
            cut: None,
        })
    }

    /// The name in one text: `Given Family`, `FAMILY/GIVEN`, `FAMILY<<GIVEN` or `Family, Given`; `None` where a character has
    /// no transliteration.
    ///
    /// What follows a comma may also be a degree. A stroke between single letters (`a/l`) parts nothing.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        if let Some((family, given)) = text.split_once("<<") {
            return Self::of_parts(family, given);
        }
        let mut family = None;
        let mut rest = String::with_capacity(text.len());
        for (index, piece) in text.split('/').enumerate() {
            let between_letters =
                alone(rest.split_whitespace().last()) && alone(piece.split_whitespace().next());
            if index == 1 && !between_letters {
                family = Some(std::mem::take(&mut rest));
            } else {
                rest.push(' ');
            }
            rest.push_str(piece);
        }
        if let Some(family) = family {
            return Self::of_parts(&family, &rest);
        }
        let pieces: Option<Vec<_>> = rest.split(',').map(words).collect();
        let titles = titles();
        let (names, beside): (Vec<_>, Vec<_>) = pieces?
            .into_iter()
            .partition(|piece| !piece.iter().all(|word| titles.is_any(word)));
        let beside = beside.into_iter().flatten();
        Some(match <[_; 2]>::try_from(names) {
            Ok([family, given]) => Self {
                family,
                given: given.into_iter().chain(beside).collect(),
                parted: true,
                cut: None,
            },
            Err(names) => Self {
                given: names.into_iter().flatten().chain(beside).collect(),
                ..Self::default()
            },
        })
    }

    /// How many words it has.
    pub(super) fn len(&self) -> usize {
        self.family.len() + self.given.len()
    }

    /// Its words, the given names first.
    pub(super) fn given_first(&self) -> Vec<&Word> {
        self.given.iter().chain(&self.family).collect()
    }

    /// Its words, the family name first.
    pub(super) fn family_first(&self) -> Vec<&Word> {
        self.family.iter().chain(&self.given).collect()
    }

    /// Without what says that a part is unknown, and once where it is said twice.
    #[must_use]
    pub(super) fn once(&self) -> Self {
        let titles = titles();
        let mut name = self.clone();
        name.family.retain(|word| !titles.is_unnamed(word));
        name.given.retain(|word| !titles.is_unnamed(word));
        if !name.family.is_empty() && name.given.iter().all(|word| titles.is_address(word)) {
            name.given.clear();
        }
        if name.len() == 0 {
            name = self.clone();
        }
        let words = name.given_first();
        let (first, second) = words.split_at(words.len() / 2);
        if !equal(first.iter().copied(), second.iter().copied()) {
            return name;
        }
        Self {
            family: first.iter().copied().cloned().collect(),
            given: Vec::new(),
            ..name
        }
    }

    /// Without titles, degrees, forms of address and links.
    ///
    /// No part loses its last word by it, but for a form of address in place of given names. Unchanged where no word of two
    /// letters would be left.
    pub(super) fn bare(&self, keep: Keep<'_>) -> Bare {
        let titles = titles();
        let mut bare = Bare {
            name: self.clone(),
            titles: Vec::new(),
            fathers: Vec::new(),
            initials: Vec::new(),
        };
        if !self.family.is_empty() && self.given.iter().all(|word| titles.is_address(word)) {
            let address = self.given.iter().map(|word| word.icao.clone());
            bare.titles.extend(address);
            bare.name.given.clear();
        } else {
            bare.name.given = bare.part(&self.given, false, keep);
        }
        bare.name.family = bare.part(&self.family, true, keep);
        if bare.name.given_first().iter().all(|word| word.is_initial()) {
            bare.name = self.clone();
            bare.initials.clear();
        }
        bare
    }

    /// With the form of address that is written to the last given name taken off; `None` where there is none.
    pub(super) fn unglued(&self) -> Option<Self> {
        let unglued = titles().unglued(self.given.last()?)?;
        let mut name = self.clone();
        *name.given.last_mut()? = unglued;
        Some(name)
    }
}

/// What stays though it may be a title.
#[derive(Clone, Copy)]
pub(super) struct Keep<'k> {
    /// Single letters, which may be somebody's initials.
    pub(super) initials: bool,
    /// What is a name on the other side.
    pub(super) words: &'k [Word],
}

impl Keep<'_> {
    fn keeps(self, words: &[Word]) -> bool {
        let held = |word: &Word| self.words.iter().any(|it| it.is(word));
        words.iter().any(held)
    }
}

/// A name without its titles, and what they were.
pub(super) struct Bare {
    pub(super) name: Name,
    /// Titles, degrees, forms of address and links, by their entries.
    pub(super) titles: Vec<SmolStr>,
    /// Titles of the father, behind a link.
    pub(super) fathers: Vec<SmolStr>,
    /// The single letters among them.
    pub(super) initials: Vec<SmolStr>,
}

impl Bare {
    /// A part without its titles; without its forms of address where nothing would be left; or as it is.
    fn part(&mut self, words: &[Word], family: bool, keep: Keep<'_>) -> Vec<Word> {
        for address_only in [false, true] {
            let stripped = Stripped::of(words, family, address_only, keep);
            let named = |word: &Word| !titles().is_unnamed(word);
            if stripped.rest.iter().any(named) {
                self.titles.extend(stripped.titles);
                self.fathers.extend(stripped.fathers);
                self.initials.extend(stripped.initials);
                return stripped.rest;
            }
        }
        words.to_vec()
    }
}

/// A part of a name without its titles.
#[derive(Default)]
struct Stripped {
    rest: Vec<Word>,
    titles: Vec<SmolStr>,
    fathers: Vec<SmolStr>,
    initials: Vec<SmolStr>,
}

impl Stripped {
    fn of(words: &[Word], family: bool, address_only: bool, keep: Keep<'_>) -> Self {
        let titles = titles();
        let mut part = Self::default();
        let mut left = words;
        while let Some((last, before)) = left.split_last() {
            let is_title = match address_only {
                true => titles.is_address(last),
                false => titles.is_behind(last),
            };
            // What a link leads to is a name.
            let linked = before.last().is_some_and(|it| titles.is_link(it));
            if !is_title || linked || keep.keeps(std::slice::from_ref(last)) {
                break;
            }
            part.titles.push(last.icao.clone());
            left = before;
        }
        let (mut at_front, mut fathers) = (true, false);
        while let Some((word, others)) = left.split_first() {
            let count = match (at_front, address_only) {
                (true, false) => titles.front(left),
                (true, true) => usize::from(titles.is_address(word)),
                (false, _) => 0,
            };
            // So is the last word behind a link.
            let count = if fathers && count == left.len() {
                0
            } else {
                count
            };
            let (title, rest) = left.split_at_checked(count).unwrap_or((&[], left));
            let stays = (keep.initials && word.is_initial()) || keep.keeps(title);
            if count > 0 && !stays {
                let entry: Vec<_> = title.iter().map(Word::icao).collect();
                let list = if fathers {
                    &mut part.fathers
                } else {
                    &mut part.titles
                };
                list.push(entry.join(" ").into());
                if word.is_initial() {
                    part.initials.push(word.icao.clone());
                }
                left = rest;
            } else if count > 0 {
                part.rest.extend(title.iter().cloned());
                (left, at_front) = (rest, false);
            } else if !address_only
                && titles.is_link(word)
                && !others.is_empty()
                && (family || !part.rest.is_empty())
            {
                part.titles.push(word.icao.clone());
                (left, at_front, fathers) = (others, true, true);
            } else {
                part.rest.push(word.clone());
                (left, at_front) = (others, false);
            }
        }
        part
    }
}

/// The words of `text`, which commas and strokes part, too; `None` where a character has no transliteration.
fn words(text: &str) -> Option<Vec<Word>> {
    let text = text.replace([',', '/'], " ");
    let (icao, short) = (transliterate(&text)?, transliterate_otherwise(&text)?);
    let pairs = icao.split('<').zip(short.split('<'));
    let words = pairs.map(|(icao, short)| Word {
        icao: icao.into(),
        short: short.into(),
    });
    Some(words.filter(|word| !word.icao.is_empty()).collect())
}

fn alone(word: Option<&str>) -> bool {
    word.is_some_and(|word| word.chars().count() == 1)
}
