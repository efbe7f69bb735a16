//! What a node does not have: each role alone, its routes, its listeners, its secrets.

use crate::support::gateway::{TestGateway, read};
use crate::support::issued_at;
use lintas::failure::Code;
use lintas::model::Environment;
use lintas::server::config::{Config, Role, Roles};
use lintas::server::gateway::Clock;
use lintas::server::http::ROUTES;
use reqwest::Method;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

/// Any address for a listener that a node has, and one that is taken for a listener that it must not bind.
fn place(has: bool, taken: &TcpListener) -> SocketAddr {
    if has {
        SocketAddr::from(([127, 0, 0, 1], 0))
    } else {
        taken.local_addr().unwrap()
    }
}

async fn alone(role: Role, federation: SocketAddr, admin: SocketAddr) -> TestGateway {
    let toml = format!(
        "roles = [\"{}\"]\n[listen]\nadmin = \"{admin}\"\n\
         [[federation.listen]]\ndialect = \"eu\"\naddress = \"{federation}\"\n\
         [[federation.listen]]\ndialect = \"tng\"\nsocket = \"tng.sock\"\n",
        role.name()
    );
    TestGateway::configured(&toml, |_| {}, Clock::Fixed(issued_at())).await
}

#[actix_web::test]
async fn a_node_has_the_routes_listeners_and_secrets_of_its_role_alone() {
    for role in Role::ALL {
        let (with_federation, with_admin) = (role == Role::Federation, role == Role::Admin);
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let (federation, admin) = (place(with_federation, &taken), place(with_admin, &taken));
        let gateway = alone(role, federation, admin).await;
        let roles = Roles::named(&[role.name()]).unwrap();

        let mut served = BTreeSet::new();
        for route in ROUTES {
            let url = format!(
                "{}{}",
                gateway.base,
                route.path.replace("{code}", "expired")
            );
            // No address takes this method: whether there is one shows, whatever lies there.
            let answer = read(gateway.client.request(Method::PATCH, url)).await;
            let here = route.exists_on(Environment::Demo, &roles);
            let expected = if here { 405 } else { 404 };
            assert_eq!(answer.status, expected, "{} {}", role.name(), route.path);
            if here {
                served.insert(route.path.to_owned());
            }
        }
        let told = gateway.get("/openapi.json").await.json();
        let told: BTreeSet<_> = told["paths"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(told, served);
        let own = ROUTES
            .iter()
            .filter(|route| route.role.is_none_or(|it| it == role));
        let own: BTreeSet<_> = own.map(|route| route.path.to_owned()).collect();
        assert_eq!(told, own);

        let running = gateway.running();
        let sockets = running.federation.iter().map(|it| it.address.is_some());
        let sockets: Vec<_> = sockets.collect();
        let expected = if with_federation {
            &[true, false][..]
        } else {
            &[]
        };
        assert_eq!(sockets, expected);
        let socket = gateway.data.path().join("tng.sock");
        assert_eq!(socket.exists(), with_federation);
        let answering = running.admin.map(TcpStream::connect);
        assert_eq!(answering.is_some_and(|it| it.is_ok()), with_admin);

        let secrets = [
            "keys/demo/dsc.key",
            "demo-token",
            "keys/publication/list.key",
        ]
        .map(|it| gateway.data.path().join(it));
        let expected = match role {
            Role::Issue => [true, true, false],
            Role::Verify => [false, true, false],
            Role::Publish => [false, false, true],
            Role::Federation | Role::Admin => [false; 3],
        };
        assert_eq!(secrets.map(|it| it.exists()), expected, "{}", role.name());
        assert_eq!(gateway.gateway().issues(), role == Role::Issue);
        gateway.stop().await;
    }
}

#[test]
fn a_role_without_its_listener_is_refused() {
    let mut config = Config::parse("", Path::new("")).unwrap();
    for role in [Role::Federation, Role::Admin] {
        let refused = config.take_roles(Roles::named(&[role.name()]).unwrap());
        assert_eq!(refused.unwrap_err().code(), Code::ConfigurationInvalid);
    }
    assert!(
        config
            .take_roles(Roles::named(&["verify"]).unwrap())
            .is_ok()
    );
}
