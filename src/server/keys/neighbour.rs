//! The throw-away certificates of two neighbouring countries for a demonstration: a trust anchor, and what its parties have.
//!
//! Refuses nothing; whatever is made here is worth nothing anywhere else. Private keys stay in the folder they are made in.
//!
//! Source: certificate governance of the EU gateway; the WHO's trust network has the same parts.

use crate::codec::cms::Unsigned;
use crate::crypto::{ECDSA_SHA_256, sha256};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::files::{self, PRIVATE, PUBLIC};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SigningKey,
};
use std::path::Path;
use zeroize::Zeroizing;

/// A throw-away certificate that signs itself, and its key.
pub struct ThrowAway {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    key: KeyPair,
}

/// What a throw-away certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It vouches for parties.
    Anchor,
    /// It signs what a party hands in.
    Upload,
    /// A party proves itself with it in TLS.
    Tls,
}

impl ThrowAway {
    /// One of `country` for this use, made at `at`; `name`.pem and `name`.key in `folder`.
    ///
    /// # Errors
    /// `internal`, `input_output`.
    pub fn make(
        folder: &Path,
        name: &str,
        country: &str,
        what: Use,
        at: UnixTime,
    ) -> Result<Self, Failure> {
        let made = make(country, name, what, at)
            .map_err(|error| Code::Internal.caused_by("no throw-away certificate", error))?;
        let (this, pem) = made;
        files::create_private_dir(folder)?;
        let key = Zeroizing::new(this.key.serialize_pem());
        files::write(&folder.join(format!("{name}.key")), key.as_bytes(), PRIVATE)?;
        files::write(&folder.join(format!("{name}.pem")), pem.as_bytes(), PUBLIC)?;
        Ok(this)
    }

    /// SHA-256 over the certificate.
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint(sha256(&self.certificate))
    }

    /// A CMS message of this key over `content`, without it, signed at `at`.
    ///
    /// # Errors
    /// `internal`.
    pub fn vouch(&self, content: &[u8], at: UnixTime) -> Result<Vec<u8>, Failure> {
        let time = u64::try_from(at.seconds()).unwrap_or_default();
        let certificate = self.certificate.clone();
        let unsigned = Unsigned::new(None, sha256(content), certificate, ECDSA_SHA_256, time)?;
        let signature = self.key.sign(&unsigned.signed_bytes());
        let signature =
            signature.map_err(|error| Code::Internal.caused_by("the key did not sign", error))?;
        Ok(unsigned.complete(&signature))
    }
}

fn make(
    country: &str,
    name: &str,
    what: Use,
    at: UnixTime,
) -> Result<(ThrowAway, String), rcgen::Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, country);
    subject.push(DnType::OrganizationName, "Lintas DEMO");
    subject.push(DnType::CommonName, format!("DEMO {name}"));
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    let day = |at: UnixTime| {
        let date = at.date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
    };
    parameters.not_before = day(at.plus(-DAY_S));
    parameters.not_after = day(at.plus(YEAR_S));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match what {
        Use::Anchor | Use::Upload => {}
        Use::Tls => parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
    }
    parameters.is_ca = match what {
        Use::Anchor => IsCa::Ca(BasicConstraints::Unconstrained),
        Use::Upload | Use::Tls => IsCa::ExplicitNoCa,
    };
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let pem = certificate.pem();
    let certificate = certificate.der().to_vec();
    Ok((ThrowAway { certificate, key }, pem))
}

const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;
