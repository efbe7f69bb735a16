use crate::support::gateway::TestGateway;
use lintas::server::http::ROUTES;

#[actix_web::test]
async fn the_document_describes_every_route() {
    let gateway = TestGateway::start().await;
    let document = gateway.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(
            operation["summary"].is_string(),
            "{} {}",
            route.method,
            route.path
        );
    }
    gateway.stop().await;
}
