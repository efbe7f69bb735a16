//! The instants of CertLogic: read from dates and date-times, moved by years, months, days and hours, compared.
//!
//! Refuses days that are in no calendar, and whatever lies further from 1970 than 100 million days. An instant without a zone
//! is one of UTC; a date of which a part is missing is the last day that it can be. A day that a month does not have is
//! counted on into the next one, so a month after January 31 is March 3, or 2.
//!
//! Source: CertLogic specification 1.3.3, `plusTime` and `dccDateOfBirth`; ECMA-262, 21.4.1 (range and counting).

use super::budget::Fault;
use crate::model::{day_of, days_to};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64);

/// What an instant is moved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
}

impl Unit {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "hour" => Self::Hour,
            _ => return None,
        })
    }
}

impl Time {
    /// The instant in `text`: a date, part of one, or a date-time.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        Self::of_partial_date(text)
            .or_else(|| of_date(text).and_then(Self::of_days))
            .or_else(|| Self::of_date_time(text))
            .ok_or(Fault::Date)
    }

    /// The day of birth in `text`: a date or part of one.
    pub(super) fn read_birth_date(text: &str) -> Result<Self, Fault> {
        Self::of_partial_date(text)
            .or_else(|| of_date(text).and_then(Self::of_days))
            .ok_or(Fault::Date)
    }

    /// This instant moved by `amount` of `unit`, which is at most 100 million either way.
    pub(super) fn plus(self, amount: i64, unit: Unit) -> Result<Self, Fault> {
        let (days, rest) = (self.0.div_euclid(DAY_MS), self.0.rem_euclid(DAY_MS));
        let (year, month, day) = day_of(days);
        let moved = |months: i64| {
            let months = year * 12 + (month - 1) + months;
            days_to(months.div_euclid(12), months.rem_euclid(12) + 1, 1) + day - 1
        };
        let (days, rest) = match unit {
            Unit::Year => (moved(amount * 12), rest),
            Unit::Month => (moved(amount), rest),
            Unit::Day => (days + amount, rest),
            Unit::Hour => (days, rest + amount * HOUR_MS),
        };
        let moved = days.checked_mul(DAY_MS).and_then(|it| it.checked_add(rest));
        moved.and_then(Self::within).ok_or(Fault::Range)
    }

    /// `YYYY` or `YYYY-MM`, as its last day.
    fn of_partial_date(text: &str) -> Option<Self> {
        let (year, month) = match text.as_bytes() {
            [_, _, _, _] => (number(text)?, 12),
            [_, _, _, _, b'-', _, _] => (number(text.get(..4)?)?, number(text.get(5..)?)?),
            _ => return None,
        };
        let next = (1..=12)
            .contains(&month)
            .then(|| days_to(year + month / 12, month % 12 + 1, 1));
        Self::of_days(next? - 1)
    }

    /// `YYYY-MM-DDTHH:MM:SS`, a fraction, and a zone with or without colon and minutes, or none.
    fn of_date_time(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(DATE)?;
        let (time, rest) = rest.split_at_checked(TIME)?;
        let [b'T', _, _, b':', _, _, b':', _, _] = time.as_bytes() else {
            return None;
        };
        let part = |from: usize| number(time.get(from..from + 2)?);
        let (hours, minutes, seconds) = (part(1)?, part(4)?, part(7)?);
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let (fraction_ms, zone) = fraction(rest)?;
        let ahead_ms = offset(zone)?;
        let day_ms = (hours * 60 + minutes) * 60_000 + seconds * 1000 + fraction_ms;
        Self::within(of_date(date)? * DAY_MS + day_ms - ahead_ms)
    }

    fn of_days(days: i64) -> Option<Self> {
        days.checked_mul(DAY_MS).and_then(Self::within)
    }

    fn within(milliseconds: i64) -> Option<Self> {
        let near = (-END_MS..=END_MS).contains(&milliseconds);
        near.then_some(Self(milliseconds))
    }
}

/// Days since 1970 of `YYYY-MM-DD`, if there is such a day.
fn of_date(text: &str) -> Option<i64> {
    let [_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() else {
        return None;
    };
    let part = |from: usize, to: usize| number(text.get(from..to)?);
    let written = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let days = days_to(written.0, written.1, written.2);
    // A day that does not exist is counted as another one.
    (day_of(days) == written).then_some(days)
}

/// The milliseconds of a fraction, if one stands at the beginning of `text`, and what follows.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(digits) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let rest = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let digits = digits.strip_suffix(rest)?;
    if digits.is_empty() {
        return None;
    }
    let shown = digits.chars().chain(std::iter::repeat('0')).take(3);
    let milliseconds = shown.fold(0, |sum, digit| {
        sum * 10 + i64::from(digit.to_digit(10).unwrap_or_default())
    });
    Some((milliseconds, rest))
}

