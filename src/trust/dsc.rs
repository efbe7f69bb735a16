//! A document signer: its key, where it belongs, what it may sign and when.
//!
//! Refuses nothing by time: an expired signer stays listed, so that a verdict can say so.
//!
//! Source: hcert-spec 3.3.3 and A.1 (kid); certificate governance of the EU gateway (extended key usages).

use super::entry::{KeyMaterial, TrustEntry};
use crate::codec::x509::Certificate;
use crate::crypto::{self, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, Purpose, Thumbprint, UnixTime, Validity};
use serde_json::value::RawValue;
use std::sync::OnceLock;

/// Key identifier of a DSC: the first 8 bytes of SHA-256 over its DER encoding.
///
/// `der` is the whole X.509 certificate, not PEM. Not unique: two DSCs may share a kid, so callers try all.
///
/// Source: hcert-spec A.1 and 3.3.3.
pub fn kid_of(der: &[u8]) -> Option<Kid> {
    crypto::sha256(der).get(..8).and_then(Kid::from_bytes)
}

/// How a signer came to be trusted, the weakest way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// It stands in a list without a proof, fetched from a host that an operator chose to believe.
    TlsOnly,
    /// A country's CA signed it, and a pinned trust anchor vouches for that CA; the list that named it carries no proof.
    Chained,
    /// It stands in a list whose signature holds under a pinned key.
    SignedList,
    /// A country's CA signed it, that country's backend handed it in, and a pinned trust anchor vouches for both.
    Anchored,
    /// An operator of this gateway put it into a folder by hand; no chain was asked for.
    PinnedSigner,
}

impl Assurance {
    /// All five, the weakest first.
    pub const ALL: [Self; 5] = [
        Self::TlsOnly,
        Self::Chained,
        Self::SignedList,
        Self::Anchored,
        Self::PinnedSigner,
    ];

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::TlsOnly => "tls_only",
            Self::Chained => "chained",
            Self::SignedList => "signed_list",
            Self::Anchored => "anchored",
            Self::PinnedSigner => "pinned_signer",
        }
    }
}

/// What a signer may sign; unrestricted unless something says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Purposes(Option<Vec<Purpose>>);

impl Purposes {
    /// Everything.
    pub const ALL: Self = Self(None);

    /// Only these.
    pub fn only(purposes: impl IntoIterator<Item = Purpose>) -> Self {
        let mut purposes: Vec<_> = purposes.into_iter().collect();
        purposes.sort_unstable();
        purposes.dedup();
        Self(Some(purposes))
    }

    /// What these extended key usages allow; usages of other fields restrict nothing.
    ///
    /// Both arcs in circulation count, the assigned `1.3.6.1.4.1.1847.2021.1` and the mistaken
    /// `1.3.6.1.4.1.0.1847.2021.1`.
    pub fn of_usages<'u>(usages: impl IntoIterator<Item = &'u str>) -> Self {
        let purposes: Vec<_> = usages.into_iter().filter_map(purpose_of_usage).collect();
        if purposes.is_empty() {
            Self::ALL
        } else {
            Self::only(purposes)
        }
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(ours), Some(theirs)) => Self::only(
                ours.iter()
                    .copied()
                    .filter(|purpose| theirs.contains(purpose)),
            ),
        }
    }

    /// Whether `purpose` is allowed.
    pub fn allow(&self, purpose: Purpose) -> bool {
        self.0
            .as_ref()
            .is_none_or(|purposes| purposes.contains(&purpose))
    }

    /// The purposes it is restricted to, if it is.
    pub fn restriction(&self) -> Option<&[Purpose]> {
        self.0.as_deref()
    }
}

fn purpose_of_usage(usage: &str) -> Option<Purpose> {
    let last = USAGE_ARCS.iter().find_map(|arc| usage.strip_prefix(arc))?;
    match last {
        "1" => Some(Purpose::Test),
        "2" => Some(Purpose::Vaccination),
        "3" => Some(Purpose::Recovery),
        _ => None,
    }
}

