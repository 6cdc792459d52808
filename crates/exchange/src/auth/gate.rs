//! What stands between a password and the wire, and what it is told: whether Basic may be used, a permit for each proof,
//! and what became of it.

use super::offer::Offer;
use crate::outbound::connection::ConnectionFacts;
use futures::future::BoxFuture;
use kalends_core::{account_name::AccountName, problem::Problem};

/// Whether the password itself may go to a host, by Basic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicUse {
    /// The account is set to it.
    OnPurpose,
    /// The host has never offered anything better.
    NothingBetter,
    /// The host has offered better: somebody may stand before it.
    Withheld,
}

/// Stands between a password and the wire: asked before each proof of it goes out. Remembering what hosts offer is its
/// business.
pub trait Gate: Send + Sync {
    /// A host asks for one of these kinds of sign-in. An error keeps the password from going out.
    fn offered<'a>(
        &'a self,
        _host: &'a str,
        _offer: &'a Offer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether Basic may be used at a host that now offers `offer`.
    fn basic_at<'a>(
        &'a self,
        _host: &'a str,
        _account: &'a AccountName,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<BasicUse, Problem>> {
        Box::pin(std::future::ready(Ok(if offer.has_challenge_response() {
            BasicUse::Withheld
        } else {
            BasicUse::NothingBetter
        })))
    }

    /// A permit for one proof of the account's password at the end of this connection; else the problem to show.
    fn permit<'a>(
        &'a self,
        at: &'a ConnectionFacts,
        account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>>;
}

/// The right to send one proof. Told once what came of it; counting refusals and locking accounts away is its business.
pub trait Permit: Send + Sync {
    /// Tells what became of the proof that was sent to `at`, or that none was sent.
    fn settle(self: Box<Self>, at: &ConnectionFacts, verdict: SignInVerdict) -> BoxFuture<'_, ()>;
}

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInVerdict {
    /// The server took it.
    Accepted,
    /// 401
    Refused,
    /// A page, or a way to one, came back: some proxies refuse so.
    Doubted,
    /// It was answered without a word about the password, such as by 503.
    Unjudged,
    /// It went out, and no answer came.
    Unanswered,
    /// It did not go out: the permit was not used.
    NotSent,
}
