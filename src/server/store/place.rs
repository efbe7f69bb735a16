//! Where the store is: a URL, as configured, and what it must say before anybody connects.
//!
//! Refuses a password in the configuration itself, a PostgreSQL server over a network whose certificate would not be
//! checked in full, and a database in memory.

use crate::failure::{Code, Failure};
use crate::server::files;
use serde::Deserialize;
use sqlx::any::AnyConnectOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the store is; by default `lintas.db` in the data folder.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:PATH` (relative to the data folder) or `postgres://...`, without a password.
    pub url: Option<String>,
    /// A file, readable by its owner alone, that holds such a URL; it may have a password.
    pub url_file: Option<PathBuf>,
    /// The same for the login that may change the schema. Only `lintas migrate` uses it.
    pub migrate_url_file: Option<PathBuf>,
}

impl StoreConfig {
    /// The same with its paths relative to `base`.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub(crate) fn checked(self, base: &Path) -> Result<Self, Failure> {
        if self.url.is_some() && self.url_file.is_some() {
            return Err(invalid("store.url and store.url_file exclude each other"));
        }
        if let Some(url) = &self.url {
            let place = Place::parse(url, base)?;
            if place.has_password() {
                return Err(invalid(
                    "store.url has a password; put the URL into a file and name that in store.url_file",
                ));
            }
        }
        let below = |file: PathBuf| base.join(file);
        Ok(Self {
            url: self.url,
            url_file: self.url_file.map(below),
            migrate_url_file: self.migrate_url_file.map(below),
        })
    }

    /// Where the gateway finds the store.
    pub(super) fn place(&self, data: &Path) -> Result<Place, Failure> {
        match (&self.url_file, &self.url) {
            (Some(file), _) => Place::in_file(file, data),
            (None, Some(url)) => Place::parse(url, data),
            (None, None) => Place::parse("sqlite:lintas.db", data),
        }
    }

    /// Where `lintas migrate` finds it.
    pub(super) fn migrate_place(&self, data: &Path) -> Result<Place, Failure> {
        match &self.migrate_url_file {
            Some(file) => Place::in_file(file, data),
            None => self.place(data),
        }
    }
}

/// A database, by a URL that was looked at.
pub(super) struct Place {
    pub(super) options: AnyConnectOptions,
    /// The file, for SQLite.
    pub(super) file: Option<PathBuf>,
}

impl Place {
    /// That of the URL in the private file at `path`.
    fn in_file(path: &Path, data: &Path) -> Result<Self, Failure> {
        let bytes = files::read_private(path)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| invalid(&format!("{} holds no URL", path.display())))?;
        Self::parse(text.trim(), data)
    }

    /// That of `text`; a path in it is relative to `data`.
    ///
    /// # Errors
    /// `configuration_invalid`, whose detail does not repeat the URL.
    pub(super) fn parse(text: &str, data: &Path) -> Result<Self, Failure> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Self::sqlite(path.trim_start_matches("//"), data);
        }
        if !text.starts_with("postgres:") && !text.starts_with("postgresql:") {
            return Err(invalid("the store is at sqlite: or postgres:"));
        }
        let options = AnyConnectOptions::from_str(text)
            .map_err(|_| invalid("the store's URL cannot be read"))?;
        let place = Self {
            options,
            file: None,
        };
        place.check_wire()?;
        Ok(place)
    }

    fn sqlite(path: &str, data: &Path) -> Result<Self, Failure> {
        if path.is_empty() || path.contains(":memory:") || path.contains('?') {
            return Err(invalid("the store is sqlite:PATH, a file, without options"));
        }
        let file = std::path::absolute(data.join(path))
            .map_err(|_| invalid("the store's file has no absolute path"))?;
        let shown = file.to_str();
        let shown = shown.ok_or_else(|| invalid("the store's path is not UTF-8"))?;
        let escaped = shown.replace('%', "%25").replace('#', "%23");
        let options = AnyConnectOptions::from_str(&format!("sqlite://{escaped}?mode=rwc"))
            .map_err(|_| invalid("the store's path cannot be used"))?;
        Ok(Self {
            options,
            file: Some(file),
        })
    }

    /// Over a network, the server's certificate and name are checked; a socket needs none.
    fn check_wire(&self) -> Result<(), Failure> {
        let url = &self.options.database_url;
        let mut hosts: Vec<String> = Vec::new();
        let (mut modes, mut others) = (0, 0);
        if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
            hosts.push(host.replace("%2F", "/").replace("%2f", "/"));
        }
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "host" | "hostaddr" => hosts.push(value.into_owned()),
                "sslmode" | "ssl-mode" if value == "verify-full" => modes += 1,
                "sslmode" | "ssl-mode" => others += 1,
                _ => {}
            }
        }
        if hosts.is_empty() {
            return Err(invalid("the store's URL names no host and no socket"));
        }
        let by_socket = hosts.iter().all(|host| host.starts_with('/'));
        if !by_socket && (modes == 0 || others > 0) {
            return Err(invalid(
                "PostgreSQL over a network needs sslmode=verify-full in the URL",
            ));
        }
        Ok(())
    }

    fn has_password(&self) -> bool {
        let url = &self.options.database_url;
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    }
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_over_a_network_must_prove_itself() {
        for (url, good) in [
            ("postgres://lintas_write@db.example/lintas", false),
            (
                "postgres://lintas_write@db.example/lintas?sslmode=require",
                false,
            ),
            (
                "postgres://lintas_write@db.example/lintas?sslmode=verify-full",
                true,
            ),
            (
                "postgres://db.example/lintas?sslmode=verify-full&sslmode=disable",
                false,
            ),
            ("postgres:///lintas?host=/run/postgresql", true),
            ("postgres://%2Frun%2Fpostgresql/lintas", true),
            (
                "postgres:///lintas?host=/run/postgresql&hostaddr=192.0.2.1",
                false,
            ),
            ("postgres:///lintas", false),
            ("mysql://db.example/lintas", false),
            ("sqlite:lintas.db", true),
            ("sqlite::memory:", false),
            ("sqlite:lintas.db?mode=ro", false),
        ] {
            let read = Place::parse(url, Path::new("/data"));
            assert_eq!(read.is_ok(), good, "{url}");
        }
    }

    #[test]
    fn a_password_in_the_configuration_is_refused() {
        for url in [
            "postgres://lintas_write:secret@db.example/lintas?sslmode=verify-full",
            "postgres:///lintas?host=/run/postgresql&password=secret",
        ] {
            let config = StoreConfig {
                url: Some(url.to_owned()),
                ..StoreConfig::default()
            };
            let refused = config.checked(Path::new("")).unwrap_err();
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
    }
}
