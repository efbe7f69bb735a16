//! Every way Lintas can fail: one table of machine codes, their classes and stages, and the error value
//! that carries one.
//!
//! Refuses to hold personal data: a [`Failure`]'s detail names fields and positions, never values.
//! HTTP statuses are not here; they follow from [`Class`] in `server/http/problem.rs`.
//!
//! Source: ETSI EN 319 102-1 for the third answer (indeterminate); RFC 9457 for the machine-readable code.

use std::error::Error;
use std::fmt;

/// What kind of answer a code is; clients branch on this, because codes are an open set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The input cannot be read as what it claims to be.
    Malformed,
    /// The input exceeds a named ceiling.
    TooLarge,
    /// The input was read and is refused.
    Rejected,
    /// No answer is possible now; asking again later or elsewhere may give one.
    Indeterminate,
    /// The caller gave no valid credentials of its own.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The thing exists and does not take this method.
    MethodNotAllowed,
    /// The body is of a media type this route does not read.
    UnsupportedMedia,
    /// The caller was too slow.
    Timeout,
    /// Something this gateway depends on does not answer.
    Unavailable,
    /// A fault of Lintas itself.
    Internal,
}

impl Class {
    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Rejected => "rejected",
            Self::Indeterminate => "indeterminate",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UnsupportedMedia => "unsupported_media",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// Where on its way a credential, a trust entry or a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Turning text into structure.
    Read,
    /// Finding the signer and judging the signature.
    Authenticate,
    /// Judging the credential's own validity period.
    Current,
    /// Asking whether the issuer has withdrawn it.
    Withdrawn,
    /// Judging against the policy in force.
    Accepted,
    /// Judging the age of what the verdict depends on.
    Fresh,
    /// Admitting an entry of a trust list.
    TrustEntry,
    /// Making a credential.
    Issue,
    /// The caller's request.
    Caller,
    /// Everything Lintas depends on, and Lintas itself.
    World,
}

impl Stage {
    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Authenticate => "authenticate",
            Self::Current => "current",
            Self::Withdrawn => "withdrawn",
            Self::Accepted => "accepted",
            Self::Fresh => "fresh",
            Self::TrustEntry => "trust_entry",
            Self::Issue => "issue",
            Self::Caller => "caller",
            Self::World => "world",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $class:ident $stage:ident $sentence:literal;)*) => {
        /// One machine code per way to fail. A row is never renamed and never removed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $sentence] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The machine name, stable for ever.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What kind of answer this is.
            pub fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// Where on its way the thing failed.
            pub fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage,)* }
            }

            /// One English sentence for engineers; what users read is in `messages/`.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

