//! Regions by their codes, and the level of restrictions in each, with the instants from which it holds.
//!
//! Refuses codes that are none, levels that are none, and levels of one region that are not in the order of time. A region
//! of which nothing is said has no level: that is not the lowest one.
//!
//! Source: codes of the Ministry of Home Affairs (Kemendagri): two digits a province, four a regency, six a district, ten a
//! village; levels 1 to 4 of PPKM.

use crate::model::UnixTime;
use std::collections::BTreeMap;

/// Levels by region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wilayah(BTreeMap<String, Vec<(UnixTime, u8)>>);

impl Wilayah {
    /// Takes in that the region `code` has these levels, each from its instant on.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn add(
        &mut self,
        code: &str,
        levels: Vec<(UnixTime, u8)>,
    ) -> Result<(), &'static str> {
        if !is_code(code) {
            return Err("a region is named by 2, 4, 6 or 10 digits");
        }
        if levels.is_empty() || !levels.iter().all(|(_, level)| LEVELS.contains(level)) {
            return Err("a level is 1 to 4, and a region has one at least");
        }
        if !levels.is_sorted_by(|(one, _), (two, _)| one < two) {
            return Err("levels are in the order of time, each from another instant");
        }
        match self.0.insert(code.to_owned(), levels) {
            None => Ok(()),
            Some(_) => Err("the region stands twice"),
        }
    }

    /// The level of the region `code` at `at`: its own, or that of the smallest region around it of which one is said.
    pub fn level(&self, code: &str, at: UnixTime) -> Option<u8> {
        let around = LENGTHS
            .iter()
            .rev()
            .filter_map(|length| code.get(..*length));
        let mut said = around.filter_map(|code| {
            let levels = self.0.get(code)?;
            let begun = levels.iter().rev().find(|(from, _)| *from <= at);
            begun.map(|(_, level)| *level)
        });
        said.next()
    }

    /// The codes of the regions of which something is said.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The regions of which something is said, with their levels.
    pub(super) fn rows(&self) -> &BTreeMap<String, Vec<(UnixTime, u8)>> {
        &self.0
    }
}

/// Whether `code` is of the form of a region's.
pub(super) fn is_code(code: &str) -> bool {
    LENGTHS.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits of a province's code.
pub(super) const PROVINCE: usize = 2;
const LENGTHS: [usize; 4] = [PROVINCE, 4, 6, 10];
const LEVELS: std::ops::RangeInclusive<u8> = 1..=4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::EPOCH.plus(seconds)
    }

    #[test]
    fn the_smallest_region_around_that_has_begun_tells_the_level() {
        let mut wilayah = Wilayah::default();
        wilayah.add("31", vec![(at(10), 2), (at(20), 3)]).unwrap();
        wilayah.add("3171", vec![(at(30), 4)]).unwrap();
        for (code, when, level) in [
            ("31", 9, None),
            ("31", 10, Some(2)),
            ("3171", 29, Some(3)),
            ("3171", 30, Some(4)),
            ("3171031002", 30, Some(4)),
            ("317203", 30, Some(3)),
            ("32", 30, None),
        ] {
            assert_eq!(wilayah.level(code, at(when)), level, "{code} at {when}");
        }
    }

    #[test]
    fn regions_and_levels_that_are_none_are_refused() {
        let mut wilayah = Wilayah::default();
        wilayah.add("31", vec![(at(0), 1)]).unwrap();
        for (code, levels) in [
            ("31", vec![(at(0), 1)]),
            ("311", vec![(at(0), 1)]),
            ("3a", vec![(at(0), 1)]),
            ("32", vec![]),
            ("32", vec![(at(0), 0)]),
            ("32", vec![(at(0), 5)]),
            ("32", vec![(at(1), 1), (at(1), 2)]),
            ("32", vec![(at(2), 1), (at(1), 2)]),
        ] {
            assert!(wilayah.add(code, levels).is_err(), "{code}");
        }
    }
}