/// How far `zone` is ahead of UTC, in milliseconds.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = match zone.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, "")) => (hours, "00"),
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "00"),
    };
    if !(1..=2).contains(&hours.len()) || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let exists = hours <= 23 && minutes <= 59;
    exists.then_some(sign * (hours * HOUR_MS + minutes * 60_000))
}

/// A number of a few ASCII digits.
fn number(digits: &str) -> Option<i64> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

const DATE: usize = "YYYY-MM-DD".len();
const TIME: usize = "THH:MM:SS".len();
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const END_MS: i64 = 100_000_000 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_in_circulation_are_one_instant() {
        let at = Time(1_620_324_000_000);
        for text in [
            "2021-05-06T18:00:00Z",
            "2021-05-06T18:00:00",
            "2021-05-06T18:00:00.000Z",
            "2021-05-06T20:00:00+02:00",
            "2021-05-06T20:00:00+0200",
            "2021-05-06T20:00:00+02",
            "2021-05-06T20:00:00+2",
            "2021-05-06T20:00:00+2:00",
            "2021-05-06T12:30:00.0009-05:30",
        ] {
            assert_eq!(Time::read(text), Ok(at), "{text}");
        }
        assert_eq!(Time::read("2021-05-06T18:00:00.12Z"), Ok(Time(at.0 + 120)));
        assert_eq!(Time::read("2021-05-06"), Ok(Time(at.0 - 18 * HOUR_MS)));
    }

    #[test]
    fn what_is_in_no_calendar_is_a_fault() {
        for text in [
            "",
            "1989-00-20",
            "1989-00",
            "1989-13",
            "2021-02-29",
            "2022-17-01",
            "2021-05-06T24:00:00Z",
            "2021-05-06T23:59:60Z",
            "2021-05-06T18:00Z",
            "2021-05-06t18:00:00z",
            "2021-05-06T18:00:00.Z",
            "2021-05-06T18:00:00+",
            "2021-05-06T18:00:00+24:00",
            "2021-05-06T18:00:00+02:60",
            "2021-05-06T18:00:00+02:0",
            "2021-05-06T18:00:00 Z",
            "+021-05-06",
            "2021-05-0\u{661}",
            "20\u{661}1",
        ] {
            assert_eq!(Time::read(text), Err(Fault::Date), "{text}");
        }
    }

    #[test]
    fn a_partial_date_is_its_last_day() {
        for (text, day) in [
            ("2004", "2004-12-31"),
            ("2004-01", "2004-01-31"),
            ("2004-02", "2004-02-29"),
            ("2004-12", "2004-12-31"),
        ] {
            assert_eq!(Time::read_birth_date(text), Time::read(day), "{text}");
        }
        assert_eq!(
            Time::read_birth_date("2004-01-01T00:00:00Z"),
            Err(Fault::Date)
        );
    }

    #[test]
    fn months_and_years_count_days_that_a_month_lacks_into_the_next() {
        for (from, amount, unit, to) in [
            ("2021-01-31", 1, Unit::Month, "2021-03-03"),
            ("2020-02-29", 1, Unit::Year, "2021-03-01"),
            ("2020-02-29", 4, Unit::Year, "2024-02-29"),
            ("2021-03-31", -1, Unit::Month, "2021-03-03"),
            ("2021-06-15", -18, Unit::Month, "2019-12-15"),
            ("2021-12-31", 1, Unit::Day, "2022-01-01"),
            (
                "2021-06-01T00:00:00Z",
                40,
                Unit::Hour,
                "2021-06-02T16:00:00Z",
            ),
            ("1970-01-01", -1, Unit::Hour, "1969-12-31T23:00:00Z"),
        ] {
            let moved = Time::read(from).unwrap().plus(amount, unit);
            assert_eq!(moved, Time::read(to), "{from} {amount}");
        }
    }

    #[test]
    fn a_move_beyond_the_range_is_a_fault_in_every_unit() {
        let start = Time::read("9999-12-31T23:59:59.999Z").unwrap();
        for unit in [Unit::Year, Unit::Month, Unit::Day, Unit::Hour] {
            for amount in [100_000_000, -100_000_000] {
                let moved = start.plus(amount, unit);
                assert_eq!(
                    moved.is_err(),
                    unit != Unit::Hour && (amount > 0 || unit != Unit::Day)
                );
            }
        }
        let end = Time(END_MS);
        assert_eq!(end.plus(1, Unit::Hour), Err(Fault::Range));
        assert_eq!(Time(-END_MS).plus(-1, Unit::Day), Err(Fault::Range));
    }
}