codes! {
    FormatUnknown        "format_unknown"         Malformed     Read         "The text begins with no prefix of a supported credential format.";
    InputTooLarge        "input_too_large"        TooLarge      Read         "The input exceeds a ceiling of its format.";
    Base45Invalid        "base45_invalid"         Malformed     Read         "The text after the prefix is not Base45.";
    InflateInvalid       "inflate_invalid"        Malformed     Read         "The bytes are not one complete zlib stream.";
    CborInvalid          "cbor_invalid"           Malformed     Read         "The bytes are not one bounded CBOR item.";
    CoseInvalid          "cose_invalid"           Malformed     Read         "The CBOR item is not a COSE_Sign1 message.";
    CwtInvalid           "cwt_invalid"            Malformed     Read         "The signed payload is not a set of CWT claims with the required times.";
    JwsInvalid           "jws_invalid"            Malformed     Read         "The text is not one compact JWS.";
    HcertMissing         "hcert_missing"          Malformed     Read         "The claims hold no health certificate.";
    PayloadInvalid       "payload_invalid"        Malformed     Read         "The health certificate breaks the rules of its format.";
    EntriesNotOne        "entries_not_one"        Malformed     Read         "The health certificate does not state exactly one vaccination, test or recovery.";
    KidMissing           "kid_missing"            Rejected      Authenticate "The credential does not say which key signed it.";
    UnknownSigner        "unknown_signer"         Rejected      Authenticate "No signer in the trust list has this key identifier.";
    AlgorithmUnsupported "algorithm_unsupported"  Rejected      Authenticate "The signature algorithm or the signer's kind of key is not supported.";
    AlgorithmMismatch    "algorithm_mismatch"     Rejected      Authenticate "The credential names another algorithm than the signer's key uses.";
    SignerKeyWeak        "signer_key_weak"        Rejected      Authenticate "The signer's key is too weak to prove anything.";
    SignatureInvalid     "signature_invalid"      Rejected      Authenticate "The signature verifies under no signer with this key identifier.";
    SignerNotYetValid    "signer_not_yet_valid"   Rejected      Authenticate "The signer's certificate is not yet valid.";
    SignerExpired        "signer_expired"         Rejected      Authenticate "The signer's certificate has expired.";
    SignerNotAuthorised  "signer_not_authorised"  Rejected      Authenticate "The signer may not sign this kind of certificate.";
    IssuerMismatch       "issuer_mismatch"        Rejected      Authenticate "The credential names an issuing country that its signer does not belong to.";
    NotYetValid          "not_yet_valid"          Rejected      Current      "The credential is not yet valid.";
    Expired              "expired"                Rejected      Current      "The credential has expired.";
    Revoked              "revoked"                Rejected      Withdrawn    "The issuer has withdrawn the credential.";
    QuirkRefused         "quirk_refused"          Rejected      Accepted     "The credential has an oddity that the policy in force does not tolerate.";
    TrustListStale       "trust_list_stale"       Indeterminate Fresh        "The trust source that could know this signer is older than the policy allows.";
    RevocationStale      "revocation_stale"       Indeterminate Fresh        "The source of withdrawn certificates that could name this one is older than the policy allows.";
    UnverifiedProof      "unverified_proof"       Indeterminate Fresh        "The list that names the signer carries no proof that could be checked.";
    ListInvalid          "list_invalid"           Malformed     TrustEntry   "The document is no trust list in a known form.";
    CmsInvalid           "cms_invalid"            Malformed     TrustEntry   "The bytes are not one CMS SignedData message with one certificate and one signer.";
    EntryInvalid         "entry_invalid"          Malformed     TrustEntry   "The entry holds no readable certificate or public key.";
    KidMismatch          "kid_mismatch"           Rejected      TrustEntry   "The entry's key identifier is not that of its certificate.";
    CountryMismatch      "country_mismatch"       Rejected      TrustEntry   "The entry is given two different countries.";
    CandidateLimit       "candidate_limit"        Rejected      TrustEntry   "Too many signers share this key identifier.";
    ChainInvalid         "chain_invalid"          Rejected      TrustEntry   "The certificate was signed by none of the certificates that may vouch for it.";
    ProofInvalid         "proof_invalid"          Rejected      TrustEntry   "The signed message does not prove that its signer signed it.";
    AnchorUnknown        "anchor_unknown"         Rejected      TrustEntry   "Nobody vouches for the entry whom this gateway has pinned or admitted.";
    OutOfScope           "out_of_scope"           Rejected      TrustEntry   "The source may not name signers of this country.";
    TestSigner           "test_signer"            Rejected      TrustEntry   "The signer belongs to a test participant, or its private key is public.";
    WithdrawnReturned    "withdrawn_returned"     Rejected      TrustEntry   "The entry was withdrawn before, and no operator has let it come back.";
    ListRolledBack       "list_rolled_back"       Rejected      TrustEntry   "The source says something older than what it said before.";
    ListShrunk           "list_shrunk"            Rejected      TrustEntry   "The source leaves out so many signers at once that an operator has to look first.";
    ListExpired          "list_expired"           Rejected      TrustEntry   "The list is not valid at this time by its own word.";
    RevocationInvalid    "revocation_invalid"     Malformed     TrustEntry   "The document is no batch of revocations.";
    EnvironmentMismatch  "environment_mismatch"   Rejected      TrustEntry   "The source belongs to another environment than this gateway.";
    ValueSetInvalid      "value_set_invalid"      Malformed     Accepted     "The document is no value set.";
    RuleInvalid          "rule_invalid"           Malformed     Accepted     "The document is no acceptance rule.";
    RuleFailed           "rule_failed"            Rejected      Accepted     "The certificate does not meet a rule of the destination.";
    RuleOpen             "rule_open"              Indeterminate Accepted     "A rule of the destination cannot be told for this certificate.";
    RulesMissing         "rules_missing"          Indeterminate Accepted     "No rule of the destination about such a certificate is known.";
    ClaimInvalid         "claim_invalid"          Malformed     Issue        "The claims cannot be stated in the requested format.";
    ReadBackFailed       "read_back_failed"       Internal      Issue        "The finished credential did not read back as what was claimed, and was withheld.";
    SignerUnavailable    "signer_unavailable"     Unavailable   Issue        "The signing key does not answer.";
    RequestInvalid       "request_invalid"        Malformed     Caller       "The request is not of the shape this route reads.";
    Unauthenticated      "unauthenticated"        Unauthenticated Caller     "The access token is missing or not valid.";
    Forbidden            "forbidden"              Forbidden     Caller       "The caller lacks the scope this needs.";
    NotFound             "not_found"              NotFound      Caller       "There is nothing at this address.";
    MethodNotAllowed     "method_not_allowed"     MethodNotAllowed Caller    "This address does not take this method.";
    MediaTypeUnsupported "media_type_unsupported" UnsupportedMedia Caller    "This route reads only application/json.";
    RequestTimeout       "request_timeout"        Timeout       Caller       "The request did not arrive in time.";
    ApprovalInvalid      "approval_invalid"       Rejected      Caller       "The signature is not the second operator's over this request.";
    ApprovalNotApart     "approval_not_apart"     Rejected      Caller       "Whoever approves is not another operator with another certificate and another key.";
    ApprovalOutdated     "approval_outdated"      Rejected      Caller       "The act would now change something else than its request says.";
    ApprovalExpired      "approval_expired"       Rejected      Caller       "The request is too old to be approved.";
    ApprovalDecided      "approval_decided"       Rejected      Caller       "The request was approved or refused before.";
    ConfigurationInvalid "configuration_invalid"  Malformed     World        "The configuration cannot be used.";
    InputOutput          "input_output"           Unavailable   World        "A file or a connection failed.";
    UpstreamUnavailable  "upstream_unavailable"   Unavailable   World        "A foreign gateway does not answer.";
    UpstreamInvalid      "upstream_invalid"       Unavailable   World        "A foreign gateway answered with something that makes no sense.";
    StoreUnavailable     "store_unavailable"      Unavailable   World        "The database does not answer.";
    StoreIncomplete      "store_incomplete"       Unavailable   World        "Records that were there are missing from the database.";
    LeaseLost            "lease_lost"             Unavailable   World        "Another node has taken over what this one was about to do.";
    StoreMoved           "store_moved"            Unavailable   World        "Others wrote to the database while this was being decided; try again.";
    NotPublished         "not_published"          Unavailable   World        "This node has nothing to publish, or no keys to publish it with.";
    PublicationDiffers   "publication_differs"    Internal      World        "What was published is not what this node would publish under that number.";
    SealInvalid          "seal_invalid"           Rejected      World        "A record in the database was not put there by this gateway.";
    EngineDisagreement   "engine_disagreement"    Internal      World        "The fast judge of signatures was wrong and is off; the library judges.";
    Internal             "internal"               Internal      World        "A fault of Lintas itself.";
    NotLogged            "not_logged"             Rejected      Withdrawn    "The signer's key is compromised, and the register of issued certificates does not know this one.";
    RegisterUnavailable  "register_unavailable"   Indeterminate Fresh        "The signer's key is compromised, and the register of issued certificates cannot be asked.";
    EventInvalid         "event_invalid"          Malformed     Issue        "A member of the event is missing, not known, or not of its form.";
    EventConflict        "event_conflict"         Rejected      Issue        "An event with this source id was taken in before and says something else.";
    EventUnknown         "event_unknown"          Rejected      Issue        "No event with this source id was taken in before.";
    EventOutOfScope      "event_out_of_scope"     Rejected      Issue        "The operator may not hand in events of this facility or of another operator.";
    ProductUnknown       "product_unknown"        Rejected      Issue        "The table of products does not hold this product or test.";
    ProductHasNoEuCode   "product_has_no_eu_code" Rejected      Issue        "The product has no code in the EU's value sets, so no EU certificate can name it.";
    DoseInvalid          "dose_invalid"           Rejected      Issue        "The product's schedule has no such dose.";
    NoSignerReady        "no_signer_ready"        Unavailable   Issue        "No signing key of our own may sign this kind of certificate now.";
    ClaimUnknown         "claim_unknown"          NotFound      Caller       "There is nothing to fetch under this claim.";
    RateLimited          "rate_limited"           Unavailable   Caller       "The caller has asked for more than it may in this time.";
    KeySealed            "key_sealed"             Unavailable   World        "A signing key is sealed, and its passphrase is not at hand or not the right one.";
    IdentityMismatch     "identity_mismatch"      Rejected      Accepted     "The certificate is about somebody else than the holder that the caller names.";
    IdentityCheck        "identity_check"         Indeterminate Accepted     "Whether the certificate is about the holder that the caller names is for a person to decide.";
    IdempotencyConflict  "idempotency_conflict"   Rejected      Caller       "The caller has used this idempotency key for another request.";
    IdempotencyRunning   "idempotency_running"    Unavailable   Caller       "The request with this idempotency key is still being done.";
    SnapshotOlder        "snapshot_older"         Indeterminate Fresh        "This node may not know yet what the snapshot with the demanded number knew.";
    PolicyInvalid        "policy_invalid"         Malformed     Accepted     "The document is no policy set, or cannot follow on the one before.";
    ReceiptInvalid       "receipt_invalid"        Malformed     Caller       "The bytes are no receipt for a verdict.";
    ArchiveInvalid       "archive_invalid"        Malformed     World        "The archive does not hold what its names say.";
    BundleInvalid        "bundle_invalid"         Malformed     World        "This is no bundle, or its parts are of several.";
    BundleRolledBack     "bundle_rolled_back"     Rejected      World        "A newer bundle was seen before.";
    BundleStale          "bundle_stale"           Indeterminate Fresh        "The scanner's data is too old to say anything.";
    ClockSuspect         "clock_suspect"          Indeterminate Fresh        "The clock shows a time before one that has passed.";
    NotEnrolled          "not_enrolled"           Rejected      World        "This scanner has not been told whom to trust.";
    RevocationUncertain  "revocation_uncertain"   Indeterminate Withdrawn    "The certificate may be withdrawn.";
    PreconditionFailed   "precondition_failed"    Rejected      Caller       "What the caller names in If-Match is not what is served now.";
}

