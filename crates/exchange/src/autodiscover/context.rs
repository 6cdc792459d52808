//! What a search works with.

use crate::{
    auth::{Credentials, Gate},
    outbound::Outbound,
};
use kalends_core::random::Random;
use std::sync::Arc;

/// What Autodiscover works with.
pub struct Autodiscover<'a> {
    /// The way to the servers.
    pub outbound: &'a Outbound,
    /// For the ids of calls and the nonces of sign-ins.
    pub random: &'a Random,
    /// Who asks.
    pub credentials: &'a Credentials,
    /// Asked before the password goes out.
    pub gate: Arc<dyn Gate>,
    /// Hosts outside the mail domain that the person has confirmed.
    pub confirmed: &'a [String],
}