/// A signer in the trust list.
#[derive(Clone, Debug)]
pub struct Dsc {
    /// The key identifier that credentials name.
    pub kid: Kid,
    /// The countries it signs for, those among the stated names that are countries.
    pub countries: Vec<Country>,
    /// Whether its certificate or its source states a country at all; one that states something else signs for none.
    pub country_stated: bool,
    /// The key, or why it is of no use: `signer_key_weak` or `algorithm_unsupported`.
    pub key: Result<VerifyingKey, Code>,
    /// Its period.
    pub validity: Validity,
    /// What it may sign.
    pub purposes: Purposes,
    /// SHA-256 over its certificate, or over its public key where there is no certificate.
    pub thumbprint: Thumbprint,
    /// Its common name, for operators.
    pub name: Option<String>,
    /// How it came to be trusted.
    pub assurance: Assurance,
    /// The ids of the sources that name it, in order.
    pub sources: Vec<String>,
    /// Whether it came with a certificate, which proves its key identifier and limits its period.
    pub has_certificate: bool,
    /// That certificate, or the public key, DER.
    pub(super) der: Vec<u8>,
    /// Its JSON form, once a verdict has made one.
    json: OnceLock<Option<Box<RawValue>>>,
}

impl Dsc {
    /// Takes in what another source says of the same signer: what either restricts is restricted.
    ///
    /// # Errors
    /// `country_mismatch`.
    pub(super) fn also(&mut self, other: &Self) -> Result<(), Failure> {
        if self.country_stated && other.country_stated && self.countries != other.countries {
            return Err(Code::CountryMismatch.because("another source names another country"));
        }
        if other.assurance == Assurance::TlsOnly && self.assurance != Assurance::TlsOnly {
            // What nobody could check adds nothing to what was proven, not even its freshness.
            return Ok(());
        }
        if !self.country_stated {
            self.country_stated = other.country_stated;
            self.countries.clone_from(&other.countries);
        }
        self.purposes = self.purposes.and(&other.purposes);
        self.assurance = self.assurance.max(other.assurance);
        self.sources.extend(other.sources.iter().cloned());
        self.sources.sort_unstable();
        self.sources.dedup();
        self.json = OnceLock::new();
        Ok(())
    }

    /// Its JSON form as `write` makes it, made once: a signer stands in millions of verdicts.
    pub(crate) fn json(
        &self,
        write: impl FnOnce(&Self) -> Option<Box<RawValue>>,
    ) -> Option<&RawValue> {
        self.json.get_or_init(|| write(self)).as_deref()
    }

    /// Its public key, SPKI, DER.
    ///
    /// # Errors
    /// `entry_invalid` for a certificate that cannot be read, which is in no list.
    pub fn spki(&self) -> Result<Vec<u8>, Failure> {
        if self.has_certificate {
            return Ok(Certificate::read(&self.der)?.public_key.clone());
        }
        Ok(self.der.clone())
    }

    /// Whether both sign for one country, or both for none that is known.
    pub fn shares_country(&self, other: &Self) -> bool {
        self.countries == other.countries
            || self
                .countries
                .iter()
                .any(|country| other.countries.contains(country))
    }

    /// The signer that `entry` names, if its parts can be read and agree.
    ///
    /// # Errors
    /// `entry_invalid`, `input_too_large`, `kid_mismatch`, `country_mismatch`, `signer_not_authorised` (a CA signs for more
    /// than health, so that only a signed list of health signers makes up for usages of other fields).
    pub(super) fn from_entry(
        entry: &TrustEntry,
        assurance: Assurance,
        source: &str,
    ) -> Result<Self, Failure> {
        let (certificate, der) = match &entry.key {
            KeyMaterial::Certificate(der) => (Some(Certificate::read(der)?), der),
            KeyMaterial::PublicKey(der) => (None, der),
        };
        if let Some(certificate) = &certificate
            && matches!(assurance, Assurance::TlsOnly | Assurance::Chained)
            && for_other_fields(&certificate.extended_key_usages)
        {
            let reason = "its key usages are of other fields, and no signed list names it";
            return Err(Code::SignerNotAuthorised.because(reason));
        }
        let public_key = certificate
            .as_ref()
            .map_or(der, |certificate| &certificate.public_key);
        let key = match VerifyingKey::from_spki(public_key) {
            Ok(key) => Ok(key),
            Err(failure) if failure.code() == Code::EntryInvalid => return Err(failure),
            Err(failure) => Err(failure.code()),
        };
        let kid = if certificate.is_some() {
            let kid = kid_of(der).ok_or_else(|| Code::Internal.because("no kid"))?;
            if entry.kid.as_ref().is_some_and(|stated| *stated != kid) {
                return Err(Code::KidMismatch.because(format!("the certificate's is {kid}")));
            }
            kid
        } else {
            let missing = || Code::EntryInvalid.because("a public key without a key identifier");
            entry.kid.clone().ok_or_else(missing)?
        };
        let countries = countries(certificate.as_ref(), entry.country.as_deref())?;
        Ok(Self {
            kid,
            country_stated: countries.is_some(),
            countries: countries.unwrap_or_default(),
            key,
            validity: certificate.as_ref().map_or(Validity::ALWAYS, validity),
            purposes: entry.purposes.and(&usages(certificate.as_ref())),
            thumbprint: Thumbprint(crypto::sha256(der)),
            name: certificate.and_then(|certificate| certificate.common_name),
            assurance,
            sources: vec![source.to_owned()],
            has_certificate: matches!(entry.key, KeyMaterial::Certificate(_)),
            der: der.clone(),
            json: OnceLock::new(),
        })
    }
}

