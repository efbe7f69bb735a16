//! `feeds.toml`: which sources there are, what each may say, and in which environment.
//!
//! Refuses unknown members and kinds, two feeds of one id, paths that leave the data folder, and a foreign feed in use that
//! nothing has to prove.

use super::did::Did;
use super::feed_config::{
    ClientFiles, Connection, DgcgConfig, Dialect, DidWebConfig, FeedConfig, FeedKind, FolderConfig,
    FolderForm, ListProof, ServerTrust, Take,
};
use super::feed_row::Row;
use super::outbound::Host;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use serde::Deserialize;
use std::time::Duration;
use toml::Table;

/// The feeds in the text of a `feeds.toml`.
///
/// # Errors
/// `configuration_invalid`.
pub fn parse_feeds(text: &str) -> Result<Vec<FeedConfig>, Failure> {
    let file: File = toml::from_str(text).map_err(|error| {
        Code::ConfigurationInvalid
            .caused_by(format!("feeds.toml: {}", error.message()), error.clone())
    })?;
    let feeds = file
        .feed
        .into_iter()
        .map(|members| feed(Row::new(members)?))
        .collect::<Result<Vec<_>, _>>()?;
    for (index, feed) in feeds.iter().enumerate() {
        if feeds
            .iter()
            .take(index)
            .any(|earlier| earlier.id == feed.id)
        {
            let what = format!("feeds.toml: feed {} stands twice", feed.id);
            return Err(Code::ConfigurationInvalid.because(what));
        }
    }
    Ok(feeds)
}

