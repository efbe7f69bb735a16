//! What is left of a request's body when its answer is ready is read and thrown away, so that the answer arrives.
//!
//! Refuses to do so for long: an HTTP/2 stream that is dropped while its client still sends is reset, and the client
//! never sees why it was refused; past the ceilings here that is the client's own doing.
//!
//! Source: RFC 9113, section 8.1 (a complete answer before the request has ended).

use super::body::within;
use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A body that outlives the handler it was given to.
pub(super) struct Remainder(Shared);

impl Remainder {
    /// Gives `request` a body to read whose rest stays here.
    pub(super) fn of(request: &mut ServiceRequest) -> Self {
        let shared = Shared(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream {
            payload: Box::pin(shared.clone()),
        });
        Self(shared)
    }

    /// Reads what the handler left, within the ceilings.
    pub(super) async fn drain(mut self) {
        let read = async {
            let mut length = 0;
            while let Some(Ok(chunk)) = self.0.next().await {
                length += chunk.len();
                if length > MAX_BYTES {
                    break;
                }
            }
        };
        // Whoever is slower than this has to do without an answer.
        let _ = within(MAX_TIME, read).await;
    }
}

#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}

const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(2);
