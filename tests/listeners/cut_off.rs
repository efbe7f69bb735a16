//! Who is cut off: connections that stay open end with what they were granted for.

use crate::client::{Ended, apart, ask, backend, connect, federation, gateway, holding};
use crate::support::gateway::TestGateway;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

/// How long a connection may outlive its peer's removal.
const AT_MOST: Duration = Duration::from_secs(1);

#[actix_web::test]
async fn a_connection_that_is_kept_open_is_closed_and_its_neighbour_is_not() {
    let gateway = gateway("").await;
    let (removed, kept) = (backend("XB"), backend("XC"));
    let at = federation(&gateway, 0);
    let mut streams = Vec::new();
    for identity in [&removed, &kept] {
        let tls = holding(gateway.data.path(), identity);
        let stream = apart(move || {
            let mut stream = connect(at, &tls);
            stream.sock.set_read_timeout(Some(AT_MOST)).unwrap();
            assert_eq!(ask(&mut stream, "/trustList", &[]).report().0, 401);
            stream
        });
        streams.push(stream.await);
    }
    assert_eq!(gateway.running().peers(), 2);
    let fingerprint = removed.thumbprint();
    let closed = gateway
        .running()
        .close_where(|peer| peer.fingerprint == fingerprint);
    assert_eq!(closed, 1);
    apart(move || {
        assert!(ends(&mut streams[0]));
        assert_eq!(ask(&mut streams[0], "/trustList", &[]), Ended::Refused);
        assert_eq!(ask(&mut streams[1], "/trustList", &[]).report().0, 401);
    })
    .await;
    forgotten(&gateway).await;
    gateway.stop().await;
}

#[actix_web::test]
async fn an_http2_connection_that_is_kept_open_is_closed() {
    let gateway = gateway("").await;
    let removed = backend("XB");
    let at = federation(&gateway, 1);
    let mut tls = holding(gateway.data.path(), &removed);
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let mut stream = apart(move || {
        let mut stream = connect(at, &tls);
        stream.sock.set_read_timeout(Some(AT_MOST)).unwrap();
        // The preface and empty settings, then the server's settings: RFC 9113, section 3.4.
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .unwrap();
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).unwrap();
        assert_eq!(frame[3], 4, "no settings");
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
        stream
    })
    .await;
    assert_eq!(gateway.running().close_where(|_| true), 1);
    assert!(apart(move || ends(&mut stream)).await);
    forgotten(&gateway).await;
    gateway.stop().await;
}

#[actix_web::test]
async fn a_connection_that_its_client_ends_is_forgotten() {
    let gateway = gateway("").await;
    let (at, tls) = (
        gateway.running().admin.unwrap(),
        holding(gateway.data.path(), &backend("XB")),
    );
    let stream = apart(move || {
        let mut stream = connect(at, &tls);
        let Ended::Answered(404, _) = ask(&mut stream, "/operators", &[]) else {
            panic!("no answer")
        };
        stream
    });
    let stream = stream.await;
    assert_eq!(gateway.running().peers(), 1);
    drop(stream);
    forgotten(&gateway).await;
    gateway.stop().await;
}

/// Whether `stream` ends, whatever is left in it, before it is silent for too long.
fn ends(stream: &mut impl Read) -> bool {
    let mut rest = [0; 1024];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
}

/// Waits until the gateway knows of no open connection.
async fn forgotten(gateway: &TestGateway) {
    let mut ticks = actix_web::rt::time::interval(Duration::from_millis(10));
    let gone = async {
        while gateway.running().peers() > 0 {
            ticks.tick().await;
        }
    };
    let within = actix_web::rt::time::timeout(10 * AT_MOST, gone);
    assert!(within.await.is_ok(), "a connection is still known");
}