/// The countries a signer belongs to: those of its certificate, or where that names none, of its source; `None` where
/// neither names any.
fn countries(
    certificate: Option<&Certificate>,
    source: Option<&str>,
) -> Result<Option<Vec<Country>>, Failure> {
    let parse = |text: &str| Country::parse(&text.trim().to_ascii_uppercase());
    let named = certificate
        .map(|it| it.countries.as_slice())
        .unwrap_or_default();
    let mut countries: Vec<_> = named.iter().filter_map(|text| parse(text)).collect();
    countries.sort_unstable();
    countries.dedup();
    let Some(source) = source else {
        return Ok((!named.is_empty()).then_some(countries));
    };
    if named.is_empty() {
        return Ok(Some(parse(source).into_iter().collect()));
    }
    match parse(source) {
        // A certificate that names several countries signs for the one that vouches for it.
        Some(country) if countries.contains(&country) => return Ok(Some(vec![country])),
        None if named
            .iter()
            .any(|text| text.eq_ignore_ascii_case(source.trim())) =>
        {
            return Ok(Some(countries));
        }
        Some(_) | None => {}
    }
    Err(Code::CountryMismatch.because("the source and the certificate name different countries"))
}

fn validity(certificate: &Certificate) -> Validity {
    let instant = |seconds: i64| UnixTime::EPOCH.plus(seconds);
    Validity {
        not_before: instant(certificate.not_before),
        not_after: instant(certificate.not_after),
    }
}

/// Whether there are usages, and all are of other fields than health.
fn for_other_fields(usages: &[String]) -> bool {
    let named = usages.iter().any(|usage| purpose_of_usage(usage).is_some());
    !usages.is_empty() && !named && !usages.iter().any(|usage| usage == ANY_USAGE)
}

fn usages(certificate: Option<&Certificate>) -> Purposes {
    let usages = certificate
        .map(|it| it.extended_key_usages.as_slice())
        .unwrap_or_default();
    Purposes::of_usages(usages.iter().map(String::as_str))
}

const ANY_USAGE: &str = "2.5.29.37.0";
const USAGE_ARCS: [&str; 2] = ["1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1."];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_of_other_fields_restrict_nothing() {
        let foreign = Purposes::of_usages(["1.3.6.1.5.5.7.3.2"]);
        assert!(foreign.allow(Purpose::Test) && foreign.allow(Purpose::Recovery));
        assert_eq!(Purposes::of_usages([]), Purposes::ALL);
    }

    #[test]
    fn both_arcs_restrict() {
        for usage in ["1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"] {
            let purposes = Purposes::of_usages([usage]);
            assert!(purposes.allow(Purpose::Vaccination));
            assert!(!purposes.allow(Purpose::Test));
        }
    }

    #[test]
    fn restrictions_of_source_and_certificate_add_up() {
        let both = Purposes::only([Purpose::Test, Purpose::Recovery])
            .and(&Purposes::only([Purpose::Recovery, Purpose::Vaccination]));
        assert_eq!(both, Purposes::only([Purpose::Recovery]));
        assert_eq!(Purposes::only([]).restriction(), Some(&[][..]));
    }
}
