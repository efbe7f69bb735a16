//! CWT claims: who issued, when, until when, and the rest as it came.
//!
//! Refuses claims without `exp` or `iat`, and times that are no finite number. Unknown claims are ignored.
//!
//! Source: RFC 8392; hcert-spec 3.3 (which claims must be present).

use super::cbor::{self, Document, Limits, Value};
use super::item::{Entries, Item, Kind};
use crate::failure::{Code, Failure};
use crate::quirk::{Quirk, Quirks};

/// The claims of one CWT; times in seconds since 1970-01-01T00:00:00Z.
#[derive(Debug)]
pub struct Claims<'a> {
    document: Document<'a>,
    /// `nbf`.
    pub not_before: Option<i64>,
    /// `iat`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// What was odd.
    pub quirks: Quirks,
    /// How many CBOR items were read.
    pub items: usize,
}

impl<'a> Claims<'a> {
    /// The claims in `payload`.
    ///
    /// # Errors
    /// `cwt_invalid`.
    pub fn read(payload: &'a [u8], limits: Limits) -> Result<Self, Failure> {
        Self::of(document(payload, limits)?)
    }

    /// The claims in a `document` that was read.
    ///
    /// # Errors
    /// `cwt_invalid`.
    pub fn of(document: Document<'a>) -> Result<Self, Failure> {
        let Some(entries) = document.root().as_map() else {
            return Err(Code::CwtInvalid.because("the claims are not a map"));
        };
        let mut quirks = Quirks::default();
        if !document.preferred {
            quirks.note(Quirk::CborNotPreferred);
        }
        if let Some(item) = entries.get(ISSUER)
            && !matches!(item.kind(), Kind::Null | Kind::Text(_))
        {
            return Err(Code::CwtInvalid.because("iss is not text"));
        }
        let not_before = time(entries, NOT_BEFORE, "nbf", &mut quirks)?;
        let issued_at = time(entries, ISSUED_AT, "iat", &mut quirks)?
            .ok_or_else(|| Code::CwtInvalid.because("iat is missing"))?;
        let expires_at = time(entries, EXPIRES_AT, "exp", &mut quirks)?
            .ok_or_else(|| Code::CwtInvalid.because("exp is missing"))?;
        let items = document.items;
        Ok(Self {
            document,
            not_before,
            issued_at,
            expires_at,
            quirks,
            items,
        })
    }

    /// `iss`, as written.
    pub fn issuer(&self) -> Option<&str> {
        self.claim(ISSUER).and_then(Item::as_text)
    }

    /// The claim with the integer key `label`.
    pub fn claim(&self, label: i64) -> Option<Item<'_>> {
        self.document.root().as_map()?.get(label)
    }
}

/// The CBOR item in `payload`, which should hold claims.
///
/// # Errors
/// `cwt_invalid`.
pub fn document(payload: &[u8], limits: Limits) -> Result<Document<'_>, Failure> {
    cbor::read(payload, limits)
        .map_err(|failure| Code::CwtInvalid.because(failure.detail().to_owned()))
}

/// The claims map `{1: iss, 4: exp, 6: iat, label: content}`.
pub fn write(issuer: &str, issued_at: i64, expires_at: i64, label: i64, content: Value) -> Value {
    Value::Map(vec![
        (Value::from(ISSUER), Value::from(issuer)),
        (Value::from(EXPIRES_AT), Value::from(expires_at)),
        (Value::from(ISSUED_AT), Value::from(issued_at)),
        (Value::from(label), content),
    ])
}

fn time(
    entries: Entries<'_>,
    label: i64,
    name: &str,
    quirks: &mut Quirks,
) -> Result<Option<i64>, Failure> {
    let seconds = match entries.get(label).map(Item::kind) {
        None | Some(Kind::Null) => return Ok(None),
        Some(Kind::Integer(number)) => i64::try_from(number).ok(),
        Some(Kind::Float(number)) => {
            quirks.note(Quirk::FloatTime);
            whole_seconds(number)
        }
        Some(_) => None,
    };
    seconds
        .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
        .map(Some)
        .ok_or_else(|| Code::CwtInvalid.because(format!("{name} is not a time")))
}

#[allow(
    clippy::as_conversions,
    reason = "no other conversion exists; the range is checked before it"
)]
fn whole_seconds(number: f64) -> Option<i64> {
    const LAST: f64 = 253_402_300_799.0;
    (0.0..=LAST).contains(&number).then_some(number as i64)
}

const ISSUER: i64 = 1;
const EXPIRES_AT: i64 = 4;
const NOT_BEFORE: i64 = 5;
const ISSUED_AT: i64 = 6;
const LAST_SECOND: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        depth: 16,
        items: 512,
    };

    fn written(entries: Vec<(i64, Value)>) -> Vec<u8> {
        let map = entries
            .into_iter()
            .map(|(key, value)| (Value::from(key), value))
            .collect();
        cbor::write(&Value::Map(map)).unwrap()
    }

    fn read(payload: &[u8]) -> Result<Claims<'_>, Failure> {
        Claims::read(payload, LIMITS)
    }

    #[test]
    fn float_times_are_cut_to_the_second_and_told() {
        let payload = written(vec![
            (6, Value::from(1_621_852_495.926)),
            (4, Value::from(1_900_000_000)),
        ]);
        let claims = read(&payload).unwrap();
        assert_eq!(claims.issued_at, 1_621_852_495);
        assert!(claims.quirks.contains(Quirk::FloatTime));
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for odd in [
            Value::from(f64::NAN),
            Value::from(f64::INFINITY),
            Value::from(-1),
            Value::from(-0.5),
            Value::from(1e300),
            Value::from(u64::MAX),
            Value::from("2021-05-06T18:00:00Z"),
        ] {
            let payload = written(vec![(6, Value::from(1)), (4, odd)]);
            let failure = read(&payload).unwrap_err();
            assert_eq!(
                (failure.code(), failure.detail()),
                (Code::CwtInvalid, "exp is not a time")
            );
        }
    }

    #[test]
    fn exp_and_iat_are_required_and_unknown_claims_ignored() {
        assert_eq!(
            read(&written(vec![(6, Value::from(1))]))
                .unwrap_err()
                .detail(),
            "exp is missing"
        );
        assert_eq!(
            read(&written(vec![(4, Value::from(1))]))
                .unwrap_err()
                .detail(),
            "iat is missing"
        );
        let more = vec![
            (4, Value::from(2)),
            (6, Value::from(1)),
            (7, Value::from("id")),
        ];
        assert_eq!(read(&written(more)).unwrap().expires_at, 2);
    }
}
