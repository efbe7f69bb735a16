//! Signatures over certificates and messages: the algorithms of X.509 and CMS, which credentials do not use.
//!
//! Refuses SHA-1 and MD5, PSS whose mask is made with another hash than the digest, and what the key is not for.
//! Verification only.
//!
//! Source: RFC 5758 (ECDSA), RFC 8017 A.2 (RSA), RFC 4055 section 3.1 (PSS parameters), RFC 5652 section 10.1.2 (in CMS
//! the digest may stand apart).

use super::key::{Portable, VerifyingKey};
use crate::failure::{Code, Failure};
use der::asn1::ObjectIdentifier;
use der::{Decode, Sequence};
use sha2::{Digest, Sha256, Sha384, Sha512};
use signature::Verifier;
use signature::hazmat::PrehashVerifier;
use spki::AlgorithmIdentifierRef;

/// How a certificate or message was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainAlgorithm {
    /// ECDSA, the signature in DER.
    Ecdsa(Hash),
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 of the same hash.
    RsaPss {
        /// The hash.
        hash: Hash,
        /// The length of the salt, in bytes.
        salt: u16,
    },
}

/// A hash of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The hash with this object identifier.
    ///
    /// # Errors
    /// `algorithm_unsupported`.
    pub fn named(oid: ObjectIdentifier) -> Result<Self, Failure> {
        match oid {
            SHA_256 => Ok(Self::Sha256),
            SHA_384 => Ok(Self::Sha384),
            SHA_512 => Ok(Self::Sha512),
            other => Err(Code::AlgorithmUnsupported.because(format!("hash {other}"))),
        }
    }

    /// The digest of `message`.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl ChainAlgorithm {
    /// The algorithm that an AlgorithmIdentifier in DER names; where it leaves the hash open, that is `digest`.
    ///
    /// # Errors
    /// `algorithm_unsupported`.
    pub fn read(identifier: &[u8], digest: Option<Hash>) -> Result<Self, Failure> {
        let unreadable =
            |error| Code::AlgorithmUnsupported.caused_by("no algorithm can be read", error);
        let identifier = AlgorithmIdentifierRef::from_der(identifier).map_err(unreadable)?;
        let open = || {
            digest.ok_or_else(|| Code::AlgorithmUnsupported.because("an algorithm without a hash"))
        };
        Ok(match identifier.oid {
            ECDSA_SHA_256 => Self::Ecdsa(Hash::Sha256),
            ECDSA_SHA_384 => Self::Ecdsa(Hash::Sha384),
            ECDSA_SHA_512 => Self::Ecdsa(Hash::Sha512),
            EC_PUBLIC_KEY => Self::Ecdsa(open()?),
            RSA_SHA_256 => Self::RsaPkcs1(Hash::Sha256),
            RSA_SHA_384 => Self::RsaPkcs1(Hash::Sha384),
            RSA_SHA_512 => Self::RsaPkcs1(Hash::Sha512),
            RSA_ENCRYPTION => Self::RsaPkcs1(open()?),
            RSASSA_PSS => {
                let parameters = identifier
                    .parameters
                    .and_then(|it| it.decode_as::<PssParameters<'_>>().ok());
                parameters.and_then(|it| it.algorithm()).ok_or_else(|| {
                    Code::AlgorithmUnsupported.because("PSS of unusual parameters")
                })?
            }
            other => return Err(Code::AlgorithmUnsupported.because(format!("algorithm {other}"))),
        })
    }
}

/// RSASSA-PSS-params; whatever is absent means SHA-1, and is refused.
#[derive(Sequence)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

impl PssParameters<'_> {
    fn algorithm(&self) -> Option<ChainAlgorithm> {
        let hash = Hash::named(self.hash?.oid).ok()?;
        let mask = self.mask.filter(|mask| mask.oid == MGF1)?;
        let of_mask = mask
            .parameters?
            .decode_as::<AlgorithmIdentifierRef<'_>>()
            .ok()?;
        let same = Hash::named(of_mask.oid).ok()? == hash;
        (same && self.trailer.is_none_or(|trailer| trailer == 1)).then_some(
            ChainAlgorithm::RsaPss {
                hash,
                salt: self.salt.unwrap_or(20),
            },
        )
    }
}

