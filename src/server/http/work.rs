//! Work that takes longer than a request may hold up its worker, done beside the workers.
//!
//! Refuses more of it at once than there are cores: whoever has more waits its turn, so that many slices of one caller
//! never stand between another and an answer.

use crate::failure::{Code, Failure};
use actix_web::web;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// What `work` comes to; it goes on where the caller hangs up, so that nothing is left half done.
///
/// # Errors
/// Those of `work`; `internal` where it panics.
pub(super) async fn to_the_end<T: 'static>(
    work: impl Future<Output = Result<T, Failure>> + 'static,
) -> Result<T, Failure> {
    let done = actix_web::rt::spawn(work).await;
    done.map_err(|error| Code::Internal.caused_by("work broke off", error))?
}

/// The turns to take.
pub(super) struct Work(Arc<Semaphore>);

impl Default for Work {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new(cores)))
    }
}

impl Work {
    /// Does `slice` when its turn comes, in the order of asking. A slice is to take milliseconds, as a rule.
    ///
    /// # Errors
    /// `internal` where it panics.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        slice: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let broken = || Code::Internal.because("work beside the workers broke off");
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let turn = turn.map_err(|_| broken())?;
        // The turn is over when the work is, though nobody may wait for it any more.
        let done = web::block(move || {
            let result = slice();
            drop(turn);
            result
        });
        done.await.map_err(|_| broken())
    }
}
