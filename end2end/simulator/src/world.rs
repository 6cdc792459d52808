//! Everything the simulator knows: directory, calendars, management scope, switches, planned faults and counters.
//! One lock guards it, so that requests, the control endpoint and tests in the same process see the same state.

pub mod account;
pub mod counters;
pub mod entry;
pub mod item_id;
pub mod mailbox;
pub mod practice;
pub mod recurrence;
pub mod settings;
pub mod view;
pub mod zone;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{connection_auth::ConnectionAuth, fault::Faults};
use account::DomainAccount;
use counters::Counters;
use entry::EntryDraft;
use mailbox::Mailbox;
use settings::Settings;
use view::{ExpectedItem, ViewRange};

#[derive(Clone, Debug)]
pub struct World {
    /// DNS name of the domain, `example.test`.
    pub domain: String,
    /// Its `NetBIOS` name, `EXAMPLE`.
    pub netbios: String,
    pub settings: Settings,
    pub scope: ManagementScope,
    pub faults: Faults,
    accounts: Vec<DomainAccount>,
    mailboxes: BTreeMap<String, Mailbox>,
    counters: Counters,
    last_revision: u64,
    /// Idle connections of the reverse proxy, with their sign-ins.
    pub idle: Vec<ConnectionAuth>,
}

/// The mailboxes that a role assignment covers: all, or the included ones, less the excluded ones.
#[derive(Clone, Debug, Default)]
pub struct ManagementScope {
    pub include: Option<BTreeSet<String>>,
    pub exclude: BTreeSet<String>,
}

/// Why the world cannot be changed as asked.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("there is no mailbox {0}")]
    NoMailbox(String),
    #[error("there is already a mailbox or alias {0}")]
    MailboxExists(String),
    #[error("there is no account {0}")]
    NoAccount(String),
    #[error("there is no entry with this id")]
    NoEntry,
    #[error("{0}")]
    Draft(&'static str),
}

/// The outcome of one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInResult {
    /// The account's principal name.
    Accepted(String),
    Refused,
}

impl ManagementScope {
    pub fn covers(&self, address: &str) -> bool {
        let included = self
            .include
            .as_ref()
            .is_none_or(|list| list.contains(address));
        included && !self.exclude.contains(address)
    }
}

impl World {
    /// A domain without people.
    pub fn empty(domain: &str, netbios: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            netbios: netbios.to_owned(),
            settings: Settings::default(),
            scope: ManagementScope::default(),
            faults: Faults::default(),
            accounts: Vec::new(),
            mailboxes: BTreeMap::new(),
            counters: Counters::default(),
            last_revision: 0,
            idle: Vec::new(),
        }
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    pub fn accounts(&self) -> &[DomainAccount] {
        &self.accounts
    }

    pub fn add_account(&mut self, account: DomainAccount) {
        self.accounts.push(account);
    }

    /// The account that `name` means: a principal name, `DOMAIN\user`, or a bare name if a default domain is set.
    pub fn account(&self, name: &str) -> Option<&DomainAccount> {
        let index = self.account_index(name)?;
        self.accounts.get(index)
    }

    pub fn account_mut(&mut self, name: &str) -> Result<&mut DomainAccount, WorldError> {
        self.account_index(name)
            .and_then(|index| self.accounts.get_mut(index))
            .ok_or_else(|| WorldError::NoAccount(name.to_owned()))
    }

