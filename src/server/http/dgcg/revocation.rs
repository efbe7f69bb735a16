//! Batches of revocations: listed, downloaded, handed in, taken back.
//!
//! Refuses parties without the role for it, other media types, and a list without the instant behind which it is wanted; the
//! rest is decided in the hub. A batch's id is its entity tag as well, and stands there without quotes, since backends take
//! the header for the id.
//!
//! Source: EU DGCG, `/revocation-list`; WHO TNG, the same, whose list tells the last second again, unlike this one.

use super::asked::{Asked, CMS, CMS_TEXT, json};
use super::query;
use crate::model::UnixTime;
use crate::server::gateway::hub::{
    self, Batch, Handed, PartyRole, Reason, Refused, delete_batch, random_uuid, upload_batch,
};
use actix_web::http::header::{self, Accept, Header, HeaderValue};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// `GET /revocation-list`.
pub(super) async fn list(asked: Asked) -> HttpResponse {
    let result = async {
        asked.demand(PartyRole::RevocationListReader)?;
        let missing = || Reason::Invalid.because("If-Modified-Since is missing");
        let since = query::since(&asked.request)?.ok_or_else(missing)?;
        let page = asked.gateway().batches_after(since).await?;
        if page.batches.is_empty() {
            return Ok(HttpResponse::NoContent().finish());
        }
        let batches: Vec<_> = page.batches.iter().map(|batch| row(batch)).collect();
        let list = json!({ "more": page.more, "batches": batches });
        Ok(json(list.to_string().into_bytes()))
    };
    let result = result.await;
    asked.answer(result)
}

/// `GET /revocation-list/{batchId}`.
pub(super) async fn download(asked: Asked, id: Path<String>) -> HttpResponse {
    let result = async {
        asked.demand(PartyRole::RevocationListReader)?;
        let hub = asked.gateway().hub_now().await;
        let at = asked.gateway().clock().now();
        let message = hub::downloaded(&hub, &id, at)?;
        Ok(HttpResponse::Ok()
            .content_type(wanted(&asked.request))
            .insert_header((header::ETAG, tag(&id)?))
            .body(message.to_owned()))
    };
    let result = result.await;
    asked.answer(result)
}

/// `POST /revocation-list`.
pub(super) async fn upload(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        asked.demand(PartyRole::RevocationUploader)?;
        let handed = handed(&asked, payload).await?;
        let id = random_uuid()?;
        let named = tag(&id)?;
        let done =
            asked.hand_in_batches(move |hub, party, at| upload_batch(hub, party, &handed, &id, at));
        done.await?;
        Ok(HttpResponse::Created()
            .insert_header((header::ETAG, named))
            .finish())
    };
    let result = result.await;
    asked.answer(result)
}

/// `DELETE /revocation-list`, and its other address.
pub(super) async fn delete(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        asked.demand(PartyRole::RevocationDeleter)?;
        let handed = handed(&asked, payload).await?;
        let done =
            asked.hand_in_batches(move |hub, party, at| delete_batch(hub, party, &handed, at));
        done.await?;
        Ok(HttpResponse::NoContent().finish())
    };
    let result = result.await;
    asked.answer(result)
}

async fn handed(asked: &Asked, payload: Payload) -> Result<Handed, Refused> {
    Handed::text(&asked.body(payload, &[CMS_TEXT, CMS]).await?)
}

fn row(batch: &Batch) -> Value {
    json!({
        "batchId": batch.id,
        "country": batch.country.as_str(),
        "date": date(batch.changed_at),
        "deleted": batch.is_deleted(),
    })
}

/// `at` with an offset in digits: some backends' readers know no `Z`.
fn date(at: UnixTime) -> String {
    let text = at.to_string();
    format!("{}+00:00", text.trim_end_matches('Z'))
}

fn tag(id: &str) -> Result<HeaderValue, Refused> {
    HeaderValue::from_str(id).map_err(|_| Reason::Invalid.into())
}

/// Which of its two media types a message is asked for under; that of texts, unless the other is preferred by name.
fn wanted(request: &HttpRequest) -> &'static str {
    let ranked = Accept::parse(request).map(|accept| accept.ranked());
    let ranked = ranked.unwrap_or_default().into_iter();
    let mut known = ranked.filter_map(|it| match it.essence_str() {
        CMS => Some(CMS),
        CMS_TEXT | "application/*" | "*/*" => Some(CMS_TEXT),
        _ => None,
    });
    known.next().unwrap_or(CMS_TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_message_comes_under_the_type_that_is_preferred() {
        for (accept, expected) in [
            (None, CMS_TEXT),
            (Some("*/*"), CMS_TEXT),
            (Some("application/cms"), CMS),
            (Some("application/cms, */*;q=0.1"), CMS),
            (
                Some("application/cms;q=0.5, application/cms-text"),
                CMS_TEXT,
            ),
            (Some("application/json"), CMS_TEXT),
        ] {
            let mut request = TestRequest::default();
            if let Some(accept) = accept {
                request = request.insert_header((header::ACCEPT, accept));
            }
            assert_eq!(wanted(&request.to_http_request()), expected, "{accept:?}");
        }
    }

    #[test]
    fn dates_have_whole_seconds_and_an_offset() {
        let at = UnixTime::parse("2022-01-10T09:00:00.5Z").unwrap();
        assert_eq!(date(at), "2022-01-10T09:00:00+00:00");
    }
}
