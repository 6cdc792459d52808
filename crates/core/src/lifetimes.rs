//! For how long people stay signed in, are known, and may use a link.

use std::time::Duration;

/// A session that nobody uses for this long ends.
pub const SESSION_IDLE: Duration = Duration::from_hours(168);
/// Every session ends after this long; its cookie lives no longer.
pub const SESSION: Duration = Duration::from_hours(720);
/// A device is known for this long after the last sign-in on it.
pub const KNOWN_DEVICE: Duration = Duration::from_hours(24 * 180);
/// A link to set a password with works for this long.
pub const PASSWORD_LINK: Duration = Duration::from_hours(72);
/// Whoever makes a link, or the key of a webhook, can read it for this long.
pub const SHOWN_ONCE: Duration = Duration::from_mins(15);
