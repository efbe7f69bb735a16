//! Signers that are handed in and taken back: sections on uploads, messages and the checks of a signer.

use crate::ground::Ground;
use crate::support::country::Identity;
use crate::table::{EU, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::write_message;
use serde_json::Value;

const CMS_INVALID: &str = "0x402";
const SIGNATURE: &str = "0x009";
const UPLOAD: &str = "0x004";
const DELETE: &str = "0x007";

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("signers", &ground);
    let (xa, xb) = (&ground.xa, &ground.xb);
    let path = "/signerCertificate";
    let dsc = xa.signer();
    let good = xa.names(&dsc);
    let sent = format!("{{{}}} country:{{XA}}", dsc.thumbprint());
    let exists = [
        "0x002",
        "You cant upload an existing certificate.",
        &sent,
        "Uploaded certificate already exists",
    ];
    table
        .row(EU, post(xa, path, &good), 201, Says::Nothing)
        .await;
    table
        .row(EU, post(xa, path, &good), 409, Says::Report(exists))
        .await;
    table
        .row(TNG, post(xa, path, &good), 409, Says::Report(exists))
        .await;
    let listed = |list: &Value| {
        list[0]["thumbprint"] == dsc.thumbprint().to_string() && list[0]["signature"].is_string()
    };
    for dialect in [EU, TNG] {
        let ask = get(xa, "/trustList/DSC/xa");
        table.row(dialect, ask, 200, Says::That(&listed)).await;
    }
    table
        .row(EU, delete(xa, path, &good), 204, Says::Nothing)
        .await;
    table
        .row(EU, delete(xa, path, &good), 204, Says::Nothing)
        .await;
    let rows = table.end();
    ground.ends().await;
    rows
}
