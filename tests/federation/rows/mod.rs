//! What the interface says, row by row: (dialect, request, status, code, body).

mod authentication;
mod certificates;
mod lists;
mod migration;
mod references;
pub(crate) mod revocation;
mod rules;
mod signers;
mod trust_list;

/// Every row of the tables, and there are many.
#[actix_web::test]
async fn every_row_is_answered_as_the_interface_says() {
    let mut rows = 0;
    rows += authentication::rows().await;
    rows += signers::rows().await;
    rows += trust_list::rows().await;
    rows += lists::rows().await;
    rows += certificates::rows().await;
    rows += references::rows().await;
    rows += revocation::rows().await;
    rows += rules::rows().await;
    rows += migration::rows().await;
    eprintln!("{rows} rows");
    assert!(rows >= 300, "{rows}");
}
