//! The refusal rule: a locked service account takes the whole organisation down, so a refused password is never
//! sent in a loop, whoever caused it.
//!
//! Each proof of a password takes a place in the store before it goes out. A refused one keeps it for an hour, and so
//! does one that was never answered; at most four stand for one account name, three of them typed. The first refusal of
//! a saved password stops all work of its account; probes follow ever more seldom.

mod full;
mod method;
mod person;
mod probes;
mod reserve;
mod saved;
mod typed;
mod vouching;

pub use full::full_until;
pub use saved::{PermitEvents, SavedGate, Sending};
pub use typed::TypedGate;
