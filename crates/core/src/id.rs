//! Ids of our own rows: `UUIDv7`, so that they sort by the time they were made.
//! Each noun has its own type, so that no id of one can stand where another belongs.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the present time and ten random bytes.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )*};
}

ids! {
    /// A person who signs in to Kalends.
    UserId,
    /// A service account or personal account on one Exchange host.
    AccountId,
    /// One user's connection to one mailbox.
    ConnectionId,
    /// A calendar folder of a connection.
    CalendarId,
    /// A stored calendar entry.
    EventId,
    /// One run of the connection test.
    CheckId,
    /// One pass over the window of a connection.
    SyncRunId,
    /// Work that outlives a request.
    JobId,
    /// A scope of mailboxes.
    ScopeId,
    /// A mailbox that somebody asked for.
    RequestId,
    /// Something that notices are about.
    IncidentId,
    /// A notice to one recipient.
    NoticeId,
    /// An address that notices are posted to.
    WebhookId,
    /// A place that a limit gave out.
    PlaceId,
    /// A row of the vault.
    SecretId,
    /// One pair of main database and vault.
    InstallationId,
    /// A line of the audit trail, or a row of the call log.
    RecordId,
}

/// A scope or notice is one job, under the same id.
macro_rules! jobs {
    ($($name:ident),*) => {$(
        impl From<$name> for JobId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }

        impl From<JobId> for $name {
            fn from(id: JobId) -> Self {
                Self(id.0)
            }
        }
    )*};
}

jobs!(ScopeId, NoticeId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let earlier = UserId::new(Timestamp::from_millis(1_000), [255; 10]);
        let later = UserId::new(Timestamp::from_millis(2_000), [0; 10]);
        assert!(earlier < later);
        assert_eq!(later.to_string().parse(), Ok(later));
        assert_eq!("42".parse::<UserId>(), Err(NotAnId));
    }
}
