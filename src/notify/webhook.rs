//! Webhooks: notices posted as JSON, signed as <https://www.standardwebhooks.com> says.

use super::delivery_error::DeliveryError;
use crate::{accounts::custody::CustodyError, services::Services};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, Uri, header};
use kalends_core::notice::Webhook;
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::{NoticeId, WebhookId},
    lifetimes::SHOWN_ONCE,
    mailbox::to_ascii,
};
use kalends_exchange::outbound::Bytes;
use kalends_exchange::outbound::{Outbound, OutboundError};
use kalends_store::{MAX_WEBHOOKS, StoreError, User, vault::Destination};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroize;

/// How long one delivery may take.
const LIMIT: Duration = Duration::from_secs(15);
/// The longest address, in characters.
const MAX_ADDRESS: usize = 2_000;
/// The longest name, in characters.
const MAX_NAME: usize = 80;
/// How much of an answer is read; nothing of it is kept.
const ANSWER: usize = 64 * 1024;
const KEY_PREFIX: &str = "whsec_";

/// Why there is no such webhook, by the field that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    #[error("Give it a name of at most {MAX_NAME} characters.")]
    Name,
    #[error(
        "Enter a complete address that begins with https://, such as https://chat.example.com/hooks/kalends."
    )]
    Address,
    #[error("Leave out the name and password: whoever gets a notice knows it by its signature.")]
    Password,
    #[error("There are {MAX_WEBHOOKS} webhooks already. Remove one first.")]
    TooMany,
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

/// A webhook as somebody typed it.
#[derive(Debug, Clone)]
pub struct NewHook {
    pub name: String,
    pub to: Address,
}

/// Where a webhook is posted to.
#[derive(Debug, Clone)]
pub struct Address {
    pub host: String,
    pub port: u16,
    /// With the query; may hold a token.
    path: Password,
}

impl Address {
    pub fn parse(text: &str) -> Result<Self, HookError> {
        let text = text.trim();
        let typed: Option<Uri> = (text.len() <= MAX_ADDRESS)
            .then(|| with_ascii_host(text)?.parse().ok())
            .flatten();
        let uri = typed.ok_or(HookError::Address)?;
        let authority = uri.authority().ok_or(HookError::Address)?;
        if uri.scheme_str() != Some("https") || authority.host().is_empty() {
            return Err(HookError::Address);
        }
        if authority.as_str().contains('@') {
            return Err(HookError::Password);
        }
        Ok(Self {
            host: kalends_exchange::outbound::guard::bare_host(authority.host()),
            port: authority.port_u16().unwrap_or(443),
            path: uri
                .path_and_query()
                .map_or("/", http::uri::PathAndQuery::as_str)
                .to_owned()
                .into(),
        })
    }
}

/// The address with its host in ASCII.
fn with_ascii_host(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let authority = to_ascii(authority)?;
    Some(format!("{scheme}://{authority}{path}"))
}

impl NewHook {
    /// As typed; the mistakes by the names of the fields.
    pub fn parse(name: &str, address: &str) -> Result<Self, Vec<(&'static str, String)>> {
        let mut mistakes = Vec::new();
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
            mistakes.push(("name", HookError::Name.to_string()));
        }
        match Address::parse(address) {
            Ok(to) if mistakes.is_empty() => {
                return Ok(Self {
                    name: name.to_owned(),
                    to,
                });
            }
            Ok(_) => {}
            Err(error) => mistakes.push(("address", error.to_string())),
        }
        Err(mistakes)
    }
}

/// What the vault holds of a webhook.
#[derive(Serialize, Deserialize)]
struct Sealed {
    host: String,
    port: u16,
    path: String,
    key: String,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.path.zeroize();
        self.key.zeroize();
    }
}

/// Seals the address with a new signing key and saves the webhook.
pub async fn add(services: &Services, admin: &User, new: NewHook) -> Result<(), HookError> {
    let now = services.clock.now();
    let id = WebhookId::new(now, services.random.bytes());
    let key = format!(
        "{KEY_PREFIX}{}",
        BASE64.encode(services.random.bytes::<32>())
    );
    let sealed = Sealed {
        host: new.to.host.clone(),
        port: new.to.port,
        path: new.to.path.reveal().to_owned(),
        key,
    };
    let text = serde_json::to_string(&sealed).unwrap_or_default();
    let entry = AuditEntry::by(admin.id, AuditAction::WebhookAdded)
        .about(format!("{} at {}", new.name, new.to.host));
    let webhook = |secret_id| Webhook {
        id,
        name: new.name,
        host: new.to.host,
        secret_id,
        made_by: admin.id,
        made_at: now,
    };
    let custody = services.custody();
    let added = custody.add_webhook(&text.into(), webhook, &entry, id).await;
    added.map_err(|error| match error {
        CustodyError::Store(StoreError::TooMany) => HookError::TooMany,
        error => error.into(),
    })?;
    Ok(())
}

