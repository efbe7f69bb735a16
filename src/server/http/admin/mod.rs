//! The doors for operators, who present certificates of their own.
//!
//! Refuses what is not here, as the public listener does.
//!
//! Source: docs/OPERATING.md.

use super::routes::{self, State};
use actix_web::web::{self, Data, ServiceConfig};

/// Registers what operators may ask for.
pub fn configure_admin(config: &mut ServiceConfig, state: &Data<State>) {
    config.app_data(state.clone());
    config.default_service(web::to(routes::not_found));
}
