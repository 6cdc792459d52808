//! How far the sign-in of one connection has come.
//! NTLM signs in a connection and not a request, so the state is kept from one request to the next.

use crate::ntlm::IssuedChallenge;

#[derive(Clone, Debug, Default)]
pub enum ConnectionAuth {
    #[default]
    Anonymous,
    Challenged {
        challenge: IssuedChallenge,
        /// The SPNEGO list of mechanisms around the client's first message, if it was wrapped.
        mechanisms: Option<Vec<u8>>,
    },
    /// Further requests need no sign-in.
    SignedIn(String),
}
