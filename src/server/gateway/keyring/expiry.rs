//! When keys and certificates of ours end, and the alarms before: at 90, 60, 30 and 7 days; of a key of bundles, which lasts for a month,
//! at 7 alone.
//!
//! Refuses to be silent about a certificate that cannot be read: it counts as ended.

use super::SignerState;
use crate::codec::x509::Certificate;
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::server::config::{Config, Role, TlsFiles};
use crate::server::federation::{FeedConfig, FeedKind};
use crate::server::files;
use crate::server::gateway::Gateway;
use crate::server::gateway::bundles::BundlePress;
use crate::server::gateway::feeds::anchors;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::{error, warn};

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// What it is: `dsc`, `csca`, `nbup`, `nbtls`, `tls`, `operator`, `publication`, `receipts`,
    /// `bundle`, `party`, `list`.
    pub what: &'static str,
    /// Which of them.
    pub id: String,
    /// Its last second.
    pub until: UnixTime,
    /// Whole days until then; negative once it has ended.
    pub days: i64,
}

impl Expiring {
    fn new(what: &'static str, id: impl Into<String>, until: UnixTime, now: UnixTime) -> Self {
        Self {
            what,
            id: id.into(),
            until,
            days: (until.seconds() - now.seconds()).div_euclid(DAY_S),
        }
    }

    fn is(&self, other: &Self) -> bool {
        (self.what, &self.id) == (other.what, &other.id)
    }

    fn measure(&self, days: f64) {
        metrics::gauge!("lintas_expiry_days", "what" => self.what, "id" => self.id.clone())
            .set(days);
    }

    /// The alarm that it raises, in days: 90, 60, 30, 7, for a key of bundles 7 alone; 0 once it has ended.
    pub fn alarm(&self) -> Option<i64> {
        if self.days < 0 {
            return Some(0);
        }
        let mut alarms = ALARMS.into_iter();
        let alarm = alarms.find(|threshold| self.days <= *threshold);
        alarm.filter(|alarm| self.what != BUNDLE || *alarm == WARN_DAYS)
    }
}

