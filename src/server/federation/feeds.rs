//! `feeds.toml`: which sources there are, what each may say, and in which environment.
//!
//! Refuses unknown members and kinds, two feeds of one id, and paths that leave the data folder.

use crate::failure::{Code, Failure};
use crate::model::{Country, Environment};
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};

/// One source of trust, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedConfig {
    /// Its id, shown in verdicts and reports.
    pub id: String,
    /// The environment its keys belong to.
    pub environment: Environment,
    /// The folder of directly trusted signers, below the data folder.
    pub path: PathBuf,
    /// The countries whose signers it may name; `None` for all.
    pub countries: Option<Vec<Country>>,
}

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
        .map(feed)
        .collect::<Result<Vec<_>, _>>()?;
    for (index, feed) in feeds.iter().enumerate() {
        if feeds
            .iter()
            .take(index)
            .any(|earlier| earlier.id == feed.id)
        {
            return Err(invalid(&feed.id, "stands twice"));
        }
    }
    Ok(feeds)
}

/// The feeds that ship with the program: one folder of pinned signers for each environment.
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
    feed: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    kind: String,
    environment: String,
    path: PathBuf,
    countries: Option<Vec<String>>,
}

fn feed(row: Row) -> Result<FeedConfig, Failure> {
    if row.kind != "pinned_signer" {
        return Err(invalid(&row.id, "has an unknown kind"));
    }
    let environment = Environment::parse(&row.environment)
        .ok_or_else(|| invalid(&row.id, "has an unknown environment"))?;
    if !stays_below(&row.path) {
        return Err(invalid(&row.id, "has a path that leaves the data folder"));
    }
    let countries = row.countries.map(|countries| {
        let parsed = countries
            .iter()
            .map(|it| Country::parse(it))
            .collect::<Option<Vec<_>>>();
        parsed.ok_or_else(|| invalid(&row.id, "names something that is no country"))
    });
    Ok(FeedConfig {
        environment,
        path: row.path,
        countries: countries.transpose()?,
        id: row.id,
    })
}

fn stays_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
}

fn invalid(id: &str, what: &str) -> Failure {
    Code::ConfigurationInvalid.because(format!("feeds.toml: feed {id} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_feeds_are_one_for_each_environment() {
        let feeds = default_feeds().unwrap();
        let environments: Vec<_> = feeds.iter().map(|feed| feed.environment).collect();
        assert_eq!(
            environments,
            [
                Environment::Demo,
                Environment::Test,
                Environment::Production
            ]
        );
    }

    #[test]
    fn doubtful_rows_are_refused() {
        let row = |extra: &str| {
            format!(
                "[[feed]]\nid = \"a\"\nkind = \"pinned_signer\"\nenvironment = \"demo\"\n{extra}"
            )
        };
        assert!(parse_feeds(&row("path = \"trust/demo\"\ncountries = [\"ID\"]")).is_ok());
        for odd in [
            row("path = \"../other\""),
            row("path = \"/etc\""),
            row("path = \"trust\"\ncountries = [\"Indonesia\"]"),
            row("path = \"trust\"\nanchor = 1"),
            row("path = \"a\"") + &row("path = \"b\""),
            row("path = \"a\"").replace("demo", "staging"),
            row("path = \"a\"").replace("pinned_signer", "anything"),
        ] {
            assert_eq!(
                parse_feeds(&odd).unwrap_err().code(),
                Code::ConfigurationInvalid,
                "{odd}"
            );
        }
    }
}