    fn account_index(&self, name: &str) -> Option<usize> {
        let named = |sought: &str| {
            self.accounts
                .iter()
                .position(|account| account.name.eq_ignore_ascii_case(sought))
        };
        if let Some((domain, user)) = name.split_once('\\') {
            let ours = [&self.netbios, &self.domain]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(domain));
            return if ours { named(user) } else { None };
        }
        if name.contains('@') {
            return self
                .accounts
                .iter()
                .position(|account| account.principal_name.eq_ignore_ascii_case(name));
        }
        self.settings
            .default_domain
            .as_ref()
            .and_then(|_| named(name))
    }

    /// The password that an account has, to check a proof against.
    pub fn password(&self, name: &str) -> Option<&str> {
        let index = self.account_index(name)?;
        Some(&self.accounts.get(index)?.password)
    }

    /// Tries one name, with a check that is told the right password, and counts the outcome.
    pub fn sign_in(
        &mut self,
        name: &str,
        is_right: &dyn Fn(&str) -> bool,
        now: Timestamp,
    ) -> SignInResult {
        let rule = self.settings.lock_out;
        let index = self.account_index(name);
        let account = index.and_then(|index| self.accounts.get_mut(index));
        let known = account.is_some();
        if self.settings.directory_down {
            self.counters.sign_in(false, known);
            return SignInResult::Refused;
        }
        let accepted = account.and_then(|account| {
            account
                .sign_in(is_right, rule, now)
                .then(|| account.principal_name.clone())
        });
        self.counters.sign_in(accepted.is_some(), known);
        accepted.map_or(SignInResult::Refused, SignInResult::Accepted)
    }

    pub fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        self.mailboxes.values()
    }

    /// The mailbox with this primary address.
    pub fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.get(&address.to_ascii_lowercase())
    }

    pub fn mailbox_mut(&mut self, address: &str) -> Result<&mut Mailbox, WorldError> {
        self.mailboxes
            .get_mut(&address.to_ascii_lowercase())
            .ok_or_else(|| WorldError::NoMailbox(address.to_owned()))
    }

    /// The mailbox with this primary or proxy address.
    pub fn by_any_address(&self, address: &str) -> Option<&Mailbox> {
        let address = address.to_ascii_lowercase();
        self.mailboxes.get(&address).or_else(|| {
            self.mailboxes()
                .find(|each| each.aliases.contains(&address))
        })
    }

    pub fn add_mailbox(
        &mut self,
        address: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<&mut Mailbox, WorldError> {
        let address = address.to_ascii_lowercase();
        if self.by_any_address(&address).is_some() {
            return Err(WorldError::MailboxExists(address));
        }
        let mailbox = Mailbox::new(&address, name, self.mailboxes.len(), now);
        Ok(self.mailboxes.entry(address).or_insert(mailbox))
    }

    pub fn remove_mailbox(&mut self, address: &str) -> Result<(), WorldError> {
        self.mailboxes
            .remove(&address.to_ascii_lowercase())
            .map(drop)
            .ok_or_else(|| WorldError::NoMailbox(address.to_owned()))
    }

    pub fn add_alias(&mut self, address: &str, alias: &str) -> Result<(), WorldError> {
        let alias = alias.to_ascii_lowercase();
        if self.by_any_address(&alias).is_some() {
            return Err(WorldError::MailboxExists(alias));
        }
        self.mailbox_mut(address)?.aliases.push(alias);
        Ok(())
    }

    /// Stores a draft and returns its id.
    pub fn add_entry(
        &mut self,
        address: &str,
        draft: EntryDraft,
        now: Timestamp,
    ) -> Result<String, WorldError> {
        check_draft(&draft)?;
        let revision = self.next_revision();
        let entry = self.mailbox_mut(address)?.add(draft, revision, now);
        Ok(entry.id.as_str().to_owned())
    }

    /// Stores a draft under an id that differs from that of entry `of` in the case of one letter.
    pub fn add_entry_differing_in_case(
        &mut self,
        address: &str,
        of: &str,
        draft: EntryDraft,
        now: Timestamp,
    ) -> Result<(), WorldError> {
        check_draft(&draft)?;
        let revision = self.next_revision();
        let mailbox = self.mailbox_mut(address)?;
        let id = mailbox.entry(of).ok_or(WorldError::NoEntry)?.id.clone();
        mailbox.add_differing_in_case(&id, draft, revision, now);
        Ok(())
    }

    pub fn replace_entry(
        &mut self,
        address: &str,
        id: &str,
        draft: EntryDraft,
        now: Timestamp,
    ) -> Result<(), WorldError> {
        check_draft(&draft)?;
        let revision = self.next_revision();
        let done = self.mailbox_mut(address)?.replace(id, draft, revision, now);
        done.then_some(()).ok_or(WorldError::NoEntry)
    }

    pub fn remove_entry(
        &mut self,
        address: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), WorldError> {
        let revision = self.next_revision();
        let done = self.mailbox_mut(address)?.remove(id, revision, now);
        done.then_some(()).ok_or(WorldError::NoEntry)
    }

    /// What a calendar view of `address` must hold.
    pub fn expected_items(
        &self,
        address: &str,
        range: ViewRange,
    ) -> Result<Vec<ExpectedItem>, WorldError> {
        let mailbox = self
            .mailbox(address)
            .ok_or_else(|| WorldError::NoMailbox(address.to_owned()))?;
        Ok(view::calendar_view(mailbox, range)
            .iter()
            .map(|item| item.expected(&mailbox.address))
            .collect())
    }

    fn next_revision(&mut self) -> u64 {
        self.last_revision += 1;
        self.last_revision
    }
}

fn check_draft(draft: &EntryDraft) -> Result<(), WorldError> {
    draft.validate().map_err(WorldError::Draft)
}
