//! The national CA on a machine without a network: made once, then asked for certificates by files.
//!
//! Refuses requests of another country, for other uses than their name says, and without a proof of the key; and a
//! certificate that would outlive the CA.
//!
//! Source: certificate governance of the EU gateway (profiles of CSCA, DSC, `NBup` and `NBtls`); RFC 5280.

use super::cohort::Cohort;
use super::passphrase::Passphrase;
use super::remote::{Point, Remote};
use super::request::{subject, usages};
use super::sealed::{make_sealed, open_sealed};
use super::{FileSigner, certificate_of};
use crate::codec::pkcs10::CertificationRequest;
use crate::codec::x509::{Certificate, Envelope};
use crate::crypto::{ChainAlgorithm, Hash, VerifyingKey, sha256, verify_chain};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::files::{self, PUBLIC};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
    SerialNumber,
};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// The national CA's folder on its machine.
pub struct Ceremony {
    folder: PathBuf,
}

/// A certificate that was made for a request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the signer is for.
    pub cohort: Cohort,
    /// SHA-256 over its certificate.
    pub thumbprint: Thumbprint,
    /// The certificate's last second.
    pub until: UnixTime,
    /// The certificate, PEM.
    pub pem: String,
}

impl Ceremony {
    /// The folder at `folder`.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Makes the CA of `country`, run by `name`, and the certificates by which its backend hands in and proves itself in TLS,
    /// each with its key sealed under `passphrase`. What each is called, and SHA-256 over its certificate.
    ///
    /// # Errors
    /// `request_invalid` where there is a CA already, the name is not 1 to 60 plain characters, or the passphrase is too
    /// short; `input_output`, `internal`.
    pub fn make(
        &self,
        country: Country,
        name: &str,
        passphrase: &Passphrase,
        at: UnixTime,
    ) -> Result<[(&'static str, Thumbprint); 3], Failure> {
        let plain = |letter: char| letter.is_alphanumeric() || " .,-'()".contains(letter);
        if !(1..=MAX_NAME).contains(&name.chars().count()) || !name.chars().all(plain) {
            let reason = "a name is 1 to 60 letters, digits, spaces and . , - ' ( )";
            return Err(Code::RequestInvalid.because(reason));
        }
        passphrase.fit_to_seal()?;
        if self.path(CSCA, "pem").exists() {
            let reason = format!("there is a CA in {} already", self.folder.display());
            return Err(Code::RequestInvalid.because(reason));
        }
        files::create_private_dir(&self.folder)?;
        let own = |role: Role| {
            let parameters = role.parameters(country, name, at)?;
            Ok::<_, Failure>((role.file(), self.make_one(role, parameters, passphrase)?))
        };
        // The CA comes last: where it lies, the rest does, too.
        let (upload, tls) = (own(Role::Upload)?, own(Role::Tls)?);
        Ok([own(Role::Csca)?, upload, tls])
    }

    fn make_one(
        &self,
        role: Role,
        parameters: CertificateParams,
        passphrase: &Passphrase,
    ) -> Result<Thumbprint, Failure> {
        let key = self.path(role.file(), "key");
        // Left by an attempt that broke off before there was a CA.
        let _ = std::fs::remove_file(&key);
        let key = make_sealed(&key, passphrase)?;
        let made = parameters.self_signed(&Remote::new(&key, &key.spki()?)?);
        let made = made.map_err(not_made)?;
        files::write(
            &self.path(role.file(), "pem"),
            made.pem().as_bytes(),
            PUBLIC,
        )?;
        Ok(Thumbprint(sha256(made.der())))
    }

    /// Makes the certificate that `request` asks for, PEM, and keeps a copy in the folder.
    ///
    /// # Errors
    /// `request_invalid` for what is not to be certified; `entry_invalid`, `input_too_large`, `signature_invalid`,
    /// `signer_key_weak`, `algorithm_unsupported` for such a request; `key_sealed`; `input_output`, `internal`.
    pub fn answer(
        &self,
        request: &[u8],
        passphrase: &Passphrase,
        at: UnixTime,
    ) -> Result<Answered, Failure> {
        let unreadable = || Code::EntryInvalid.because("no request for a certificate in PEM");
        let der =
            CertificateSigningRequestDer::from_pem_slice(request).map_err(|_| unreadable())?;
        let request = CertificationRequest::read(&der)?;
        let csca = certificate_of(&self.path(CSCA, "pem"))?;
        let authority = Certificate::read(&csca)?;
        let cohort = check(&request, &authority)?;
        let country = authority.countries.first().map(String::as_str);
        let (country, organization) = (
            country.unwrap_or_default(),
            request.organizations.first().map(String::as_str),
        );
        let name = request.common_names.first().map(String::as_str);
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject(
            country,
            organization.unwrap_or_default(),
            name.unwrap_or_default(),
        );
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = usages(&cohort);
        parameters.serial_number = Some(serial()?);
        let last = last_second(&mut parameters, at, DSC_YEARS);
        if last.seconds() > authority.not_after {
            let reason = "the CA ends before the certificate would: make the next CA first";
            return Err(Code::RequestInvalid.because(reason));
        }
        let key = open_sealed(&self.path(CSCA, "key"), passphrase)?;
        let made = certify(&csca, &authority, &key, parameters, &request.public_key)?;
        let thumbprint = Thumbprint(sha256(&made.0));
        let issued = self.folder.join("issued");
        files::create_private_dir(&issued)?;
        let copy = issued.join(format!("{thumbprint}.pem"));
        files::write(&copy, made.1.as_bytes(), PUBLIC)?;
        Ok(Answered {
            cohort,
            thumbprint,
            until: last,
            pem: made.1,
        })
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ending}"))
    }
}

