//! Signatures by the names of the JOSE registry, and one signature in two forms.
//!
//! Refuses `none`, algorithms of shared secrets, and any name that the key does not bear. An RSA key has two: PS256, which
//! is its own, and RS256 to RS512, which signed lists use and credentials never may.
//!
//! Source: RFC 7518, section 3; RFC 3279, section 2.2.3 (the form of ECDSA signatures in DER).

use super::chain::{ChainAlgorithm, Hash, verify_chain};
use super::key::{Algorithm, VerifyingKey};
use crate::failure::{Code, Failure};

/// Whether `signature` over `message` verifies under `key` by the algorithm named `name`.
///
/// `signature` is in the fixed form of JOSE: `r ‖ s` for ECDSA, as long as the modulus for RSA.
///
/// # Errors
/// `algorithm_unsupported` for a name that is not known here, `algorithm_mismatch` where the key is of another kind,
/// `signature_invalid`.
pub fn verify_jose(
    key: &VerifyingKey,
    name: &str,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    let own = key.algorithm();
    if name == own.name() {
        return super::verify(key, message, signature);
    }
    let hash = match name {
        "RS256" => Hash::Sha256,
        "RS384" => Hash::Sha384,
        "RS512" => Hash::Sha512,
        "ES256" | "ES384" | "ES512" | "PS256" => {
            return Err(Code::AlgorithmMismatch.because("the key is for another algorithm"));
        }
        _ => return Err(Code::AlgorithmUnsupported.because("an algorithm that is not known here")),
    };
    verify_chain(key, ChainAlgorithm::RsaPkcs1(hash), message, signature)
}

/// The ECDSA signature `r ‖ s` of `algorithm`, in DER; `None` where it is none, or of another length.
pub fn ecdsa_der(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Es256 => {
            let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::Es384 => {
            let signature = p384::ecdsa::Signature::from_slice(signature).ok()?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::Es512 => {
            let signature = p521::ecdsa::Signature::from_slice(signature).ok()?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::Ps256 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Signer;
    use p256::pkcs8::EncodePublicKey;

    #[test]
    fn a_key_verifies_under_its_own_name_and_no_other() {
        let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        let key = VerifyingKey::from_spki(spki.as_bytes()).unwrap();
        let signature: p256::ecdsa::Signature = secret.sign(b"message");
        let signature = signature.to_bytes();
        assert!(verify_jose(&key, "ES256", b"message", &signature).is_ok());
        for (name, code) in [
            ("ES384", Code::AlgorithmMismatch),
            ("RS256", Code::AlgorithmMismatch),
            ("none", Code::AlgorithmUnsupported),
            ("HS256", Code::AlgorithmUnsupported),
        ] {
            let failure = verify_jose(&key, name, b"message", &signature).unwrap_err();
            assert_eq!(failure.code(), code, "{name}");
        }
        let der = ecdsa_der(Algorithm::Es256, &signature).unwrap();
        let hash = ChainAlgorithm::Ecdsa(Hash::Sha256);
        assert!(verify_chain(&key, hash, b"message", &der).is_ok());
        assert!(ecdsa_der(Algorithm::Es384, &signature).is_none());
        assert!(ecdsa_der(Algorithm::Ps256, &signature).is_none());
    }
}
