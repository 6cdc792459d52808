//! Places for connections: a place is taken before anything is read, and given back when the connection is gone.
//!
//! Where all are taken, whoever waits for nothing makes room, so that half requests shut nobody out.

use super::{activity::Activity, limits::ConnectionLimits};
use ipnet::IpNet;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Connections that were told to go and are not gone yet; beyond it nobody is let in.
const LEAVING: usize = 64;

/// All places of a listener.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: ConnectionLimits,
    trusted: Arc<[IpNet]>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    peer: IpAddr,
    is_spare: bool,
    activity: Arc<Activity>,
    leave: CancellationToken,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub struct ConnectionPlace {
    places: Places,
    id: u64,
    /// Cancelled once the connection has to make room.
    pub leave: CancellationToken,
    pub activity: Arc<Activity>,
    /// Only health is answered here.
    pub is_spare: bool,
}

impl Places {
    /// Places of which `trusted` proxies, and this machine, may take any number.
    pub fn new(limits: ConnectionLimits, trusted: Arc<[IpNet]>) -> Self {
        Self(Arc::new(Inner {
            limits,
            trusted,
            open: Mutex::default(),
        }))
    }

    pub fn limits(&self) -> &ConnectionLimits {
        &self.0.limits
    }

    /// Takes a place for a connection from `peer`; `None` where none can be had.
    pub fn take(&self, peer: IpAddr) -> Option<ConnectionPlace> {
        self.take_at(peer, Instant::now())
    }

    fn take_at(&self, peer: IpAddr, now: Instant) -> Option<ConnectionPlace> {
        let limits = &self.0.limits;
        let peer = peer.to_canonical();
        let mut open = self.open();
        if open.count(|it| it.leave.is_cancelled()) >= LEAVING {
            return None;
        }
        let is_own = |it: &Connection| it.peer == peer;
        if !self.is_trusted(peer)
            && open.count(|it| it.stays() && is_own(it)) >= limits.per_address
            && !open.make_room(limits, now, is_own)
        {
            return None;
        }
        let is_full = open.count(|it| it.stays() && !it.is_spare) >= limits.total;
        let is_spare = is_full && !open.make_room(limits, now, |it| !it.is_spare);
        if is_spare
            && open.count(|it| it.stays() && it.is_spare) >= limits.spare
            && !open.make_room(limits, now, |it| it.is_spare)
        {
            return None;
        }
        let id = open.next;
        open.next += 1;
        let leave = CancellationToken::new();
        let activity = Activity::begun(now);
        let connection = Connection {
            peer,
            is_spare,
            activity: Arc::clone(&activity),
            leave: leave.clone(),
        };
        open.connections.insert(id, connection);
        Some(ConnectionPlace {
            places: self.clone(),
            id,
            leave,
            activity,
            is_spare,
        })
    }

    fn is_trusted(&self, peer: IpAddr) -> bool {
        peer.is_loopback() || self.0.trusted.iter().any(|net| net.contains(&peer))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn count(&self, which: impl Fn(&Connection) -> bool) -> usize {
        self.connections.values().filter(|it| which(it)).count()
    }

    /// Tells the one of these to go that can best be spared; false if none can.
    fn make_room(
        &self,
        limits: &ConnectionLimits,
        now: Instant,
        which: impl Fn(&Connection) -> bool,
    ) -> bool {
        let spared = self
            .connections
            .values()
            .filter(|it| it.stays() && which(it))
            .filter_map(|it| Some((it.activity.makes_room(limits, now)?, it)))
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, connection)) = spared {
            connection.leave.cancel();
        }
        spared.is_some()
    }
}

impl Connection {
    fn stays(&self) -> bool {
        !self.leave.is_cancelled()
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.places.open().connections.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: [u8; 4] = [127, 0, 0, 1];
    const PROXY: [u8; 4] = [10, 0, 0, 1];
    const STRANGER: [u8; 4] = [192, 0, 2, 1];

    /// 40 places, 10 of them for one address, and 16 to spare.
    fn places() -> Places {
        let limits = ConnectionLimits {
            total: 40,
            per_address: 10,
            ..ConnectionLimits::for_files(256)
        };
        let proxies = ["10.0.0.0/8".parse().expect("net")];
        Places::new(limits, proxies.into())
    }

    /// Takes a place and has a request under way in it.
    fn busy(places: &Places, peer: [u8; 4]) -> Option<(ConnectionPlace, impl Sized + use<>)> {
        let place = places.take(peer.into())?;
        let request = place.activity.request(false);
        Some((place, request))
    }

    #[test]
    fn one_address_has_a_cap_and_the_others_keep_their_places() {
        let places = places();
        let strangers: Vec<_> = (0..50).filter_map(|_| busy(&places, STRANGER)).collect();
        assert_eq!(strangers.len(), 10);
        // The same address, as IPv6 sockets show it.
        let mapped = "::ffff:192.0.2.1".parse().expect("address");
        assert!(places.take(mapped).is_none());
        for peer in [HERE, PROXY] {
            let many: Vec<_> = (0..25).filter_map(|_| busy(&places, peer)).collect();
            assert_eq!(many.len(), 25, "{peer:?}");
        }
        drop(strangers);
        assert!(places.take(STRANGER.into()).is_some());
    }

    #[test]
    fn whoever_waits_for_nothing_makes_room_the_longest_first() {
        let places = places();
        let now = Instant::now();
        let waiting: Vec<_> = (0..40)
            .filter_map(|n| places.take_at(HERE.into(), now + Duration::from_secs(n)))
            .collect();
        let request = waiting[0].activity.request(false);
        let later = now + Duration::from_mins(2);
        let newcomer = places.take_at(HERE.into(), later);
        assert!(newcomer.is_some_and(|place| !place.is_spare));
        let left = |waiting: &[ConnectionPlace]| -> Vec<usize> {
            let gone = waiting.iter().enumerate();
            gone.filter(|(_, it)| it.leave.is_cancelled())
                .map(|(number, _)| number)
                .collect()
        };
        assert_eq!(left(&waiting), [1]);
        // Whoever had a request stays before those that never had one.
        drop(request);
        let others: Vec<_> = (0..2)
            .filter_map(|_| places.take_at(HERE.into(), later))
            .collect();
        assert_eq!(others.len(), 2);
        assert_eq!(left(&waiting), [1, 2]);
    }

    #[test]
    fn where_everybody_is_busy_health_alone_finds_room() {
        let places = places();
        let busy: Vec<_> = (0..40).filter_map(|_| busy(&places, HERE)).collect();
        assert_eq!(busy.len(), 40);
        let spare: Vec<_> = (0..16).filter_map(|_| places.take(HERE.into())).collect();
        assert!(spare.iter().all(|place| place.is_spare));
        // These make room for each other.
        let next = places.take(HERE.into()).expect("room is made");
        assert!(next.is_spare && spare[0].leave.is_cancelled());
        // What does not move makes room as well, after a while.
        let later = Instant::now() + places.limits().may_make_room;
        let next = places.take_at(HERE.into(), later).expect("room is made");
        assert!(!next.is_spare);
    }

    #[test]
    fn those_that_leave_are_bounded_too() {
        let places = places();
        let mut all = Vec::new();
        for _ in 0..1000 {
            all.extend(places.take(HERE.into()));
        }
        assert_eq!(all.len(), 40 + LEAVING);
    }
}