/// Whether `signature` over `message` verifies under `key` by `algorithm`.
///
/// # Errors
/// `algorithm_mismatch` where the key is of another kind, `signature_invalid`.
pub fn verify_chain(
    key: &VerifyingKey,
    algorithm: ChainAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    let valid = match (&key.portable, algorithm) {
        (Portable::P256(key), ChainAlgorithm::Ecdsa(hash)) => {
            p256::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&hash.of(message), &signature))
                .is_ok()
        }
        (Portable::P384(key), ChainAlgorithm::Ecdsa(hash)) => {
            p384::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&hash.of(message), &signature))
                .is_ok()
        }
        (Portable::P521(key), ChainAlgorithm::Ecdsa(hash)) => {
            // The library wants a digest of half the curve's width at least; zeros in front leave its number as it is.
            p521::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&widened(hash.of(message)), &signature))
                .is_ok()
        }
        (Portable::Rsa(key), ChainAlgorithm::RsaPkcs1(hash)) => match hash {
            Hash::Sha256 => pkcs1::<Sha256>(key, message, signature),
            Hash::Sha384 => pkcs1::<Sha384>(key, message, signature),
            Hash::Sha512 => pkcs1::<Sha512>(key, message, signature),
        },
        (Portable::Rsa(key), ChainAlgorithm::RsaPss { hash, salt }) => match hash {
            Hash::Sha256 => pss::<Sha256>(key, salt, message, signature),
            Hash::Sha384 => pss::<Sha384>(key, salt, message, signature),
            Hash::Sha512 => pss::<Sha512>(key, salt, message, signature),
        },
        (Portable::P256(_) | Portable::P384(_) | Portable::P521(_) | Portable::Rsa(_), _) => {
            return Err(Code::AlgorithmMismatch.because("the key is for another algorithm"));
        }
    };
    if valid {
        return Ok(());
    }
    Err(Code::SignatureInvalid.because("the signature does not verify"))
}

fn widened(mut digest: Vec<u8>) -> Vec<u8> {
    let missing = P521_BYTES.saturating_sub(digest.len());
    digest.splice(..0, std::iter::repeat_n(0, missing));
    digest
}

fn pkcs1<D>(key: &rsa::PublicKey, message: &[u8], signature: &[u8]) -> bool
where
    D: Digest,
    rsa::pkcs1v15::VerifyingKey<D>: Verifier<rsa::pkcs1v15::Signature> + From<rsa::PublicKey>,
{
    rsa::pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
        let key = rsa::pkcs1v15::VerifyingKey::<D>::from(key.clone());
        key.verify(message, &signature).is_ok()
    })
}

fn pss<D>(key: &rsa::PublicKey, salt: u16, message: &[u8], signature: &[u8]) -> bool
where
    D: Digest,
    rsa::pss::VerifyingKey<D>: Verifier<rsa::pss::Signature>,
{
    rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
        let key = rsa::pss::VerifyingKey::<D>::new_with_salt_len(key.clone(), usize::from(salt));
        key.verify(message, &signature).is_ok()
    })
}

/// The width of a number on P-521, in bytes.
const P521_BYTES: usize = 66;
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// ECDSA with SHA-256, as algorithms of signatures are named (RFC 5758).
pub const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const RSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_may_be_as_long_as_a_large_key_lets_it() {
        let of = |salt: &str| {
            let hash = "300d06096086480165030402010500";
            let mask = format!("301a06092a864886f70d010108{hash}");
            let text = format!("304206092a864886f70d01010a3035a00f{hash}a11c{mask}a2040202{salt}");
            let identifier = base16ct::lower::decode_vec(text).unwrap();
            ChainAlgorithm::read(&identifier, None)
        };
        let long = ChainAlgorithm::RsaPss {
            hash: Hash::Sha256,
            salt: 478,
        };
        assert_eq!(of("01de").unwrap(), long);
        let negative = of("ffde").unwrap_err();
        assert_eq!(negative.code(), Code::AlgorithmUnsupported);
    }
}
