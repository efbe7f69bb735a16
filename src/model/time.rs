//! Instants, validity periods and calendar dates.
//!
//! Refuses local time: an instant without a zone is not an instant. There is no clock here; time is an argument.
//!
//! Source: RFC 3339 (instants), ISO 8601 (dates); EU DCC schema 1.3.3 for partial birth dates.

use super::calendar::{self, two};
use std::fmt;

/// Whole seconds since 1970-01-01T00:00:00Z, within the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-31T23:59:59Z, which stands for "for ever".
    pub const END: Self = Self(LAST_SECOND);

    /// An instant from seconds since the epoch; `None` outside the years 1970 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (0..=LAST_SECOND)
            .contains(&seconds)
            .then_some(Self(seconds))
    }

    /// An instant from RFC 3339 text with a zone (`2026-11-24T10:00:00+07:00`); fractions are cut off.
    ///
    /// Also reads offsets without a colon and `T` in lower case, as seen in circulation.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        if let Some(plain) = calendar::plain(text).and_then(Self::from_seconds) {
            return Some(plain);
        }
        let instant: jiff::Timestamp = text.parse().ok()?;
        let nanoseconds = instant.as_nanosecond();
        Self::from_seconds(i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?)
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This instant moved by `seconds`, kept within the years 1970 to 9999.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(0, LAST_SECOND))
    }

    /// The calendar day of this instant in UTC.
    pub fn date(self) -> Date {
        let (year, month, day) = calendar::day_of(self.0.div_euclid(DAY_S));
        // Every instant has a day of the calendar, so the first one is never made up.
        Date::of(year, month, day).unwrap_or(Date(jiff::civil::Date::constant(1970, 1, 1)))
    }
}

impl fmt::Display for UnixTime {
    /// RFC 3339 in UTC to the second: `2026-11-24T10:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        let time = self.0.rem_euclid(DAY_S);
        let mut text = *b"0000-00-00T00:00:00Z";
        if let Some((day, rest)) = text.split_first_chunk_mut() {
            *day = date.text();
            if let [_, h1, h0, _, m1, m0, _, s1, s0, _] = rest {
                (*h1, *h0) = two(time / 3600);
                (*m1, *m0) = two(time / 60 % 60);
                (*s1, *s0) = two(time % 60);
            }
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// A period from `not_before` to `not_after`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first second.
    pub not_before: UnixTime,
    /// The last second.
    pub not_after: UnixTime,
}

impl Validity {
    /// All of time, for signers named without a period.
    pub const ALWAYS: Self = Self {
        not_before: UnixTime::EPOCH,
        not_after: UnixTime::END,
    };
}

/// A day of the calendar, `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// A day from exactly `YYYY-MM-DD`; `None` for any other text and for days that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = digits_of(text, [4, 2, 2])?;
        Some(Self(
            jiff::civil::Date::new(year, narrow(month)?, narrow(day)?).ok()?,
        ))
    }

    /// The day and whether a time of day was cut off: `2022-01-17T05:00:00Z` is read as `2022-01-17`.
    pub fn parse_with_time(text: &str) -> Option<(Self, bool)> {
        if text.len() == "YYYY-MM-DD".len() {
            return Some((Self::parse(text)?, false));
        }
        match text.split_once('T') {
            None => None,
            Some((day, time)) => {
                let written_time = time
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b":.+-Z".contains(&b));
                (written_time && time.len() <= MAX_TEXT).then_some((Self::parse(day)?, true))
            }
        }
    }

    fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        let date = jiff::civil::Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        );
        date.ok().map(Self)
    }

    /// Days since 1970-01-01.
    fn days(self) -> i64 {
        let (month, day) = (i64::from(self.month()), i64::from(self.day()));
        calendar::days_to(i64::from(self.year()), month, day)
    }

    fn text(self) -> [u8; 10] {
        let year = i64::from(self.year());
        let ((y3, y2), (y1, y0)) = (two(year / 100), two(year % 100));
        let (m1, m0) = two(i64::from(self.month()));
        let (d1, d0) = two(i64::from(self.day()));
        [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0]
    }

    /// Midnight UTC at the start of this day.
    pub fn start(self) -> UnixTime {
        UnixTime((self.days() * DAY_S).clamp(0, LAST_SECOND))
    }

    /// The year, as in the calendar.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A birth date as far as it is known: `1964-05-17`, `1964-05`, `1964`, or nothing at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
}

