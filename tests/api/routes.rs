use crate::support::gateway::{TestGateway, read};
use lintas::model::Environment;
use lintas::server::http::ROUTES;

#[actix_web::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let gateway = TestGateway::start().await;
    let nowhere = gateway
        .get("/v1/certificates/3201234567890001?name=Dewi")
        .await;
    assert_eq!(
        (nowhere.status, nowhere.problem().as_str()),
        (404, "not_found")
    );
    for route in ROUTES {
        let url = format!(
            "{}{}",
            gateway.base,
            route.path.replace("{code}", "expired")
        );
        let answer = read(gateway.client.delete(url)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (405, "method_not_allowed"),
            "{}",
            route.path
        );
        let here = ROUTES.iter().filter(|other| other.path == route.path);
        let allowed: Vec<_> = here
            .map(|other| match other.method {
                "GET" => "GET, HEAD",
                method => method,
            })
            .collect();
        assert_eq!(answer.headers["allow"], allowed.join(", ").as_str());
    }
    gateway.stop().await;
}

#[test]
fn only_issuing_is_confined_to_the_demo_environment() {
    let confined: Vec<_> = ROUTES
        .iter()
        .filter(|route| !route.exists_in(Environment::Production))
        .map(|route| route.path)
        .collect();
    assert_eq!(confined, ["/v1/issue"]);
}

#[actix_web::test]
async fn what_a_problem_points_to_is_there() {
    let gateway = TestGateway::start().await;
    let problem = gateway.get("/nowhere").await.json();
    let about = gateway.get(problem["type"].as_str().unwrap()).await;
    assert_eq!(
        (about.status, &about.json()["code"]),
        (200, &problem["code"])
    );
    assert!(about.json()["messages"]["id"]["sentence"].is_string());
    assert_eq!(gateway.get("/codes/anything").await.problem(), "not_found");
    let all = gateway.get("/codes").await.json();
    assert_eq!(
        all["codes"].as_array().unwrap().len(),
        lintas::failure::Code::ALL.len()
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn health_tells_alive_from_ready() {
    let gateway = TestGateway::start().await;
    assert_eq!(gateway.get("/health/live").await.json()["status"], "live");
    let head = read(
        gateway
            .client
            .head(format!("{}/health/ready", gateway.base)),
    )
    .await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(gateway.get("/health/ready").await.json()["status"], "ready");
    std::fs::remove_dir_all(gateway.data.path().join("trust")).unwrap();
    gateway.gateway().refresh();
    let unready = gateway.get("/health/ready").await;
    assert_eq!(
        (unready.status, unready.problem().as_str()),
        (503, "input_output")
    );
    assert_eq!(unready.headers["retry-after"], "5");
    assert_eq!(gateway.get("/health/live").await.status, 200);
    gateway.stop().await;
}
