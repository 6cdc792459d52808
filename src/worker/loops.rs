//! The loops by which Kalends works by itself, and how often each goes round.

use std::time::Duration;

/// The loops, by the name that is told and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Loop {
    /// Writes down in both databases that all of this goes on.
    Heartbeat,
    /// Tells that this instance runs, and which keys it holds.
    Instance,
    /// Compares the two databases.
    Standing,
    /// Looks whether the clock was set.
    Clock,
    /// Gives connections that are due their sync run.
    Sync,
    /// Takes up what waits in the queue.
    Jobs,
    /// Compares what is wrong with what was told.
    Notices,
    /// Ends checks whose process is gone.
    Checks,
    /// Lets the vault remember the end of the audit trail.
    TrailMemory,
    /// Looks at the whole audit trail.
    TrailLook,
    /// Clears away sessions that have ended, what strangers left behind among them.
    Sessions,
    /// Hears what other instances change, and deletes the old rows of that.
    Announcements,
    /// Forgets what is no longer needed.
    Housekeeping,
}

impl Loop {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Between two steps of a loop that does the same thing again and again.
    pub const fn pause(self) -> Duration {
        match self {
            Self::Heartbeat | Self::Instance | Self::Clock | Self::TrailMemory => {
                Duration::from_secs(10)
            }
            Self::Sync | Self::Jobs => Duration::from_secs(1),
            Self::Notices | Self::Announcements => Duration::from_secs(30),
            Self::Standing | Self::Checks | Self::Sessions => Duration::from_mins(1),
            Self::TrailLook | Self::Housekeeping => Duration::from_hours(1),
        }
    }
}
