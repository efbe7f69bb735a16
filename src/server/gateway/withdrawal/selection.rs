//! Which certificates an operator means: what all of them have in common.
//!
//! Refuses a selection of everything, texts that are not plain, and to keep an identifier or a QR text: hashes name a
//! certificate from the first step on. A selection never leaves the gateway; what is published is hashes.

use crate::failure::{Code, Failure};
use crate::model::{Kid, UnixTime};
use crate::revocation::RevocationHash;
use crate::server::gateway::registry::check_text;
use crate::server::store::issuing::Selector;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which certificates are meant: those for which everything that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Hashes of signatures or identifiers, Base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<String>,
    /// Who entered the events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Who handed the events in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// The facility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<String>,
    /// The lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// The key identifier of the signer, Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Issued at or after this instant, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Issued before this instant, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Selection {
    /// The selection in `value`.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn parse(value: Value) -> Result<Self, Failure> {
        let selection: Self = serde_json::from_value(value).map_err(|_| {
            let reason = "member `selector` has a member that is not known or not a text";
            Code::RequestInvalid.because(reason).about("selector")
        })?;
        selection.selector()?;
        Ok(selection)
    }

    /// The certificates with these hashes.
    pub fn of_hashes(hashes: impl IntoIterator<Item = RevocationHash>) -> Self {
        Self {
            hashes: hashes.into_iter().map(|hash| hash.to_string()).collect(),
            ..Self::default()
        }
    }

    /// The same as the register is asked for it.
    ///
    /// # Errors
    /// `request_invalid` where it selects everything, or a member is not of its form.
    pub fn selector(&self) -> Result<Selector, Failure> {
        if *self == Self::default() {
            let reason = "a selector names at least one thing that the certificates have in common";
            return Err(Code::RequestInvalid.because(reason).about("selector"));
        }
        if self.hashes.len() > MAX_HASHES {
            return Err(odd("hashes", "a list of at most 1000"));
        }
        let hashes = self.hashes.iter().map(|text| {
            RevocationHash::parse(text).ok_or_else(|| odd("hashes", "16 bytes in Base64"))
        });
        let plain = |name: &str, text: &Option<String>| {
            if let Some(text) = text {
                check_text(name, text, MAX_TEXT)?;
            }
            Ok::<_, Failure>(text.clone())
        };
        let instant = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                let read = UnixTime::parse(text);
                read.map(Some)
                    .ok_or_else(|| odd(name, "RFC 3339 with a zone"))
            }
        };
        let kid = self.kid.as_ref().map(|text| {
            let bytes = BASE64_STANDARD.decode(text).ok();
            let kid = bytes.and_then(|bytes| Kid::from_bytes(&bytes));
            kid.ok_or_else(|| odd("kid", "a key identifier in Base64"))
        });
        let selector = Selector {
            events: Vec::new(),
            hashes: hashes.collect::<Result<_, _>>()?,
            operator: plain("operator", &self.operator)?,
            submitted_by: plain("submitted_by", &self.submitted_by)?,
            facility: plain("facility", &self.facility)?,
            lot: plain("lot", &self.lot)?,
            batch: plain("batch", &self.batch)?,
            kid: kid.transpose()?,
            from: instant("from", &self.from)?,
            to: instant("to", &self.to)?,
        };
        if let (Some(from), Some(to)) = (selector.from, selector.to)
            && to <= from
        {
            return Err(odd("to", "later than `from`"));
        }
        Ok(selector)
    }

    /// What the audit is told: what certificates have in common, and how many hashes are named.
    pub fn told(&self) -> String {
        let mut said = Vec::new();
        if !self.hashes.is_empty() {
            said.push(format!("{} hashes", self.hashes.len()));
        }
        for (name, text) in [
            ("operator", &self.operator),
            ("submitted_by", &self.submitted_by),
            ("facility", &self.facility),
            ("lot", &self.lot),
            ("batch", &self.batch),
            ("kid", &self.kid),
            ("from", &self.from),
            ("to", &self.to),
        ] {
            said.extend(text.as_ref().map(|text| format!("{name} {text}")));
        }
        said.join(", ")
    }
}

fn odd(member: &str, what: &str) -> Failure {
    let reason = format!("member `{member}` of `selector` is not {what}");
    Code::RequestInvalid.because(reason).about(member)
}

const MAX_HASHES: usize = 1000;
const MAX_TEXT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selection_of_everything_or_of_odd_values_is_refused() {
        for odd in [
            json!({}),
            json!({ "hashes": [] }),
            json!({ "operator": "" }),
            json!({ "operator": 1 }),
            json!({ "nik": "3201234567890001" }),
            json!({ "hashes": ["AAAA"] }),
            json!({ "kid": "?" }),
            json!({ "from": "2026-11-01" }),
            json!({ "from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z" }),
            json!({ "lot": "a\u{202e}b" }),
        ] {
            let failure = Selection::parse(odd.clone()).unwrap_err();
            assert_eq!(failure.code(), Code::RequestInvalid, "{odd}");
            assert!(!failure.detail().contains("3201234567890001"));
        }
        let good = json!({ "operator": "clerk-17", "from": "2026-11-01T00:00:00Z" });
        let read = Selection::parse(good.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), good);
        assert_eq!(read.told(), "operator clerk-17, from 2026-11-01T00:00:00Z");
    }
}
