//! How many files the process may have open: every connection is one.

use super::limits::{ConnectionLimits, FEW_FILES};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More is never needed.
const MAX_NEEDED_FILES: u64 = 65_536;

/// Raises the limit of open files as far as the system allows without asking, tells where that is little, and returns
/// it.
pub fn raise_file_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let wanted = maximum.unwrap_or(MAX_NEEDED_FILES).min(MAX_NEEDED_FILES);
    let mut allowed = current.unwrap_or(MAX_NEEDED_FILES);
    if allowed < wanted {
        let raised = Rlimit {
            current: Some(wanted),
            maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            allowed = wanted;
        }
    }
    if allowed < FEW_FILES {
        let room = ConnectionLimits::for_files(allowed).total;
        tracing::warn!(
            allowed,
            room,
            "Kalends may open only {allowed} files, which leaves room for {room} connections. Raise the limit to \
             {MAX_NEEDED_FILES}: LimitNOFILE={MAX_NEEDED_FILES} in a systemd unit, --ulimit nofile={MAX_NEEDED_FILES} for a container"
        );
    }
    allowed
}