impl Code {
    /// The code with this machine name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// A failure with this code; `detail` is for humans, in English, and holds no personal data.
    pub fn because(self, detail: impl Into<String>) -> Failure {
        Failure {
            code: self,
            detail: detail.into(),
            member: None,
            retry_after_s: None,
            source: None,
        }
    }

    /// A failure with this code, caused by `source`, which is logged and never shown to a caller.
    pub fn caused_by(
        self,
        detail: impl Into<String>,
        source: impl Error + Send + Sync + 'static,
    ) -> Failure {
        Failure {
            code: self,
            detail: detail.into(),
            member: None,
            retry_after_s: None,
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error of every core function: a code, a human detail, and the cause where there is one.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    detail: String,
    member: Option<String>,
    retry_after_s: Option<u32>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// The machine code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The same failure, about the request member `name`.
    #[must_use]
    pub fn about(self, name: impl Into<String>) -> Self {
        Self {
            member: Some(name.into()),
            ..self
        }
    }

    /// The request member it is about, where it is about one.
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// The same failure, not to be expected again after `seconds`.
    #[must_use]
    pub fn again_in_s(self, seconds: u32) -> Self {
        Self {
            retry_after_s: Some(seconds),
            ..self
        }
    }

    /// After how many seconds asking again makes sense, where that is known.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// What exactly was wrong, for humans; no personal data.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its causes, the nearest first.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::successors(self.source(), |&cause| cause.source())
    }
}

/// A name that a stranger chose, as an error may repeat it: printable ASCII, at most 40 characters.
pub fn printable(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_graphic)
        .take(MAX_NAME)
        .collect()
}

const MAX_NAME: usize = 40;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_names_are_unique_and_in_snake_case() {
        for (index, code) in Code::ALL.iter().enumerate() {
            let name = code.name();
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(
                Code::ALL
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.name() != name),
                "{name}"
            );
            assert_eq!(Code::named(name), Some(*code));
        }
    }
}
