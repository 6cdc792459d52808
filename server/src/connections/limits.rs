//! The figures that every incoming connection is held to.

use std::time::Duration;

/// Open connections, however many files may be open: more than a deployment of thousands of people uses.
const MAX_CONNECTIONS: usize = 4096;
/// Below this many open files the administrator is told.
pub const FEW_FILES: u64 = 4096;
/// Places beside the others in which health alone is answered.
const SPARE: usize = 16;

/// How many connections may be open, and how long each may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections that are answered in full.
    pub total: usize,
    /// Of these, from one address that is neither this machine nor a trusted proxy.
    pub per_address: usize,
    /// Answers among them that may last as long as a page is open.
    pub event_streams: usize,
    /// Connections beyond them that are answered about health alone.
    pub spare: usize,
    /// From accepting to the end of the first header, the TLS handshake included.
    pub first_header: Duration,
    /// From the first byte of a later header to its end.
    pub header: Duration,
    /// From the end of an answer to the end of the next header.
    pub idle: Duration,
    /// A request in which nothing moves, neither its body nor its answer.
    pub stalled: Duration,
    /// After this long without movement a connection may have to make room where all places are taken.
    pub may_make_room: Duration,
}

impl ConnectionLimits {
    /// What fits below a limit of open files; databases, Exchange and mail need some as well.
    pub fn for_files(files: u64) -> Self {
        let kept = (files / 4).clamp(128, 1024);
        let left = usize::try_from(files.saturating_sub(kept)).unwrap_or(MAX_CONNECTIONS);
        let total = left.saturating_sub(SPARE).clamp(16, MAX_CONNECTIONS);
        Self {
            total,
            per_address: (total / 4).max(8),
            // Requests keep at least as much.
            event_streams: total / 2,
            spare: SPARE,
            first_header: Duration::from_secs(10),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stalled: Duration::from_mins(2),
            may_make_room: Duration::from_secs(20),
        }
    }

    /// For the few programs that watch Kalends.
    pub fn for_watchers() -> Self {
        Self {
            total: 32,
            per_address: 16,
            event_streams: 0,
            spare: 0,
            ..Self::for_files(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_below_the_limit_of_open_files() {
        for files in [256, 1024, 4096, 65_536, u64::MAX] {
            let limits = ConnectionLimits::for_files(files);
            let open = u64::try_from(limits.total + limits.spare).expect("few");
            assert!(open + 112 <= files, "{files}: {limits:?}");
            assert!(limits.per_address < limits.total, "{files}: {limits:?}");
        }
        assert_eq!(ConnectionLimits::for_files(u64::MAX).total, MAX_CONNECTIONS);
    }
}
