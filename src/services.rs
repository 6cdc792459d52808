//! What the parts that act are handed: both databases, the way out, the time, and what only this process knows.

use crate::{
    clock::Clock, outbound::Outbound, random::Random, setup::Setup, sign_in::SignIn, store::Store, vault::Vault,
};
use std::sync::Arc;
use tokio::sync::Notify;

/// One running Kalends. Clones share everything.
#[derive(Debug, Clone)]
pub struct Services {
    pub store: Store,
    pub vault: Vault,
    pub outbound: Outbound,
    pub clock: Clock,
    pub random: Random,
    pub sign_in: SignIn,
    pub setup: Setup,
    /// Wakes the worker before its next look at the due rows.
    pub wake: Arc<Notify>,
}
