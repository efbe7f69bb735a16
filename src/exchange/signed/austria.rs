//! Austria's trust list: CBOR `{"c": [{"i": kid, "c": certificate}]}`, and beside it a COSE message over its hash and times.
//!
//! Refuses a hash of other content, keys under another kid than the pinned root's, and entries outside the period that the
//! list gives them. An entry may hold a bare key (`k`) with that period (`nb`, `na`) in place of a certificate.
//!
//! Source: dgc-trust.qr.gv.at (`/trustlist`, `/trustlistsig`); ehn-dcc-development/hcert-kotlin, `TrustListV2`.

use super::anchors::{Anchors, unknown, unproven, within};
use super::list::{PublishedSigner, SignedList};
use crate::codec::cbor::{self, Limits, Value};
use crate::codec::cose::{self, Sign1};
use crate::codec::item::{Entries, Item};
use crate::codec::x509::Certificate;
use crate::crypto::{self, Algorithm, VerifyingKey, sha256};
use crate::exchange::read::{Found, Unread, rows};
use crate::failure::{Code, Failure};
use crate::model::{Kid, UnixTime};
use crate::trust::kid_of;

pub(super) fn read(
    document: &str,
    content: &[u8],
    signature: &[u8],
    anchors: &Anchors<'_>,
    at: UnixTime,
) -> Result<SignedList, Failure> {
    let message = Sign1::read(signature, SIGNATURE_LIMITS)?;
    let named = |root: &&[u8]| kid_of(root).as_ref().map(Kid::as_bytes) == message.kid();
    let root = anchors.at_hand().find(named).ok_or_else(unknown)?;
    let proven = || {
        let key = VerifyingKey::from_spki(&Certificate::read(root)?.public_key)?;
        if message.algorithm != Some(key.algorithm().cose()) {
            return Err(Code::AlgorithmMismatch.because("the key is for another algorithm"));
        }
        crypto::verify(&key, message.signed_bytes(), message.signature())
    };
    proven().map_err(unproven)?;
    let stated = cbor::read(message.payload(), SIGNATURE_LIMITS)?;
    let stated = stated.root().as_map().unwrap_or_default();
    if stated.get(HASH).and_then(Item::as_bytes) != Some(&sha256(content)) {
        return Err(Code::ProofInvalid.because("the signature is over another list"));
    }
    let time = |label| {
        let time = stated.get(label).and_then(Item::as_i64);
        let time = time.and_then(UnixTime::from_seconds);
        time.ok_or_else(|| Code::ListInvalid.because("a list without its times"))
    };
    let (from, to) = (time(NOT_BEFORE)?, time(EXPIRES)?);
    within(Some(from), Some(to), at)?;
    let list = cbor::read(content, LIST_LIMITS)?;
    let items = list.root().as_map().and_then(|it| it.get_text("c"));
    let items = items.and_then(Item::as_array);
    let items = items.ok_or_else(|| Code::ListInvalid.because("no list under c"))?;
    Ok(SignedList {
        entries: rows(document, items.map(|item| entry(item, at)).collect())?,
        signer: sha256(root),
        issued_at: Some(from),
        expires_at: Some(to),
    })
}

fn entry(item: Item<'_>, at: UnixTime) -> Result<Found, Unread> {
    let members = item.as_map().unwrap_or_default();
    let bytes = |name| members.get_text(name).and_then(Item::as_bytes);
    let kid = bytes("i").and_then(Kid::from_bytes);
    match (bytes("c"), bytes("k"), kid) {
        (Some(der), _, kid) if !der.is_empty() => Ok(Found {
            kid,
            ..Found::certificate(der.to_vec())
        }),
        (_, Some(spki), Some(kid)) => {
            let (from, to) = (bound(members, "nb", at), bound(members, "na", at));
            if from.is_none_or(|from| at < from) || to.is_none_or(|to| at > to) {
                return Err(Unread::new(
                    Some(kid),
                    "a key outside the period of its entry",
                ));
            }
            Ok(Found::public_key(spki.to_vec(), kid))
        }
        (_, _, kid) => Err(Unread::new(kid, "neither a certificate nor a key")),
    }
}

/// The bound `name` of an entry's period, `at` where there is none; `None` where it cannot be read.
fn bound(members: Entries<'_>, name: &str, at: UnixTime) -> Option<UnixTime> {
    let Some(bound) = members.get_text(name) else {
        return Some(at);
    };
    bound.as_i64().and_then(UnixTime::from_seconds)
}

/// A list that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    content: Vec<u8>,
    message: cose::Unsigned,
}

impl Unsigned {
    /// The list of `signers`, in force from `from` to `to`, to be signed by the key of the certificate `root` (X.509, DER).
    ///
    /// # Errors
    /// `entry_invalid` where the root cannot be read; `internal`.
    pub fn new(
        signers: &[PublishedSigner],
        from: UnixTime,
        to: UnixTime,
        root: &[u8],
    ) -> Result<Self, Failure> {
        let items = signers.iter().map(|signer| {
            let kid = kid_of(&signer.certificate);
            let kid = kid.map(|kid| kid.as_bytes().to_vec()).unwrap_or_default();
            Value::Map(vec![
                ("i".into(), Value::Bytes(kid)),
                ("c".into(), Value::Bytes(signer.certificate.clone())),
            ])
        });
        let list = Value::Map(vec![("c".into(), Value::Array(items.collect()))]);
        let content = cbor::write(&list)?;
        let stated = Value::Map(vec![
            (HASH.into(), Value::Bytes(sha256(&content).to_vec())),
            (EXPIRES.into(), to.seconds().into()),
            (NOT_BEFORE.into(), from.seconds().into()),
        ]);
        let key = VerifyingKey::from_spki(&Certificate::read(root)?.public_key)?;
        let kid = kid_of(root).ok_or_else(|| Code::Internal.because("no kid"))?;
        let algorithm: Algorithm = key.algorithm();
        let message = cose::Unsigned::new(algorithm.cose(), kid.as_bytes(), cbor::write(&stated)?)?;
        Ok(Self { content, message })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.message.signed_bytes()
    }

    /// The list, and beside it its signature; `signature` is `r ‖ s`.
    ///
    /// # Errors
    /// `internal`.
    pub fn complete(self, signature: &[u8]) -> Result<[Vec<u8>; 2], Failure> {
        Ok([self.content, self.message.complete(signature.to_vec())?])
    }
}

const SIGNATURE_LIMITS: Limits = Limits {
    depth: 8,
    items: 64,
};
/// Twenty thousand entries of seven members.
const LIST_LIMITS: Limits = Limits {
    depth: 8,
    items: 300_100,
};
const HASH: i64 = 2;
const EXPIRES: i64 = 4;
const NOT_BEFORE: i64 = 5;
