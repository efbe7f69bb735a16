//! The wall between demonstration, test and production.
//!
//! Refuses to be guessed: every anchor, feed, key and snapshot names its environment, and a snapshot holds one.

use std::fmt;

/// Which of three separate worlds something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Keys made on this machine, issuing as `ZZ`; worth nothing anywhere else.
    Demo,
    /// Acceptance testing with partners.
    Test,
    /// The real thing.
    Production,
}

impl Environment {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Demo, Self::Test, Self::Production];

    /// The environment with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The machine name, as in configuration and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
