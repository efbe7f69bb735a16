//! The first two operators, whom nobody can approve.
//!
//! Refuses where there is or ever was an operator: from then on operators make operators.

use super::admin::{DECIDING, LEASE_S};
use super::registry::{Operator, OperatorRole, Registry, apart};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::store::{Event, Lease, Store};

/// Enrols two operators, who may do everything, in a store that has none.
///
/// Nodes that follow the store know them within a second.
///
/// # Errors
/// `request_invalid` where there is an operator, or a certificate is out of its period; `approval_not_apart` where both are one; `store_unavailable`,
/// `store_incomplete`, `lease_lost`.
pub async fn enrol(
    store: &dyn Store,
    operators: [&Operator; 2],
    at: UnixTime,
) -> Result<(), Failure> {
    let [one, two] = operators;
    apart(one, two)?;
    for operator in operators {
        if !operator.is_current(at) {
            let reason = format!("the certificate of {} is not valid now", operator.id);
            return Err(Code::RequestInvalid.because(reason));
        }
        if !OperatorRole::ALL.iter().all(|role| operator.may(*role)) {
            return Err(Code::RequestInvalid.because("the first two operators have every role"));
        }
    }
    // Whoever else enrols at this moment has another name.
    let holder = format!("init/{}/{}", one.fingerprint, std::process::id());
    let lease = store.lease(DECIDING, &holder, at, LEASE_S).await?;
    let busy = || Code::LeaseLost.because("operators are deciding something just now");
    let lease = lease.ok_or_else(busy)?;
    let done = under(store, operators, at, &lease).await;
    let released = store.release(&lease, at).await;
    done.and(released)
}

async fn under(
    store: &dyn Store,
    operators: [&Operator; 2],
    at: UnixTime,
    lease: &Lease,
) -> Result<(), Failure> {
    let mut registry = Registry::default();
    let mut through = 0;
    loop {
        let rows = store.records(through, AT_ONCE).await?;
        let Some(last) = rows.last() else { break };
        through = last.sequence;
        // What bears no seal is nobody.
        for record in rows.into_iter().filter_map(|row| row.record.ok()) {
            if Registry::keeps(record.kind) {
                registry.apply(&record)?;
            }
        }
    }
    if registry.operators().next().is_some() {
        let reason = "there are operators already; they add others with `lintas operators add`";
        return Err(Code::RequestInvalid.because(reason));
    }
    let records = operators.map(|operator| operator.record(at));
    let events = operators.map(|operator| Event {
        at,
        actor: "init".to_owned(),
        event: "init".to_owned(),
        subject: operator.id.clone(),
        detail: format!("enrolled with {}", operator.fingerprint),
    });
    store
        .append(&records, &events, Some(lease))
        .await
        .map(|_| ())
}

const AT_ONCE: u32 = 1000;
