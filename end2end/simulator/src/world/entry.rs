//! One stored calendar item: what a person typed (the draft) and what the server keeps with it.
//! Times are local wall times in the entry's zone, as Exchange expands a series by them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{item_id::ItemId, recurrence::Recurrence, zone};

/// What a person typed; also the JSON of the control endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryDraft {
    #[serde(default)]
    pub subject: Option<String>,
    /// Sent in place of the escaped subject, byte for byte: for references that no XML document may hold.
    #[serde(default)]
    pub subject_xml: Option<String>,
    /// Local wall time in `zone`; midnight for all-day entries.
    pub start: DateTime,
    /// Exclusive.
    pub end: DateTime,
    /// IANA id.
    #[serde(default = "berlin")]
    pub zone: String,
    #[serde(default)]
    pub all_day: bool,
    #[serde(default)]
    pub free_busy: FreeBusy,
    #[serde(default)]
    pub sensitivity: EntrySensitivity,
    #[serde(default)]
    pub cancelled: bool,
    #[serde(default)]
    pub my_response: MyResponse,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub organizer: Option<Participant>,
    #[serde(default)]
    pub attendees: Vec<Participant>,
    #[serde(default)]
    pub categories: Vec<String>,
    #[serde(default)]
    pub meeting_url: Option<String>,
    #[serde(default)]
    pub recurrence: Option<Recurrence>,
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Original local starts of removed occurrences.
    #[serde(default)]
    pub deleted: Vec<DateTime>,
}

/// One changed occurrence; what is absent is inherited from the master.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Local start that the pattern gave it.
    pub original: DateTime,
    #[serde(default)]
    pub start: Option<DateTime>,
    #[serde(default)]
    pub end: Option<DateTime>,
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub free_busy: Option<FreeBusy>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    pub name: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreeBusy {
    Free,
    Tentative,
    #[default]
    Busy,
    OOF,
    WorkingElsewhere,
    NoData,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntrySensitivity {
    #[default]
    Normal,
    Personal,
    Private,
    Confidential,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MyResponse {
    #[default]
    Unknown,
    Organizer,
    Tentative,
    Accept,
    Decline,
    NoResponseReceived,
}

/// A draft as stored.
#[derive(Clone, Debug)]
pub struct CalendarEntry {
    pub id: ItemId,
    /// Grows with every save, anywhere in the world.
    pub revision: u64,
    pub uid: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub draft: EntryDraft,
}

fn berlin() -> String {
    "Europe/Berlin".to_owned()
}

impl EntryDraft {
    /// A busy entry in Berlin; the rest is set by the caller.
    pub fn new(subject: &str, start: DateTime, end: DateTime) -> Self {
        Self {
            subject: Some(subject.to_owned()),
            subject_xml: None,
            start,
            end,
            zone: berlin(),
            all_day: false,
            free_busy: FreeBusy::Busy,
            sensitivity: EntrySensitivity::Normal,
            cancelled: false,
            my_response: MyResponse::Unknown,
            location: None,
            organizer: None,
            attendees: Vec::new(),
            categories: Vec::new(),
            meeting_url: None,
            recurrence: None,
            exceptions: Vec::new(),
            deleted: Vec::new(),
        }
    }

    /// Whether Exchange would store this draft; if not, why.
    pub fn validate(&self) -> Result<(), &'static str> {
        let midnight = |at: DateTime| at.time() == jiff::civil::Time::midnight();
        if zone::by_iana(&self.zone).is_none() {
            return Err("zone is not an IANA time zone");
        }
        if self.end < self.start {
            return Err("end is before start");
        }
        if self.all_day && !(midnight(self.start) && midnight(self.end) && self.start < self.end) {
            return Err("an all-day entry runs from midnight to a later midnight");
        }
        if self.recurrence.is_none() && !(self.exceptions.is_empty() && self.deleted.is_empty()) {
            return Err("exceptions and deleted occurrences need a recurrence");
        }
        Ok(())
    }

    /// The zone its wall times are meant in.
    pub fn time_zone(&self) -> TimeZone {
        zone::by_iana(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// The instant of a local wall time: the first of two in autumn, after the gap in spring.
pub fn instant(local: DateTime, zone: &TimeZone) -> Timestamp {
    local
        .to_zoned(zone.clone())
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}
