//! What is asked for in a query or a header.
//!
//! Refuses numbers, flags, countries and instants that are none; words that nothing has match nothing.
//!
//! Source: EU DGCG, `GET /trustList`; WHO TNG, `GET /trustList/certificate`; RFC 3339 and RFC 9110, section 5.6.7 (instants).

use crate::model::{Country, UnixTime};
use crate::server::gateway::hub::{Reason, Refused};
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Query;
use jiff::fmt::rfc2822;

/// The parameters of a query, in their order.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Those of `request`.
    ///
    /// # Errors
    /// `Invalid`.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Refused> {
        let read = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let read = read.map_err(|_| Reason::Invalid.because("the query cannot be read"))?;
        Ok(Self(read.into_inner()))
    }

    /// Every value of `name`, whether it stands often or with commas; `None` where it does not stand at all.
    pub(super) fn all(&self, name: &str) -> Option<Vec<&str>> {
        let values = self.0.iter().filter(|(of, _)| of == name);
        let values: Vec<_> = values
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect();
        (!values.is_empty()).then_some(values)
    }

    /// The same, to be taken elsewhere.
    pub(super) fn owned(&self, name: &str) -> Option<Vec<String>> {
        let words = self.all(name)?.into_iter();
        Some(words.map(str::to_owned).collect())
    }

    /// The countries under `name`; one that is none is nobody's.
    ///
    /// # Errors
    /// `Invalid` where one is not two characters long.
    pub(super) fn countries(&self, name: &str) -> Result<Option<Vec<Country>>, Refused> {
        let Some(texts) = self.all(name) else {
            return Ok(None);
        };
        let countries = texts.into_iter().map(country);
        let countries = countries.collect::<Result<Vec<_>, _>>()?;
        Ok(Some(countries.into_iter().flatten().collect()))
    }

    /// The number under `name`, if it is not negative.
    ///
    /// # Errors
    /// `Invalid` where it is no number.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refused> {
        let mut stated = self
            .0
            .iter()
            .filter(|(of, text)| of == name && !text.is_empty());
        let Some((_, text)) = stated.next() else {
            return Ok(None);
        };
        let invalid = || Reason::Invalid.because(format!("{name} is no number"));
        let number: i32 = text.trim().parse().map_err(|_| invalid())?;
        Ok(usize::try_from(number).ok())
    }

    /// The flag under `name`, down where it does not stand; by any of the words, in any case, that the reference gateway's
    /// framework takes: clients of other makes write `True`.
    ///
    /// # Errors
    /// `Invalid` where it is neither up nor down.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refused> {
        let text = self.0.iter().find(|(of, _)| of == name);
        let text = text.map(|(_, text)| text.trim().to_ascii_lowercase());
        match text.as_deref() {
            None | Some("" | "false" | "off" | "no" | "0") => Ok(false),
            Some("true" | "on" | "yes" | "1") => Ok(true),
            Some(_) => Err(Reason::Invalid.because(format!("{name} is not true or false"))),
        }
    }
}

/// The country that `text` means, in either case; `None` for two characters that are none.
///
/// # Errors
/// `Invalid` where it is not two characters long.
pub(super) fn country(text: &str) -> Result<Option<Country>, Refused> {
    if text.chars().count() != 2 {
        return Err(Reason::Invalid.because("country is not two characters"));
    }
    Ok(Country::parse(&text.to_ascii_uppercase()))
}

/// Since when changes are asked for, if `request` asks for changes: `If-Modified-Since`, in whole seconds.
///
/// # Errors
/// `Invalid` where it is no instant, or stands twice.
pub(super) fn since(request: &HttpRequest) -> Result<Option<UnixTime>, Refused> {
    let mut values = request.headers().get_all(header::IF_MODIFIED_SINCE);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let at = text.and_then(|text| instant(text.trim()));
    let invalid = || Reason::Invalid.because("If-Modified-Since is no instant");
    at.map(Some).ok_or_else(invalid)
}

/// An instant by ISO 8601 in full, or as HTTP writes it.
fn instant(text: &str) -> Option<UnixTime> {
    let is_iso = text.as_bytes().get(4) == Some(&b'-') && text.contains('T');
    if is_iso {
        return UnixTime::parse(text);
    }
    let parser = rfc2822::DateTimeParser::new();
    let at = parser.parse_timestamp(text).ok()?;
    UnixTime::from_seconds(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn params_of(query: &str) -> Params {
        let request = TestRequest::with_uri(&format!("/x?{query}")).to_http_request();
        Params::of(&request).unwrap()
    }

    #[test]
    fn instants_are_those_of_iso_and_http() {
        let at = UnixTime::parse("2021-06-01T00:00:00Z");
        for text in [
            "2021-06-01T00:00:00Z",
            "2021-06-01T00:00:00.9Z",
            "2021-06-01T02:00:00+02:00",
            "2021-05-31T20:00:00-04:00",
            "Tue, 01 Jun 2021 00:00:00 GMT",
            "Tue, 1 Jun 2021 00:00:00 +0000",
        ] {
            assert_eq!(instant(text), at, "{text}");
        }
        for text in [
            "20220101",
            "2022-01-01",
            "20220101T000000Z",
            "2021-06-01T00:00:00",
            "1622505600",
            "",
            "yesterday",
            "2021-13-01T00:00:00Z",
            "Tue, 32 Jun 2021 00:00:00 GMT",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn values_stand_often_or_with_commas() {
        let params =
            params_of("country=xa,XB&group=DSC&country=YY&flag=true&page=-1&size=7&country=");
        assert_eq!(params.all("country").unwrap(), ["xa", "XB", "YY"]);
        assert_eq!(params.all("domain"), None);
        let countries = params.countries("country").unwrap().unwrap();
        assert_eq!(
            countries.iter().map(Country::as_str).collect::<Vec<_>>(),
            ["XA", "XB"]
        );
        assert_eq!(params.number("page").unwrap(), None);
        assert_eq!(params.number("size").unwrap(), Some(7));
        assert!(params.flag("flag").unwrap() && !params.flag("other").unwrap());
        for (query, expected) in [
            ("f=True", true),
            ("f=1", true),
            ("f=NO", false),
            ("f=0", false),
        ] {
            let params = params_of(query);
            assert_eq!(params.flag("f").unwrap(), expected, "{query}");
        }
        assert!(params.number("group").is_err() && params.flag("group").is_err());
        assert!(params.countries("group").is_err());
    }
}
