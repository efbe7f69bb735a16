//! The store: one suite of promises, run on SQLite and on a PostgreSQL that the test starts itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod command_line;
mod crash;
mod ground;
mod issuing;
mod kill;
mod old;
mod operate;
mod postgres;
mod records;
mod tamper;

/// Each of the functions as a test, once on SQLite and once on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { crate::ground::run(crate::ground::Ground::sqlite(), super::$name) })*
        }
        mod postgres {
            $(#[test] fn $name() {
                if let Some(ground) = crate::ground::Ground::postgres() {
                    crate::ground::run(ground, super::$name)
                }
            })*
        }
    };
}
pub(crate) use on_both;
