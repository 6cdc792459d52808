//! The vault: sealed passwords, the keys of second factors, links to set a password with, and the addresses of webhooks, in a database of their own, opened in memory for one
//! use and then dropped.
//!
//! XChaCha20-Poly1305; the id of the row, the purpose, the host and the account name (or the person) are bound to each
//! secret, so that a row moved elsewhere, or pointed to by another account, does not open. A secret is never changed in place.

mod anchor;
mod destination;
mod endings;
mod heartbeat;
mod installation;
mod keys;
mod sealing;

pub use anchor::Anchor;
pub use destination::Destination;
pub use keys::{KeyError, KeySource, VaultKeys};
pub use sealing::{LockedVault, Vault, VaultError};
