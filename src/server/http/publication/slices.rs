//! Withdrawn certificates as verifier apps fetch them: the list of signers, its partitions, and their slices in archives.
//!
//! Refuses to lead an app from one set of slices into another: whoever asks for more than the list says which one it has.
//!
//! Source: dgca-revocation-distribution-service (`/lists`). Its `/revocation/lookup` is not there: it takes what points at
//! holders.

use super::apps::{LATE_S, since};
use crate::codec::json as reader;
use crate::exchange::dgcg::slice::{Filter, FilterType, Partition, SliceList, SliceLists};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::http::answer::failed;
use crate::server::http::body;
use crate::server::http::routes::State;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// Every signer of which certificates are withdrawn, and how its slices are divided.
pub(in crate::server::http) async fn lists(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let lists = match state.gateway.slices() {
        Ok(lists) => lists,
        Err(failure) => return failed(&request, &failure),
    };
    if names(&request, &header::IF_NONE_MATCH, lists.tag()) == Some(true) {
        return tagged(HttpResponse::NotModified(), &lists).finish();
    }
    tagged(HttpResponse::Ok(), &lists).json(lists.write())
}

/// The partitions of a signer, or those that have changed since the time in `If-Modified-Since`.
pub(in crate::server::http) async fn partitions(
    request: HttpRequest,
    state: web::Data<State>,
    address: web::Path<Address>,
) -> HttpResponse {
    let asked = Asked::of(&request, &state, address.into_inner());
    given(&request, asked, |asked| {
        let list = asked.list()?;
        let filter_type = asked.filter_type.unwrap_or(FilterType::Bloom);
        let news = list.partitions.iter().filter(|it| asked.is_new(it.since));
        let rows: Vec<_> = news.map(|it| list.write(it, filter_type)).collect();
        Ok((!rows.is_empty()).then(|| Given::Json(Value::Array(rows))))
    })
    .await
}

/// One partition of a signer.
pub(in crate::server::http) async fn partition(
    request: HttpRequest,
    state: web::Data<State>,
    address: web::Path<Address>,
) -> HttpResponse {
    let asked = Asked::of(&request, &state, address.into_inner());
    given(&request, asked, |asked| {
        let (list, partition) = asked.partition()?;
        let filter_type = asked.filter_type.unwrap_or(FilterType::Bloom);
        let is_new = asked.is_new(partition.since);
        Ok(is_new.then(|| Given::Json(list.write(partition, filter_type))))
    })
    .await
}

/// The slices of a partition, or of the chunks that the caller names.
pub(in crate::server::http) async fn of_partition(
    request: HttpRequest,
    state: web::Data<State>,
    address: web::Path<Address>,
    payload: web::Payload,
) -> HttpResponse {
    let asked = Asked::of(&request, &state, address.into_inner());
    let asked = with_wanted(&request, payload, asked).await;
    given(&request, asked, |asked| {
        asked.archive(|chunk, _| asked.wants(&chunk.to_string()))
    })
    .await
}

/// The slices of a chunk, or those that the caller names.
pub(in crate::server::http) async fn of_chunk(
    request: HttpRequest,
    state: web::Data<State>,
    address: web::Path<Address>,
    payload: web::Payload,
) -> HttpResponse {
    let asked = Asked::of(&request, &state, address.into_inner());
    let asked = with_wanted(&request, payload, asked).await;
    given(&request, asked, |asked| {
        asked.archive(|chunk, filter| {
            asked.is_in_chunk(chunk) && asked.wants(&filter.id.to_string())
        })
    })
    .await
}

/// One slice.
pub(in crate::server::http) async fn slice(
    request: HttpRequest,
    state: web::Data<State>,
    address: web::Path<Address>,
) -> HttpResponse {
    let asked = Asked::of(&request, &state, address.into_inner());
    given(&request, asked, |asked| {
        asked.archive(|chunk, filter| {
            asked.is_in_chunk(chunk) && asked.address.sid == filter.id.to_string()
        })
    })
    .await
}

/// What stands in an address.
#[derive(Debug, Deserialize)]
pub(in crate::server::http) struct Address {
    kid: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    cid: String,
    #[serde(default)]
    sid: String,
}

/// What a caller asks for, and of which set.
struct Asked {
    lists: Arc<SliceLists>,
    address: Address,
    filter_type: Option<FilterType>,
    since: Option<UnixTime>,
    /// The chunks or slices that it names.
    wanted: Option<HashSet<String>>,
}

impl Asked {
    fn of(request: &HttpRequest, state: &State, address: Address) -> Result<Self, Failure> {
        let lists = state.gateway.slices()?;
        match names(request, &header::IF_MATCH, lists.tag()) {
            None => return Err(Code::RequestInvalid.because("If-Match is missing")),
            Some(false) => {
                let reason = "another set of slices is served; fetch /lists";
                return Err(Code::PreconditionFailed.because(reason));
            }
            Some(true) => {}
        }
        let filter_type = request.headers().get(&FILTER_TYPE).map(|value| {
            let known = value.to_str().ok().and_then(FilterType::parse);
            known.ok_or_else(|| Code::RequestInvalid.because("X-SLICE-FILTER-TYPE is none we know"))
        });
        Ok(Self {
            lists,
            address,
            filter_type: filter_type.transpose()?,
            since: since(request)?,
            wanted: None,
        })
    }

    fn list(&self) -> Result<&SliceList, Failure> {
        self.lists.list(&self.address.kid).ok_or_else(missing)
    }

    fn partition(&self) -> Result<(&SliceList, &Partition), Failure> {
        let list = self.list()?;
        let partition = list.partition(&self.address.id).ok_or_else(missing)?;
        Ok((list, partition))
    }

