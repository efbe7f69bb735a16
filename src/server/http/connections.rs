//! The open connections of a listener by their peers, so that whoever is let in no more can be cut off.
//!
//! Refuses to keep a connection that was granted to a peer and is granted no more, however long it stays open. A peer
//! that never was let in may stay: it is told so at every request.
//!
//! Source: security requirements, mutual TLS: a removed party's connections close within a second.

use super::peer::Peer;
use crate::model::Thumbprint;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Every open connection of one listener.
pub struct Connections {
    admits: Box<Admits>,
    open: Mutex<Open>,
}

/// Whether a fingerprint is let in now.
pub type Admits = dyn Fn(&Thumbprint) -> bool + Send + Sync;

#[derive(Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Connection>,
}

struct Connection {
    peer: Arc<Peer>,
    socket: TcpStream,
    admitted: bool,
}

/// Keeps a connection in the registry until dropped with the connection's data.
pub(in crate::server) struct Registered {
    number: u64,
    connections: Arc<Connections>,
}

impl Connections {
    /// No connection, of a listener that lets in whom `admits` names.
    pub fn new(admits: Box<Admits>) -> Arc<Self> {
        Arc::new(Self {
            admits,
            open: Mutex::default(),
        })
    }

    /// Notes the connection of `peer` over `socket`, which is a duplicate of it.
    pub(in crate::server) fn register(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        socket: TcpStream,
    ) -> Registered {
        let admitted = (self.admits)(&peer.fingerprint);
        let mut open = self.open();
        let number = open.next;
        open.next = number.wrapping_add(1);
        let connection = Connection {
            peer: Arc::clone(peer),
            socket,
            admitted,
        };
        open.by_number.insert(number, connection);
        Registered {
            number,
            connections: Arc::clone(self),
        }
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open().by_number.len()
    }

    /// Closes the connections of the peers that `which` names, and says how many these were.
    pub fn close_where(&self, which: impl Fn(&Peer) -> bool) -> usize {
        let open = self.open();
        let named = open.by_number.values().filter(|it| which(&it.peer));
        // What cannot be shut down has ended by itself.
        named
            .map(|it| it.socket.shutdown(Shutdown::Both))
            .filter(Result::is_ok)
            .count()
    }

    /// Closes the connections of peers that were let in and are no more, and says how many these were.
    pub(in crate::server) fn close_removed(&self) -> usize {
        let mut open = self.open();
        let mut closed = 0;
        for connection in open.by_number.values_mut() {
            let admitted = (self.admits)(&connection.peer.fingerprint);
            if connection.admitted && !admitted {
                closed += usize::from(connection.socket.shutdown(Shutdown::Both).is_ok());
            }
            connection.admitted = admitted;
        }
        closed
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing is left half done where a holder panics.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.open().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The two ends of a socket, the served one of the type that is registered.
    fn pair() -> (TcpStream, UnixStream) {
        let (served, client) = UnixStream::pair().unwrap();
        (OwnedFd::from(served).into(), client)
    }

    #[test]
    fn a_removed_peer_is_cut_off_and_a_stranger_is_not() {
        static ADMITTED: AtomicBool = AtomicBool::new(true);
        let party = Arc::new(Peer::holding(b"party"));
        let known = party.fingerprint;
        let connections = Connections::new(Box::new(move |it| {
            *it == known && ADMITTED.load(Ordering::SeqCst)
        }));
        let ((party_socket, mut party_end), (stranger_socket, _stranger_end)) = (pair(), pair());
        let kept = connections.register(&party, party_socket.try_clone().unwrap());
        let stranger = Arc::new(Peer::holding(b"stranger"));
        let _stranger = connections.register(&stranger, stranger_socket);
        assert_eq!((connections.close_removed(), connections.count()), (0, 2));
        ADMITTED.store(false, Ordering::SeqCst);
        assert_eq!(connections.close_removed(), 1);
        assert_eq!(party_end.read(&mut [0]).unwrap(), 0);
        drop(kept);
        assert_eq!((connections.close_removed(), connections.count()), (0, 1));
    }
}
