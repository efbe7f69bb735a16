//! Answers that others may keep: an entity tag, how long they last, and 304 where the caller has them.
//!
//! Refuses to let anybody keep a failure: those are marked by nobody here.
//!
//! Source: RFC 9110, sections 8.8.3 and 13.1.2; RFC 9111; RFC 8246 (immutable).

use crate::crypto::sha256;
use crate::model::Thumbprint;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lasting {
    /// A minute, then ask again.
    Moving,
    /// For ever: at this address nothing else will ever be.
    Immutable,
}

impl Lasting {
    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Moving => "public, max-age=60",
            Self::Immutable => "public, max-age=31536000, immutable",
        })
    }
}

/// `body`, whose hash is `digest`, with `more` headers; 304 without it where the caller has it.
pub(super) fn cached(
    request: &HttpRequest,
    body: Bytes,
    digest: &str,
    media_type: &'static str,
    lasting: Lasting,
    more: impl Fn(&mut HttpResponseBuilder),
) -> HttpResponse {
    let tag = format!("\"{digest}\"");
    let known = is_known(request, &tag);
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer.insert_header((header::ETAG, tag));
    answer.insert_header((header::CACHE_CONTROL, lasting.value()));
    more(&mut answer);
    if known {
        return answer.finish();
    }
    answer.content_type(media_type).body(body)
}

/// `body`, JSON that moves on, with `more` headers.
pub(super) fn cached_json(
    request: &HttpRequest,
    body: String,
    more: impl Fn(&mut HttpResponseBuilder),
) -> HttpResponse {
    let digest = Thumbprint(sha256(body.as_bytes())).to_string();
    let json = "application/json";
    cached(request, body.into(), &digest, json, Lasting::Moving, more)
}

/// Whether the caller says that it has what bears `tag`.
pub(in crate::server::http) fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let stated = request.headers().get_all(header::IF_NONE_MATCH);
    let texts = stated.filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn tags_are_compared_as_they_are_and_weakly() {
        for (stated, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("a", false),
            ("\"A\"", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, stated));
            assert_eq!(
                is_known(&request.to_http_request(), "\"a\""),
                known,
                "{stated}"
            );
        }
    }
}
