//! How secrets and the rows that point to them stay together across two databases without a common transaction.
//!
//! Save: the id is announced in main, the secret is sealed, then one main transaction points to it. Forget: main lists
//! the secret in the transaction that drops the pointer, then the vault's row goes, then the listing. Whatever a crash
//! leaves behind is announced or listed, and housekeeping ends it; nothing is deleted because something is absent.

mod housekeeping;
mod one_time_link;
mod pairing;
mod rotation;
mod second_factor;
mod secrets;
mod standing;
mod webhook;

pub use pairing::{Adopted, Mispaired, PairError, holds_every_key, mispairing, open_pair};
pub use rotation::{Rotated, RotationError, SILENT};
pub use standing::{DatabaseComparison, TrailComparison};

pub use secrets::{Custody, CustodyError, Ended};
