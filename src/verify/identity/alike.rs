//! In which ways two names are alike.
//!
//! Refuses to be called with a name without words: nothing would be the same as nothing.
//!
//! Source: ICAO Doc 9303 part 3, section 4.6 (names in the zone), and part 4, section 4.2.3 (how names are cut: given names first,
//! and the primary identifier only where it would leave no room for a letter of them).

use super::name::{Bare, Keep, Name, Word, equal};
use super::titles::titles;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// Both without titles and said once. A title stays that is a name on the other side; single letters stay where they differ: `H.`
/// and `R.` may be two people's initials.
pub(super) fn bare(mine: &Name, theirs: &Name) -> (Bare, Bare) {
    let both = |initials| {
        let keep = |words| Keep { initials, words };
        let words = |name: &Name| {
            let bare = name.bare(keep(&[])).name;
            bare.given_first().into_iter().cloned().collect::<Vec<_>>()
        };
        let (my_words, their_words) = (words(mine), words(theirs));
        (mine.bare(keep(&their_words)), theirs.bare(keep(&my_words)))
    };
    let (mut bare, mut their_bare) = both(false);
    let differ = bare.initials != their_bare.initials;
    if differ && !bare.initials.is_empty() && !their_bare.initials.is_empty() {
        (bare, their_bare) = both(true);
    }
    (bare.name, their_bare.name) = (bare.name.once(), their_bare.name.once());
    (bare, their_bare)
}

/// Whether what the names were told without may tell two people apart: one is a man's and the other a woman's, or a title may be a
/// name in whose place the other has another.
pub(super) fn doubtful(mine: &Bare, theirs: &Bare) -> bool {
    let titles = titles();
    let sexes = |bare: &Bare| titles.sexes(bare.titles.iter().map(SmolStr::as_str));
    let all = |bare: &Bare| [bare.titles.as_slice(), bare.fathers.as_slice()].concat();
    let (all, their_all) = (all(mine), all(theirs));
    are_opposite(sexes(mine), sexes(theirs))
        || titles.differ(&all, &their_all)
        || titles.differ(&their_all, &all)
}

/// Whether one word is left of both, and one has besides what spells a name.
pub(super) fn is_one_of_two(mine: &Bare, theirs: &Bare) -> bool {
    let spelt = |mine: &Bare, theirs: &Bare| {
        let mut mine = mine.titles.iter().chain(&mine.fathers);
        mine.any(|it| titles().is_spelt(it) && !theirs.titles.contains(it))
    };
    mine.name.len().max(theirs.name.len()) == 1 && (spelt(mine, theirs) || spelt(theirs, mine))
}

/// Whether they have the same words in any order; words may be written together.
pub(super) fn same(mine: &Name, theirs: &Name) -> bool {
    let (left, their_left) = unmatched(&mine.given_first(), &theirs.given_first());
    let (left, their_left) = (Word::joined(&left), Word::joined(&their_left));
    if !left.any(&their_left, |mine, theirs| mine.len() == theirs.len()) {
        return false;
    }
    let orders = |name| [Name::given_first(name), Name::family_first(name)];
    let (mine, theirs) = (orders(mine), orders(theirs));
    mine.iter().any(|mine| {
        theirs.iter().any(|theirs| {
            let (mine, theirs) = unmatched(mine, theirs);
            Word::joined(&mine).is(&Word::joined(&theirs)) && are_parted_alike(&mine, &theirs)
        })
    })
}

/// Whether between two places where both have an end of a word only one of them has more: words that are written together on
/// one side. `Ana Sari` is not `An Asari`.
fn are_parted_alike(mine: &[&Word], theirs: &[&Word]) -> bool {
    let ends = |words: &[&Word], length: fn(&Word) -> usize| {
        let sums = words.iter().scan(0, |sum, word| {
            *sum += length(word);
            Some(*sum)
        });
        sums.collect::<BTreeSet<_>>()
    };
    let alike = |mine: &BTreeSet<usize>, theirs: &BTreeSet<usize>| {
        let (mut more, mut their_more) = (false, false);
        mine.union(theirs).all(|end| {
            match (mine.contains(end), theirs.contains(end)) {
                (true, true) => (more, their_more) = (false, false),
                (here, there) => (more, their_more) = (more || here, their_more || there),
            }
            !(more && their_more)
        })
    };
    Word::LENGTHS.iter().any(|mine_by| {
        let mine = ends(mine, *mine_by);
        let mut theirs_by = Word::LENGTHS.iter();
        theirs_by.any(|theirs_by| alike(&mine, &ends(theirs, *theirs_by)))
    })
}

