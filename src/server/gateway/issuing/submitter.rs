//! Whoever hands something in: an operator, and in which of their roles they act just now.
//!
//! Refuses a role that the operator does not have at this moment, whatever a token says.

use crate::failure::{Code, Failure};
use crate::server::gateway::registry::{Operator, OperatorRole};
use std::sync::Arc;

/// An operator who acts in some of their roles.
#[derive(Clone, Debug)]
pub struct Submitter {
    operator: Arc<Operator>,
    /// The roles that a token names; all of the operator's where none was presented.
    named: Option<Vec<OperatorRole>>,
}

impl Submitter {
    /// `operator`, in all their roles.
    pub fn of(operator: Arc<Operator>) -> Self {
        Self {
            operator,
            named: None,
        }
    }

    pub(super) fn named(operator: Arc<Operator>, roles: Vec<OperatorRole>) -> Self {
        Self {
            operator,
            named: Some(roles),
        }
    }

    /// The operator.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// How the audit calls them.
    pub fn id(&self) -> &str {
        &self.operator.id
    }

    /// Whether they act in `role`.
    pub fn may(&self, role: OperatorRole) -> bool {
        let named = self.named.as_ref();
        self.operator.may(role) && named.is_none_or(|named| named.contains(&role))
    }

    /// The roles in which they act.
    pub fn roles(&self) -> impl Iterator<Item = OperatorRole> {
        OperatorRole::ALL.into_iter().filter(|role| self.may(*role))
    }

    /// Refuses whoever does not act in `role`.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn demand(&self, role: OperatorRole) -> Result<(), Failure> {
        if self.may(role) {
            return Ok(());
        }
        Err(Code::Forbidden.because(format!("needs role {}", role.name())))
    }
}
