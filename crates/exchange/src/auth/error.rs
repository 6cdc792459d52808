//! Why a signed-in request brought no answer.

use super::{ntlm::challenge::ChallengeError, offer::Offer};
use crate::outbound::{OutboundError, connection::SendError};
use kalends_core::problem::Problem;

/// Why a signed-in request brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// No connection came about.
    Outbound(OutboundError),
    /// A connection stood, and brought no answer.
    Send(SendError),
    /// The server offers no kind of sign-in that Kalends can use.
    NotOffered(Offer),
    /// The first message of the sign-in was answered as if somebody had signed in already.
    AnsweredWithoutSignIn(Option<String>),
    /// `Negotiate` is offered, yet NTLM is not taken under it: the server wants Kerberos.
    KerberosOnly(Offer),
    /// The server or a proxy before it closed the connection in the middle of the handshake.
    NotKept,
    /// The server's part of the handshake cannot be answered.
    BadChallenge(ChallengeError),
    /// 401 to the password.
    Refused {
        /// What is offered instead.
        offer: Offer,
        /// The id of the refused call, from the server.
        request_id: Option<String>,
    },
    /// Only Basic is left, which would send the password itself, at a host that has offered better.
    BasicWithheld(Offer),
    /// The gate stayed shut.
    HeldBack(Box<Problem>),
    /// The connection must sign in anew, and the password was forgotten.
    PasswordForgotten,
}

impl AuthError {
    /// Whether the handshake ended before anything of the password went out.
    pub(super) const fn is_before_the_proof(&self) -> bool {
        matches!(
            self,
            Self::KerberosOnly(_) | Self::NotKept | Self::NotOffered(_) | Self::BadChallenge(_)
        )
    }
}