/// Whether one says that it is a son's and the other that it is a daughter's.
pub(super) fn contradict(mine: &Name, theirs: &Name) -> bool {
    let titles = titles();
    let links = |name: &Name| {
        let words = name.given_first().into_iter();
        let links = words.filter(|word| titles.is_link(word));
        titles.sexes(links.map(Word::icao))
    };
    are_opposite(links(mine), links(theirs))
}

/// Whether one is a man's alone and the other a woman's alone.
fn are_opposite(mine: (bool, bool), theirs: (bool, bool)) -> bool {
    matches!(
        (mine, theirs),
        ((true, false), (false, true)) | ((false, true), (true, false))
    )
}

/// The words of each that the other has not, in their order.
fn unmatched<'w>(mine: &[&'w Word], theirs: &[&'w Word]) -> (Vec<&'w Word>, Vec<&'w Word>) {
    without_pairs(mine, theirs, Word::is)
}

/// Both without the words that `pair` pairs, each word in one pair at most.
fn without_pairs<'w>(
    mine: &[&'w Word],
    theirs: &[&'w Word],
    pair: impl Fn(&Word, &Word) -> bool,
) -> (Vec<&'w Word>, Vec<&'w Word>) {
    let mut left = theirs.to_vec();
    let mut single = mine.to_vec();
    single.retain(|mine| match left.iter().position(|it| pair(mine, it)) {
        Some(found) => {
            left.remove(found);
            false
        }
        None => true,
    });
    (single, left)
}

/// Whether `certificate` begins with `document`, whose field is full, in both parts.
///
/// With [`Cut::AtTheEnd`] only the last word of a part may be cut, three letters of the given names must be there, and a family
/// name before them is cut only as Doc 9303 cuts it; with [`Cut::Anywhere`] any word.
pub(super) fn cut(certificate: &Name, document: &Name, how: Cut) -> bool {
    let kept: usize = document.given.iter().map(|word| word.icao().len()).sum();
    let Some(field) = document.cut else {
        return false;
    };
    let begins = |family: &[&Word], given: &[&Word]| {
        let tells = || {
            (given.is_empty() || kept >= MIN_GIVEN)
                && (document.given.is_empty() || leaves_room(family, &document.family, field))
        };
        begins(family, &document.family, how)
            && begins(given, &document.given, how)
            && (how == Cut::Anywhere || tells())
    };
    let family_first = certificate.family_first();
    if !certificate.family.is_empty() && !certificate.given.is_empty() {
        let (family, given) = family_first.split_at(certificate.family.len());
        return begins(family, given) || begins(given, family);
    }
    // In one text the family name may be any words at either end.
    (0..=family_first.len()).any(|at| {
        let (first, last) = family_first.split_at(at);
        begins(first, last) || begins(last, first)
    })
}

/// Where a name may be cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    AtTheEnd,
    Anywhere,
}

/// Whether the family name `whole` stands as `part` before given names in a field of this length: in full, or cut because it left
/// no room for them and with at least half of the field still its own.
///
/// Doc 9303 frees three characters, for `<<` and the first given letter, where the primary identifier fills the field; more of it
/// may then go so that more given letters have room. It does not say how many: less than half tells too little.
fn leaves_room(whole: &[&Word], part: &[Word], field: usize) -> bool {
    let written = |words: &[&Word]| {
        let lengths = Word::LENGTHS.iter();
        let sums = lengths.map(|length| words.iter().map(|word| length(word)).sum::<usize>());
        sums.min().unwrap_or_default() + words.len().saturating_sub(1)
    };
    let part: Vec<_> = part.iter().collect();
    equal(whole.iter().copied(), part.iter().copied())
        || (written(whole) + MIN_SECONDARY > field && 2 * written(&part) >= field)
}

