//! Reading a JSON body under ceilings of size and time.
//!
//! Refuses other media types, members that stand twice at any depth, and to repeat a caller's value in an error: members are named,
//! values never.

use crate::codec::json;
use crate::failure::{Code, Failure, printable};
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{self, Bytes, BytesMut};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// The members of a JSON object that nobody has asked for yet.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// The body of `request`, at most `ceiling` bytes of it, as an object.
    ///
    /// # Errors
    /// `media_type_unsupported`, `input_too_large`, `request_timeout`, `request_invalid`.
    pub(super) async fn of_body(
        request: &HttpRequest,
        payload: web::Payload,
        ceiling: usize,
    ) -> Result<Self, Failure> {
        if !is_of_type(request, JSON) {
            return Err(Code::MediaTypeUnsupported.because("send application/json"));
        }
        let bytes = read(request, payload, ceiling).await?;
        Self::parse(&bytes)
    }

    /// The object in `bytes`.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let Value::Object(members) = json::read(bytes, MAX_VALUES)? else {
            return Err(Code::RequestInvalid.because("the body is not a JSON object"));
        };
        Ok(Self(members))
    }

    /// The members of an object inside the body.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn of_value(name: &str, value: Value) -> Result<Self, Failure> {
        let Value::Object(members) = value else {
            return Err(not(name, "an object"));
        };
        Ok(Self(members))
    }

    /// The member `name`, if it is there and not null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// The text member `name`, if it is there.
    ///
    /// # Errors
    /// `request_invalid` where it is something else.
    pub(super) fn take_text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(not(name, "text")),
        }
    }

    /// What is left, as one object.
    pub(super) fn rest(self) -> Value {
        Value::Object(self.0)
    }

    /// Refuses what is left: a member that is not served must not be taken for one that was heeded.
    ///
    /// # Errors
    /// `request_invalid`, naming the member.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name = printable(name);
                let reason = format!("member `{name}` is not known or not served yet");
                Err(Code::RequestInvalid.because(reason).about(name))
            }
        }
    }
}

/// The refusal of a member that is not `what` it should be.
pub(super) fn not(name: &str, what: &str) -> Failure {
    Code::RequestInvalid
        .because(format!("member `{name}` is not {what}"))
        .about(name)
}

/// Whether `request` states the media type `expected` for its body, whatever the parameters.
pub(super) fn is_of_type(request: &HttpRequest, expected: &str) -> bool {
    let stated = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = stated.and_then(|value| value.split(';').next());
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case(expected))
}

/// The body of `request`, at most `ceiling` bytes of it, if it arrives in time.
///
/// # Errors
/// `input_too_large`, `request_timeout`, `request_invalid`.
pub(super) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    ceiling: usize,
) -> Result<Bytes, Failure> {
    let bytes = within(BODY_TIME, bounded(request, payload, ceiling)).await;
    bytes.ok_or_else(|| Code::RequestTimeout.because("the body did not arrive in time"))?
}

/// What `work` comes to, if it is done within `time`. Most bodies are there with their headers, and need no timer.
pub(super) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let at_hand = poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    if let Poll::Ready(done) = at_hand.await {
        return Some(done);
    }
    actix_web::rt::time::timeout(time, work).await.ok()
}

async fn bounded(
    request: &HttpRequest,
    mut payload: web::Payload,
    ceiling: usize,
) -> Result<Bytes, Failure> {
    let too_large = || Code::InputTooLarge.because(format!("a body over {ceiling} bytes"));
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    if announced
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| length > ceiling)
    {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Code::RequestInvalid.because("the body broke off"))?;
        if bytes.len() + chunk.len() > ceiling {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// One JSON document.
pub(super) const JSON: &str = "application/json";

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// JSON values in one body.
const MAX_VALUES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_members_and_other_shapes_are_refused() {
        for text in [r#"{"a":1,"a":2}"#, "[]", "null", "", "{", r#"{"a":1} x"#] {
            assert_eq!(
                Members::parse(text.as_bytes()).unwrap_err().code(),
                Code::RequestInvalid,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_left_over_is_named_and_its_value_is_not() {
        let members = Members::parse(r#"{"for":{"destination":"SECRET"}}"#.as_bytes()).unwrap();
        let failure = members.finish().unwrap_err();
        assert!(failure.detail().contains("`for`") && !failure.detail().contains("SECRET"));
    }

    #[test]
    fn a_parser_never_quotes_the_caller() {
        let failure = Members::parse(br#""Dewi Sartika""#).unwrap_err();
        assert!(!failure.detail().contains("Dewi"));
    }
}
