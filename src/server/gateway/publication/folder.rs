//! What was published, as files: artefacts by their hash, an index a publication, and the mark of the last one.
//!
//! Refuses an artefact whose bytes are not those of its name, and a mark that it cannot read: it says what others have seen
//! of this gateway, and a restored database is noticed by it.
//!
//! | path below `published/` | what |
//! |---|---|
//! | `objects/<sha256>` | an artefact |
//! | `<sequence>.json` | what a publication was made of |
//! | `mark.json` | the number and manifest of the newest one |

use super::edition::{Artefact, Edition, Listed};
use super::ledger::Checkpoint;
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::files;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tracing::warn;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMark {
    sequence: u64,
    manifest: String,
    highest: u64,
}

/// The index of one publication.
#[derive(Serialize, Deserialize)]
struct Index {
    sequence: u64,
    created: i64,
    previous: Option<String>,
    manifest: String,
    highest: u64,
    artefacts: BTreeMap<String, String>,
    /// Number, since when, thumbprint, key identifier, country, certificate in Base64.
    signers: Vec<(u64, i64, String, String, String, String)>,
    gone: Vec<(String, i64)>,
}

impl Folder {
    /// That below the folder `data`.
    pub(super) fn below(data: &Path) -> Self {
        Self(data.join("published"))
    }

    /// The newest publication that was seen here; `None` where there was none.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub(super) fn mark(&self) -> Result<Option<Checkpoint>, Failure> {
        let path = self.0.join("mark.json");
        let Some(bytes) = files::read_guarded(&path)? else {
            return Ok(None);
        };
        let written: Option<WrittenMark> = serde_json::from_slice(&bytes).ok();
        let mark = written.and_then(|it| {
            Some(Checkpoint {
                sequence: it.sequence,
                manifest: Thumbprint::parse(&it.manifest)?,
                highest: it.highest,
            })
        });
        let unreadable = || {
            let reason = format!(
                "{} is no mark; it says what was published, so restore it rather than remove it",
                path.display()
            );
            Code::ConfigurationInvalid.because(reason)
        };
        mark.map(Some).ok_or_else(unreadable)
    }

    /// Keeps `edition`, and forgets those that are too old; the mark is written last.
    ///
    /// # Errors
    /// `input_output`.
    pub(super) fn keep(&self, edition: &Edition) -> Result<(), Failure> {
        let objects = self.0.join("objects");
        files::create_private_dir(&self.0)?;
        files::create_dir(&objects)?;
        for artefact in edition.artefacts.values() {
            let path = objects.join(artefact.digest.to_string());
            if !path.exists() {
                files::write(&path, &artefact.body, files::PUBLIC)?;
            }
        }
        let written = |value: Result<Vec<u8>, serde_json::Error>| {
            value.map_err(|error| Code::Internal.caused_by("an index without a form", error))
        };
        let index = written(serde_json::to_vec(&Index::of(edition)))?;
        files::write(&self.index(edition.sequence), &index, files::PUBLIC)?;
        let mark = written(serde_json::to_vec(&WrittenMark {
            sequence: edition.sequence,
            manifest: edition.manifest.to_string(),
            highest: edition.highest,
        }))?;
        files::write(&self.0.join("mark.json"), &mark, files::PUBLIC)?;
        if let Err(failure) = self.forget_old() {
            let code = failure.code().name();
            warn!(code, "old publications are still there: {failure}");
        }
        Ok(())
    }

    /// The publication `sequence`, whole.
    ///
    /// # Errors
    /// `input_output`, also where it is not as it was.
    pub(super) fn edition(&self, sequence: u64) -> Result<Edition, Failure> {
        let index = self.read(sequence)?;
        let artefacts = index.artefacts.iter();
        let artefacts = artefacts.map(|(name, hash)| Ok((name.clone(), self.object(hash)?)));
        let artefacts = artefacts.collect::<Result<_, Failure>>()?;
        index.edition(artefacts).ok_or_else(damaged)
    }

    /// The artefact `name` of the publication `sequence`, if both are still here.
    ///
    /// # Errors
    /// `input_output`, also where it is not as it was.
    pub(super) fn artefact(&self, sequence: u64, name: &str) -> Result<Option<Artefact>, Failure> {
        if !self.index(sequence).exists() {
            return Ok(None);
        }
        let index = self.read(sequence)?;
        let hash = index.artefacts.get(name);
        hash.map(|hash| self.object(hash)).transpose()
    }

    fn index(&self, sequence: u64) -> PathBuf {
        self.0.join(format!("{sequence}.json"))
    }

    fn read(&self, sequence: u64) -> Result<Index, Failure> {
        let bytes = files::read(&self.index(sequence))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Code::InputOutput.caused_by("an index of a publication", error))
    }

    fn object(&self, hash: &str) -> Result<Artefact, Failure> {
        // Only a hash is ever part of a path.
        let digest = Thumbprint::parse(hash).ok_or_else(damaged)?;
        let bytes = files::read(&self.0.join("objects").join(digest.to_string()))?;
        let artefact = Artefact::new(bytes);
        (artefact.digest == digest)
            .then_some(artefact)
            .ok_or_else(damaged)
    }

    fn forget_old(&self) -> Result<(), Failure> {
        let listed = |path: &Path| {
            let failed = |error| Code::InputOutput.caused_by(format!("{}", path.display()), error);
            let entries = std::fs::read_dir(path).map_err(failed)?;
            let paths = entries.map(|entry| entry.map(|it| it.path()));
            paths.collect::<Result<Vec<_>, _>>().map_err(failed)
        };
        let number = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?;
            name.strip_suffix(".json")?.parse::<u64>().ok()
        };
        let mut kept: Vec<_> = listed(&self.0)?.iter().filter_map(number).collect();
        kept.sort_unstable();
        let old = kept.len().saturating_sub(MAX_KEPT);
        if old == 0 {
            return Ok(());
        }
        let newer = kept.split_off(old);
        let mut used = BTreeSet::new();
        for sequence in newer {
            used.extend(self.read(sequence)?.artefacts.into_values());
        }
        // Whatever cannot be removed now is tried again with the next publication.
        for sequence in kept {
            let _ = std::fs::remove_file(self.index(sequence));
        }
        for path in listed(&self.0.join("objects"))? {
            let name = path.file_name().and_then(|it| it.to_str());
            if name.is_some_and(|name| !used.contains(name)) {
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }
}

