//! From a refusal to an answer, in the form in which gateways of the EU's kind tell what was wrong: one table of the statuses,
//! codes and sentences that other backends know.
//!
//! Refuses to be extended by a caller's words: what is told back of a request was chosen where it was refused.
//!
//! Source: EU DGCG, sections on authentication, problem reports, uploads; WHO TNG where it differs.

use crate::exchange::dgcg::Dialect;
use crate::server::gateway::hub::{Reason, Refused};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

/// The answer to what is `refused`, as a gateway that speaks `dialect` gives it.
pub fn report(dialect: Dialect, refused: &Refused) -> HttpResponse {
    let (status, code, problem) = row(refused.reason, dialect);
    HttpResponse::build(status).json(json!({
        "code": code,
        "problem": problem,
        "sendValue": refused.send_value,
        "details": refused.details,
    }))
}

/// Status, code and sentence.
type Row = (StatusCode, &'static str, &'static str);

fn row(reason: Reason, dialect: Dialect) -> Row {
    use StatusCode as S;
    match reason {
        Reason::NotAuthenticated => match dialect {
            Dialect::Eu => (
                S::UNAUTHORIZED,
                "0x400",
                "No thumbprint or distinguish name",
            ),
            Dialect::Tng => (
                S::UNAUTHORIZED,
                "0x400",
                "No authentication information available",
            ),
        },
        Reason::NoCountry => (
            S::BAD_REQUEST,
            "0x401",
            "Client Certificate must contain country property",
        ),
        Reason::NoParty => (
            S::UNAUTHORIZED,
            "0x402",
            "Client is not authorized to access the service",
        ),
        Reason::NoRole => (
            S::FORBIDDEN,
            "0x403",
            "Client is not authorized to access the endpoint",
        ),
        Reason::NoAddress => (S::NOT_FOUND, "", "Not Found"),
        Reason::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "", "Method Not Allowed"),
        Reason::MediaType => (S::UNSUPPORTED_MEDIA_TYPE, "", "Unsupported Media Type"),
        Reason::TooLarge => (S::PAYLOAD_TOO_LARGE, "", "Payload Too Large"),
        Reason::TooSlow => (S::REQUEST_TIMEOUT, "", "Request Timeout"),
        Reason::Invalid => (S::BAD_REQUEST, "0x001", "Validation Error"),
        Reason::MessageNotBase64 => (S::BAD_REQUEST, "0x402", "Invalid Base64 CMS Message"),
        Reason::MessageUnreadable => (S::BAD_REQUEST, "0x402", "Could not parse CMS Message"),
        Reason::MessageNotData => (
            S::BAD_REQUEST,
            "0x402",
            "CMS Message needs to have binary data as body.",
        ),
        Reason::MessageNoCertificate => (
            S::BAD_REQUEST,
            "0x402",
            "CMS Message payload needs to be a DER encoded X509 certificate",
        ),
        Reason::MessageCertificates => (
            S::BAD_REQUEST,
            "0x402",
            "CMS Message needs to contain exactly one X509 certificate",
        ),
        Reason::MessageSigners => (
            S::BAD_REQUEST,
            "0x402",
            "CMS Message needs to have exactly 1 signer information.",
        ),
        Reason::SignatureInvalid => (S::BAD_REQUEST, "0x009", "Invalid CMS Signature"),
        Reason::TextSignatureInvalid => (S::BAD_REQUEST, "0x260", "CMS signature is invalid"),
        Reason::InnerMessageInvalid => (S::BAD_REQUEST, "n/a", "Invalid CMS"),
        Reason::InnerSignatureInvalid => (S::BAD_REQUEST, "n/a", "Invalid CMS Signature"),
        Reason::ValueNotAllowed => (S::BAD_REQUEST, "n/a", "Value is not allowed"),
        Reason::UploadFailed => (S::BAD_REQUEST, "0x004", POSSIBLE_REASONS),
        Reason::DeleteFailed => (S::BAD_REQUEST, "0x007", POSSIBLE_REASONS),
        Reason::AlreadyExists => (
            S::CONFLICT,
            "0x002",
            "You cant upload an existing certificate.",
        ),
        Reason::SignerMissing => (
            S::NOT_FOUND,
            "0x005",
            "The certificate doesn't exists in the database.",
        ),
        Reason::TextUploader => (S::FORBIDDEN, "0x000", "Invalid Upload Certificate"),
        Reason::TextJson => (S::BAD_REQUEST, "0x000", "JSON Could not be parsed"),
        Reason::TextValues => (S::BAD_REQUEST, "0x000", "Request has invalid values."),
        Reason::TextCountry => (S::FORBIDDEN, "0x000", "Invalid Country sent"),
        Reason::ReferenceMissing => (S::NOT_FOUND, "0x000", "Trusted reference does not exist."),
        Reason::ReferenceUnknown => (S::BAD_REQUEST, "0x000", "Trusted reference does not exist."),
        Reason::ValueSetMissing => (S::NOT_FOUND, "0x100", "Valueset not found"),
        Reason::UploadUnavailable => (
            S::INTERNAL_SERVER_ERROR,
            "0x003",
            "Upload of Signer Certificate failed",
        ),
        Reason::DeleteUnavailable => (
            S::INTERNAL_SERVER_ERROR,
            "0x006",
            "Deletion of Signer Certificate failed",
        ),
        Reason::BatchUnreadable => (S::BAD_REQUEST, "0x000", "JSON Could not be parsed"),
        Reason::BatchInvalid => (S::BAD_REQUEST, "0x000", "Batch has invalid values."),
        Reason::BatchEnded => (S::BAD_REQUEST, "0x000", "Invalid Dates"),
        Reason::BatchCountry => (S::FORBIDDEN, "0x000", "Invalid Country sent"),
        Reason::BatchUploader => (S::FORBIDDEN, "0x000", "Invalid Upload Certificate"),
        Reason::BatchDeleteInvalid => (
            S::BAD_REQUEST,
            "0x000",
            "Delete Request has invalid values.",
        ),
        Reason::BatchMissing => (S::NOT_FOUND, "0x000", "Batch does not exist."),
        Reason::BatchGone => (S::GONE, "0x000", "Batch already deleted."),
        Reason::BatchDeleteMissing => (S::NOT_FOUND, "0x000", "Batch does not exists."),
        Reason::BatchDeleteGone => (S::GONE, "0x000", "Batch is already deleted."),
        Reason::SinceInFuture => (S::BAD_REQUEST, "", "IfModifiedSince must be in past"),
        Reason::RuleUnreadable => (S::BAD_REQUEST, "0x200", "Invalid JSON"),
        Reason::RuleCountry => (S::FORBIDDEN, "0x210", "Invalid Country sent"),
        Reason::RuleDeleteCountry => (S::FORBIDDEN, "0x210", "Invalid country in ID-String"),
        Reason::RuleVersion => (S::BAD_REQUEST, "0x220", "Invalid Version"),
        Reason::RuleUploader => (S::BAD_REQUEST, "0x230", "Invalid Upload Cert"),
        Reason::RuleTimes => (S::BAD_REQUEST, "0x240", "Invalid Timestamp(s)"),
        Reason::RuleIdentifier => (S::BAD_REQUEST, "0x250", "Invalid RuleID"),
        Reason::RuleDeleteIdentifier => (S::BAD_REQUEST, "0x250", "ID-String is invalid"),
        Reason::RuleMissing => (S::NOT_FOUND, "0x270", "Validation Rule does not exist"),
        Reason::RuleUnavailable => (S::INTERNAL_SERVER_ERROR, "0x299", "Unexpected Error"),
        Reason::MigratedSignerMissing => (
            S::CONFLICT,
            "0x010",
            "Certificate to be updated does not exist.",
        ),
        Reason::MigrationUnavailable => (
            S::INTERNAL_SERVER_ERROR,
            "0x011",
            "Update of Signer Certificate failed",
        ),
        Reason::MigratedBatchMissing => {
            (S::CONFLICT, "0x020", "Batch to be updated does not exist.")
        }
        Reason::MigratedBatchCountry => (
            S::BAD_REQUEST,
            "0x021",
            "Invalid Country or Upload Certificate",
        ),
        Reason::MigratedBatchDiffers => (
            S::BAD_REQUEST,
            "0x022",
            "Batch to be updated has another payload.",
        ),
        Reason::MigratedRuleMissing => (
            S::CONFLICT,
            "0x030",
            "Validation Rule to be updated does not exist.",
        ),
        Reason::MigratedRuleCountry => (
            S::BAD_REQUEST,
            "0x031",
            "Invalid Country or Upload Certificate",
        ),
        Reason::MigratedRuleDiffers => (
            S::BAD_REQUEST,
            "0x032",
            "Validation Rule to be updated has another payload.",
        ),
        Reason::Unavailable => (S::INTERNAL_SERVER_ERROR, "0x008", "Internal Server Error"),
    }
}

const POSSIBLE_REASONS: &str = "Possible reasons: Wrong Format, no CMS, not the correct signing alg missing attributes, \
    invalid signature, certificate not signed by known CA";
