//! A gate for programs that sign in once, while somebody waits for the answer.

use super::gate::{Gate, Permit, SignInVerdict};
use crate::outbound::connection::ConnectionFacts;
use futures::future::BoxFuture;
use kalends_core::{account_name::AccountName, problem::Problem};

/// Lets every proof of a password out and counts nothing; Basic is used only where nothing better is offered.
///
/// A program that signs in again by itself needs a gate of its own: each wrong password counts towards the lockout of
/// the account, and only a gate that remembers refusals can stop in time.
#[derive(Debug, Clone, Copy)]
pub struct OpenGate;

impl Gate for OpenGate {
    fn permit<'a>(
        &'a self,
        _at: &'a ConnectionFacts,
        _account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Permit>) })
    }
}

impl Permit for OpenGate {
    fn settle(
        self: Box<Self>,
        _at: &ConnectionFacts,
        _verdict: SignInVerdict,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
