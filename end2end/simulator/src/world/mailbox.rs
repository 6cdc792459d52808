//! One mailbox: its names in the directory and its calendar.
//! Every save gives the touched entry and the calendar a new change key.

use jiff::Timestamp;

use super::{
    entry::{CalendarEntry, EntryDraft},
    item_id::{ItemId, uid},
};

#[derive(Clone, Debug)]
pub struct Mailbox {
    /// Primary SMTP address, lower case.
    pub address: String,
    pub name: String,
    /// Further proxy addresses, lower case.
    pub aliases: Vec<String>,
    pub principal_name: String,
    pub sid: String,
    /// Set when the mailbox lives in Exchange Online: its address there. The directory still knows the person.
    pub moved_to: Option<String>,
    /// Set when the mailbox is served at another endpoint than the others, by that host alone.
    pub ews_url: Option<String>,
    entries: Vec<CalendarEntry>,
    created_count: u64,
    /// Revision and time of the calendar folder's last change.
    pub revision: u64,
    pub last_changed: Timestamp,
    pub deleted_count: u32,
}

impl Mailbox {
    pub(super) fn new(address: &str, name: &str, number: usize, now: Timestamp) -> Self {
        Self {
            address: address.to_owned(),
            name: name.to_owned(),
            aliases: Vec::new(),
            principal_name: address.to_owned(),
            sid: format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1100 + number),
            moved_to: None,
            ews_url: None,
            entries: Vec::new(),
            created_count: 0,
            revision: 1,
            last_changed: now,
            deleted_count: 0,
        }
    }

    pub fn entries(&self) -> &[CalendarEntry] {
        &self.entries
    }

    pub fn entry(&self, id: &str) -> Option<&CalendarEntry> {
        self.entries.iter().find(|entry| entry.id.as_str() == id)
    }

    pub(super) fn add(
        &mut self,
        draft: EntryDraft,
        revision: u64,
        now: Timestamp,
    ) -> &CalendarEntry {
        self.created_count += 1;
        let id = ItemId::new(&self.address, self.created_count);
        self.insert(id, draft, revision, now)
    }

    /// Adds an entry whose id differs from `of` in the case of one letter.
    pub(super) fn add_differing_in_case(
        &mut self,
        of: &ItemId,
        draft: EntryDraft,
        revision: u64,
        now: Timestamp,
    ) {
        self.created_count += 1;
        self.insert(of.with_case_flipped(), draft, revision, now);
    }

    fn insert(
        &mut self,
        id: ItemId,
        draft: EntryDraft,
        revision: u64,
        now: Timestamp,
    ) -> &CalendarEntry {
        self.revision = revision;
        self.last_changed = now;
        let uid = uid(&self.address, self.created_count);
        self.entries.push(CalendarEntry {
            id,
            revision,
            uid,
            created: now,
            modified: now,
            draft,
        });
        &self.entries[self.entries.len() - 1]
    }

    /// Replaces an entry's draft; false if there is no such entry.
    pub(super) fn replace(
        &mut self,
        id: &str,
        draft: EntryDraft,
        revision: u64,
        now: Timestamp,
    ) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|each| each.id.as_str() == id) else {
            return false;
        };
        entry.draft = draft;
        entry.revision = revision;
        entry.modified = now;
        self.revision = revision;
        self.last_changed = now;
        true
    }

    /// Removes an entry; false if there is none.
    pub(super) fn remove(&mut self, id: &str, revision: u64, now: Timestamp) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id.as_str() != id);
        if self.entries.len() == before {
            return false;
        }
        self.deleted_count += 1;
        self.revision = revision;
        self.last_changed = now;
        true
    }
}