/// Files of certificates whose ends are watched, and what was told of them.
#[derive(Default)]
pub struct Expiry {
    files: Vec<(&'static str, String, PathBuf)>,
    told: Mutex<Told>,
}

/// What was told of what ends.
#[derive(Default)]
struct Told {
    /// Everything that ended or was to end, when it was last looked at.
    ends: Vec<Expiring>,
    /// The day on which the alarm of each was last told, and which it was.
    alarms: BTreeMap<(&'static str, String), (i64, i64)>,
}

impl Expiry {
    /// That of the certificates which `config` names.
    pub fn of(config: &Config) -> Self {
        let mut files = Vec::new();
        let data = &config.data;
        let tls = config.tls.as_ref();
        let throw_away = data.join("tls/server.pem");
        let tls = tls.map_or(throw_away, |TlsFiles { certificate, .. }| {
            certificate.clone()
        });
        files.push(("tls", "server".to_owned(), tls));
        let enabled = config.feeds.iter().filter(|feed| feed.enabled);
        files.extend(enabled.flat_map(|feed| of_feed(feed, data)));
        if config.roles.has(Role::Publish) {
            for purpose in ["did", "list", "archive"] {
                let path = data.join(format!("keys/publication/{purpose}.pem"));
                files.push(("publication", purpose.to_owned(), path));
            }
        }
        Self {
            files,
            told: Mutex::default(),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Our own certificates at a foreign system.
fn of_feed(feed: &FeedConfig, data: &Path) -> Vec<(&'static str, String, PathBuf)> {
    let (client, upload) = match &feed.kind {
        FeedKind::Dgcg(gateway) => (gateway.connection.client.as_ref(), gateway.upload.as_ref()),
        FeedKind::DidWeb(list) => (list.connection.client.as_ref(), None),
        FeedKind::PinnedSigner { .. } | FeedKind::Folder(_) => (None, None),
    };
    let named = [("nbtls", client), ("nbup", upload)].into_iter();
    let named = named.filter_map(|(what, files)| {
        let path = data.join(&files?.certificate);
        Some((what, feed.id.clone(), path))
    });
    named.collect()
}

impl Gateway {
    /// The national CA's certificates in `keys/csca.pem`, DER; none where there is no such file.
    ///
    /// # Errors
    /// `input_output`, and those of what is no certificate.
    pub(super) fn own_authorities(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let path = self.data.join("keys/csca.pem");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let read = anchors(&files::read(&path)?)?;
        Ok(read.into_iter().map(|(_, der)| der).collect())
    }

    /// Everything of ours that ends, the soonest first.
    pub fn ends(&self) -> Vec<Expiring> {
        let now = self.clock.now();
        let mut ends = Vec::new();
        let keyring = self.keyring();
        let signers = keyring.signers();
        // Who signs no more needs no successor.
        for signer in signers.filter(|it| it.state == SignerState::Active) {
            let (kid, until) = (signer.kid.to_string(), signer.validity.not_after);
            ends.push(Expiring::new("dsc", kid, until, now));
        }
        if let Some(demo) = &self.issuance {
            let dsc = demo.ready().dsc;
            let (kid, until) = (dsc.kid.to_string(), dsc.validity.not_after);
            ends.push(Expiring::new("dsc", kid, until, now));
        }
        if let Some(signer) = self.receipts.signer() {
            let id: String = signer.key.kid.to_string().chars().take(16).collect();
            let until = signer.key.validity.not_after;
            ends.push(Expiring::new("receipts", id, until, now));
        }
        if let Some(keys) = self.bundle_press().map(BundlePress::keys) {
            let id: String = keys.key.kid.to_string().chars().take(16).collect();
            ends.push(Expiring::new(BUNDLE, id, keys.key.validity.not_after, now));
        }
        let authorities = self.own_authorities().unwrap_or_default();
        for (position, der) in authorities.iter().enumerate() {
            let id = format!("{}", position + 1);
            ends.push(Expiring::new("csca", id, end_of(der), now));
        }
        for (what, id, path) in &self.expiry.files {
            // What was never made does not end.
            if path.exists() {
                let pem = files::read(path).unwrap_or_default();
                let der = CertificateDer::from_pem_slice(&pem);
                let until = der.map_or(UnixTime::EPOCH, |der| end_of(&der));
                ends.push(Expiring::new(what, id.clone(), until, now));
            }
        }
        if let Ok(registry) = self.registry() {
            for operator in registry.operators().filter(|it| it.enabled) {
                let until = UnixTime::EPOCH.plus(operator.not_after());
                ends.push(Expiring::new("operator", operator.id.clone(), until, now));
            }
        }
        for (feed, until) in self.foreign().ends() {
            ends.push(Expiring::new("list", feed, until, now));
        }
        let hub = self.hub();
        for party in hub.parties() {
            let entries = crate::trust::Role::ALL.into_iter();
            for entry in entries.flat_map(|role| hub.of(party.country, role)) {
                let short: String = entry.thumbprint.to_string().chars().take(16).collect();
                let id = format!("{} {} {short}", party.country, entry.role.name());
                ends.push(Expiring::new("party", id, end_of(&entry.certificate), now));
            }
        }
        ends.sort_by(|one, two| {
            (one.until, one.what, &one.id).cmp(&(two.until, two.what, &two.id))
        });
        ends
    }

    /// What ends within a week, or has ended, as it was when it was last looked at; operators and parties without a name,
    /// because strangers may ask.
    pub fn ending(&self) -> Vec<String> {
        let now = self.clock.now();
        let told = self.expiry.told();
        let ends = told.ends.iter();
        let ends = ends.map(|it| Expiring::new(it.what, it.id.clone(), it.until, now));
        let ending = ends.filter(|it| it.days <= WARN_DAYS).map(|it| {
            let Expiring { what, id, days, .. } = it;
            match what {
                "operator" | "party" => format!("{what}: {days} days"),
                _ => format!("{what} {id}: {days} days"),
            }
        });
        ending.collect()
    }

    /// Tells metrics and log what ends: each alarm when it is first raised, and once a day as long as it lasts.
    pub fn watch_ends(&self) {
        let today = self.clock.now().seconds().div_euclid(DAY_S);
        let ends = self.ends();
        let mut told = self.expiry.told();
        for gone in told
            .ends
            .iter()
            .filter(|it| !ends.iter().any(|new| new.is(it)))
        {
            gone.measure(f64::NAN);
        }
        told.ends.clone_from(&ends);
        let before = std::mem::take(&mut told.alarms);
        for it in ends {
            it.measure(i32::try_from(it.days).map_or(f64::MAX, f64::from));
            let Some(alarm) = it.alarm() else { continue };
            let key = (it.what, it.id.clone());
            let known = before.get(&key) == Some(&(today, alarm));
            told.alarms.insert(key, (today, alarm));
            if known {
                continue;
            }
            let Expiring { what, id, days, .. } = &it;
            if alarm <= WARN_DAYS {
                error!(what, id, days, alarm, "{what} {id} ends in {days} days");
            } else {
                warn!(what, id, days, alarm, "{what} {id} ends in {days} days");
            }
        }
    }
}

/// The last second of a certificate; the beginning of time where it cannot be read.
fn end_of(der: &[u8]) -> UnixTime {
    let read = Certificate::read(der).ok();
    let end = read.and_then(|it| UnixTime::from_seconds(it.not_after.min(UnixTime::END.seconds())));
    end.unwrap_or(UnixTime::EPOCH)
}

/// Days before an end within which health checks name it.
const WARN_DAYS: i64 = 7;
const ALARMS: [i64; 4] = [WARN_DAYS, 30, 60, 90];
const BUNDLE: &str = "bundle";
const DAY_S: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_raised_at_each_threshold() {
        let now = UnixTime::from_seconds(1_781_481_600).unwrap();
        for (days, alarm) in [
            (91, None),
            (90, Some(90)),
            (61, Some(90)),
            (60, Some(60)),
            (30, Some(30)),
            (8, Some(30)),
            (7, Some(7)),
            (0, Some(7)),
            (-1, Some(0)),
        ] {
            let it = Expiring::new("dsc", "a", now.plus(days * DAY_S), now);
            assert_eq!((it.days, it.alarm()), (days, alarm));
        }
        for (days, alarm) in [(30, None), (8, None), (7, Some(7)), (-1, Some(0))] {
            let it = Expiring::new("bundle", "a", now.plus(days * DAY_S), now);
            assert_eq!(it.alarm(), alarm, "{days}");
        }
        let yesterday = Expiring::new("dsc", "a", now.plus(-1), now);
        assert_eq!(yesterday.alarm(), Some(0));
    }
}