impl PartialDate {
    /// A birth date from `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or the empty text, in the years 1900 to 2099.
    ///
    /// The second value tells whether a part that is in no calendar (`1989-00-20`, `1963-02-30`) was dropped together
    /// with what follows it.
    pub fn parse(text: &str) -> Option<(Self, bool)> {
        let (year, month, day) = match text.len() {
            0 => (None, None, None),
            4 => {
                let [year] = digits_of(text, [4])?;
                (Some(year), None, None)
            }
            7 => {
                let [year, month] = digits_of(text, [4, 2])?;
                (Some(year), Some(month), None)
            }
            _ => {
                let [year, month, day] = digits_of(text, [4, 2, 2])?;
                (Some(year), Some(month), Some(day))
            }
        };
        if year.is_some_and(|year| !(1900..=2099).contains(&year)) {
            return None;
        }
        let known_month = month
            .filter(|month| (1..=12).contains(month))
            .and_then(narrow);
        let known_day = match (year, known_month, day.and_then(narrow)) {
            (Some(y), Some(m), Some(d)) => jiff::civil::Date::new(y, m, d).is_ok().then_some(d),
            _ => None,
        };
        let dropped =
            known_month.is_some() != month.is_some() || known_day.is_some() != day.is_some();
        Some((
            Self {
                year,
                month: known_month,
                day: known_day,
            },
            dropped,
        ))
    }

    /// The year, where it is known.
    pub fn year(self) -> Option<i16> {
        self.year
    }

    /// Whether year, month and day are all known.
    pub fn is_full(self) -> bool {
        self.day.is_some()
    }
}

impl fmt::Display for PartialDate {
    /// The known parts: `1964-05-17`, `1964-05`, `1964` or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(year) = self.year else { return Ok(()) };
        write!(f, "{year:04}")?;
        let Some(month) = self.month else {
            return Ok(());
        };
        write!(f, "-{month:02}")?;
        let Some(day) = self.day else { return Ok(()) };
        write!(f, "-{day:02}")
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Groups of exactly `widths` ASCII digits with `-` between them.
fn digits_of<const N: usize>(text: &str, widths: [usize; N]) -> Option<[i16; N]> {
    let mut values = [0; N];
    let mut rest = text.as_bytes();
    for (index, (value, width)) in values.iter_mut().zip(widths).enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b"-")?;
        }
        let (digits, after) = rest.split_at_checked(width)?;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            *value = *value * 10 + i16::from(digit - b'0');
        }
        rest = after;
    }
    rest.is_empty().then_some(values)
}

fn narrow(value: i16) -> Option<i8> {
    i8::try_from(value).ok()
}

