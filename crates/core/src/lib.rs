//! What every part of Kalends knows: ids, addresses, problems, and the advice about them. No I/O; compiles to wasm.

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
pub mod lifetimes;
pub mod mailbox;
pub mod notice;
pub mod pasted;
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
