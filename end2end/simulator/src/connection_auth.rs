//! How far the sign-in of one connection has come.
//! NTLM signs in a connection, not a request, so that this outlives the request that began it.

use crate::ntlm::Challenge;

#[derive(Clone, Debug, Default)]
pub enum Conversation {
    #[default]
    Silent,
    Challenged {
        challenge: Challenge,
        /// The list of mechanisms that the client wrapped its first message with.
        mechanisms: Option<Vec<u8>>,
    },
    /// Further requests need no sign-in.
    SignedIn(String),
}
