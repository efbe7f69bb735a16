//! One gateway, asked for one thing at a time.
//!
//! Refuses every status that is no answer, and JSON that is none. Of an error's body only a code in a narrow alphabet is
//! repeated.
//!
//! Source: dgc-gateway, `ProblemReport`.

use crate::exchange;
use crate::failure::{Code, Failure};
use crate::model::Country;
use crate::server::federation::feed_config::DgcgConfig;
use crate::server::federation::outbound::{Answer, Outbound};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, IF_MODIFIED_SINCE};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;

/// A gateway's interface.
#[derive(Debug)]
pub(super) struct Remote {
    outbound: Outbound,
    base: String,
}

impl Remote {
    pub(super) fn new(config: &DgcgConfig, data: &Path) -> Result<Self, Failure> {
        let hosts = vec![config.host.clone()];
        Ok(Self {
            outbound: Outbound::new(hosts, &config.connection, data)?,
            base: config.url.clone(),
        })
    }

    /// The JSON at `path`, changed since `since` where that is given.
    pub(super) async fn json(&self, path: &str, since: Option<&str>) -> Result<Vec<u8>, Failure> {
        let changes = self.changes(path, since).await?;
        changes.ok_or_else(|| Code::UpstreamInvalid.because("an answer with status 204"))
    }

    /// The same; `None` where it says that there is nothing.
    pub(super) async fn changes(
        &self,
        path: &str,
        since: Option<&str>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut headers = vec![(ACCEPT, "application/json")];
        headers.extend(since.map(|since| (IF_MODIFIED_SINCE, since)));
        let answer = self.ask(path, &headers, exchange::MAX_BYTES).await?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            204 => Ok(None),
            _ => Err(refusal(&answer)),
        }
    }

    /// Whatever is at `path`.
    pub(super) async fn ask(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
        ceiling: usize,
    ) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        self.outbound.get(&url, headers, ceiling).await
    }

    /// The answer to `body`, sent to `path`.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: String,
    ) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        let headers = [(CONTENT_TYPE, content_type)];
        let sent = self.outbound.send(method, &url, &headers, body, MAX_ANSWER);
        sent.await
    }
}

/// Why `answer` is none.
pub(super) fn refusal(answer: &Answer) -> Failure {
    let status = answer.status;
    let said = problem_code(&answer.body).map_or_else(String::new, |code| format!(", code {code}"));
    match status {
        401 => Code::UpstreamUnavailable.because(format!(
            "it does not know our client certificate (status 401{said})"
        )),
        403 => Code::UpstreamUnavailable.because(format!(
            "our client certificate may not ask for this (status 403{said})"
        )),
        408 | 429 | 500.. => Code::UpstreamUnavailable
            .because(format!("it cannot answer now (status {status}{said})")),
        _ => Code::UpstreamInvalid.because(format!("an answer with status {status}{said}")),
    }
}

/// The code in the report on a problem, if it looks like one: `0x` and three or four hexadecimal digits.
fn problem_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Report {
        code: String,
    }
    let Report { code } = serde_json::from_slice(body).ok()?;
    let digits = code.strip_prefix("0x")?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (plain && (3..=4).contains(&digits.len())).then_some(code)
}

/// What `body` is, read as `T`.
pub(super) fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(unreadable)
}

/// What `item` is, read as `T`.
pub(super) fn read_item<'b, T: Deserialize<'b>>(item: &'b RawValue) -> Result<T, Failure> {
    serde_json::from_str(item.get()).map_err(unreadable)
}

/// The parser's words may hold what was sent, so they go no further.
fn unreadable(error: serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let what = match error.is_data() {
        true => "JSON of another shape",
        false => "not JSON",
    };
    Code::UpstreamInvalid.because(format!("{what} (line {line}, column {column})"))
}

/// The members of an object, in order, none twice.
pub(super) struct Members<'b>(pub(super) Vec<(String, &'b RawValue)>);

impl<'de: 'b, 'b> Deserialize<'de> for Members<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut members, mut names) = (Vec::new(), HashSet::new());
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom("a member that stands twice"));
                    }
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

/// The country that a member names, where it names one.
pub(super) fn country(text: Option<&str>) -> Option<Country> {
    text.and_then(Country::parse)
}

/// What is handed in is answered with a few words, if any.
const MAX_ANSWER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_error_only_a_code_is_repeated() {
        let code = |body: &str| problem_code(body.as_bytes());
        assert_eq!(
            code(r#"{"code":"0x402","problem":"x","sendValue":"","details":""}"#),
            Some("0x402".to_owned())
        );
        for other in [
            "",
            "<html>",
            "{}",
            r#"{"code":402}"#,
            r#"{"code":"n/a"}"#,
            r#"{"code":"0x"}"#,
            r#"{"code":"0x40240240240240"}"#,
            r#"{"code":"0x4\u001b2"}"#,
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn members_stand_once_and_keep_their_text() {
        let members: Members<'_> = read(br#"{"b": [1.0,  2],"a":null}"#).unwrap();
        let found: Vec<_> = members
            .0
            .iter()
            .map(|(name, it)| (name.as_str(), it.get()))
            .collect();
        assert_eq!(found, [("b", "[1.0,  2]"), ("a", "null")]);
        assert!(read::<Members<'_>>(br#"{"a":1,"a":2}"#).is_err());
    }
}