    fn is_in_chunk(&self, chunk: char) -> bool {
        let mut digits = self.address.cid.chars();
        digits.next() == Some(chunk) && digits.next().is_none()
    }

    fn wants(&self, id: &str) -> bool {
        self.wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(id))
    }

    /// Whether what is as it is since `at` is new to the caller.
    ///
    /// Nodes make the same set at times a little apart. So a caller that names just this time has it, and so has one that names
    /// a much later one; between those another node may have told the time of what was there before.
    fn is_new(&self, at: UnixTime) -> bool {
        self.since
            .is_none_or(|since| since != at && since < at.plus(LATE_S))
    }

    /// The archive of the filters for which `wanted` holds; nothing where all of them are old.
    fn archive(&self, wanted: impl Fn(char, &Filter) -> bool) -> Result<Option<Given>, Failure> {
        let (list, partition) = self.partition()?;
        // An id names a filter of either kind; whoever names none gets those that lists show.
        let is_named = !self.address.sid.is_empty();
        let kinds = FilterType::ALL
            .into_iter()
            .filter(|it| match self.filter_type {
                Some(filter_type) => *it == filter_type,
                None => is_named || *it == FilterType::Bloom,
            });
        let kinds: Vec<_> = kinds.collect();
        let slices = partition.chunks.iter().flat_map(|(chunk, by_end)| {
            let slices = by_end.values();
            slices.map(|slice| (*chunk, slice))
        });
        let filters = slices.flat_map(|(chunk, slice)| {
            let filters = kinds.iter().map(|kind| slice.filter(*kind));
            filters.map(move |filter| (chunk, filter, slice.since))
        });
        let found: Vec<_> = filters
            .filter(|(chunk, filter, _)| wanted(*chunk, filter))
            .collect();
        if found.is_empty() {
            return Err(missing());
        }
        if !found.iter().any(|(_, _, since)| self.is_new(*since)) {
            return Ok(None);
        }
        let entries = found.into_iter().map(|(chunk, filter, _)| (chunk, filter));
        list.archive(partition, entries)
            .map(|bytes| Some(Given::Archive(bytes)))
    }
}

/// What a caller is given.
enum Given {
    Json(Value),
    Archive(Vec<u8>),
}

/// The answer that `make` makes of what was `asked`, apart from those who serve; 304 where that is nothing new.
async fn given(
    request: &HttpRequest,
    asked: Result<Asked, Failure>,
    make: impl FnOnce(&Asked) -> Result<Option<Given>, Failure> + Send + 'static,
) -> HttpResponse {
    let asked = match asked {
        Ok(asked) => asked,
        Err(failure) => return failed(request, &failure),
    };
    let lists = Arc::clone(&asked.lists);
    let made = web::block(move || match make(&asked)? {
        Some(Given::Json(value)) => Ok(Some((body::JSON, value.to_string().into_bytes()))),
        Some(Given::Archive(bytes)) => Ok(Some((GZIP, bytes))),
        None => Ok(None),
    });
    let made = made
        .await
        .map_err(|error| Code::Internal.caused_by("nothing was made", error))
        .and_then(|made| made);
    match made {
        Ok(Some((media_type, bytes))) => tagged(HttpResponse::Ok(), &lists)
            .content_type(media_type)
            .body(bytes),
        Ok(None) => tagged(HttpResponse::NotModified(), &lists).finish(),
        Err(failure) => failed(request, &failure),
    }
}

/// The same with the ids in the body, where there is one.
async fn with_wanted(
    request: &HttpRequest,
    payload: web::Payload,
    asked: Result<Asked, Failure>,
) -> Result<Asked, Failure> {
    let asked = asked?;
    let bytes = body::read(request, payload, MAX_BODY).await?;
    if bytes.is_empty() {
        return Ok(asked);
    }
    if !body::is_of_type(request, body::JSON) {
        return Err(Code::MediaTypeUnsupported.because("send application/json"));
    }
    let invalid = || Code::RequestInvalid.because("the body is no list of ids");
    let Value::Array(ids) = reader::read(&bytes, MAX_VALUES)? else {
        return Err(invalid());
    };
    let ids = ids.iter().map(|id| id.as_str().map(str::to_owned));
    let ids: Option<HashSet<_>> = ids.collect();
    Ok(Asked {
        wanted: Some(ids.ok_or_else(invalid)?),
        ..asked
    })
}

/// Whether the header `name` names `tag`, in quotes or without; `None` where it is not there.
fn names(request: &HttpRequest, name: &HeaderName, tag: &str) -> Option<bool> {
    let mut values = request.headers().get_all(name).peekable();
    values.peek()?;
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    let plain = |it: &str| {
        it.strip_prefix("W/")
            .unwrap_or(it)
            .trim_matches('"')
            .to_owned()
    };
    Some(tags.any(|it| it == "*" || plain(it) == tag))
}

/// `answer` with the tag of `lists`, for callers to keep and to ask about each time.
fn tagged(mut answer: HttpResponseBuilder, lists: &SliceLists) -> HttpResponseBuilder {
    answer
        .insert_header((header::ETAG, format!("\"{}\"", lists.tag())))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .insert_header((
            header::VARY,
            HeaderValue::from_static("x-slice-filter-type"),
        ));
    answer
}

fn missing() -> Failure {
    Code::NotFound.because("no such signer, partition, chunk or slice")
}

const FILTER_TYPE: HeaderName = HeaderName::from_static("x-slice-filter-type");
const GZIP: &str = "application/gzip";
const MAX_BODY: usize = 1024 * 1024;
const MAX_VALUES: usize = 20_001;
