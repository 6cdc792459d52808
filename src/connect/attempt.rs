//! One try with what was typed, what is learnt from it, and the pause before the next where Kalends keeps trying.

use super::{
    certificate,
    check_run::run_test,
    connection_test::{self, Failure, Success},
    context::{controls_of, tools, zone_of},
    form::ConnectRequest,
    limits::MAX_DURATION,
};
use crate::{accounts::refusals::TypedGate, services::Services};
use kalends_core::{
    check::{Goal, TestSteps, Waiting},
    endpoint::EwsUrl,
    id::CheckId,
    policy::PrivacyLevel,
};
use kalends_exchange::autodiscover;
use kalends_store::User;
use std::{sync::Arc, time::Duration};

/// How often a waiting check looks whether it is time, or whether it was cancelled.
const WAITING_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// One try with a typed password, under a gate of its own.
pub(super) async fn try_once(
    services: &Services,
    id: CheckId,
    user: &User,
    request: &ConnectRequest,
) -> (TestSteps, Option<Result<Success, Failure>>) {
    let gate = TypedGate::new(services, Some(user.id)).signing_in(request.sign_in);
    let gate = Arc::new(gate);
    let testing = connection_test::TestRequest {
        mode: request.mode,
        mailbox: request.mailbox.clone(),
        account: request.account.clone(),
        password: request.password.clone(),
        endpoint: request.endpoint.clone(),
        fallback_zone: zone_of(user),
        level: level_for(services, user, request).await,
        controls: match request.control.clone() {
            Some(typed) => connection_test::Controls::Named(typed),
            None => controls_of(services, &request.account, &request.mailbox).await,
        },
        remembered: match request.endpoint {
            Some(_) => None,
            None => remembered(services, request.mailbox.domain()).await,
        },
        confirmed: request.confirmed.clone(),
    };
    let remembered = testing.remembered.clone();
    let (ladder, mut ended) = run_test(services, id, tools(services, gate), testing).await;
    if let Some(ended) = &mut ended {
        certificate::compare(services, ended).await;
        learn(services, request, remembered.as_ref(), ended).await;
    }
    (ladder, ended)
}

/// A control mailbox is read to see that it can be, and not to see what is in it.
async fn level_for(services: &Services, user: &User, request: &ConnectRequest) -> PrivacyLevel {
    if request.typed.goal != Goal::Connection {
        return PrivacyLevel::FreeBusy;
    }
    level_of(services, user).await
}

/// Where the level cannot be read, the lowest holds.
pub(super) async fn level_of(services: &Services, user: &User) -> PrivacyLevel {
    let level = services.store.privacy_of(user.id).await;
    level.unwrap_or_else(|error| {
        tracing::error!(%error, "the level of privacy could not be read");
        PrivacyLevel::FreeBusy
    })
}

/// Waits for the next try while the password stays with its task; false if it was cancelled meanwhile.
pub(super) async fn wait(
    services: &Services,
    id: CheckId,
    ladder: &TestSteps,
    waiting: &Waiting,
) -> bool {
    let alive_until = waiting.next_at + MAX_DURATION;
    let shown = async {
        services.store.update_ladder(id, ladder).await?;
        let store = &services.store;
        store.wait_check(id, Some(waiting), alive_until).await
    };
    if let Err(error) = shown.await {
        tracing::error!(%error, check.id = %id, "a waiting check could not be shown");
    }
    while services.clock.now() < waiting.next_at {
        if services.store.is_to_stop(id).await.unwrap_or(false) {
            return false;
        }
        tokio::select! {
            // The next try begins at once, and is told that it was interrupted.
            () = services.stopping.cancelled() => break,
            () = tokio::time::sleep(WAITING_POLL_INTERVAL) => {}
        }
    }
    if let Err(error) = services.store.wait_check(id, None, alive_until).await {
        tracing::error!(%error, check.id = %id, "a check that goes on could not be shown");
    }
    true
}

async fn remembered(services: &Services, domain: &str) -> Option<EwsUrl> {
    let found = services.store.remembered_endpoint(domain).await;
    found
        .inspect_err(|error| tracing::error!(%error, "no remembered endpoint could be looked up"))
        .ok()
        .flatten()
}

/// Remembers where Autodiscover found EWS for a mail domain, and forgets what led nowhere. What one person vouched for
/// is for that person alone.
async fn learn(
    services: &Services,
    request: &ConnectRequest,
    remembered: Option<&EwsUrl>,
    ended: &Result<Success, Failure>,
) {
    let domain = request.mailbox.domain();
    let learnt = match (ended, remembered) {
        (Ok(success), _) if success.is_discovered => {
            let endpoint = &success.endpoint;
            let is_ours = autodiscover::is_within(endpoint.host(), domain)
                || services
                    .outbound
                    .is_vouched_for(endpoint.host(), endpoint.port());
            if !is_ours {
                return;
            }
            services.store.remember_endpoint(domain, endpoint).await
        }
        (Err(failure), Some(remembered)) if connection_test::is_stale(failure) => {
            let forgotten = services.store.forget_endpoint(domain, remembered).await;
            forgotten.map(drop)
        }
        _ => Ok(()),
    };
    if let Err(error) = learnt {
        tracing::error!(%error, "what Autodiscover found could not be kept");
    }
}
