//! `/scan/`: the scanner as a page that works without a network after one visit.
//!
//! Refuses to let the page reach anybody but this gateway, run what did not come with it, or be framed.
//!
//! Source: docs/ANYWHERE.md; Content Security Policy Level 3; Service Workers; RFC 9110, section 12.5.3.

use super::answer::failed;
use super::publication::is_known;
use crate::crypto::sha256;
use crate::failure::Code;
use crate::model::Thumbprint;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::LazyLock;

/// A file of the page.
struct File {
    name: &'static str,
    media_type: &'static str,
    bytes: Bytes,
    /// The same, deflated; none where that would save little.
    gzip: Option<Bytes>,
    tag: String,
}

macro_rules! files {
    ($($name:literal: $media_type:ident),* $(,)?) => {
        &[$(($name, $media_type, include_bytes!(concat!("../../../web/", $name)))),*]
    };
}

/// Name, media type and bytes of every file.
const FILES: &[(&str, &str, &[u8])] = files![
    "bundles.js": SCRIPT,
    "camera.js": SCRIPT,
    "icon-192.png": PNG,
    "icon-512.png": PNG,
    "icon.svg": SVG,
    "index.html": HTML,
    "manifest.webmanifest": MANIFEST,
    "offline.js": SCRIPT,
    "page.js": SCRIPT,
    "pictures.js": SCRIPT,
    "pkg/lintas.js": SCRIPT,
    "pkg/lintas_bg.wasm": WASM,
    "result.js": SCRIPT,
    "sound.js": SCRIPT,
    "state.js": SCRIPT,
    "store.js": SCRIPT,
    "style.css": CSS,
    "sw.js": SCRIPT,
    "tally.js": SCRIPT,
    "words.js": SCRIPT,
];

/// The files as they are sent, made once.
static SENT: LazyLock<Vec<File>> = LazyLock::new(|| {
    // The service worker bears the version of all files, so that browsers see that one of them is another.
    let all = FILES.iter().flat_map(|(_, _, bytes)| sha256(bytes));
    let version = Thumbprint(sha256(&all.collect::<Vec<_>>())).to_string();
    let sent = FILES.iter().map(|(name, media_type, bytes)| {
        let bytes = if *name == WORKER {
            let text = String::from_utf8_lossy(bytes);
            text.replace(VERSION, &version).into_bytes().into()
        } else {
            Bytes::from_static(bytes)
        };
        File {
            name,
            media_type,
            gzip: deflated(&bytes),
            tag: format!("\"{}\"", Thumbprint(sha256(&bytes))),
            bytes,
        }
    });
    sent.collect()
});

/// The address that people type.
pub(super) async fn short() -> HttpResponse {
    let mut answer = HttpResponse::PermanentRedirect();
    answer.insert_header((header::LOCATION, "/scan/")).finish()
}

/// The page itself.
pub(super) async fn page(request: HttpRequest) -> HttpResponse {
    sent(&request, "index.html")
}

/// A file beside it.
pub(super) async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    sent(&request, &name)
}

/// A file of the package.
pub(super) async fn packaged(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    sent(&request, &format!("pkg/{name}"))
}

fn sent(request: &HttpRequest, name: &str) -> HttpResponse {
    let Some(file) = SENT.iter().find(|it| it.name == name) else {
        return failed(
            request,
            &Code::NotFound.because("the page has no such file"),
        );
    };
    let takes_gzip = AcceptEncoding::parse(request)
        .is_ok_and(|it| it.negotiate([Encoding::gzip()].iter()) == Some(Encoding::gzip()));
    let gzip = file.gzip.as_ref().filter(|_| takes_gzip);
    let is_known = is_known(request, &file.tag);
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        // Weak, since the same bytes go out deflated or not.
        .insert_header((header::ETAG, format!("W/{}", file.tag)))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::PERMISSIONS_POLICY, "camera=(self)"));
    if is_known {
        return answer.finish();
    }
    answer.content_type(file.media_type);
    if let Some(gzip) = gzip {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
        return answer.body(gzip.clone());
    }
    answer.body(file.bytes.clone())
}

fn deflated(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    let deflated = encoder.finish().ok()?;
    (deflated.len() < bytes.len() / 10 * 9).then(|| deflated.into())
}

const WORKER: &str = "sw.js";
/// What stands in the service worker for the version.
const VERSION: &str = "@VERSION@";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const WASM: &str = "application/wasm";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const MANIFEST: &str = "application/manifest+json";
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser keeps is what there is: the page by its address, and not the worker itself.
    #[test]
    fn the_worker_keeps_every_file() {
        let worker = SENT.iter().find(|it| it.name == WORKER).unwrap();
        let worker = String::from_utf8(worker.bytes.to_vec()).unwrap();
        assert!(!worker.contains(VERSION));
        let from = worker.find("const FILES = [").unwrap();
        let list = &worker[from..from + worker[from..].find("];").unwrap()];
        let mut kept: Vec<_> = list.lines().filter_map(|it| it.split('"').nth(1)).collect();
        let index = kept.iter().position(|it| *it == "./").unwrap();
        kept[index] = "index.html";
        kept.sort_unstable();
        let mut all: Vec<_> = FILES.iter().map(|(name, _, _)| *name).collect();
        all.retain(|it| *it != WORKER);
        all.sort_unstable();
        assert_eq!(kept, all);
    }
}
