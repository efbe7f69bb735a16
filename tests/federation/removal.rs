//! A party that leaves: on the connection that it kept open, and on the next one.

use crate::client::{Ended, apart, ask, connect, federation, holding};
use crate::ground::Ground;
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

#[actix_web::test]
#[allow(clippy::disallowed_methods, reason = "how long it took is told")]
async fn a_party_that_leaves_is_cut_off_and_is_nobody_when_it_comes_back() {
    let ground = Ground::start().await;
    let at = federation(&ground.gateway, 0);
    // A client that would resume its session if it were given the means to.
    let mut tls = holding(ground.gateway.data.path(), &ground.xb.tls);
    tls.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let (leaving, staying) = (
        tls.clone(),
        holding(ground.gateway.data.path(), &ground.xa.tls),
    );
    let mut streams = apart(move || {
        [leaving, staying].map(|tls| {
            let mut stream = connect(at, &tls);
            let patience = Some(Duration::from_secs(5));
            stream.sock.set_read_timeout(patience).unwrap();
            assert!(matches!(
                ask(&mut stream, "/trustList", &[]),
                Ended::Answered(200, _)
            ));
            stream
        })
    })
    .await;
    ground.leaves(&ground.xb).await;
    let left = Instant::now();
    streams = apart(move || {
        let mut byte = [0];
        let ended = match streams[0].read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        assert!(ended, "the connection of a party that left is open");
        streams
    })
    .await;
    eprintln!("cut off after {} ms", left.elapsed().as_millis());
    apart(move || {
        assert!(matches!(
            ask(&mut streams[1], "/trustList", &[]),
            Ended::Answered(200, _)
        ));
        let mut again = connect(at, &tls);
        assert_eq!(
            ask(&mut again, "/trustList", &[]).report(),
            (401, "0x402".to_owned())
        );
        assert_eq!(
            again.conn.handshake_kind(),
            Some(rustls::HandshakeKind::Full)
        );
    })
    .await;
    // Once it has joined again it is served again.
    ground.joins(&ground.xb).await;
    let tls = holding(ground.gateway.data.path(), &ground.xb.tls);
    let back = apart(move || ask(&mut connect(at, &tls), "/trustList", &[])).await;
    assert!(matches!(back, Ended::Answered(200, _)));
    ground.ends().await;
}