/// The feeds that ship with the program: one folder of pinned signers for each environment, and foreign systems, switched
/// off.
///
/// # Errors
/// `configuration_invalid`, which a test excludes.
pub fn default_feeds() -> Result<Vec<FeedConfig>, Failure> {
    parse_feeds(include_str!("../../../trust-lists/feeds.toml"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    feed: Vec<Table>,
}

fn feed(mut row: Row) -> Result<FeedConfig, Failure> {
    if OWN.contains(&row.id()) {
        return Err(row.invalid("has an id that is this gateway's own"));
    }
    let kind = row.required("kind")?;
    let (environment, countries) = (row.environment()?, row.countries()?);
    if kind == "pinned_signer" {
        let path = row.required_path("path")?;
        return Ok(FeedConfig {
            id: row.finish()?,
            environment,
            countries,
            enabled: true,
            interval_s: None,
            kind: FeedKind::PinnedSigner { path },
        });
    }
    // The ids of these name files.
    let is_plain =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if !row.id().bytes().all(is_plain) || !(1..=MAX_ID).contains(&row.id().len()) {
        return Err(row.invalid("has an id of other letters than a-z, 0-9 and -"));
    }
    let enabled = row.flag("enabled", true)?;
    let interval_s = row.number("interval_s", INTERVAL_S)?;
    let (kind, interval_s) = match kind.as_str() {
        "dgcg" => (
            FeedKind::Dgcg(dgcg(&mut row)?),
            Some(interval_s.unwrap_or(HOUR_S)),
        ),
        "did_web" => (
            FeedKind::DidWeb(did_web(&mut row)?),
            Some(interval_s.unwrap_or(HOUR_S)),
        ),
        "folder" => (FeedKind::Folder(folder(&mut row)?), interval_s),
        _ => return Err(row.invalid("has an unknown kind")),
    };
    let unproven = FeedConfig {
        id: String::new(),
        environment,
        countries,
        enabled,
        interval_s,
        kind,
    };
    let says_so = matches!(&unproven.kind, FeedKind::DidWeb(it) if it.proof == ListProof::TlsOnly);
    if enabled && unproven.anchors().is_empty() && !says_so {
        return Err(row.invalid("is in use without anchors"));
    }
    Ok(FeedConfig {
        id: row.finish()?,
        ..unproven
    })
}

fn dgcg(row: &mut Row) -> Result<DgcgConfig, Failure> {
    let (url, host) = row.parsed("url", Host::of_base)?;
    let client = ClientFiles {
        certificate: row.required_path("client_certificate")?,
        key: row.required_path("client_key")?,
    };
    let take = row.list("take", Take::parse)?;
    let take = take.unwrap_or_else(|| vec![Take::Signers]);
    if take.is_empty() {
        return Err(row.odd("take"));
    }
    let upload = match (row.path("upload_certificate")?, row.path("upload_key")?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(ClientFiles { certificate, key }),
        _ => return Err(row.invalid("has one of upload_certificate and upload_key alone")),
    };
    Ok(DgcgConfig {
        upload,
        url,
        host,
        dialect: row.parsed("dialect", Dialect::parse)?,
        connection: connection(row, Some(client))?,
        anchors: anchors(row)?,
        take,
        full_interval_s: row
            .number("full_interval_s", FULL_INTERVAL_S)?
            .unwrap_or(WEEK_S),
        page_size: row.number("page_size", 1..=1000)?.unwrap_or(PAGE_SIZE),
        test_participants: row.flag("test_participants", false)?,
    })
}

fn did_web(row: &mut Row) -> Result<DidWebConfig, Failure> {
    let did = row.parsed("did", Did::parse)?;
    let proof = row.parsed("proof", list_proof)?;
    let signer = row.optional("signer", Did::parse)?;
    let signer_document = row.path("signer_document")?;
    match (proof, &signer) {
        (ListProof::TlsOnly, None) if signer_document.is_none() => {}
        (ListProof::TlsOnly, _) => return Err(row.invalid("has a signer whom tls_only ignores")),
        (ListProof::Pinned(_) | ListProof::WhenPublished, None) => {
            return Err(row.invalid("has a proof and no signer"));
        }
        (ListProof::Pinned(_) | ListProof::WhenPublished, Some(_)) => {}
    }
    if signer.as_ref() == Some(&did) {
        return Err(row.invalid("has a list that is its own signer"));
    }
    Ok(DidWebConfig {
        did,
        proof,
        signer,
        signer_document,
        connection: connection(row, None)?,
        anchors: anchors(row)?,
        domains: row
            .list("domains", domain)?
            .unwrap_or_else(|| vec!["DCC".to_owned()]),
        test_participants: row.flag("test_participants", false)?,
    })
}

fn folder(row: &mut Row) -> Result<FolderConfig, Failure> {
    let path = row.required_path("path")?;
    if path.as_os_str().is_empty() {
        return Err(row.invalid("would read the data folder itself"));
    }
    Ok(FolderConfig {
        path,
        form: row.parsed("form", FolderForm::parse)?,
        anchors: anchors(row)?,
    })
}

fn anchors(row: &mut Row) -> Result<Vec<Thumbprint>, Failure> {
    Ok(row.fingerprints("anchors")?.unwrap_or_default())
}

fn connection(row: &mut Row, client: Option<ClientFiles>) -> Result<Connection, Failure> {
    let stated = ["server", "server_certificate", "server_sha256"];
    if stated.iter().filter(|name| row.has(name)).count() != 1 {
        return Err(row.invalid("needs one of server, server_certificate, server_sha256"));
    }
    let web = row.optional("server", |text| (text == "web").then_some(ServerTrust::Web))?;
    let server = match (web, row.path("server_certificate")?) {
        (Some(web), _) => web,
        (None, Some(path)) => ServerTrust::Certificate(path),
        (None, None) => {
            let fingerprints = row.fingerprints("server_sha256")?.unwrap_or_default();
            if fingerprints.is_empty() {
                return Err(row.odd("server_sha256"));
            }
            ServerTrust::Fingerprints(fingerprints)
        }
    };
    let mut time = |name: &str, otherwise: u64| {
        let stated = row.number(name, TIMEOUT_MS);
        stated.map(|it| Duration::from_millis(it.unwrap_or(otherwise)))
    };
    Ok(Connection {
        timeout: time("timeout_ms", 30_000)?,
        connect_timeout: time("connect_timeout_ms", 10_000)?,
        server,
        client,
        allow_private: row.flag("allow_private", false)?,
    })
}

fn list_proof(text: &str) -> Option<ListProof> {
    match text.split_once(':') {
        Some(("pinned", hex)) => Thumbprint::parse(hex).map(ListProof::Pinned),
        Some(_) => None,
        None if text == "when_published" => Some(ListProof::WhenPublished),
        None => (text == "tls_only").then_some(ListProof::TlsOnly),
    }
}

fn domain(text: &str) -> Option<String> {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
    let plain = text.bytes().all(is_letter) && (1..=MAX_DOMAIN).contains(&text.len());
    plain.then(|| text.to_owned())
}

const HOUR_S: u32 = 3600;
const WEEK_S: u32 = 7 * 24 * HOUR_S;
const PAGE_SIZE: u16 = 500;
const INTERVAL_S: std::ops::RangeInclusive<u32> = 60..=24 * HOUR_S;
const FULL_INTERVAL_S: std::ops::RangeInclusive<u32> = HOUR_S..=31 * 24 * HOUR_S;
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 50..=600_000;
/// Under these names the gateway keeps what is its own.
const OWN: [&str; 5] = ["hub", "admin", "publication", "registry", "own"];
const MAX_ID: usize = 64;
const MAX_DOMAIN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Environment;

    #[test]
    fn the_shipped_feeds_in_use_are_one_for_each_environment() {
        let feeds = default_feeds().unwrap();
        let in_use = feeds.iter().filter(|feed| feed.enabled);
        let environments: Vec<_> = in_use.map(|feed| feed.environment).collect();
        assert_eq!(
            environments,
            [
                Environment::Demo,
                Environment::Test,
                Environment::Production
            ]
        );
        assert!(
            feeds
                .iter()
                .all(|it| it.enabled == it.pinned_folder().is_some())
        );
    }

    #[test]
    fn a_shipped_feed_needs_nothing_but_its_files_to_be_switched_on() {
        let text = include_str!("../../../trust-lists/feeds.toml");
        let all_on = text.replace("enabled = false", "enabled = true");
        assert!(parse_feeds(&all_on).unwrap().iter().all(|it| it.enabled));
    }

    fn refused(rows: &[String]) {
        for odd in rows {
            let failure = parse_feeds(odd).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid, "{odd}");
        }
    }

    #[test]
    fn doubtful_rows_are_refused() {
        let row = |extra: &str| {
            format!(
                "[[feed]]\nid = \"a\"\nkind = \"pinned_signer\"\nenvironment = \"demo\"\n{extra}\n"
            )
        };
        assert!(parse_feeds(&row("path = \"trust/demo\"\ncountries = [\"ID\"]")).is_ok());
        refused(&[
            row("path = \"../other\""),
            row("path = \"/etc\""),
            row("path = \"trust\"\ncountries = [\"Indonesia\"]"),
            row("path = \"trust\"\nanchor = 1"),
            row("path = \"trust\"\nenabled = false"),
            row("path = \"a\"") + &row("path = \"b\""),
            row("path = \"a\"").replace("demo", "staging"),
            row("path = \"a\"").replace("pinned_signer", "anything"),
            row("path = \"a\"").replace("id = \"a\"\n", ""),
        ]);
    }

    const A: &str = "aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";

    fn with(row: &str, replaced: &[(&str, &str)]) -> Vec<String> {
        let one = |(from, to): &(&str, &str)| {
            assert!(row.contains(from), "{from}");
            row.replacen(from, to, 1)
        };
        replaced.iter().map(one).collect()
    }

    #[test]
    fn a_gateway_is_read_with_its_defaults() {
        let row = format!(
            "[[feed]]\nid = \"eu\"\nkind = \"dgcg\"\nenvironment = \"test\"\nurl = \"https://a.eu/dgcg/\"\n\
             dialect = \"eu\"\nclient_certificate = \"eu/client.pem\"\nclient_key = \"eu/client.key\"\n\
             server_certificate = \"eu/server.pem\"\nanchors = [\"{A}\"]\n"
        );
        let feed = parse_feeds(&row).unwrap().remove(0);
        assert_eq!((feed.enabled, feed.interval_s), (true, Some(HOUR_S)));
        let FeedKind::Dgcg(dgcg) = feed.kind else {
            panic!("another kind")
        };
        assert_eq!(
            (dgcg.url.as_str(), dgcg.page_size),
            ("https://a.eu/dgcg", PAGE_SIZE)
        );
        assert_eq!(dgcg.take, [Take::Signers]);
        assert_eq!(dgcg.full_interval_s, WEEK_S);
        assert!(!dgcg.test_participants && !dgcg.connection.allow_private);
        refused(&with(
            &row,
            &[
                ("https://a.eu/dgcg/", "http://a.eu"),
                ("https://a.eu/dgcg/", "https://user@a.eu"),
                ("\"eu\"\nkind", "\"../eu\"\nkind"),
                ("dialect = \"eu\"", "dialect = \"us\""),
                ("client_key = \"eu/client.key\"", ""),
                ("eu/client.key", "/etc/client.key"),
                ("eu/client.pem", "../client.pem"),
                ("server_certificate = \"eu/server.pem\"", ""),
                ("server_certificate", "server = \"web\"\nserver_certificate"),
                ("server_certificate = \"eu/server.pem\"", "server = \"any\""),
                (
                    "server_certificate = \"eu/server.pem\"",
                    "server_sha256 = []",
                ),
                (
                    "server_certificate = \"eu/server.pem\"",
                    "server_sha256 = [\"aa\"]",
                ),
                (A, "aa"),
                ("anchors", "take = []\nanchors"),
                ("anchors", "take = [\"all\"]\nanchors"),
                ("anchors", "take = [\"rules\", \"rules\"]\nanchors"),
                ("anchors", "page_size = 0\nanchors"),
                ("anchors", "timeout_ms = 0\nanchors"),
                ("anchors", "interval_s = \"1\"\nanchors"),
                ("anchors", "full_interval_s = 1\nanchors"),
                ("anchors", "allow_private = 1\nanchors"),
                ("anchors", "path = \"x\"\nanchors"),
                ("anchors", "unknown = 1\nanchors"),
                (&format!("[\"{A}\"]"), "[]"),
                (&format!("anchors = [\"{A}\"]"), ""),
            ],
        ));
        let off = row.replace(&format!("anchors = [\"{A}\"]"), "enabled = false");
        assert!(parse_feeds(&off).is_ok());
    }

    #[test]
    fn a_list_on_the_web_says_what_proves_it() {
        let row = format!(
            "[[feed]]\nid = \"who\"\nkind = \"did_web\"\nenvironment = \"test\"\ndid = \"did:web:a.int:list\"\n\
             proof = \"when_published\"\nsigner = \"did:web:b.int:signer\"\nserver = \"web\"\nanchors = [\"{A}\"]\n"
        );
        assert!(parse_feeds(&row).is_ok());
        let signer = "signer = \"did:web:b.int:signer\"";
        let anchors = format!("anchors = [\"{A}\"]");
        let by_tls = row
            .replace("when_published", "tls_only")
            .replace(signer, "")
            .replace(&anchors, "");
        assert!(parse_feeds(&by_tls).is_ok());
        let pinned = row.replace("when_published", &format!("pinned:{A}"));
        assert!(parse_feeds(&pinned).is_ok());
        refused(&with(
            &row,
            &[
                ("proof = \"when_published\"\n", ""),
                ("when_published", "none"),
                ("when_published", "pinned:"),
                ("when_published", "pinned:aa"),
                ("when_published", "tls_only"),
                (signer, ""),
                (signer, "signer = \"https://b.int\""),
                (signer, "signer = \"did:web:a.int:list\""),
                ("did:web:a.int:list", "did:web:a.int:.."),
                ("server = \"web\"\n", ""),
                (&anchors, ""),
                ("server", "domains = [\"a b\"]\nserver"),
                ("server", "signer_document = \"/a\"\nserver"),
                ("server", "client_key = \"a\"\nserver"),
            ],
        ));
    }

    #[test]
    fn a_folder_has_a_form_and_anchors() {
        let row = format!(
            "[[feed]]\nid = \"joined\"\nkind = \"folder\"\nenvironment = \"test\"\npath = \"who/onboarding\"\n\
             form = \"onboarding\"\nanchors = [\"{A}\"]\n"
        );
        assert_eq!(parse_feeds(&row).unwrap()[0].interval_s, None);
        for form in FolderForm::ALL {
            let row = row.replace("\"onboarding\"", &format!("\"{}\"", form.name()));
            assert!(parse_feeds(&row).is_ok());
        }
        refused(&with(
            &row,
            &[
                ("who/onboarding", "../onboarding"),
                ("who/onboarding", ""),
                ("form = \"onboarding\"", "form = \"pem\""),
                ("form = \"onboarding\"", ""),
                (&format!("[\"{A}\"]"), "[]"),
                ("form", "url = \"https://a.int\"\nform"),
            ],
        ));
    }
}
