//! What the interface says, row by row: (dialect, request, status, code, body).

mod migration;
mod revocation;
mod rules;
mod signers;

/// Every row of the tables, and there are many.
#[actix_web::test]
async fn every_row_is_answered_as_the_interface_says() {
    let mut rows = 0;
    rows += signers::rows().await;
    rows += revocation::rows().await;
    rows += rules::rows().await;
    rows += migration::rows().await;
    println!("{rows} rows");
    assert!(rows >= 7);
}