/// Removes a webhook and forgets its address and key; false if it was gone.
pub async fn remove(
    services: &Services,
    admin: &User,
    id: WebhookId,
) -> Result<bool, CustodyError> {
    let Some(webhook) = services.store.webhook(id).await? else {
        return Ok(false);
    };
    let entry = AuditEntry::by(admin.id, AuditAction::WebhookRemoved)
        .about(format!("{} at {}", webhook.name, webhook.host));
    services.custody().remove_webhook(&webhook, &entry).await
}

/// Opens the address and the signing key.
async fn opened(services: &Services, webhook: &Webhook) -> Result<Sealed, DeliveryError> {
    let to = Destination::webhook(webhook.id);
    let opened = services.vault.open_secret(webhook.secret_id, &to).await;
    let opened = opened.map_err(|error| DeliveryError::ForNow(error.to_string()))?;
    serde_json::from_str(opened.reveal())
        .map_err(|_| DeliveryError::ForGood("its sealed address cannot be read".to_owned()))
}

/// The signing key of a webhook that this admin added a moment ago, on whichever instance; nobody else reads it, and
/// nobody later.
pub async fn new_key(services: &Services, webhook: &Webhook, admin: &User) -> Option<String> {
    let age = services.clock.now().since(webhook.made_at);
    if webhook.made_by != admin.id || age >= SHOWN_ONCE {
        return None;
    }
    match opened(services, webhook).await {
        Ok(sealed) => Some(sealed.key.clone()),
        Err(error) => {
            tracing::error!(%error, "the key of a new webhook cannot be shown");
            None
        }
    }
}

/// The signature of a body that is sent at `now`, as the header `webhook-signature` has it.
///
/// `None` if the key is none.
pub fn signature(key: &str, id: &str, now: Timestamp, body: &str) -> Option<String> {
    let key = BASE64.decode(key.strip_prefix(KEY_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{}.{body}", now.millis().div_euclid(1000)).as_bytes());
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

/// Posts a notice once.
pub(super) async fn post(
    services: &Services,
    webhook: &Webhook,
    notice: NoticeId,
    body: &str,
) -> Result<String, DeliveryError> {
    let sealed = opened(services, webhook).await?;
    let now = services.clock.now();
    let signed = signature(&sealed.key, &notice.to_string(), now, body)
        .ok_or_else(|| DeliveryError::ForGood("its signing key cannot be used".to_owned()))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&sealed.path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len())
        .header(header::USER_AGENT, "Kalends")
        .header(header::CONNECTION, "close")
        .header("webhook-id", notice.to_string())
        .header("webhook-timestamp", now.millis().div_euclid(1000))
        .header("webhook-signature", signed)
        .body(Bytes::from(body.to_owned()))
        .map_err(|_| DeliveryError::ForGood("its address cannot be used".to_owned()))?;
    let outbound = services.channels.outbound();
    timeout(LIMIT, answered(outbound, &sealed, request))
        .await
        .unwrap_or_else(|_| {
            Err(DeliveryError::ForNow(format!(
                "no answer within {} seconds",
                LIMIT.as_secs()
            )))
        })
}

async fn answered(
    outbound: &Outbound,
    to: &Sealed,
    request: Request<Bytes>,
) -> Result<String, DeliveryError> {
    let connected = outbound.connect(&to.host, to.port).await;
    let mut connection = connected.map_err(|error| match error {
        OutboundError::AddressNotAllowed { address, kind, .. } => DeliveryError::ForNow(format!(
            "{address} is {kind}, and Kalends calls such addresses only where KALENDS_WEBHOOK_HOSTS lists the host"
        )),
        error => DeliveryError::ForNow(error.to_string()),
    })?;
    let answer = connection.send(request, ANSWER).await;
    let answer = answer.map_err(|error| DeliveryError::ForNow(error.to_string()))?;
    let status = answer.status;
    let said = format!("answered {}", status.as_u16());
    answer.drain().await;
    match status.as_u16() {
        200..=299 => Ok(said),
        // Gone: whoever runs the address says that nothing is to come any more.
        410 => Err(DeliveryError::ForGood(said)),
        300..=399 => Err(DeliveryError::ForNow(format!(
            "{said}, a redirect; Kalends follows none"
        ))),
        _ => Err(DeliveryError::ForNow(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn signs_as_the_specification_says() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_seconds(1_614_265_330),
            r#"{"test": 2432232314}"#,
        );
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.as_deref(), Some(expected));
        assert_eq!(signature("none", "1", Timestamp::from_seconds(0), ""), None);
    }

    #[test]
    fn takes_https_addresses_alone_and_shows_no_path() {
        let to = Address::parse(" https://Chat.example.test:8443/hooks/tok-1?x=2 ").unwrap();
        assert_eq!((to.host.as_str(), to.port), ("chat.example.test", 8443));
        assert_eq!(to.path.reveal(), "/hooks/tok-1?x=2");
        assert!(!format!("{to:?}").contains("tok-1"));
        for text in [
            "",
            "chat.example.test",
            "http://chat.example.test/",
            "https://",
            "https://name:secret@chat.example.test/",
            "https://chat.example.test/a b",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
