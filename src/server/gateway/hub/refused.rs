//! Why something that a party asked or handed in is refused.
//!
//! Refuses to know statuses and wire codes: `http/dgcg_problem.rs` has the table of both.

use crate::failure::Failure;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// What was sent, as far as that is told back.
    pub send_value: String,
    /// More for engineers; never what a certificate or credential says of a person.
    pub details: String,
}

impl Refused {
    /// The same with `value` told back as what was sent.
    #[must_use]
    pub fn sent(self, value: impl Into<String>) -> Self {
        Self {
            send_value: value.into(),
            ..self
        }
    }
}

impl Refused {
    /// The same; where this gateway is at fault, for the `reason` that says in what.
    #[must_use]
    pub fn within(self, reason: Reason) -> Self {
        if self.reason == Reason::Unavailable {
            return Self { reason, ..self };
        }
        self
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            send_value: String::new(),
            details: String::new(),
        }
    }
}

impl From<Failure> for Refused {
    /// A failure of this gateway, not of the party.
    fn from(failure: Failure) -> Self {
        Reason::Unavailable.because(failure.code().name())
    }
}

impl Reason {
    /// A refusal with these details.
    pub fn because(self, details: impl Into<String>) -> Refused {
        Refused {
            details: details.into(),
            ..self.into()
        }
    }
}

/// Why: each is a row of the wire's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody in particular asks.
    NotAuthenticated,
    /// The certificate of whoever asks names no country.
    NoCountry,
    /// Whoever asks is no party.
    NoParty,
    /// The party may not do this.
    NoRole,
    /// There is nothing at this address.
    NoAddress,
    /// The address is not asked so.
    MethodNotAllowed,
    /// The body is of another type than this address takes.
    MediaType,
    /// The body is larger than any that is taken.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// A parameter, a header or the form of a body is not as agreed.
    Invalid,
    /// The body is no Base64.
    MessageNotBase64,
    /// The body is no CMS message.
    MessageUnreadable,
    /// The message holds something else than data.
    MessageNotData,
    /// The message holds no X.509 certificate.
    MessageNoCertificate,
    /// The message does not hold exactly one certificate of a signer.
    MessageCertificates,
    /// The message does not have exactly one signer.
    MessageSigners,
    /// The message about a certificate is not signed by the key it names.
    SignatureInvalid,
    /// The message about anything else is not signed by the key it names.
    TextSignatureInvalid,
    /// The message in a JSON body cannot be read.
    InnerMessageInvalid,
    /// The message in a JSON body is not signed by the key it names.
    InnerSignatureInvalid,
    /// A member of a JSON body says what is not allowed here.
    ValueNotAllowed,
    /// The certificate handed in fails a check.
    UploadFailed,
    /// The certificate to be taken back fails a check.
    DeleteFailed,
    /// The certificate is there already.
    AlreadyExists,
    /// The certificate to be taken back is not there.
    SignerMissing,
    /// A text is signed by no upload certificate of the party.
    TextUploader,
    /// A text is not the JSON it is to be.
    TextJson,
    /// Members of a text are missing or out of bounds.
    TextValues,
    /// A text is about another country.
    TextCountry,
    /// The reference to be changed or taken back is not there.
    ReferenceMissing,
    /// The reference asked for is not there.
    ReferenceUnknown,
    /// There is no value set of this name.
    ValueSetMissing,
    /// The certificate could not be kept; nothing was changed.
    UploadUnavailable,
    /// The certificate could not be taken back; nothing was changed.
    DeleteUnavailable,
    /// This gateway could not do it; nothing was changed.
    Unavailable,
    /// A batch, or what names one, is no JSON of its form.
    BatchUnreadable,
    /// A batch has a value that is not allowed.
    BatchInvalid,
    /// A batch that has ended already.
    BatchEnded,
    /// A batch of another country.
    BatchCountry,
    /// A batch, or what names one, is not signed with an upload certificate of the party.
    BatchUploader,
    /// What should name a batch to be taken back names none.
    BatchDeleteInvalid,
    /// No batch has the id that is asked for.
    BatchMissing,
    /// The batch that is asked for was taken back.
    BatchGone,
    /// The batch to be taken back is not there.
    BatchDeleteMissing,
    /// The batch to be taken back was taken back before.
    BatchDeleteGone,
    /// What is new since an instant that has not come.
    SinceInFuture,
    /// A rule is no JSON of the schema.
    RuleUnreadable,
    /// A rule of another country.
    RuleCountry,
    /// The identifier of another country's rule is to be deleted.
    RuleDeleteCountry,
    /// A rule whose version is no newer than the last.
    RuleVersion,
    /// A rule, or what names one, is not signed with an upload certificate of the party.
    RuleUploader,
    /// A rule whose times are not allowed.
    RuleTimes,
    /// A rule whose identifier does not fit its type.
    RuleIdentifier,
    /// What should name rules to be deleted is no identifier.
    RuleDeleteIdentifier,
    /// The rule to be deleted is not there.
    RuleMissing,
    /// The rule could not be kept or deleted; nothing was changed.
    RuleUnavailable,
    /// The certificate to be signed anew is not there.
    MigratedSignerMissing,
    /// The certificate could not be signed anew; nothing was changed.
    MigrationUnavailable,
    /// The batch to be signed anew is not there.
    MigratedBatchMissing,
    /// The batch to be signed anew is another country's, or signed with another's upload certificate.
    MigratedBatchCountry,
    /// The batch signed anew says something else.
    MigratedBatchDiffers,
    /// The rule to be signed anew is not there.
    MigratedRuleMissing,
    /// The rule to be signed anew is another country's, or signed with another's upload certificate.
    MigratedRuleCountry,
    /// The rule signed anew says something else.
    MigratedRuleDiffers,
}
