//! The command line of an operator: `migrate`, `store`, `audit`.

use crate::ground::{Ground, at, event, records, run, write_private};
use crate::postgres::server;
use lintas::server::store::Heads;
use std::process::{Command, Output};

fn lintas(ground: &Ground, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lintas"))
        .current_dir(ground.data.path())
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn the_command_line_shows_and_judges_the_audit() {
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        let mut hostile = event("b");
        hostile.detail = "\u{1b}[2Jgone".into();
        store
            .append(&[], &[event("a"), hostile, event("c")], None)
            .await
            .unwrap();
        let heads = Heads::open(ground.data.path()).unwrap();
        heads.sign(store.as_ref(), at(0)).await.unwrap();
        store.close().await;
        let data = ["--data", "."];
        let verified = lintas(&ground, &[&["audit", "verify"][..], &data].concat());
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
        assert_eq!(said(&verified), "3 rows, 1 signed heads\n");
        let shown = lintas(
            &ground,
            &[&["audit", "show", "--last", "2"][..], &data].concat(),
        );
        assert_eq!(said(&shown).lines().count(), 2, "{}", said(&shown));
        assert!(!said(&shown).contains('\u{1b}'));
        let shown = lintas(&ground, &[&["audit", "show", "--json"][..], &data].concat());
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(shown[1]["detail"], "\u{1b}[2Jgone");
        let exported = lintas(&ground, &[&["audit", "export"][..], &data].concat());
        let exported = said(&exported);
        let lines: Vec<serde_json::Value> = exported
            .lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        assert_eq!((lines.len(), &lines[3]["head"]["sequence"]), (4, &3.into()));
        ground.raw("DELETE FROM audit WHERE sequence > 1").await;
        let verified = lintas(&ground, &[&["audit", "verify"][..], &data].concat());
        assert_eq!(verified.status.code(), Some(1));
        assert!(said(&verified).starts_with("rows 2 to 3 are missing\n"));
    });
}

#[test]
fn the_command_line_migrates_copies_checks_and_accepts() {
    if server().is_none() {
        return;
    }
    let target = Ground::postgres_without_tables().unwrap();
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        store
            .append(&records("a", 4), &[event("a")], None)
            .await
            .unwrap();
        store.close().await;
        let file = |name: &str| ground.data.path().join(name);
        write_private(
            &file("write.url"),
            &format!("{}\n", target.url("lintas_write")),
        );
        write_private(&file("migrate.url"), &target.url("lintas_migrate"));
        let config =
            "data = \".\"\n[store]\nurl_file = \"write.url\"\nmigrate_url_file = \"migrate.url\"\n";
        std::fs::write(file("lintas.toml"), config).unwrap();
        for (arguments, code, words) in [
            (&["store", "check"][..], 64, "run `lintas migrate`"),
            (&["migrate"], 0, "version 6"),
            (
                &["store", "check"],
                1,
                "record 4 was seen, the last one there is 0",
            ),
            (
                &[
                    "store",
                    "copy",
                    "--from",
                    "sqlite:lintas.db",
                    "--to",
                    "write.url",
                ],
                0,
                "up to record 4",
            ),
            (&["store", "check"], 0, "whole"),
        ] {
            let output = lintas(&ground, arguments);
            assert_eq!(
                output.status.code(),
                Some(code),
                "{arguments:?}: {}",
                said(&output)
            );
            assert!(
                said(&output).contains(words),
                "{arguments:?}: {}",
                said(&output)
            );
        }
        target.raw("DELETE FROM records WHERE sequence = 4").await;
        for (arguments, code, words) in [
            (&["store", "check"][..], 1, "the last one there is 3"),
            (
                &["store", "accept", "--actor", "operator-1"],
                0,
                "up to record 3",
            ),
            (&["store", "check"], 0, "whole"),
            (
                &["audit", "show"],
                0,
                "operator-1 store.accepted records: rolled back",
            ),
        ] {
            let output = lintas(&ground, arguments);
            assert_eq!(
                output.status.code(),
                Some(code),
                "{arguments:?}: {}",
                said(&output)
            );
            assert!(
                said(&output).contains(words),
                "{arguments:?}: {}",
                said(&output)
            );
        }
    });
}
