//! What was last heard of the other instances that share the databases.

use kalends_core::clock::Timestamp;
use kalends_store::InstanceSeen;
use std::{collections::HashMap, time::Duration};
use tokio::sync::Mutex;

/// For how long one that was silent is kept, to be looked at: what it announced for the vault is kept for a day.
pub(super) const KEEP_FOR: Duration = Duration::from_hours(25);

/// What an instance holds is freed once it was not heard of for so long.
const GONE: Duration = Duration::from_secs(30);

/// So long must it have been looked at in vain: the clocks of two machines may differ, and at the first look nothing is
/// known of how it goes on.
const WATCHED: Duration = Duration::from_secs(15);

/// Where this process itself was still for longer, the others may have been too.
const MAX_GAP: Duration = Duration::from_secs(20);

/// What was last heard of the other instances. Durations are as [`Clock::passed`](kalends_core::clock::Clock::passed) tells them.
#[derive(Debug, Default)]
pub struct OtherInstances(pub(super) Mutex<InstanceWatch>);

#[derive(Debug, Default)]
pub(super) struct InstanceWatch {
    looked: Option<Duration>,
    /// What each told last, and when that was first seen.
    heard: HashMap<String, (Timestamp, Duration)>,
}

impl InstanceWatch {
    /// Which of them are gone.
    pub(super) fn gone(
        &mut self,
        listed: Vec<InstanceSeen>,
        now: Timestamp,
        passed: Duration,
    ) -> Vec<InstanceSeen> {
        let looked = self.looked.replace(passed);
        if looked.is_some_and(|looked| passed.saturating_sub(looked) > MAX_GAP) {
            self.heard.clear();
        }
        self.heard
            .retain(|id, _| listed.iter().any(|it| it.id == *id));
        let mut gone = Vec::new();
        for it in listed {
            let known = self.heard.entry(it.id.clone());
            let known = known.or_insert((it.seen_at, passed));
            if known.0 != it.seen_at {
                *known = (it.seen_at, passed);
            }
            if now.since(it.seen_at) >= GONE && passed.saturating_sub(known.1) >= WATCHED {
                gone.push(it);
            }
        }
        gone
    }
}
