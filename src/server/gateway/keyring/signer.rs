//! A signer of our own, as a record tells of it: its certificate, its cohort, and how it stands.
//!
//! Refuses certificates of authorities, of keys that are not on P-256, and whose usages are not those of the cohort.

use super::SOURCE;
use crate::codec::x509::Certificate;
use crate::crypto::{Algorithm, VerifyingKey, sha256};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Kid, Thumbprint, UnixTime, Validity};
use crate::server::keys::Cohort;
use crate::trust::{Purposes, kid_of};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// A signer of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSigner {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 over it.
    pub thumbprint: Thumbprint,
    /// How certificates name it.
    pub kid: Kid,
    /// Its public key: SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// Its country, as the certificate has it.
    pub country: String,
    /// Its certificate's period.
    pub validity: Validity,
    /// What it is for.
    pub cohort: Cohort,
    /// From when on it may sign.
    pub active_from: UnixTime,
    /// How it stands.
    pub state: SignerState,
    /// Since when it stands so.
    pub since: UnixTime,
}

/// How a signer of our own stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerState {
    /// It signs, once it may.
    Active,
    /// It signs no more; what it signed holds.
    Retired,
    /// Somebody else may have its key: what it signed counts only where the register knows it.
    Compromised,
}

impl SignerState {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }
}

impl OwnSigner {
    /// The signer with the certificate in `certificate`, DER, for `cohort`, which signs from `active_from` on.
    ///
    /// # Errors
    /// `request_invalid` where the certificate is not for this; `entry_invalid`, `input_too_large`, `signer_key_weak`,
    /// `algorithm_unsupported` for such a certificate.
    pub fn new(
        certificate: &[u8],
        cohort: Cohort,
        active_from: UnixTime,
        since: UnixTime,
    ) -> Result<Self, Failure> {
        let refused = |reason: &str| {
            let failure = Code::RequestInvalid.because(reason);
            Err(failure.about("certificate"))
        };
        let read = Certificate::read(certificate)?;
        if read.authority == Some(true) || read.signs_certificates == Some(true) {
            return refused("the certificate is that of an authority");
        }
        let key = VerifyingKey::from_spki(&read.public_key)?;
        if key.algorithm() != Algorithm::Es256 {
            return refused("the certificate's key is not on P-256");
        }
        let [country] = read.countries.as_slice() else {
            return refused("the certificate names not one country");
        };
        let usages = read.extended_key_usages.iter().map(String::as_str);
        let named = Purposes::of_usages(usages);
        if named.restriction() != Some(cohort.purposes.as_slice()) {
            return refused("the certificate's extended key usages are not those of the purposes");
        }
        let thumbprint = Thumbprint(sha256(certificate));
        let kid = kid_of(certificate).ok_or_else(|| Code::Internal.because("no kid"))?;
        Ok(Self {
            thumbprint,
            kid,
            country: country.clone(),
            validity: Validity {
                not_before: UnixTime::EPOCH.plus(read.not_before),
                not_after: UnixTime::EPOCH.plus(read.not_after),
            },
            public_key: read.public_key,
            certificate: certificate.to_vec(),
            cohort,
            active_from,
            state: SignerState::Active,
            since,
        })
    }

    /// The signer of which `record` tells.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(record: &Record) -> Result<Self, Failure> {
        let unreadable = || Code::Internal.because("a record of a signer that cannot be read");
        let body: Body = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of a signer", error))?;
        let certificate = BASE64_STANDARD.decode(&body.certificate);
        let certificate = certificate.map_err(|_| unreadable())?;
        let cohort = Cohort::parse(&body.purposes, &body.region, &body.quarter)?;
        let instant = |text: &str| UnixTime::parse(text).ok_or_else(unreadable);
        let (active_from, since) = (instant(&body.active_from)?, instant(&body.at)?);
        let read = Self::new(&certificate, cohort, active_from, since)?;
        if read.thumbprint.to_string() != record.name {
            return Err(Code::Internal.because("a record of a signer with another name"));
        }
        Ok(Self {
            state: body.state,
            ..read
        })
    }

    /// The record that tells of it.
    pub fn record(&self) -> Record {
        let names = self.cohort.purpose_names().into_iter();
        let body = Body {
            certificate: BASE64_STANDARD.encode(&self.certificate),
            purposes: names.map(str::to_owned).collect(),
            region: self.cohort.region.clone(),
            quarter: self.cohort.quarter.to_string(),
            active_from: self.active_from.to_string(),
            state: self.state,
            at: self.since.to_string(),
        };
        Record {
            kind: RecordKind::SignerKey,
            source: SOURCE.to_owned(),
            name: self.thumbprint.to_string(),
            country: None,
            received_at: self.since,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }

    /// The same as it stands from `at` on.
    #[must_use]
    pub fn standing(&self, state: SignerState, at: UnixTime) -> Self {
        Self {
            state,
            since: at,
            ..self.clone()
        }
    }

    /// Whether it is active and has not ended at `at`: it signs, or waits to.
    pub fn is_live(&self, at: UnixTime) -> bool {
        self.state == SignerState::Active && at <= self.validity.not_after
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    certificate: String,
    purposes: Vec<String>,
    region: String,
    quarter: String,
    active_from: String,
    state: SignerState,
    at: String,
}
