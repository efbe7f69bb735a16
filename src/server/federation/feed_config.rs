//! What `feeds.toml` says of one source of trust, checked.
//!
//! Refuses nothing: the grammar in `feeds` does.

use super::did::Did;
use super::outbound::Host;
use crate::model::{Country, Environment, Thumbprint};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One source of trust, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedConfig {
    /// Its id, shown in verdicts and reports.
    pub id: String,
    /// The environment its keys belong to.
    pub environment: Environment,
    /// The countries whose signers it may name; `None` for all.
    pub countries: Option<Vec<Country>>,
    /// Whether it is asked at all.
    pub enabled: bool,
    /// Seconds between two questions; `None` for every look at the sources.
    pub interval_s: Option<u32>,
    /// What it is.
    pub kind: FeedKind,
}

impl FeedConfig {
    /// The folder of directly trusted signers below the data folder, where it is one.
    pub fn pinned_folder(&self) -> Option<&Path> {
        match &self.kind {
            FeedKind::PinnedSigner { path } => Some(path),
            FeedKind::Dgcg(_) | FeedKind::DidWeb(_) | FeedKind::Folder(_) => None,
        }
    }

    /// Whether it is to be proven by the certificate or key with this fingerprint.
    pub fn pins(&self, fingerprint: &Thumbprint) -> bool {
        let key = match &self.kind {
            FeedKind::DidWeb(list) => list.proof == ListProof::Pinned(*fingerprint),
            FeedKind::PinnedSigner { .. } | FeedKind::Dgcg(_) | FeedKind::Folder(_) => false,
        };
        key || self.anchors().contains(fingerprint)
    }

    /// The fingerprints of the certificates or keys that what it says has to be proven by.
    pub fn anchors(&self) -> &[Thumbprint] {
        match &self.kind {
            FeedKind::PinnedSigner { .. } => &[],
            FeedKind::Dgcg(dgcg) => &dgcg.anchors,
            FeedKind::DidWeb(did_web) => &did_web.anchors,
            FeedKind::Folder(folder) => &folder.anchors,
        }
    }
}

/// What a source is, and what only such a source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// A folder of directly trusted signers.
    PinnedSigner {
        /// The folder, below the data folder.
        path: PathBuf,
    },
    /// An EU or TNG gateway, asked over mutual TLS.
    Dgcg(DgcgConfig),
    /// A trust list as a DID document on the web.
    DidWeb(DidWebConfig),
    /// A folder of signed list documents that an operator filled.
    Folder(FolderConfig),
}

/// An EU or TNG gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DgcgConfig {
    /// Where its interface begins, without a slash at the end.
    pub url: String,
    /// The host and port of that.
    pub host: Host,
    /// Which gateway's habits it has.
    pub dialect: Dialect,
    /// How it is reached.
    pub connection: Connection,
    /// SHA-256 of each trust anchor certificate, DER.
    pub anchors: Vec<Thumbprint>,
    /// What is taken from it.
    pub take: Vec<Take>,
    /// Seconds after which everything is fetched anew, however small the changes.
    pub full_interval_s: u32,
    /// Entries asked for at a time, where the dialect pages.
    pub page_size: u16,
    /// Whether participants that exist for testing may be believed.
    pub test_participants: bool,
    /// The upload certificate of this country there, where it hands in by this program.
    pub upload: Option<ClientFiles>,
}

/// A trust list as a DID document on the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidWebConfig {
    /// The DID of the list.
    pub did: Did,
    /// What proves the list.
    pub proof: ListProof,
    /// The DID of the document with the key that proves the list. Its host may be asked, too.
    pub signer: Option<Did>,
    /// That document as a file below the data folder, for a signer who has not published it.
    pub signer_document: Option<PathBuf>,
    /// How both are reached.
    pub connection: Connection,
    /// SHA-256 of each certificate that states which certification authorities there are, DER.
    pub anchors: Vec<Thumbprint>,
    /// The domains whose keys are taken, as the list writes them.
    pub domains: Vec<String>,
    /// Whether participants that exist for testing may be believed.
    pub test_participants: bool,
}

/// A folder of signed list documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderConfig {
    /// The folder, below the data folder.
    pub path: PathBuf,
    /// The form of the documents.
    pub form: FolderForm,
    /// SHA-256 of each certificate or key that the documents have to be proven by.
    pub anchors: Vec<Thumbprint>,
}

/// How a foreign system is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who it has to prove to be.
    pub server: ServerTrust,
    /// Who we are to it.
    pub client: Option<ClientFiles>,
    /// Whether its address may be a private one.
    pub allow_private: bool,
    /// The most that one request may take, answer included.
    pub timeout: Duration,
    /// The most that connecting may take.
    pub connect_timeout: Duration,
}

/// Which certificates a server may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerTrust {
    /// Those of the web's certificate authorities.
    Web,
    /// Those in a PEM file below the data folder, and those issued by a CA in it.
    Certificate(PathBuf),
    /// Those with one of these SHA-256 fingerprints, whoever issued them.
    Fingerprints(Vec<Thumbprint>),
}

/// A certificate of ours at a foreign system, for mutual TLS or for uploads: PEM files below the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The chain, our own certificate first.
    pub certificate: PathBuf,
    /// The private key, mode 0600.
    pub key: PathBuf,
}

/// What proves a list on the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListProof {
    /// The key of which this is the SHA-256, over its SubjectPublicKeyInfo in DER.
    Pinned(Thumbprint),
    /// The key in the signer's document, as soon as there is one.
    WhenPublished,
    /// Nothing but the connection that it came by.
    TlsOnly,
}

macro_rules! named {
    ($(#[doc = $about:literal])* $type:ident { $($(#[doc = $doc:literal])* $variant:ident $name:literal;)* }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[doc = $doc])* $variant,)*
        }

        impl $type {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The machine name, as in `feeds.toml`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one with this machine name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.name() == name)
            }
        }
    };
}

named! {
    /// Whose habits a gateway has.
    Dialect {
        /// The EU's: lists in pages, changes since an instant.
        Eu  "eu";
        /// The WHO's: lists as a whole; references besides.
        Tng "tng";
    }
}

named! {
    /// What can be taken from a gateway.
    Take {
        /// The trust list: certification authorities, upload certificates, signers.
        Signers    "signers";
        /// Withdrawn credentials.
        Revocation "revocation";
        /// The countries' acceptance rules.
        Rules      "rules";
        /// Codes and their meaning.
        ValueSets  "value_sets";
        /// Trusted issuers, and with the WHO's dialect trusted references.
        Issuers    "issuers";
    }
}

named! {
    /// The form of documents in a folder.
    FolderForm {
        /// Germany's list.
        De         "de";
        /// Austria's list and its signature.
        At         "at";
        /// The Netherlands' list.
        Nl         "nl";
        /// Sweden's list.
        Se         "se";
        /// Switzerland's lists.
        Ch         "ch";
        /// What a trust anchor said of each certificate when a country joined.
        Onboarding "onboarding";
    }
}
