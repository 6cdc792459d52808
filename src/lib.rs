//! The application: what Kalends does with Exchange, the databases and people.
//!
//! ```text
//! worker         runs everything below that happens by itself, as loops that do not wait for one another
//! services       what every part is handed: both databases, the way out, clock and randomness
//!
//! jobs           what is common to all work that outlives a request
//! connect        the connection test, then saving a connection
//! sync           keeps stored calendars in step
//! mailbox_scope  which mailboxes an account of the organisation reaches
//! analysis       every step towards an Exchange as a report, without connecting anything
//! bulk_actions   one action for many connections
//! accounts       custody of passwords, the organisation's accounts, and the rule for refused sign-ins
//! people         signing in, second factors, invitations, import
//! notify         tells whoever must act, by mail and webhook
//! audit          the trail: whether it is whole, and as a table
//! reports        timelines, data to take away, metrics
//! spreadsheet    reads and writes tables
//! ```
//!
//! Exchange is spoken to through `kalends_exchange`, rows are kept through `kalends_store`, and what all three know is in
//! `kalends_core`. Nothing here knows a page or an HTTP server.

pub mod accounts;
pub mod analysis;
pub mod audit;
pub mod bulk_actions;
pub mod connect;
pub mod jobs;
pub mod mailbox_scope;
pub mod notify;
pub mod people;
pub mod reports;
pub mod services;
pub mod spreadsheet;
pub mod sync;
pub mod worker;
