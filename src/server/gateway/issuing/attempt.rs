//! A changing request under a key of the caller's own: done once, and whoever asks the same again gets the same answer.
//!
//! Refuses another request under that key, and the same while the first is being done. An answer is kept encrypted, and found by
//! nobody but the caller who got it.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07.

use super::intake::draw;
use crate::failure::{Code, Failure};
use crate::server::gateway::Gateway;
use crate::server::store::issuing::{Attempt, Begun, MAX_ANSWER};
use std::sync::Arc;
use tracing::error;
use zeroize::Zeroizing;

/// What is asked, by whom, under which key.
pub struct Keyed<'a> {
    /// Who asks, and in which roles: nobody else is it.
    pub caller: &'a str,
    /// The pattern of the route.
    pub route: &'a str,
    /// The caller's key.
    pub key: &'a [u8],
    /// Everything else that the answer depends on.
    pub said: &'a [&'a [u8]],
}

/// An answer that can be given again.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, JSON.
    pub body: Zeroizing<Vec<u8>>,
}

/// Whether something is to be done.
pub enum Once {
    /// It is, and the attempt is to be ended then.
    First(Attempt),
    /// It was done, and answered so.
    Again(Answer),
}

impl Gateway {
    /// Begins what is asked, or finds what it was answered before.
    ///
    /// # Errors
    /// `idempotency_conflict`, `idempotency_running`; `seal_invalid` where the answer was kept under another data key;
    /// `configuration_invalid` without the data key; `store_unavailable`, `store_incomplete`.
    pub async fn begin_once(self: &Arc<Self>, keyed: &Keyed<'_>) -> Result<Once, Failure> {
        let vault = self.vault().await?;
        let of = [keyed.caller.as_bytes(), keyed.route.as_bytes(), keyed.key];
        let attempt = Attempt {
            slot: vault.attempt_slot(&of),
            request: vault.asked(keyed.said),
            id: draw()?,
        };
        let (store, now) = (self.records()?.store(), self.clock().now());
        match store.begin_answer(&attempt, now).await? {
            Begun::First => Ok(Once::First(attempt)),
            Begun::Running => {
                let running = Code::IdempotencyRunning.because("wait for the first one to be done");
                Err(running.again_in_s(1))
            }
            Begun::Other => Err(Code::IdempotencyConflict
                .because("the first request under this key said something else")),
            Begun::Answered(sealed) => {
                let other = || Code::SealInvalid.because("an answer of another data key");
                let opened = vault.open_answer(&attempt.slot, &sealed);
                let opened = opened.ok_or_else(other)?;
                let (status, body) = opened.split_first_chunk().ok_or_else(other)?;
                Ok(Once::Again(Answer {
                    status: u16::from_be_bytes(*status),
                    body: Zeroizing::new(body.to_vec()),
                }))
            }
        }
    }

    /// Erases the answers whose day is over.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    pub(in crate::server) async fn erase_answers(&self) -> Result<(), Failure> {
        let store = self.records()?.store();
        store.expire_answers(self.clock().now()).await.map(|_| ())
    }

    /// Ends `attempt`: `answer` is kept for a day, unless it is too large. Without one, whoever asks the same again is the first.
    ///
    /// That it cannot be kept is logged: the caller has the answer, and the same again would be done again.
    pub async fn end_once(self: &Arc<Self>, attempt: &Attempt, answer: Option<(u16, &[u8])>) {
        let ended = async {
            let vault = self.vault().await?;
            let sealed = answer.map(|(status, body)| {
                let plain = Zeroizing::new([&status.to_be_bytes(), body].concat());
                vault.seal_answer(&attempt.slot, &plain)
            });
            let sealed = sealed.transpose()?.filter(|it| it.len() <= MAX_ANSWER);
            let (store, now) = (self.records()?.store(), self.clock().now());
            store.end_answer(attempt, sealed.as_deref(), now).await
        };
        if let Err(failure) = ended.await {
            let code = failure.code().name();
            error!(code, "an answer was not kept for a second time: {failure}");
        }
    }
}