/// That the CA should certify what `request` asks for: the cohort that it names.
fn check(request: &CertificationRequest, authority: &Certificate) -> Result<Cohort, Failure> {
    let refused = |reason: &str| Err(Code::RequestInvalid.because(reason));
    if request.countries != authority.countries || authority.countries.len() != 1 {
        return refused("the request is not of the CA's country");
    }
    let ([name], [organization]) = (
        request.common_names.as_slice(),
        request.organizations.as_slice(),
    ) else {
        return refused("the request names not one organisation and one common name");
    };
    if organization.chars().count() > MAX_NAME || organization.chars().any(char::is_control) {
        return refused("the request names an organisation that is too long or not plain");
    }
    let Some(cohort) = Cohort::of_common_name(name) else {
        return refused(
            "the request's name is not that of a signer: DSC PURPOSES REGION QUARTER KEY",
        );
    };
    let digest = sha256(&request.public_key);
    if *name != cohort.common_name(&digest) {
        return refused("the request's name is that of another key");
    }
    let dotted = |arc: Vec<u64>| {
        let parts: Vec<_> = arc.iter().map(u64::to_string).collect();
        parts.join(".")
    };
    let mut named: Vec<_> = cohort.usages().into_iter().map(dotted).collect();
    let mut asked = request.extended_key_usages.clone();
    named.sort_unstable();
    asked.sort_unstable();
    if named != asked {
        return refused("the request asks for other uses than its name says");
    }
    let key = VerifyingKey::from_spki(&request.public_key)?;
    let algorithm = ChainAlgorithm::read(&request.signature_algorithm, None)?;
    verify_chain(&key, algorithm, &request.signed_bytes, &request.signature)?;
    Ok(cohort)
}

/// The certificate, DER and PEM, by the CA's key, read again and held against the CA's certificate.
fn certify(
    csca: &[u8],
    authority: &Certificate,
    key: &FileSigner,
    parameters: CertificateParams,
    public_key: &[u8],
) -> Result<(Vec<u8>, String), Failure> {
    let own = key.spki()?;
    if own != authority.public_key {
        let reason = "the CA's key is not that of its certificate";
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    let country = authority.countries.first().map(String::as_str);
    let (organization, name) = organization_and_name(csca)?;
    let mut by = CertificateParams::default();
    by.distinguished_name = subject(country.unwrap_or_default(), &organization, &name);
    by.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = Issuer::new(by, Remote::new(key, &own)?);
    let point = Point::read(public_key)?;
    let made = parameters.signed_by(&point, &issuer).map_err(not_made)?;
    let (above, below) = (Envelope::read(csca)?, Envelope::read(made.der())?);
    if above.subject != below.issuer {
        let reason = "the CA's certificate was made by another program, which has to answer";
        return Err(Code::RequestInvalid.because(reason));
    }
    let key = VerifyingKey::from_spki(&authority.public_key)?;
    let algorithm = ChainAlgorithm::Ecdsa(Hash::Sha256);
    verify_chain(&key, algorithm, below.signed_bytes, below.signature)?;
    Ok((made.der().to_vec(), made.pem()))
}

/// The organisation and the common name of a CA that was made here.
fn organization_and_name(csca: &[u8]) -> Result<(String, String), Failure> {
    let read = Certificate::read(csca)?;
    let name = read.common_name.unwrap_or_default();
    let country = read.countries.first().map(String::as_str);
    let organization = name.strip_prefix(&format!("CSCA {} ", country.unwrap_or_default()));
    let foreign = || {
        let reason = "the CA's certificate was made by another program, which has to answer";
        Code::RequestInvalid.because(reason)
    };
    Ok((organization.ok_or_else(foreign)?.to_owned(), name))
}

/// What a certificate that signs itself is for.
#[derive(Clone, Copy)]
enum Role {
    Csca,
    Upload,
    Tls,
}

impl Role {
    fn file(self) -> &'static str {
        match self {
            Self::Csca => CSCA,
            Self::Upload => "nbup",
            Self::Tls => "nbtls",
        }
    }

    fn parameters(
        self,
        country: Country,
        name: &str,
        at: UnixTime,
    ) -> Result<CertificateParams, Failure> {
        let country = country.as_str();
        let title = match self {
            Self::Csca => "CSCA",
            Self::Upload => "NBup",
            Self::Tls => "NBtls",
        };
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name =
            subject(country, name, &format!("{title} {country} {name}"));
        parameters.serial_number = Some(serial()?);
        match self {
            Self::Csca => {
                parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                parameters.key_usages =
                    vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                last_second(&mut parameters, at, CSCA_YEARS);
            }
            Self::Upload => {
                parameters.is_ca = IsCa::ExplicitNoCa;
                parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                last_second(&mut parameters, at, BACKEND_YEARS);
            }
            Self::Tls => {
                parameters.is_ca = IsCa::ExplicitNoCa;
                parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                last_second(&mut parameters, at, BACKEND_YEARS);
            }
        }
        Ok(parameters)
    }
}

