//! A signer's public key and the one algorithm it may be used with.
//!
//! Refuses RSA under 2,048 or over 4,096 bits, public exponents over 2^32, curves without a judge, explicit curve
//! parameters, and points off the curve. The algorithm is the key's; a header can only agree.
//!
//! Source: RFC 5480 (EC keys), RFC 8017 A.1 (RSA keys), RFC 9053 (algorithm numbers); hcert-spec 3.3.2.

use super::digest::sha256;
use super::engine::Known;
use crate::failure::{Code, Failure};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Sequence};
use spki::SubjectPublicKeyInfoRef;
use std::sync::OnceLock;

/// A signature algorithm of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256,
}

impl Algorithm {
    /// The algorithm with this number in the COSE registry, if it is supported.
    pub fn from_cose(number: i64) -> Option<Self> {
        [Self::Es256, Self::Es384, Self::Es512, Self::Ps256]
            .into_iter()
            .find(|it| it.cose() == number)
    }

    /// The number in the COSE registry.
    pub fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::Ps256 => -37,
        }
    }

    /// The name in the COSE and JOSE registries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ps256 => "PS256",
        }
    }
}

/// A public key that passed the checks of this file.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    spki_digest: [u8; 32],
    pub(super) portable: Portable,
    #[cfg(feature = "server")]
    pub(super) aws_lc: Option<super::aws_lc::Key>,
    /// Set once an engine knows the key.
    pub(super) known: OnceLock<Known>,
}

/// The key in the form of the pure-Rust judge.
#[derive(Clone, Debug)]
pub(super) enum Portable {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Rsa(rsa::PublicKey),
}

impl VerifyingKey {
    /// The key in a SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// `signer_key_weak`, `algorithm_unsupported`, `entry_invalid`.
    pub fn from_spki(der: &[u8]) -> Result<Self, Failure> {
        let spki = SubjectPublicKeyInfoRef::from_der(der)
            .map_err(|error| Code::EntryInvalid.caused_by("not a public key", error))?;
        let bits = spki.subject_public_key.as_bytes();
        let bits = bits.ok_or_else(|| Code::EntryInvalid.because("a key of odd bits"))?;
        let portable = match spki.algorithm.oid {
            EC_PUBLIC_KEY => {
                let curve = spki
                    .algorithm
                    .parameters
                    .and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
                ec_key(curve, bits)?
            }
            RSA_ENCRYPTION | RSASSA_PSS => rsa_key(bits)?,
            other => {
                return Err(Code::AlgorithmUnsupported.because(format!("a key of kind {other}")));
            }
        };
        Ok(Self {
            spki_digest: sha256(der),
            #[cfg(feature = "server")]
            aws_lc: super::aws_lc::Key::new(&portable, bits),
            portable,
            known: OnceLock::new(),
        })
    }

    /// x and y of a key on P-256, each in 32 bytes, the most significant first.
    pub(super) fn coordinates(&self) -> Option<([u8; 32], [u8; 32])> {
        let Portable::P256(key) = &self.portable else {
            return None;
        };
        let point = key.to_sec1_point(false);
        let [x, y] = [point.x()?, point.y()?].map(|coordinate| <[u8; 32]>::from(*coordinate));
        Some((x, y))
    }

    /// The algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        match self.portable {
            Portable::P256(_) => Algorithm::Es256,
            Portable::P384(_) => Algorithm::Es384,
            Portable::P521(_) => Algorithm::Es512,
            Portable::Rsa(_) => Algorithm::Ps256,
        }
    }

    /// SHA-256 over the SubjectPublicKeyInfo it was read from: the identity of the key.
    pub fn spki_digest(&self) -> &[u8; 32] {
        &self.spki_digest
    }

    /// Whether both are one key, however each is written: a point can be, in two ways, and digests then differ.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.portable, &other.portable) {
            (Portable::P256(one), Portable::P256(two)) => one == two,
            (Portable::P384(one), Portable::P384(two)) => one == two,
            (Portable::P521(one), Portable::P521(two)) => one == two,
            (Portable::Rsa(one), Portable::Rsa(two)) => one == two,
            (Portable::P256(_) | Portable::P384(_) | Portable::P521(_) | Portable::Rsa(_), _) => {
                false
            }
        }
    }

    /// How long this key's signatures are, in bytes.
    pub fn signature_length(&self) -> usize {
        match &self.portable {
            Portable::P256(_) => 64,
            Portable::P384(_) => 96,
            Portable::P521(_) => 132,
            Portable::Rsa(key) => rsa::traits::PublicKeyParts::size(key),
        }
    }
}

