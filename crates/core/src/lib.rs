//! What every part of Kalends knows: ids, addresses, problems, and the advice about them. No I/O; compiles to wasm.
//!
//! ```text
//! who and where     account_name, mailbox, endpoint, domain, id, exchange_version
//! what is read      calendar, preferences
//! what is connected connection, check, policy
//! what is to be done job, bulk_action, import
//! what goes wrong   problem (codes, slots, who acts, when to try again) ──> advice (the words, looked up last)
//! what is told      audit, notice, call, topic
//! handed in         clock, random
//! ```
//!
//! A type that ties two floors together stands here. `advice` depends on `problem` alone, and no other file holds a
//! sentence about an Exchange failure.

pub mod account_name;
pub mod advice;
pub mod audit;
pub mod back_off;
pub mod bulk_action;
pub mod calendar;
pub mod call;
pub mod check;
pub mod clock;
pub mod connection;
pub mod endpoint;
pub mod exchange_version;
pub mod id;
pub mod import;
pub mod job;
pub mod lifetimes;
pub mod mailbox;
pub mod notice;
pub mod pasted;
pub mod permission;
pub mod policy;
pub mod preferences;
pub mod problem;

#[cfg(not(target_arch = "wasm32"))]
mod domain;
#[cfg(target_arch = "wasm32")]
#[path = "domain_as_typed.rs"]
mod domain;
#[cfg(not(target_arch = "wasm32"))]
pub mod random;
mod refusal_key;
pub mod rights;
pub mod topic;
