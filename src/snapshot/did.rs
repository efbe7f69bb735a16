//! The WHO network's lists as trust: which keys of a DID document are believed, and on whose word.
//!
//! Refuses a document whose proof does not hold, signers whose country's CA is not there any more, participants that exist
//! for tests, other domains, and keys without a certificate. References to other documents are never followed.
//!
//! Source: WHO smart-trust (trust list v2); its onboarding, for statements of the network's trust anchor.

use super::feed::{FeedContent, FeedRecords, place, returned};
use crate::crypto::{VerifyingKey, sha256};
use crate::exchange::did::{DidDocument, Method, Usage, read_signer};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Thumbprint};
use crate::trust::chain::issued_by;
use crate::trust::{Assurance, Authorities, KeyMaterial, Statement, TrustEntry};

/// How a DID document is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidTrust {
    /// The DID of the document.
    pub did: String,
    /// What is asked of its proof.
    pub proof: DidProof,
    /// The domains of trust whose signers are taken; `DCC` and `DDCC` are one.
    pub domains: Vec<String>,
    /// The anchors that vouch for countries' CAs, by SHA-256 over their certificates.
    pub anchors: Vec<Thumbprint>,
}

/// What is asked of the proof of a DID document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DidProof {
    /// That the key with this SHA-256 over its SubjectPublicKeyInfo made it.
    Pinned(Thumbprint),
    /// That the published signer made it, where one is published. A pinned anchor must vouch for each signer's CA.
    WhenPublished,
    /// Nothing: the host is believed, and every verdict says so.
    TlsOnly,
}

impl DidTrust {
    /// The assurance of what the document names if nothing is found that proves more.
    pub(super) fn weakest(&self) -> Assurance {
        match self.proof {
            DidProof::Pinned(_) => Assurance::SignedList,
            DidProof::WhenPublished => Assurance::Chained,
            DidProof::TlsOnly => Assurance::TlsOnly,
        }
    }

    /// The document in `record`, as far as its proof is concerned, and what it proves.
    ///
    /// `others` are the feed's other documents, among which its signer's may be.
    ///
    /// # Errors
    /// Whatever is wrong with the document; `proof_invalid`; `anchor_unknown` where the pinned key is nowhere.
    pub fn document<'r>(
        &self,
        record: &Record,
        others: impl IntoIterator<Item = &'r Record>,
    ) -> Result<(DidDocument, Assurance), Failure> {
        let document = DidDocument::read(&record.body, &self.did)?;
        let mut signers = others
            .into_iter()
            .filter(|other| other.kind == RecordKind::DidDocument && other.name != self.did);
        let key = match &self.proof {
            DidProof::TlsOnly => None,
            DidProof::Pinned(pinned) => {
                let keys =
                    signers.filter_map(|signer| read_signer(&signer.body, &signer.name).ok());
                let mut keys = keys.filter(|key| *key.spki_digest() == pinned.0);
                let unknown = || Code::AnchorUnknown.because("no document holds the pinned key");
                Some(keys.next().ok_or_else(unknown)?)
            }
            DidProof::WhenPublished => {
                let named = document.proof.as_ref().map(|proof| proof.signer.as_str());
                let signer = signers.find(|signer| Some(signer.name.as_str()) == named);
                signer
                    .map(|signer| read_signer(&signer.body, &signer.name))
                    .transpose()?
            }
        };
        let assurance = self.proven(&document, key.as_ref())?;
        Ok((document, assurance))
    }

    fn proven(
        &self,
        document: &DidDocument,
        key: Option<&VerifyingKey>,
    ) -> Result<Assurance, Failure> {
        if let Some(key) = key {
            document.proven_by(key)?;
        }
        // A key that is published and not pinned proves that a document is whole, and nothing about who made it.
        Ok(self.weakest())
    }

    pub(super) fn read(
        &self,
        feed: &FeedRecords<'_>,
        statements: &[Statement],
        content: &mut FeedContent,
    ) {
        let records = feed.records.iter().copied();
        let mut lists = records
            .clone()
            .filter(|record| record.kind == RecordKind::DidDocument && record.name == self.did);
        let Some(record) = lists.next() else { return };
        let (document, assurance) = match self.document(record, records) {
            Ok(proven) => proven,
            Err(failure) => return content.refuse(place(record), None, &failure),
        };
        content.list.assurance = assurance;
        let mut cscas = Cscas::Listed(Vec::new());
        if assurance == Assurance::Chained {
            let mut authorities = Authorities::default();
            for statement in statements {
                // Whatever no anchor of this feed vouches for vouches for nobody here, and is another feed's business.
                let _ = authorities.add(statement, &self.anchors);
            }
            cscas = Cscas::Anchored(authorities);
        }
        let mut signers = Vec::new();
        for row in document.methods {
            match row {
                Err(row) => content.refuse(row.place, row.kid, &row.failure),
                Ok(method) => match (&method.usage, &mut cscas) {
                    (Usage::Dsc, _) => signers.push(method),
                    (Usage::Csca, Cscas::Listed(listed)) => {
                        if let KeyMaterial::Certificate(der) = method.key {
                            listed.push((method.participant, der));
                        }
                    }
                    (Usage::Csca, Cscas::Anchored(_)) => {}
                    // They sign no health certificates.
                    (Usage::Deca | Usage::Desc | Usage::Other(_), _) => {}
                },
            }
        }
        for method in signers {
            match self.signer(feed, &method, &cscas) {
                Ok(entry) => content.list.entries.push(entry),
                Err(failure) => content.refuse(method.place, Some(method.kid), &failure),
            }
        }
    }

    fn signer(
        &self,
        feed: &FeedRecords<'_>,
        method: &Method,
        cscas: &Cscas,
    ) -> Result<TrustEntry, Failure> {
        let source = &feed.source;
        let domain = method.domain.as_deref().unwrap_or(WILDCARD);
        if domain != WILDCARD && !self.domains.iter().any(|it| same_domain(it, domain)) {
            return Err(Code::OutOfScope.because("a domain that this feed may not name"));
        }
        let guarded = source.environment == Environment::Production && !source.test_participants;
        if guarded && exists_for_tests(&method.participant) {
            let reason = "a participant that is no state or exists for tests";
            return Err(Code::TestSigner.because(reason));
        }
        let KeyMaterial::Certificate(der) = &method.key else {
            return Err(Code::ChainInvalid.because("a key without a certificate"));
        };
        returned(feed, Thumbprint(sha256(der)))?;
        cscas.issued(der, method)?;
        Ok(method.entry())
    }
}

