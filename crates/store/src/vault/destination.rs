//! Where a secret may go: part of what is bound to it when it is sealed.

use kalends_core::{
    account_name::AccountName,
    id::{UserId, WebhookId},
};

/// What a secret is for; part of what is bound to it.
const EXCHANGE_PASSWORD: &str = "exchange-password";
const SECOND_FACTOR: &str = "second-factor";
const WEBHOOK: &str = "webhook";
const PASSWORD_LINK: &str = "password-link";
const ENDING: &str = "ending";

/// Where a password may go, or whose codes a key makes: it opens for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub(super) purpose: &'static str,
    pub host: String,
    pub account_key: String,
}

impl Destination {
    pub fn new(host: &str, account: &AccountName) -> Self {
        Self {
            purpose: EXCHANGE_PASSWORD,
            host: host.to_owned(),
            account_key: account.key(),
        }
    }

    /// Of a person's second factor.
    pub fn second_factor_of(user: UserId) -> Self {
        Self {
            purpose: SECOND_FACTOR,
            host: String::new(),
            account_key: user.to_string(),
        }
    }

    /// Of a line of the audit trail that the vault remembers.
    pub(super) const fn ending() -> Self {
        Self {
            purpose: ENDING,
            host: String::new(),
            account_key: String::new(),
        }
    }

    /// Of the address and signing key of a webhook.
    pub fn webhook(id: WebhookId) -> Self {
        Self {
            purpose: WEBHOOK,
            host: String::new(),
            account_key: id.to_string(),
        }
    }

    /// Of a link to set this person's password with.
    pub fn password_link_of(user: UserId) -> Self {
        Self {
            purpose: PASSWORD_LINK,
            host: String::new(),
            account_key: user.to_string(),
        }
    }

    pub(super) fn bound_to(&self, id: &str) -> Vec<u8> {
        // Lengths keep neighbouring texts apart.
        let parts = [id, self.purpose, &self.host, &self.account_key];
        parts
            .iter()
            .flat_map(|part| format!("{}:{part};", part.len()).into_bytes())
            .collect()
    }
}
