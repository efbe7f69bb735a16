//! Days as numbers, and instants in the one form that nearly all texts have.
//!
//! Refuses every other form of an instant: those are for the full reader of `jiff`, to which a test in `time` holds this
//! one.
//!
//! Source: RFC 3339; the proleptic Gregorian calendar, whose 400 years have 146,097 days.

/// Seconds since 1970 of the plain form, `2021-05-06T18:00:00` with an optional fraction and then `Z` or `+02:00`; `None` for
/// every other form, good or bad.
pub(super) fn plain(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, zone) = rest.split_at_checked(9)?;
    let [b'T', h1, h0, b':', m1, m0, b':', s1, s0] = time.as_bytes() else {
        return None;
    };
    let (hour, minute, second) = (pair(*h1, *h0)?, pair(*m1, *m0)?, pair(*s1, *s0)?);
    let zone = match zone.strip_prefix('.') {
        None => zone,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if !(1..=9).contains(&(fraction.len() - zone.len())) {
                return None;
            }
            zone
        }
    };
    let ahead_s = match zone.as_bytes() {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h0, b':', m1, m0] => {
            let (hours, minutes) = (pair(*h1, *h0)?, pair(*m1, *m0)?);
            let ahead = hours * 3600 + minutes * 60;
            if hours > 23 || minutes > 59 {
                return None;
            }
            if *sign == b'+' { ahead } else { -ahead }
        }
        _ => return None,
    };
    // Leap seconds are left to the full reader.
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_of(date)?;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - ahead_s)
}

/// The number of two ASCII digits.
fn pair(tens: u8, ones: u8) -> Option<i64> {
    let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Days since 1970-01-01 of `YYYY-MM-DD`, if there is such a day.
fn days_of(date: &str) -> Option<i64> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = date.as_bytes() else {
        return None;
    };
    let year = pair(*y3, *y2)? * 100 + pair(*y1, *y0)?;
    let (month, day) = (pair(*m1, *m0)?, pair(*d1, *d0)?);
    let days = days_to(year, month, day);
    // A day that does not exist is counted as another one.
    (day_of(days) == (year, month, day)).then_some(days)
}

/// Two ASCII digits of a number from 0 to 99.
pub(super) fn two(number: i64) -> (u8, u8) {
    let digit = |value: i64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    (digit(number / 10), digit(number))
}

/// Year, month and day, `days` after 1970-01-01.
pub(crate) fn day_of(days: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01: years begin in March, so that the leap day is their last.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    match month {
        0..10 => (era * 400 + year_of_era, month + 3, day),
        _ => (era * 400 + year_of_era + 1, month - 9, day),
    }
}

/// Days from 1970-01-01 to this day.
pub(crate) fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
