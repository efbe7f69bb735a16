//! The Netherlands' keys: `{"payload": JSON in Base64, "signature": a detached CMS message in Base64}`.
//!
//! Refuses a signer that is not pinned itself: its authority signs for the whole administration. A message with more
//! certificates than the signer's is refused by the reader of CMS messages.
//!
//! Source: verifier-api.coronacheck.nl/v4/verifier/public_keys.

use super::anchors::Anchors;
use super::list::SignedList;
use crate::codec::cms::Signed;
use crate::codec::json;
use crate::exchange::nl;
use crate::exchange::read::{MAX_VALUES, base64_of, rows};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::trust::proof::proves;

pub(super) fn read(
    document: &str,
    bytes: &[u8],
    anchors: &Anchors<'_>,
) -> Result<SignedList, Failure> {
    let invalid = |reason| move |failure| Code::ListInvalid.caused_by(reason, failure);
    let wrapper = json::read(bytes, MAX_WRAPPER_VALUES).map_err(invalid("not JSON"))?;
    let part = |name: &str| {
        let part = base64_of(wrapper.get(name));
        part.ok_or_else(|| Code::ListInvalid.because(format!("{name} is not Base64")))
    };
    let (payload, message) = (part("payload")?, Signed::read(&part("signature")?)?);
    let signer = anchors.pinned(Some(&message.certificate))?;
    if message
        .content
        .as_ref()
        .is_some_and(|content| *content != payload)
    {
        return Err(Code::ProofInvalid.because("what is signed is another list"));
    }
    proves(&message, &payload)?;
    // One kid may stand twice, each time with a list of keys.
    let list = json::read_joining(&payload, MAX_VALUES).map_err(invalid("signed, and not JSON"))?;
    let found = list.as_object().and_then(nl::read);
    let signed_at = message.attributes.and_then(|it| it.signing_time);
    Ok(SignedList {
        entries: rows(
            document,
            found.ok_or_else(|| Code::ListInvalid.because("no eu_keys"))?,
        )?,
        signer: signer.fingerprint,
        issued_at: signed_at.and_then(UnixTime::from_seconds),
        expires_at: None,
    })
}

const MAX_WRAPPER_VALUES: usize = 16;
