//! The application: what Kalends does with Exchange, the databases and people.

pub mod accounts;
pub mod analysis;
pub mod audit;
pub mod bulk_actions;
pub mod connect;
pub mod mailbox_scope;
pub mod notify;
pub mod people;
pub mod reports;
pub mod services;
pub mod spreadsheet;
pub mod sync;
pub mod worker;