/// Whether the words of `whole` begin with those of `part`; nothing begins with nothing else.
fn begins(whole: &[&Word], part: &[Word], how: Cut) -> bool {
    let Some((last, before)) = part.split_last() else {
        return whole.is_empty();
    };
    let cut = |whole: &Word, part: &Word| whole.any(part, |whole, part| whole.starts_with(part));
    let (first, rest) = whole.split_at(before.len().min(whole.len()));
    let first_begin = match how {
        Cut::AtTheEnd => equal(first.iter().copied(), before),
        Cut::Anywhere => first
            .iter()
            .zip(before)
            .all(|(whole, part)| cut(whole, part)),
    };
    first_begin && rest.first().is_some_and(|whole| cut(whole, last))
}

/// Whether they differ by one edit in one word of at least six letters, or by a form of address written to a name.
pub(super) fn near(mine: &Name, theirs: &Name) -> bool {
    let close = |mine: &str, theirs: &str| {
        mine.len().min(theirs.len()) >= MIN_NEAR && one_edit(mine.as_bytes(), theirs.as_bytes())
    };
    let (left, their_left) = unmatched(&mine.given_first(), &theirs.given_first());
    if let ([word], [their_word]) = (left.as_slice(), their_left.as_slice())
        && word.any(their_word, close)
    {
        return true;
    }
    let glued = |name: &Name, other: &Name| {
        let unglued = name.unglued();
        unglued.is_some_and(|name| same(&name.once(), other))
    };
    glued(mine, theirs) || glued(theirs, mine)
}

/// Whether one edit makes `a` of `b`: a letter more, less or another, or two neighbours exchanged.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(common..), b.get(common..));
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    match (a, b) {
        ([_, a_rest @ ..], [_, b_rest @ ..]) if a_rest == b_rest => true,
        ([a0, a1, a_rest @ ..], [b0, b1, b_rest @ ..]) if (a0, a1, a_rest) == (b1, b0, b_rest) => {
            true
        }
        ([_, a_rest @ ..], b) if a_rest == b => true,
        (a, [_, b_rest @ ..]) => a == b_rest,
        _ => false,
    }
}

/// Whether one has all words of the other, some perhaps abbreviated, and two agree, one of them in full; or has besides a single
/// letter only that may be a title.
pub(super) fn partial(mine: &Name, theirs: &Name) -> bool {
    let (mine_all, theirs_all) = (mine.given_first(), theirs.given_first());
    let (mine, theirs) = unmatched(&mine_all, &theirs_all);
    let shared = mine_all.len() - mine.len();
    let (left, their_left) = without_pairs(&mine, &theirs, abbreviates);
    let abbreviated = mine.len() - left.len();
    let more = match (left.is_empty(), their_left.is_empty()) {
        (true, _) => their_left,
        (_, true) => left,
        (false, false) => return false,
    };
    let may_be_title = |word: &&Word| word.icao().len() == 1 && titles().is_any(word);
    shared > 0 && (shared + abbreviated > 1 || more.iter().all(may_be_title))
}

/// Whether one word is the other's first letter or a usual abbreviation of it.
fn abbreviates(mine: &Word, theirs: &Word) -> bool {
    let short = |short: &str, long: &str| {
        (short.len() == 1 && long.starts_with(short)) || titles().abbreviates(short, long)
    };
    mine.any(theirs, |mine, theirs| {
        short(mine, theirs) || short(theirs, mine)
    })
}

/// What a full field has at least of given names: `<<` and a letter.
const MIN_SECONDARY: usize = 3;
/// The fewest given letters in a full field that tell a person.
const MIN_GIVEN: usize = 3;
/// The fewest letters of words that may be alike.
const MIN_NEAR: usize = 6;