const LAST_SECOND: i64 = 253_402_300_799;
const MAX_TEXT: usize = 40;
const DAY_S: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_the_shapes_seen_in_circulation() {
        let at = UnixTime::from_seconds(1_620_324_000).unwrap();
        for text in [
            "2021-05-06T18:00:00Z",
            "2021-05-06T20:00:00+02:00",
            "2021-05-06T20:00:00+0200",
            "2021-05-06T18:00:00.999999999Z",
            "2021-05-06t18:00:00z",
        ] {
            assert_eq!(UnixTime::parse(text), Some(at), "{text}");
        }
        assert_eq!(at.to_string(), "2021-05-06T18:00:00Z");
        assert_eq!(at.date().to_string(), "2021-05-06");
    }

    #[test]
    fn an_instant_without_a_zone_is_refused() {
        for text in [
            "2021-05-06T18:00:00",
            "2021-05-06",
            "20220101",
            "",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(UnixTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert_eq!(Date::parse("2021-02-28").unwrap().to_string(), "2021-02-28");
        for text in [
            "2022-17-01",
            "2021-02-29",
            "2021-2-28",
            "2021-02-28T00:00:00Z",
            "+021-02-28",
            "",
        ] {
            assert!(Date::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_behind_a_date_is_cut_off_and_told() {
        let (date, cut) = Date::parse_with_time("2022-01-17T05:00:00.000Z").unwrap();
        assert_eq!((date.to_string().as_str(), cut), ("2022-01-17", true));
        assert!(Date::parse_with_time("2022-01-17Tnoon").is_none());
    }

    #[test]
    fn birth_dates_keep_what_is_known_and_tell_what_is_impossible() {
        for (text, kept, dropped) in [
            ("1964-05-17", "1964-05-17", false),
            ("1964-05", "1964-05", false),
            ("1964", "1964", false),
            ("", "", false),
            ("1989-00-20", "1989", true),
            ("1963-00", "1963", true),
            ("1963-02-30", "1963-02", true),
        ] {
            let (date, was_dropped) = PartialDate::parse(text).unwrap();
            assert_eq!(
                (date.to_string().as_str(), was_dropped),
                (kept, dropped),
                "{text}"
            );
        }
        for text in ["1815-08-24", "2100-01-01", "1964-XX-XX", "64", "1964-5-1"] {
            assert!(PartialDate::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_day_prints_and_counts_as_the_calendar_has_it() {
        let first = jiff::civil::date(1970, 1, 1);
        for day in (0..2_932_897).step_by(13) {
            let expected = first + jiff::Span::new().days(day);
            let at = UnixTime::from_seconds(day * DAY_S + day % DAY_S).unwrap();
            assert_eq!(at.date(), Date(expected));
            assert_eq!(at.date().to_string(), expected.to_string());
            assert_eq!(at.date().start().seconds(), day * DAY_S);
            let reference = jiff::Timestamp::from_second(at.seconds()).unwrap();
            assert_eq!(at.to_string(), reference.to_string());
        }
        // The last day is past the full reader's end and not past ours.
        let last = "9999-12-31T23:59:59Z";
        assert_eq!(UnixTime::END.to_string(), last);
        assert_eq!(UnixTime::parse(last), Some(UnixTime::END));
        assert_eq!(Date::parse("0001-02-03").unwrap().to_string(), "0001-02-03");
        assert_eq!(Date::parse("0001-02-03").unwrap().start(), UnixTime::EPOCH);
    }

    #[test]
    fn the_plain_form_is_read_as_the_full_reader_has_it() {
        let mut texts: Vec<String> = Vec::new();
        for date in [
            "2021-05-06",
            "2024-02-29",
            "2021-02-29",
            "1970-01-01",
            "9998-12-31",
            "0000-01-01",
        ] {
            for time in [
                "T00:00:00",
                "T23:59:59",
                "T24:00:00",
                "T12:60:00",
                "T23:59:60",
                "t10:00:00",
                "T1:00:00",
                "T10:00",
            ] {
                for fraction in ["", ".5", ".123456789", ".1234567890", ".", ",5"] {
                    for zone in [
                        "Z",
                        "z",
                        "",
                        "+00:00",
                        "-00:00",
                        "+02:00",
                        "-11:30",
                        "+0200",
                        "+02",
                        "+23:59",
                        "+25:59",
                        "+24:00",
                        "+02:60",
                        "+14:00:00",
                        "[UTC]",
                    ] {
                        texts.push(format!("{date}{time}{fraction}{zone}"));
                    }
                }
            }
        }
        for text in texts {
            let reference = text.parse::<jiff::Timestamp>().ok();
            let reference = reference.and_then(|at| {
                let seconds = at.as_nanosecond().div_euclid(1_000_000_000);
                UnixTime::from_seconds(i64::try_from(seconds).unwrap())
            });
            assert_eq!(UnixTime::parse(&text), reference, "{text}");
        }
    }
}
