//! The databases of Kalends: the main one, one file per noun, and the vault with its sealing.
//!
//! ```text
//! database       SQLite or Postgres behind one SQL text; every change goes through one kind of transaction
//! store          the main database; each noun adds its queries in a file of its own:
//!                  people        users, sessions, known_devices, two_factor, setup_codes, one_time_links
//!                  accounts      accounts, passwords, refusals, slots, server_pauses, vouching, permission
//!                  connections   connections, connection_list, connection_pages, checks, analyses, saving, mailbox_scopes, requests, owners
//!                  calendars     events, sync_runs, history, privacy
//!                  organisation  organisation, policy, plans, offers, pauses
//!                  what is told  audit, notices, webhooks, incidents
//!                  jobs          jobs, job_lease, job_items, job_list
//!                  instances     claims, holders, heartbeats, lease, limits, installation, other_instances
//! announcements  who follows what changes: told by each transaction once it is kept
//! vault          sealed secrets in a database of their own: keys, sealing, the signed end of the audit trail
//! ```
//!
//! The store holds what is sealed and never a password; only the vault opens one. No transaction spans the two.

mod accounts;
mod analyses;
mod announcements;
mod audit;
mod certificates;
mod changed_topics;
mod checks;
mod claims;
mod clock_jumps;
mod connection_list;
mod connection_pages;
mod connections;
mod cursor;
mod data_export;
pub mod database;
mod due_accounts;
mod endpoints;
mod error;
mod event_rows;
mod events;
pub mod fail_point;
mod future_instants;
mod heartbeats;
pub mod held_place;
mod history;
mod holders;
mod incidents;
mod installation;
mod interrupted;
mod job_items;
mod job_lease;
mod job_list;
mod jobs;
mod known_devices;
mod lease;
pub mod limit;
mod limits;
mod mailbox_scopes;
mod notices;
mod offers;
mod one_time_links;
mod organisation;
mod other_instances;
mod owners;
mod passwords;
mod pauses;
mod people;
mod permission;
mod plans;
mod policy;
mod privacy;
mod query;
mod readable;
mod refusals;
mod refused_strangers;
mod request_schemas;
mod requests;
mod revocations;
mod rows;
mod saving;
mod search;
mod secrets;
mod server_pauses;
mod sessions;
mod setup_codes;
mod slots;
mod store;
mod sync_runs;
mod totals;
mod two_factor;
mod unreadable;
mod users;
pub mod vault;
mod vouching;
mod webhooks;

pub use accounts::{Account, Leased, NextSlot};
pub use analyses::{AnalysisEnd, StoredAnalysis};
pub use announcements::{Announcements, Follower};
pub use certificates::ServerCertificate;
pub use claims::Claim;
pub use clock_jumps::ClockJump;
pub use connection_list::{AccountKind, Counts, ListItem, ListQuery, ListedPerson, PAGE, Sort};
pub use connections::ConnectionFilter;
pub use cursor::{Cursor, NoCursor, Page};
pub use data_export::{AccessRecord, StoredCounts};
pub use due_accounts::{Members, Room};
pub use error::StoreError;
pub use events::{Changes, CompletedRun, StoredEntry};
pub use history::{CallLine, DELAYS, StateChange, SyncRunEnd};
pub use holders::InstanceSeen;
pub use installation::Instance;
pub use job_items::JobItem;
pub use job_lease::JobLease;
pub use job_list::ListedJob;
pub use jobs::LeasedJob;
pub use lease::Lease;
pub use limits::{Full, LimitPlace};
pub use mailbox_scopes::{MailboxScope, ScopeConnection, ScopeFinding, ScopePlace, ScopeRow};
pub use notices::HeldUp;
pub use one_time_links::{ListedLink, OneTimeLink};
pub use organisation::{Conflict, EndedAccount, NewAccount, OrganisationAccount, Terms};
pub use owners::Owners;
pub use people::{NewLink, PeopleFilter, PersonLine};
pub use plans::PlannedQuery;
pub use refusals::{CountedUnder, NoPlace, PasswordSource};
pub use requests::{MAX_WAITING, MailboxRequest, RequestState};
pub use revocations::{Probe, Revocation};
pub use saving::{ConnectedMailbox, NewConnection, Saved};
pub use secrets::Ledger;
pub use server_pauses::RequestedPause;
pub use sessions::{Device, SessionRow, session_hash};
pub use store::{LockedTable, Store};
pub use sync_runs::{Failed, SyncRun};
pub use totals::Totals;
pub use two_factor::{ConfirmedFactor, SecondFactor};
pub use users::{NewUser, User};
pub use vouching::KnownServer;
pub use webhooks::MAX_WEBHOOKS;
