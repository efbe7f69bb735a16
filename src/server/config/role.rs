//! What a node is there for: each role has its own routes, listeners and secrets.
//!
//! Refuses roles that it does not know, and a node without any.
//!
//! Source: docs/OPERATING.md, Roles.

use crate::failure::{Code, Failure};

/// A part that a node plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Judges credentials.
    Verify,
    /// Shows what is trusted.
    Publish,
    /// Is a gateway to other countries' backends.
    Federation,
    /// Issues credentials; holds a signing key.
    Issue,
    /// Serves operators.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Verify,
        Self::Publish,
        Self::Federation,
        Self::Issue,
        Self::Admin,
    ];

    /// The machine name, as in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Publish => "publish",
            Self::Federation => "federation",
            Self::Issue => "issue",
            Self::Admin => "admin",
        }
    }
}

/// The roles of one node, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// The roles with these names; a name may stand twice.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub fn named(names: &[impl AsRef<str>]) -> Result<Self, Failure> {
        let role = |name: &str| {
            let known = Role::ALL.into_iter().find(|role| role.name() == name);
            known.ok_or_else(|| {
                let known = Role::ALL.map(Role::name).join(", ");
                Code::ConfigurationInvalid.because(format!("a role is one of {known}"))
            })
        };
        let roles = names.iter().map(|name| role(name.as_ref().trim()));
        let roles: Vec<_> = roles.collect::<Result<_, _>>()?;
        if roles.is_empty() {
            return Err(Code::ConfigurationInvalid.because("roles: at least one is needed"));
        }
        Ok(Self(roles))
    }

    /// Those that a node has where none are named: the public ones, and those it has a listener for.
    pub fn usual(federation: bool, admin: bool) -> Self {
        let mut roles = vec![Role::Verify, Role::Publish, Role::Issue];
        roles.extend(federation.then_some(Role::Federation));
        roles.extend(admin.then_some(Role::Admin));
        Self(roles)
    }

    /// Whether `role` is among them.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_known_by_name_and_by_no_other() {
        let roles = Roles::named(&["verify", " admin"]).unwrap();
        let held: Vec<_> = Role::ALL.into_iter().filter(|it| roles.has(*it)).collect();
        assert_eq!(held, [Role::Verify, Role::Admin]);
        for odd in [&[][..], &["everything"], &["verify", ""], &["Verify"]] {
            let refused = Roles::named(odd).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{odd:?}");
        }
    }
}
