//! What is kept of snapshots: little where little changed, and nothing else under their ids.

use crate::ground::Ground;
use crate::rules::acceptance;
use crate::support::{TestSigner, copy};
use lintas::failure::Code;
use lintas::model::Country;
use lintas::revocation::RevocationHash;
use lintas::server::gateway::receipts::Archive;
use lintas::snapshot::Own;
use lintas::verify::{Policy, PolicyName};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn every_world_comes_back_as_it_was() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path().to_owned());
    for world in ground.worlds.iter().chain(&ground.worlds) {
        archive.keep(world, &ground.policies[1]).unwrap();
    }
    let kept = files(folder.path());
    for (number, world) in ground.worlds.iter().enumerate() {
        let back = Archive::at(folder.path().to_owned()).snapshot(world.id());
        let back = back.unwrap_or_else(|failure| panic!("{number}: {failure}"));
        assert_eq!(back.id(), world.id());
        assert!(back.rules().rules().eq(world.rules().rules()));
        assert!(back.rules().unread().eq(world.rules().unread()));
        assert_eq!(back.value_sets(), world.value_sets());
        let (ours, theirs) = (world.trust().signers(), back.trust().signers());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        assert_eq!(
            back.revocations().to_batches(),
            world.revocations().to_batches()
        );
        // Another process, or node, keeps nothing anew.
        Archive::at(folder.path().to_owned())
            .keep(world, &ground.policies[1])
            .unwrap();
    }
    assert_eq!(files(folder.path()), kept);
    let name = PolicyName::of(&ground.policies[1]).unwrap();
    assert_eq!(archive.policy(name.hash).unwrap(), ground.policies[1]);
}

#[test]
fn a_small_change_writes_little() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path().to_owned());
    let mut own = Own::of(Country::DEMO);
    let hash = |number: u32| {
        let digest = lintas::crypto::sha256(&number.to_be_bytes());
        RevocationHash(*digest.first_chunk().unwrap())
    };
    own.withdraw((0..20_000).map(hash));
    let world = ground.worlds[1].clone().with_own(Arc::new(own.clone()));
    archive.keep(&world, &Policy::default()).unwrap();
    let before = files(folder.path());
    own.withdraw([hash(20_001)]);
    let world = world.with_own(Arc::new(own));
    archive.keep(&world, &Policy::default()).unwrap();
    let after = files(folder.path());
    let new: Vec<_> = after.iter().filter(|path| !before.contains(path)).collect();
    // One piece of hashes, the list of pieces, and the index.
    assert_eq!(new.len(), 3, "{new:?}");
    let bytes: u64 = new
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(bytes < 12_000, "{bytes}");
}

#[test]
fn an_archive_that_was_changed_is_refused() {
    let ground = Ground::new();
    let kept = tempfile::tempdir().unwrap();
    let ruled = &ground.worlds[10];
    let world = ground.worlds[3]
        .clone()
        .with_policies(Arc::clone(ruled.policies()));
    let world = &world.with_acceptance(Arc::new(acceptance(true)));
    let archive = Archive::at(kept.path().to_owned());
    archive.keep(world, &Policy::default()).unwrap();
    let policy = PolicyName::of(&Policy::default()).unwrap().hash;
    for path in files(kept.path()) {
        let folder = tempfile::tempdir().unwrap();
        copy(kept.path(), folder.path());
        let changed = folder.path().join(path.strip_prefix(kept.path()).unwrap());
        let archive = Archive::at(folder.path().to_owned());
        let read = || {
            archive
                .policy(policy)
                .and_then(|_| archive.snapshot(world.id()))
        };
        assert_eq!(read().unwrap().id(), world.id());
        let bytes = fs::read(&changed).unwrap();
        for position in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut spoilt = bytes.clone();
            spoilt[position] ^= 1;
            fs::write(&changed, spoilt).unwrap();
            let code = read().unwrap_err().code();
            // An index may name a blob that nobody has.
            let missing =
                changed.parent().unwrap().ends_with("snapshots") && code == Code::NotFound;
            assert!(missing || code == Code::ArchiveInvalid, "{path:?} {code}");
        }
        fs::write(&changed, []).unwrap();
        assert_eq!(read().unwrap_err().code(), Code::ArchiveInvalid, "{path:?}");
        fs::remove_file(&changed).unwrap();
        assert_eq!(read().unwrap_err().code(), Code::NotFound, "{path:?}");
    }
}

#[test]
fn another_snapshot_under_the_id_that_was_asked_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path().to_owned());
    let signer = TestSigner::new(1).snapshot;
    let ruled = |vaccine| {
        signer
            .clone()
            .with_acceptance(Arc::new(acceptance(vaccine)))
    };
    let other = TestSigner::new(2).snapshot;
    for (ours, theirs) in [(signer.clone(), other), (ruled(true), ruled(false))] {
        archive.keep(&theirs, &Policy::default()).unwrap();
        let named = |id| folder.path().join("snapshots").join(format!("{id}"));
        fs::copy(named(theirs.id()), named(ours.id())).unwrap();
        let refused = archive.snapshot(ours.id()).unwrap_err();
        assert_eq!(refused.code(), Code::ArchiveInvalid);
        assert!(archive.snapshot(theirs.id()).is_ok());
    }
}

#[test]
fn a_changed_rule_writes_little() {
    let signer = TestSigner::new(1).snapshot;
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path().to_owned());
    let kept = |vaccine| {
        let world = signer
            .clone()
            .with_acceptance(Arc::new(acceptance(vaccine)));
        archive.keep(&world, &Policy::default()).unwrap();
        files(folder.path()).len()
    };
    // One piece of rules, the list of pieces, and the index.
    assert_eq!(kept(true) + 3, kept(false));
}
