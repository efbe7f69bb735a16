//! What the configuration says of signing keys: where they lie, what opens them, when they may sign.
//!
//! Refuses secrets, which are named by their place alone; half a token; regions and numbers that cannot be.

use crate::failure::{Code, Failure};
use crate::model::Environment;
use crate::server::keys::{PassphrasePlace, TokenConfig, check_region};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How signing keys are held and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysConfig {
    /// What opens sealed files. Default none: then none is opened.
    pub passphrase: Option<PassphrasePlace>,
    /// The token that holds keys. Default none.
    pub token: Option<TokenConfig>,
    /// Seconds from the approval of a signer until it signs. Default 48 hours, in demo 0.
    pub waiting_s: i64,
    /// Seconds that a signer's certificate has to hold yet where it signs. Default 180 days.
    pub room_s: i64,
    /// How many signers may be active at once. Default 64.
    pub max_live: usize,
    regions: BTreeMap<String, String>,
}

impl KeysConfig {
    /// The group of regions to which the facility with this code belongs: that of the longest beginning that is configured.
    pub fn region_of(&self, facility: &str) -> &str {
        let mut named = self.regions.iter().rev();
        // Of two beginnings of one code, the longer one is the later in order.
        let found = named.find(|(beginning, _)| facility.starts_with(beginning.as_str()));
        found.map_or(ALL, |(_, group)| group)
    }

    /// Whether a signer for this group would ever be asked.
    pub fn has_region(&self, region: &str) -> bool {
        region == ALL || self.regions.values().any(|it| it == region)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeysTable {
    passphrase: Option<String>,
    module: Option<PathBuf>,
    token: Option<String>,
    pin: Option<String>,
    waiting_h: Option<u32>,
    room_days: Option<u32>,
    max_live: Option<usize>,
    regions: BTreeMap<String, String>,
}

impl KeysTable {
    /// What it says; the module's path is relative to `base`.
    pub(super) fn checked(
        self,
        base: &Path,
        environment: Environment,
    ) -> Result<KeysConfig, Failure> {
        let invalid = |what: &str| Code::ConfigurationInvalid.because(what);
        let token = match (self.module, self.token, self.pin) {
            (None, None, None) => None,
            (Some(module), Some(token), Some(pin)) => Some(TokenConfig {
                module: base.join(module),
                token,
                pin: PassphrasePlace::parse(&pin)?,
            }),
            _ => return Err(invalid("keys: a token is named by module, token and pin")),
        };
        let waiting_h = self.waiting_h.unwrap_or(match environment {
            Environment::Demo => 0,
            Environment::Test | Environment::Production => WAITING_H,
        });
        if waiting_h > MAX_WAITING_H {
            return Err(invalid("keys.waiting_h is at most 8784"));
        }
        let room_days = self.room_days.unwrap_or(ROOM_DAYS);
        if room_days > MAX_ROOM_DAYS {
            return Err(invalid("keys.room_days is at most 700"));
        }
        let max_live = self.max_live.unwrap_or(MAX_LIVE);
        if !(1..=MAX_MAX_LIVE).contains(&max_live) {
            return Err(invalid("keys.max_live is 1 to 1000"));
        }
        for (beginning, group) in &self.regions {
            if beginning.is_empty() || check_region(group).is_err() {
                let reason = "keys.regions: the beginning of a facility's code = a group of 1 to 16 small letters, digits or -";
                return Err(invalid(reason));
            }
        }
        Ok(KeysConfig {
            passphrase: self
                .passphrase
                .map(|it| PassphrasePlace::parse(&it))
                .transpose()?,
            token,
            waiting_s: i64::from(waiting_h) * HOUR_S,
            room_s: i64::from(room_days) * DAY_S,
            max_live,
            regions: self.regions,
        })
    }
}

/// The group of every facility that no other one names.
const ALL: &str = "all";
const WAITING_H: u32 = 48;
const MAX_WAITING_H: u32 = 8784;
/// As long as a certificate holds.
const ROOM_DAYS: u32 = 180;
const MAX_ROOM_DAYS: u32 = 700;
const MAX_LIVE: usize = 64;
const MAX_MAX_LIVE: usize = 1000;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<KeysConfig, Failure> {
        let table: KeysTable = toml::from_str(text).unwrap();
        table.checked(Path::new("/etc"), Environment::Test)
    }

    #[test]
    fn a_facility_belongs_to_the_longest_beginning() {
        let keys =
            checked("[regions]\n\"3\" = \"java\"\n\"31\" = \"jakarta\"\n\"317\" = \"south\"")
                .unwrap();
        for (facility, group) in [
            ("3174001", "south"),
            ("3101", "jakarta"),
            ("33", "java"),
            ("91", "all"),
            ("", "all"),
        ] {
            assert_eq!(keys.region_of(facility), group, "{facility}");
        }
        assert!(keys.has_region("java") && keys.has_region("all") && !keys.has_region("bali"));
        assert_eq!((keys.waiting_s, keys.max_live), (48 * 3600, 64));
    }

    #[test]
    fn doubtful_keys_are_refused() {
        for text in [
            "module = \"a.so\"",
            "module = \"a.so\"\ntoken = \"dsc\"\npin = \"1234\"",
            "passphrase = \"open sesame\"",
            "max_live = 0",
            "waiting_h = 9000",
            "room_days = 701",
            "[regions]\n\"31\" = \"Java\"",
            "[regions]\n\"\" = \"java\"",
        ] {
            let refused = checked(text).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{text}");
            assert!(!refused.detail().contains("sesame"));
        }
    }
}
