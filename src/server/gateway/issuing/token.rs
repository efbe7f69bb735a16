//! Short-lived tokens of operators, for doors where no client certificate is presented.
//!
//! Refuses more than an hour, roles beyond handing in and withdrawing, and a token whose operator, certificate or role is
//! not in force at this moment. No token is kept anywhere: one proves itself.

use super::Submitter;
use super::vault::Vault;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::OperatorRole;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A token that was made.
pub struct Token {
    /// Its text, to be shown this once.
    pub text: Zeroizing<String>,
    /// The first second at which it is worth nothing.
    pub until: UnixTime,
    /// What it is good for.
    pub roles: Vec<OperatorRole>,
}

impl Gateway {
    /// A token by which whoever has it acts for `minutes` as the operator with this certificate, in `roles` alone.
    ///
    /// # Errors
    /// `unauthenticated`; `forbidden` for a role that they do not have; `request_invalid` for one that no token is for, or
    /// another time than 1 to 60 minutes; `configuration_invalid` without the data key; `store_unavailable`,
    /// `store_incomplete`.
    pub async fn make_token(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        roles: &[OperatorRole],
        minutes: u32,
    ) -> Result<Token, Failure> {
        let operator = self.operator(certificate)?;
        if !(1..=MAX_MINUTES).contains(&minutes) {
            let reason = format!("member `minutes` is 1 to {MAX_MINUTES}");
            return Err(Code::RequestInvalid.because(reason).about("minutes"));
        }
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() || roles.iter().any(|role| !TOKEN_ROLES.contains(role)) {
            let reason = "member `roles` names some of issue, correct, revoke, and no others";
            return Err(Code::RequestInvalid.because(reason).about("roles"));
        }
        if let Some(lacking) = roles.iter().find(|role| !operator.may(**role)) {
            return Err(Code::Forbidden.because(format!("needs role {}", lacking.name())));
        }
        let mut id = [0; 8];
        aws_lc_rs::rand::fill(&mut id)
            .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
        let until = self.clock().now().plus(i64::from(minutes) * 60);
        let said = Said {
            operator: operator.id.clone(),
            certificate: operator.fingerprint.to_string(),
            roles: roles.clone(),
            exp: until.seconds(),
            id: base16ct::lower::encode_string(&id),
        };
        let text = written(self.vault().await?, &said);
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let told = format!("{} {} until {until}", said.id, names.join(","));
        self.tell(&operator.id, "token.made", &told).await?;
        Ok(Token { text, until, roles })
    }

    /// Whom the token `text` stands for now; `None` where it is no token of this gateway's operators.
    ///
    /// # Errors
    /// `unauthenticated` where it is out of its time, or its operator is none any more; `configuration_invalid`,
    /// `store_incomplete`.
    pub fn submitter_by_token(&self, text: &str) -> Result<Option<Submitter>, Failure> {
        if !text.contains('.') {
            return Ok(None);
        }
        let Some(vault) = self.known_vault()? else {
            return Ok(None);
        };
        let Some(said) = read(vault, text) else {
            return Ok(None);
        };
        let refused = |reason: &str| Err(Code::Unauthenticated.because(reason));
        let now = self.clock().now();
        if said.exp <= now.seconds() || said.exp > now.plus(MAX_S).seconds() {
            return refused("the token is out of its time");
        }
        let registry = self.registry()?;
        let operator = registry.operator(&said.operator);
        let current = operator.filter(|it| it.enabled && it.is_current(now));
        let current = current.filter(|it| it.fingerprint.to_string() == said.certificate);
        match current {
            Some(operator) => Ok(Some(Submitter::named(Arc::clone(operator), said.roles))),
            None => refused("the token's operator is none any more, or has another certificate"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    operator: String,
    /// Who gets another certificate has no tokens from before.
    certificate: String,
    roles: Vec<OperatorRole>,
    exp: i64,
    id: String,
}

fn written(vault: &Vault, said: &Said) -> Zeroizing<String> {
    // Plain fields of text always become JSON.
    let said = serde_json::to_vec(said).unwrap_or_default();
    let said = BASE64_URL_SAFE_NO_PAD.encode(said);
    let proof = BASE64_URL_SAFE_NO_PAD.encode(vault.token_proof(said.as_bytes()));
    Zeroizing::new(format!("{said}.{proof}"))
}

/// What a token says, where its proof holds.
fn read(vault: &Vault, text: &str) -> Option<Said> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let (said, proof) = text.split_once('.')?;
    let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).ok()?;
    let good = vault.token_proof(said.as_bytes()).ct_eq(&proof);
    if !bool::from(good) {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(said).ok()?).ok()
}

/// What a token can be good for: nothing that decides about keys, people or acts.
const TOKEN_ROLES: [OperatorRole; 3] = [
    OperatorRole::Issue,
    OperatorRole::Correct,
    OperatorRole::Revoke,
];
const MAX_MINUTES: u32 = 60;
const MAX_S: i64 = 3600;
/// Bytes of a token: several times those of a long one.
const MAX_TEXT: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_it_was_made_and_no_other_does() {
        let data = tempfile::tempdir().unwrap();
        let vault = Vault::make(data.path()).unwrap();
        let said = Said {
            operator: "ana".to_owned(),
            certificate: "00".repeat(32),
            roles: vec![OperatorRole::Issue],
            exp: 1,
            id: "0a".to_owned(),
        };
        let text = written(&vault, &said);
        assert_eq!(read(&vault, &text).unwrap().roles, [OperatorRole::Issue]);
        for position in 0..text.len() {
            let mut other = text.as_bytes().to_vec();
            other[position] = if other[position] == b'x' { b'y' } else { b'x' };
            let other = String::from_utf8(other).unwrap();
            assert!(read(&vault, &other).is_none(), "{position}");
        }
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(read(&Vault::make(elsewhere.path()).unwrap(), &text).is_none());
        for odd in ["", ".", "a.b", &text[1..], &"a.".repeat(5000)] {
            assert!(read(&vault, odd).is_none());
        }
    }
}