impl Index {
    fn of(edition: &Edition) -> Self {
        let artefacts = edition.artefacts.iter();
        let signers = edition.signers.iter().map(|it| {
            (
                it.id,
                it.since.seconds(),
                it.thumbprint.to_string(),
                it.kid.clone(),
                it.country.to_string(),
                it.certificate.clone(),
            )
        });
        let gone = edition.gone.iter();
        Self {
            sequence: edition.sequence,
            created: edition.created.seconds(),
            previous: edition.previous.map(|it| it.to_string()),
            manifest: edition.manifest.to_string(),
            highest: edition.highest,
            artefacts: artefacts
                .map(|(name, it)| (name.clone(), it.digest.to_string()))
                .collect(),
            signers: signers.collect(),
            gone: gone.map(|(kid, at)| (kid.clone(), at.seconds())).collect(),
        }
    }

    fn edition(self, artefacts: BTreeMap<String, Artefact>) -> Option<Edition> {
        let signers = self.signers.into_iter();
        let signers = signers.map(|(id, since, thumbprint, kid, country, certificate)| {
            Some(Listed {
                id,
                since: UnixTime::from_seconds(since)?,
                thumbprint: Thumbprint::parse(&thumbprint)?,
                kid,
                country: Country::parse(&country)?,
                certificate,
            })
        });
        let gone = self.gone.into_iter();
        let gone = gone.map(|(kid, at)| Some((kid, UnixTime::from_seconds(at)?)));
        let previous = self.previous.as_deref().map(Thumbprint::parse);
        Some(Edition {
            sequence: self.sequence,
            created: UnixTime::from_seconds(self.created)?,
            previous: match previous {
                None => None,
                Some(hash) => Some(hash?),
            },
            manifest: Thumbprint::parse(&self.manifest)?,
            artefacts,
            signers: signers.collect::<Option<_>>()?,
            gone: gone.collect::<Option<_>>()?,
            highest: self.highest,
        })
    }
}

fn damaged() -> Failure {
    Code::InputOutput.because("a file of a publication is not as it was written")
}

/// How many publications are kept.
const MAX_KEPT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(sequence: u64, text: &str) -> Edition {
        let artefact = Artefact::new(text.as_bytes().to_vec());
        Edition {
            sequence,
            created: UnixTime::EPOCH,
            previous: None,
            manifest: artefact.digest,
            artefacts: BTreeMap::from([("a.json".to_owned(), artefact)]),
            signers: vec![Listed {
                id: 7,
                since: UnixTime::EPOCH,
                thumbprint: Thumbprint([1; 32]),
                kid: "AQ==".to_owned(),
                country: Country::DEMO,
                certificate: "MAA=".to_owned(),
            }],
            gone: vec![("Ag==".to_owned(), UnixTime::EPOCH)],
            highest: 7,
        }
    }

    #[test]
    fn what_was_kept_is_read_back_and_what_was_changed_is_not_believed() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::below(data.path());
        assert_eq!(folder.mark().unwrap(), None);
        let first = edition(1, "one");
        folder.keep(&first).unwrap();
        assert_eq!(folder.mark().unwrap(), Some(first.checkpoint()));
        assert_eq!(folder.edition(1).unwrap(), first);
        assert_eq!(folder.artefact(1, "b.json").unwrap(), None);
        assert_eq!(folder.artefact(2, "a.json").unwrap(), None);
        let path = folder.0.join("objects").join(first.manifest.to_string());
        std::fs::write(path, "two").unwrap();
        let failure = folder.edition(1).unwrap_err();
        assert_eq!(failure.code(), Code::InputOutput);
        std::fs::write(folder.0.join("mark.json"), "{").unwrap();
        let failure = folder.mark().unwrap_err();
        assert_eq!(failure.code(), Code::ConfigurationInvalid);
    }

    #[test]
    fn old_publications_are_forgotten_with_what_nobody_else_holds() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::below(data.path());
        for sequence in 0..u64::try_from(MAX_KEPT).unwrap() + 3 {
            let text = if sequence == 1 { "shared" } else { "same" };
            folder.keep(&edition(sequence, text)).unwrap();
        }
        assert!(folder.artefact(2, "a.json").unwrap().is_none());
        assert!(folder.artefact(3, "a.json").unwrap().is_some());
        let objects = std::fs::read_dir(folder.0.join("objects")).unwrap();
        assert_eq!(objects.count(), 1);
    }
}
