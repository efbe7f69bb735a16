//! Whether two birth dates can be one person's.
//!
//! Refuses to call dates the same of which either is known in part only.

use crate::model::PartialDate;
use smallvec::SmallVec;

/// How far two birth dates agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dates {
    /// They are the same day.
    Same,
    /// One of them is not wholly known, and nothing contradicts.
    Partial,
    /// They are different days.
    Different,
}

/// A birth date of a document: one, or one in each century where the document leaves the century open.
#[derive(Clone)]
pub(super) struct Birth(SmallVec<[PartialDate; 2]>);

impl Birth {
    /// The birth date that a certificate states.
    pub(super) fn of(date: PartialDate) -> Self {
        Self([date].into_iter().collect())
    }

    /// The birth date from `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or nothing; `None` for any other text and for days in no calendar.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self([whole(text)?].into_iter().collect()))
    }

    /// The birth date from the six characters `YYMMDD` of a machine-readable zone, `<<` for what is unknown.
    pub(super) fn of_zone(field: &str) -> Option<Self> {
        let (year, rest) = field.split_at_checked(2)?;
        let (month, day) = rest.split_at_checked(2)?;
        let parts = match (year, month, day) {
            (UNKNOWN, _, _) => return Self::parse(""),
            (_, UNKNOWN, _) => year.to_owned(),
            (_, _, UNKNOWN) => format!("{year}-{month}"),
            _ => format!("{year}-{month}-{day}"),
        };
        let dates = ["19", "20"].map(|century| whole(&format!("{century}{parts}")));
        let dates: SmallVec<_> = dates.into_iter().flatten().collect();
        (!dates.is_empty()).then_some(Self(dates))
    }

    /// How far this agrees with `date`.
    pub(super) fn agrees(&self, date: PartialDate) -> Dates {
        let dates = self.0.iter().map(|own| agree(*own, date));
        dates.min().unwrap_or(Dates::Different)
    }
}

fn agree(own: PartialDate, other: PartialDate) -> Dates {
    if own.is_full() && other.is_full() {
        return match own == other {
            true => Dates::Same,
            false => Dates::Different,
        };
    }
    // What is known stands first in the text.
    let (own, other) = (own.to_string(), other.to_string());
    match own.starts_with(&other) || other.starts_with(&own) {
        true => Dates::Partial,
        false => Dates::Different,
    }
}

fn whole(text: &str) -> Option<PartialDate> {
    let (date, dropped) = PartialDate::parse(text)?;
    (!dropped).then_some(date)
}

const UNKNOWN: &str = "<<";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_leaves_the_century_open() {
        for (field, date, agreed) in [
            ("850120", "1985-01-20", Dates::Same),
            ("040229", "1904-02-29", Dates::Same),
            ("040229", "2004-02-29", Dates::Same),
            ("000229", "2000-02-29", Dates::Same),
            ("850120", "1985-01", Dates::Partial),
            ("850120", "", Dates::Partial),
            ("8501<<", "1985-01-20", Dates::Partial),
            ("85<<<<", "1985-01-20", Dates::Partial),
            ("85<<20", "1985-01-20", Dates::Partial),
            ("<<<<<<", "1985-01-20", Dates::Partial),
            ("850120", "1985-01-21", Dates::Different),
            ("8502<<", "1985-01-20", Dates::Different),
            ("86<<<<", "1985-01", Dates::Different),
        ] {
            let (date, _) = PartialDate::parse(date).unwrap();
            assert_eq!(
                Birth::of_zone(field).unwrap().agrees(date),
                agreed,
                "{field}"
            );
        }
        for field in [
            "851320", "850230", "8<0120", "85012", "8501200", "85-120", "AB0120",
        ] {
            assert!(Birth::of_zone(field).is_none(), "{field}");
        }
    }
}
