//! National lists with a signature over the whole, and their signatures.
//!
//! Refuses to look into a list before its signature holds under a key that was pinned, and lists outside the times that
//! they state themselves.
//!
//! Source: the national services named in each file.

mod anchors;
pub mod austria;
pub mod germany;

mod list;
mod netherlands;
pub mod own;
pub mod sweden;
mod switzerland;

pub use anchors::Anchors;
pub use list::{ListForm, PublishedSigner, SignedList};

use super::read::MAX_BYTES;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;

/// The list in `parts`, of the form `form`, at the instant `at`; `document` is its name, for operators.
///
/// | form | parts | pinned |
/// |---|---|---|
/// | `Austria` | the list, its signature | the root certificate, which has to be at hand |
/// | `Germany` | the list | the public key, which has to be at hand |
/// | `Lintas` | the list | the certificate in the signature |
/// | `Netherlands` | the list | the certificate in the signature |
/// | `Sweden` | the list | the certificate in the signature |
/// | `Switzerland` | the active key identifiers, then pages of keys | the root, at hand, or a certificate in the signature |
///
/// # Errors
/// `anchor_unknown`, `proof_invalid`, `list_expired`, `list_invalid`, `input_too_large`; `jws_invalid`, `cose_invalid`,
/// `cbor_invalid`, `cms_invalid` for what is around a list; `signer_expired` and `signer_not_yet_valid` for a certificate
/// that is not pinned itself.
pub fn read(
    form: ListForm,
    document: &str,
    parts: &[&[u8]],
    anchors: &Anchors<'_>,
    at: UnixTime,
) -> Result<SignedList, Failure> {
    if parts.iter().any(|part| part.len() > MAX_BYTES) {
        return Err(Code::InputTooLarge.because(format!("a list over {MAX_BYTES} bytes")));
    }
    match (form, parts) {
        (ListForm::Austria, [content, signature]) => {
            austria::read(document, content, signature, anchors, at)
        }
        (ListForm::Germany, [list]) => germany::read(document, list, anchors),
        (ListForm::Lintas, [list]) => own::read(document, list, anchors),
        (ListForm::Netherlands, [list]) => netherlands::read(document, list, anchors),
        (ListForm::Sweden, [list]) => sweden::read(document, list, anchors, at),
        (ListForm::Switzerland, [active, keys @ ..]) if !keys.is_empty() => {
            switzerland::read(document, active, keys, anchors, at)
        }
        _ => Err(Code::ListInvalid.because(format!("{} parts of a list", parts.len()))),
    }
}