/// Gives a certificate its period: `years` from the beginning of the day of `at`; its last second.
fn last_second(parameters: &mut CertificateParams, at: UnixTime, years: u16) -> UnixTime {
    let from = at.date();
    let (year, month) = (i32::from(from.year()), from.month());
    parameters.not_before = rcgen::date_time_ymd(year, month, from.day());
    let until = year + i32::from(years);
    let day = from.day().min(LAST_SAFE_DAY);
    parameters.not_after = rcgen::date_time_ymd(until, month, day);
    UnixTime::from_seconds(parameters.not_after.unix_timestamp()).unwrap_or(UnixTime::END)
}

/// 127 random bits, which is more than enough that no two certificates share a number.
fn serial() -> Result<SerialNumber, Failure> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    let [first, ..] = &mut random;
    // Positive, and of one length.
    *first = (*first & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&random))
}

fn not_made(error: rcgen::Error) -> Failure {
    Code::Internal.caused_by("a certificate was not made", error)
}

const CSCA: &str = "csca";
const CSCA_YEARS: u16 = 4;
const DSC_YEARS: u16 = 2;
const BACKEND_YEARS: u16 = 2;
/// A day that every month of every year has.
const LAST_SAFE_DAY: u8 = 28;
const MAX_NAME: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::keys::{Wanted, make_sealed_key};
    use std::fs;
    use zeroize::Zeroizing;

    fn at() -> UnixTime {
        UnixTime::from_seconds(1_781_481_600).unwrap()
    }

    fn passphrase() -> Passphrase {
        Passphrase::new(Zeroizing::new(b"correct horse battery".to_vec())).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_certified_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let ceremony = Ceremony::at(&folder.path().join("ca"));
        let country = Country::parse("ID").unwrap();
        let name = "Kementerian Kesehatan";
        ceremony.make(country, name, &passphrase(), at()).unwrap();
        let again = ceremony.make(country, name, &passphrase(), at());
        assert_eq!(again.unwrap_err().code(), Code::RequestInvalid);
        let wanted = |country: &str| Wanted {
            country: Country::parse(country).unwrap(),
            issuer: name.to_owned(),
            cohort: Cohort::parse(&["vaccination"], "all", "2026Q2").unwrap(),
        };
        let keys = folder.path().join("dsc");
        let asked = make_sealed_key(&keys, &wanted("ID"), &passphrase()).unwrap();
        let asked = fs::read(asked).unwrap();
        let answered = ceremony.answer(&asked, &passphrase(), at()).unwrap();
        assert_eq!(answered.until.to_string(), "2028-06-15T00:00:00Z");
        let elsewhere = make_sealed_key(&keys, &wanted("TH"), &passphrase()).unwrap();
        let elsewhere = fs::read(elsewhere).unwrap();
        let refused = ceremony
            .answer(&elsewhere, &passphrase(), at())
            .unwrap_err();
        assert_eq!(refused.code(), Code::RequestInvalid);
        // In the third year a signer would outlive the CA.
        let late = at().plus(3 * 365 * 86_400);
        let refused = ceremony.answer(&asked, &passphrase(), late).unwrap_err();
        assert_eq!(refused.code(), Code::RequestInvalid);
        let wrong = Passphrase::new(Zeroizing::new(b"wrong".to_vec())).unwrap();
        let sealed = ceremony.answer(&asked, &wrong, at()).unwrap_err();
        assert_eq!(sealed.code(), Code::KeySealed);
    }

    #[test]
    fn a_request_that_was_altered_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let ceremony = Ceremony::at(folder.path());
        ceremony
            .make(Country::DEMO, "DEMO", &passphrase(), at())
            .unwrap();
        let wanted = Wanted {
            country: Country::DEMO,
            issuer: "DEMO".to_owned(),
            cohort: Cohort::parse(&["test"], "all", "2026Q2").unwrap(),
        };
        let asked = make_sealed_key(&folder.path().join("dsc"), &wanted, &passphrase()).unwrap();
        let der = CertificateSigningRequestDer::from_pem_slice(&fs::read(asked).unwrap()).unwrap();
        let place = der.windows(4).position(|it| it == b"DEMO").unwrap();
        let mut altered = der.to_vec();
        altered[place] = b'M';
        let pem =
            pkcs8::der::pem::encode_string("CERTIFICATE REQUEST", pkcs8::LineEnding::LF, &altered);
        let refused = ceremony.answer(pem.unwrap().as_bytes(), &passphrase(), at());
        assert_eq!(refused.unwrap_err().code(), Code::SignatureInvalid);
    }
}
