//! `GET /metrics` on its own listener, which is on a loopback address.
//!
//! Refuses labels that callers choose: routes are patterns, codes and outcomes are closed sets.

use crate::server::telemetry::Metrics;
use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

/// Registers the one route of the metrics listener.
pub fn configure(config: &mut ServiceConfig, metrics: Metrics) {
    config.app_data(web::Data::new(metrics));
    config.route("/metrics", web::get().to(show));
}

async fn show(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(metrics.render())
}