/// Who may have issued a signer's certificate.
enum Cscas {
    /// The CSCAs that the document lists, each with its participant.
    Listed(Vec<(String, Vec<u8>)>),
    /// Those that a pinned anchor vouches for.
    Anchored(Authorities),
}

impl Cscas {
    fn issued(&self, certificate: &[u8], method: &Method) -> Result<(), Failure> {
        match self {
            Self::Anchored(authorities) => {
                let country = Country::parse(&method.participant);
                let country = country.ok_or_else(|| {
                    Code::AnchorUnknown.because("a participant that is no country")
                })?;
                authorities.issued(certificate, country)
            }
            Self::Listed(listed) => {
                let own = listed
                    .iter()
                    .filter(|(owner, _)| *owner == method.participant);
                let mut last = Code::ChainInvalid.because("its participant lists no CSCA");
                for (_, csca) in own {
                    match issued_by(certificate, csca) {
                        Ok(()) => return Ok(()),
                        Err(failure) => last = failure,
                    }
                }
                Err(last)
            }
        }
    }
}

/// The signers that the document in `record` names, by SHA-256 over their certificates: what leaves a list is noticed by it.
///
/// # Errors
/// Whatever is wrong with the document.
pub fn named_signers(record: &Record) -> Result<Vec<Thumbprint>, Failure> {
    let document = DidDocument::read(&record.body, &record.name)?;
    let methods = document.methods.iter().flatten();
    let signers = methods.filter(|method| method.usage == Usage::Dsc);
    Ok(signers
        .filter_map(|method| match &method.key {
            KeyMaterial::Certificate(der) => Some(Thumbprint(sha256(der))),
            KeyMaterial::PublicKey(_) => None,
        })
        .collect())
}

fn same_domain(one: &str, other: &str) -> bool {
    let plain = |name: &str| match name.to_ascii_uppercase().as_str() {
        "DDCC" => "DCC".to_owned(),
        "DICVP" => "ICVP".to_owned(),
        name => name.to_owned(),
    };
    plain(one) == plain(other)
}

/// Participants that the network files beside states: those for tests, the WHO itself, and the IOM.
fn exists_for_tests(participant: &str) -> bool {
    let kosovo = matches!(participant, "XK" | "XKX" | "XXK");
    matches!(participant, "WHO" | "WH" | "IOM") || (participant.starts_with('X') && !kosovo)
}

const WILDCARD: &str = "-";
