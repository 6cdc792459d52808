//! Whom requests come from. Behind a proxy that Kalends was not told to trust, everybody comes from one address, and
//! limits for one visitor hit everybody.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

#[derive(Debug, Clone, Copy, Default)]
enum Seen {
    #[default]
    Nobody,
    One(IpAddr),
    Several,
}

/// The peers of this process that are no trusted proxies. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    seen: Arc<Mutex<Seen>>,
    has_unreadable: Arc<AtomicBool>,
}

impl Peers {
    /// Notes a peer; true for the very first one.
    pub fn note(&self, peer: IpAddr) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_first, now) = match *seen {
            Seen::Nobody => (true, Seen::One(peer)),
            Seen::One(one) if one != peer => (false, Seen::Several),
            same => (false, same),
        };
        *seen = now;
        is_first
    }

    /// The one address that every request came from.
    pub fn only_one(&self) -> Option<IpAddr> {
        match *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            Seen::One(peer) => Some(peer),
            Seen::Nobody | Seen::Several => None,
        }
    }

    /// Notes that a trusted proxy named a visitor in words that are no address; true for the very first time.
    pub fn note_unreadable(&self) -> bool {
        !self.has_unreadable.swap(true, Ordering::Relaxed)
    }

    /// Whether visitors were named in words that are no address.
    pub fn has_unreadable(&self) -> bool {
        self.has_unreadable.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_is_told_until_there_is_another() {
        let peers = Peers::default();
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert_eq!(peers.only_one(), None);
        assert!(peers.note(one));
        assert!(!peers.note(one));
        assert_eq!(peers.only_one(), Some(one));
        assert!(!peers.note(two));
        assert_eq!(peers.only_one(), None);
    }
}
