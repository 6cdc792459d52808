//! Who asks to be signed in: the client address, and a device that may have signed in before.
//!
//! A device that somebody has signed in on is known for 180 days by a cookie; the main database holds its hash beside
//! the account. What strangers do elsewhere, or from the same address, never keeps a known device waiting.

use super::client_network::ClientNetwork;
use crate::services::Services;
use kalends_core::{clock::Timestamp, lifetimes::KNOWN_DEVICE};
use kalends_store::{StoreError, User};
use sha2::{Digest as _, Sha256};

/// The cookie that a known device carries. Under https no other host and no plain page can set it.
pub const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-device" } else { "device" }
}

/// What the cookie of a device holds: whoever has it is no closer to being signed in, and queues apart.
#[derive(Clone)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// As a browser sent it; `None` if Kalends never made it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self(text.to_owned()))
    }

    /// For the cookie alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceToken(…)")
    }
}

/// Who stands at the door.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The client address, as far as proxies in between are trusted.
    pub address: String,
    pub device: Option<DeviceToken>,
}

impl Visitor {
    pub(crate) fn network(&self) -> ClientNetwork {
        ClientNetwork::of(&self.address)
    }

    /// The hash of the device, if this person has signed in on it before.
    pub(super) async fn known_device_of(
        &self,
        services: &Services,
        user: &User,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let Some(device) = &self.device else {
            return Ok(None);
        };
        let hash = device.hash();
        let is_known = services.store.is_known_device(user.id, &hash, now).await?;
        Ok(is_known.then_some(hash))
    }
}

/// Knows the device of somebody who has just signed in, with all that their account asks for, by a new token.
pub async fn know_device(
    services: &Services,
    user: &User,
    visitor: &Visitor,
) -> Result<DeviceToken, StoreError> {
    let now = services.clock.now();
    let token = DeviceToken(services.random.hex::<32>());
    let old = visitor.device.as_ref().map(DeviceToken::hash);
    services
        .store
        .know_device(
            user.id,
            (old.as_deref(), &token.hash()),
            now + KNOWN_DEVICE,
            now,
        )
        .await?;
    Ok(token)
}
