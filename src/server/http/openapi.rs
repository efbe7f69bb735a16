//! stub
use actix_web::HttpResponse;
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok().finish()
}
