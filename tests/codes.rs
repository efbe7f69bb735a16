//! The table of machine codes and quirks: its page is generated, its rows are for ever, and additions are announced.
//!
//! `LINTAS_WRITE=1 cargo test --test codes` writes `docs/CODES.md` anew; it refuses to lose a row.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use lintas::failure::Code;
use lintas::quirk::Quirk;
use lintas::verify::{Locale, message};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn page() -> String {
    let mut page = String::from(
        "# Codes\n\nGenerated from `src/failure.rs`, `src/quirk.rs` and `messages/`; a test compares. A row is never \
         renamed and never removed.\nClients branch on the class, because codes are an open set. A gateway serves the codes \
         table at `/codes` and each row at\n`/codes/<code>`.\n\n\
         | code | class | stage | meaning | what users read |\n|---|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let users = message(*code, Locale::En).unwrap();
        let (class, stage) = (code.class().name(), code.stage().name());
        let sentence = code.sentence();
        writeln!(
            page,
            "| `{code}` | {class} | {stage} | {sentence} | {} {} |",
            users.sentence, users.remedy
        )
        .unwrap();
    }
    page.push_str(
        "\n# Quirks\n\nWhat good certificates in circulation show and Lintas tolerates by name. A policy may refuse any \
         of them\n(`policy.refused_quirks`); the finding is then `quirk_refused`.\n\n| quirk | concerns | meaning |\n|---|---|---|\n",
    );
    for quirk in Quirk::ALL {
        let concern = format!("{:?}", quirk.concerns()).to_lowercase();
        writeln!(page, "| `{quirk}` | {concern} | {} |", quirk.sentence()).unwrap();
    }
    page
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The names in the first column of a page.
fn rows(page: &str) -> Vec<&str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect()
}

#[test]
fn the_page_is_that_of_the_table() {
    let path = root().join("docs/CODES.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let page = page();
    let lost: Vec<_> = rows(&written)
        .into_iter()
        .filter(|row| !rows(&page).contains(row))
        .collect();
    assert!(lost.is_empty(), "renamed or removed: {lost:?}");
    #[allow(clippy::disallowed_methods, reason = "the switch that writes the page")]
    if std::env::var_os("LINTAS_WRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    } else {
        assert!(
            written == page,
            "docs/CODES.md is not that of the table; LINTAS_WRITE=1 writes it"
        );
    }
}

#[test]
fn every_row_is_announced_in_the_changelog() {
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let page = page();
    let silent: Vec<_> = rows(&page)
        .into_iter()
        .filter(|row| !changelog.contains(&format!("`{row}`")))
        .collect();
    assert!(silent.is_empty(), "not in CHANGELOG.md: {silent:?}");
}
