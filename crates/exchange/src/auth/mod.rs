//! Signing in to an Exchange server. A [`SignedIn`] owns one connection and decides for each request what
//! `Authorization` goes along; whoever counts refused sign-ins stands at its [`Gate`].

pub mod channel_binding;
pub mod ntlm;
pub mod offer;
pub mod spnego;

mod basic;
mod credentials;
mod error;
mod gate;
mod handshake;
mod handshake_peer;
mod method;
mod open_gate;
mod proof;
mod signed_in;

pub use credentials::Credentials;
pub use error::AuthError;
pub use gate::{BasicUse, Gate, Permit, SignInVerdict};
pub use method::AuthMethod;
pub use open_gate::OpenGate;
pub use signed_in::SignedIn;
