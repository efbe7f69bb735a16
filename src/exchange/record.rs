//! A document as it came from a feed: bytes untouched, with where and when they came from.
//!
//! Refuses to be read: readers make entries of it, admission judges those. What a record says, it has to prove each time
//! it is used; being kept proves nothing.

use crate::model::{Country, UnixTime};
use std::fmt;

/// One signed document, or one of our own notes about a feed.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it holds.
    pub kind: RecordKind,
    /// The id of the feed it came from.
    pub source: String,
    /// What it is called among the records of its kind and source; a later one of the same name takes its place.
    pub name: String,
    /// The country that it speaks for, where the feed says so.
    pub country: Option<Country>,
    /// When it came.
    pub received_at: UnixTime,
    /// The bytes, as they came.
    pub body: Vec<u8>,
}

impl fmt::Debug for Record {
    /// Everything but the body, of which the length is enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .field("name", &self.name)
            .field("country", &self.country)
            .field("received_at", &self.received_at)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal;)*) => {
        /// What a record holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordKind {
            $($(#[doc = $doc])* $variant,)*
        }

        impl RecordKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The machine name, stable for ever.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// An entry of an EU or TNG gateway's trust list, JSON; named by the thumbprint of its certificate, lower-case hex.
    TrustListEntry   "trust_list_entry";
    /// A trusted issuer of such a gateway, JSON; named by its URL.
    TrustedIssuer    "trusted_issuer";
    /// A trusted reference of a TNG gateway, JSON; named by its UUID.
    TrustedReference "trusted_reference";
    /// A batch of revocations, a CMS message in Base64; named by its batch id.
    RevocationBatch  "revocation_batch";
    /// A version of a rule, the JSON object with its CMS message; named `identifier@version`.
    Rule             "rule";
    /// A value set, JSON; named by its id.
    ValueSet         "value_set";
    /// A DID document, JSON; named by its DID.
    DidDocument      "did_document";
    /// A list with a signature of its own, in the form that its feed names; named by its file.
    ListDocument     "list_document";
    /// Ours: a feed was found to say what its records say. JSON; named `sync`.
    Confirmation     "confirmation";
    /// Ours: something is withdrawn. Named `<kind>/<name>` of what is; for a signer `signer/<thumbprint>`.
    Tombstone        "tombstone";
    /// Ours: a party that may hand in at this gateway, JSON; named by its country.
    Party            "party";
    /// Ours: what was published, JSON; named `list`.
    Publication      "publication";
    /// Ours: an operator lets something come back that was withdrawn. Named as its tombstone.
    Readmission      "readmission";
    /// Ours: an operator, JSON; named by the operator's id.
    Operator         "operator";
    /// Ours: a client of the API, JSON; named by its id.
    Client           "client";
    /// Ours: an act that an operator asks for, JSON; named by an id of its own.
    Request          "request";
    /// Ours: what became of such a request, JSON; named by the request's id.
    Approval         "approval";
    /// Ours: a signer of our own and how it stands, JSON; named by the thumbprint of its certificate, lower-case hex.
    SignerKey        "signer_key";
    /// Ours: certificates of our own that are withdrawn, JSON; named by an id of its own.
    Withdrawal       "withdrawal";
    /// Ours: a withdrawal holds no longer, JSON; named as the withdrawal.
    WithdrawalUndone "withdrawal_undone";
    /// Ours: under which data key events are kept, JSON; named `data`.
    DataKey          "data_key";
    /// Ours: a policy set that two operators activated, JSON; named `identifier@version`.
    PolicySet        "policy_set";
}

impl RecordKind {
    /// The kind with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
