//! What a test needs to know of who asks: the way out, mailboxes known to be reached, the zone.

use super::connection_test::{Controls, Tools};
use crate::services::Services;
use jiff::tz::TimeZone;
use kalends_core::{account_name::AccountName, mailbox::SmtpAddress};
use kalends_store::User;
use std::sync::Arc;

pub(super) fn tools(services: &Services, gate: Arc<dyn kalends_exchange::auth::Gate>) -> Tools {
    Tools {
        outbound: services.outbound.clone(),
        clock: services.clock.clone(),
        random: services.random.clone(),
        gate,
    }
}

/// Mailboxes that the account is known to reach; their lack costs no more than an exact word.
pub(crate) async fn controls_of(
    services: &Services,
    account: &AccountName,
    mailbox: &SmtpAddress,
) -> Controls {
    let found = services.store.control_mailboxes(account, mailbox).await;
    let known =
        found.inspect_err(|error| tracing::error!(%error, "no control mailbox could be looked up"));
    Controls::Known(known.unwrap_or_default())
}

/// The zone of entries that name none: that of whoever reads them.
pub(crate) fn zone_of(user: &User) -> TimeZone {
    TimeZone::get(&user.time_zone).unwrap_or(TimeZone::UTC)
}