fn ec_key(curve: Option<ObjectIdentifier>, point: &[u8]) -> Result<Portable, Failure> {
    let off_curve = || Code::EntryInvalid.because("the point is not on the curve");
    match curve {
        Some(SECP256R1) => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(Portable::P256)
            .map_err(|_| off_curve()),
        Some(SECP384R1) => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(Portable::P384)
            .map_err(|_| off_curve()),
        Some(SECP521R1) => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(Portable::P521)
            .map_err(|_| off_curve()),
        Some(other) => Err(Code::AlgorithmUnsupported.because(format!("the curve {other}"))),
        None => Err(Code::AlgorithmUnsupported.because("a curve that is not named")),
    }
}

/// RSAPublicKey of RFC 8017, A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

fn rsa_key(bits: &[u8]) -> Result<Portable, Failure> {
    let unreadable = || Code::EntryInvalid.because("not an RSA public key");
    let key = RsaPublicKey::from_der(bits).map_err(|_| unreadable())?;
    let modulus = key.modulus.as_bytes();
    let size = modulus
        .first()
        .map_or(0, |first| modulus.len() * 8 - leading_zeros(*first));
    if size < MIN_RSA_BITS {
        return Err(Code::SignerKeyWeak.because(format!("RSA with {size} bits")));
    }
    if size > MAX_RSA_BITS {
        return Err(Code::AlgorithmUnsupported.because(format!("RSA with {size} bits")));
    }
    let exponent = key.public_exponent.as_bytes();
    if exponent.len() > 4 || exponent.last().is_none_or(|last| last % 2 == 0) || exponent == [1] {
        return Err(Code::SignerKeyWeak.because("an RSA exponent that is even, 1 or over 2^32"));
    }
    let uint = |bytes: &[u8]| rsa::BoxedUint::from_be_slice_vartime(bytes);
    rsa::PublicKey::new_with_size_limits(uint(modulus), uint(exponent), MIN_RSA_BITS..=MAX_RSA_BITS)
        .map(Portable::Rsa)
        .map_err(|_| unreadable())
}

fn leading_zeros(byte: u8) -> usize {
    usize::try_from(byte.leading_zeros()).unwrap_or_default()
}

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 4096;
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

#[cfg(test)]
mod tests {
    use super::*;
    use ::p256::ecdsa::SigningKey;
    use ::p256::pkcs8::EncodePublicKey;

    #[test]
    fn a_point_that_is_written_in_two_ways_is_one_key() {
        let key = |seed: u8| *SigningKey::from_slice(&[seed; 32]).unwrap().verifying_key();
        let whole = key(7).to_public_key_der().unwrap();
        let point = key(7).to_sec1_point(true);
        let head = "3039301306072a8648ce3d020106082a8648ce3d030107032200";
        let mut short = base16ct::lower::decode_vec(head).unwrap();
        short.extend_from_slice(point.as_bytes());
        let (whole, short) = (
            VerifyingKey::from_spki(whole.as_bytes()).unwrap(),
            VerifyingKey::from_spki(&short).unwrap(),
        );
        assert_ne!(whole.spki_digest(), short.spki_digest());
        assert!(whole.is_same(&short));
        let other = key(8).to_public_key_der().unwrap();
        assert!(!whole.is_same(&VerifyingKey::from_spki(other.as_bytes()).unwrap()));
    }
}
