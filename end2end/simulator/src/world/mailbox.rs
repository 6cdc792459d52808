//! One mailbox: its names in the directory and its calendar.
//! Every save gives the touched entry and the calendar a new change key.

use jiff::Timestamp;

use super::{
    entry::{Draft, Entry},
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
    entries: Vec<Entry>,
    made: u64,
    /// Save number and time of the calendar folder's last change.
    pub save: u64,
    pub changed: Timestamp,
    pub deleted: u32,
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
            made: 0,
            save: 1,
            changed: now,
            deleted: 0,
        }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id.as_str() == id)
    }

    pub(super) fn add(&mut self, draft: Draft, save: u64, now: Timestamp) -> &Entry {
        self.made += 1;
        let id = ItemId::new(&self.address, self.made);
        self.insert(id, draft, save, now)
    }

    /// Adds an entry whose id differs from `of` in the case of one letter.
    pub(super) fn add_twin(&mut self, of: &ItemId, draft: Draft, save: u64, now: Timestamp) {
        self.made += 1;
        self.insert(of.twin(), draft, save, now);
    }

    fn insert(&mut self, id: ItemId, draft: Draft, save: u64, now: Timestamp) -> &Entry {
        self.save = save;
        self.changed = now;
        let uid = uid(&self.address, self.made);
        self.entries.push(Entry {
            id,
            save,
            uid,
            created: now,
            modified: now,
            draft,
        });
        &self.entries[self.entries.len() - 1]
    }

    /// Replaces an entry's draft; false if there is no such entry.
    pub(super) fn replace(&mut self, id: &str, draft: Draft, save: u64, now: Timestamp) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|each| each.id.as_str() == id) else {
            return false;
        };
        entry.draft = draft;
        entry.save = save;
        entry.modified = now;
        self.save = save;
        self.changed = now;
        true
    }

    /// Removes an entry; false if there is none.
    pub(super) fn remove(&mut self, id: &str, save: u64, now: Timestamp) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id.as_str() != id);
        if self.entries.len() == before {
            return false;
        }
        self.deleted += 1;
        self.save = save;
        self.changed = now;
        true
    }
}
