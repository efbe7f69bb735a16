use crate::support::gateway::{TestGateway, logged, read};
use crate::support::issued_at;
use actix_web::web;
use lintas::server::gateway::Clock;
use lintas::server::telemetry;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};

async fn panics(body: String) -> &'static str {
    panic!("while working for Dewi Sartika Kusumawardhani, born 1987-03-09: {body}");
}

/// A person's data where it does not belong: in path, query, header, method, file name, broken bodies; and a handler
/// that panics over it.
#[actix_web::test]
async fn personal_data_reaches_no_log_wherever_it_is_sent() {
    let gateway = TestGateway::built(
        "",
        |_| {},
        Clock::Fixed(issued_at()),
        |server| {
            server.with(|config| {
                config.route("/panics", web::post().to(panics));
            })
        },
    )
    .await;
    let text = gateway.issue().await;
    let url = |path: &str| format!("{}{path}", gateway.base);
    for path in [
        "/v1/verify/Dewi%20Sartika%20Kusumawardhani",
        "/v1/trust?nik=3201234567890001",
        "/codes/Kusumawardhani",
        "/Kusumawardhani-1987-03-09.pdf",
    ] {
        gateway.get(path).await;
    }
    let odd = reqwest::Method::from_bytes(b"KUSUMAWARDHANI").unwrap();
    assert_eq!(
        read(gateway.client.request(odd, url("/v1/verify")))
            .await
            .status,
        405
    );
    let name = HeaderName::from_static("x-holder");
    let request = gateway.request("/v1/verify", text.clone());
    let request = request.header(name, HeaderValue::from_static("Dewi Sartika"));
    let request = request.header(COOKIE, "nik=3201234567890001");
    let request = request.header(AUTHORIZATION, "Bearer secret-token");
    assert_eq!(read(request).await.status, 401);
    for body in [
        text.as_str(),
        "Dewi",
        "{\"Kusumawardhani\":",
        "{\"credential\":{\"Dewi\":1}}",
    ] {
        assert_eq!(
            read(gateway.request("/v1/verify", body.to_owned()))
                .await
                .status,
            400
        );
    }
    let upload = gateway
        .client
        .post(url("/v1/verify"))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=Kusumawardhani");
    assert_eq!(read(upload.body(text.clone())).await.status, 415);
    telemetry::silence_panics();
    let answer = read(gateway.client.post(url("/panics")).body(text)).await;
    drop(std::panic::take_hook());
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (500, "internal")
    );
    assert!(logged().contains("a handler panicked") && logged().contains("tests/api/trace.rs"));
    // The process lives on.
    assert_eq!(gateway.get("/health/live").await.status, 200);
    gateway.stop().await;
}

#[actix_web::test]
async fn an_answer_arrives_though_the_body_was_not_wanted() {
    let gateway = TestGateway::start().await;
    let large = "A".repeat(1024 * 1024);
    for (path, status) in [
        ("/v1/verify", 413),
        ("/nowhere", 404),
        ("/v1/trust", 405),
        ("/v1/issue", 401),
    ] {
        for _ in 0..5 {
            assert_eq!(
                read(gateway.request(path, large.clone())).await.status,
                status,
                "{path}"
            );
        }
    }
    gateway.stop().await;
}
