//! Calendar entries as Kalends keeps them: read from Exchange's calendar view, never expanded or moved by us.

use crate::{clock::Timestamp, policy::PrivacyLevel};
use serde::{Deserialize, Serialize};

/// One entry of a calendar view: a single appointment, an occurrence or an exception of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Exchange's item id: opaque and case-sensitive.
    pub item_id: String,
    /// Changes with every save in Exchange.
    pub change_key: String,
    /// The iCalendar uid, shared by all occurrences of a series.
    pub uid: Option<String>,
    pub subject: Option<String>,
    pub location: Option<String>,
    /// The organizer's display name.
    pub organizer: Option<String>,
    pub start: Timestamp,
    /// Not included in the entry.
    pub end: Timestamp,
    /// The calendar days of an all-day entry, as its creator meant them.
    pub all_day: Option<DaySpan>,
    pub status: FreeBusyStatus,
    pub sensitivity: Sensitivity,
    pub kind: EntryKind,
    pub cancelled: bool,
    pub last_modified: Option<Timestamp>,
}

impl Event {
    /// The entry with what a level allows, and nothing else.
    #[must_use]
    pub fn reduced_to(mut self, level: PrivacyLevel) -> Self {
        if level < PrivacyLevel::Everything {
            self.location = None;
            self.organizer = None;
        }
        if level < PrivacyLevel::TimesAndTitles {
            self.subject = None;
            self.uid = None;
            self.sensitivity = Sensitivity::Normal;
        }
        self
    }
}

/// Whole days, counted from 1970-01-01; `end` is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySpan {
    pub first: i32,
    pub end: i32,
}

/// A stretch of time from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($variant,)*
            /// A value that this version does not know, kept as sent.
            Other(String),
        }

        impl $name {
            /// The schema's spelling.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

open_enum! {
    /// `LegacyFreeBusyStatus` of the schema.
    FreeBusyStatus {
        Free = "Free",
        Tentative = "Tentative",
        Busy = "Busy",
        OutOfOffice = "OOF",
        WorkingElsewhere = "WorkingElsewhere",
        NoData = "NoData",
    }
}

open_enum! {
    /// `Sensitivity` of the schema.
    Sensitivity {
        Normal = "Normal",
        Personal = "Personal",
        Private = "Private",
        Confidential = "Confidential",
    }
}

open_enum! {
    /// `CalendarItemType` of the schema.
    EntryKind {
        Single = "Single",
        Occurrence = "Occurrence",
        Exception = "Exception",
        RecurringMaster = "RecurringMaster",
    }
}

impl FreeBusyStatus {
    /// What an entry is called whose title is not kept.
    pub fn words(&self) -> &str {
        match self {
            Self::Free => "Free",
            Self::Tentative => "Tentative",
            Self::Busy => "Busy",
            Self::OutOfOffice => "Out of office",
            Self::WorkingElsewhere => "Working elsewhere",
            Self::NoData => "No information",
            Self::Other(text) => text,
        }
    }
}

impl Sensitivity {
    /// Whether only the time of the entry may be shown.
    pub fn hides_content(&self) -> bool {
        !matches!(self, Self::Normal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_is_kept_as_sent() {
        let status = FreeBusyStatus::from("Elsewhere2030".to_owned());
        assert_eq!(status.as_str(), "Elsewhere2030");
        assert_eq!(
            FreeBusyStatus::from("OOF".to_owned()),
            FreeBusyStatus::OutOfOffice
        );
        assert!(Sensitivity::from("Secret".to_owned()).hides_content());
    }
}
