//! What is remembered of certificates: kept while everything works, compared when something fails.

use super::connection_test::{Failure, Success};
use crate::services::Services;
use kalends_core::{
    endpoint::EwsUrl,
    problem::{Certificate, Problem},
};
use kalends_store::StoreError;

/// Keeps what an endpoint shows while everything works.
pub async fn keep(services: &Services, endpoint: &EwsUrl, shown: Option<&Certificate>) {
    let Some(shown) = shown else { return };
    let (host, port) = (endpoint.host(), endpoint.port());
    let kept = services
        .store
        .keep_certificate(host, port, shown, services.clock.now())
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "a certificate could not be remembered");
    }
}

/// Keeps the certificate of a test that passed; adds to one that failed what has changed since the last that passed.
pub(super) async fn compare(services: &Services, ended: &mut Result<Success, Failure>) {
    match ended {
        Ok(success) => {
            keep(services, &success.endpoint, success.certificate.as_ref()).await;
            if let Some((host, shown)) = &success.told_by {
                keep(services, host, Some(shown)).await;
            }
        }
        Err(failure) => tell_change_in(services, failure).await,
    }
}

/// Adds to a failed test what has changed since the last one that passed.
pub async fn tell_change_in(services: &Services, failure: &mut Failure) {
    let seen = failure.certificate.take();
    if let (
        Problem::SignInRefused { changed: told, .. } | Problem::BasicWithheld { changed: told, .. },
        Some((endpoint, shown)),
    ) = (&mut failure.problem, seen)
    {
        *told = changed(services, &endpoint, &shown).await;
    } else {
        tell_change(services, &mut failure.problem).await;
    }
}

/// Adds to a problem with a certificate what the host showed before.
pub async fn tell_change(services: &Services, problem: &mut Problem) {
    if let Problem::CertificateUnknownIssuer { host, certificate }
    | Problem::CertificateWrongName { host, certificate }
    | Problem::CertificateExpired { host, certificate }
    | Problem::CertificateNotYetValid { host, certificate }
    | Problem::CertificateUnusable {
        host, certificate, ..
    } = problem
    {
        // The usual port: what a problem keeps is the host alone.
        match services
            .store
            .certificate_before(host, 443, certificate)
            .await
        {
            Ok(before) => certificate.before = before,
            Err(error) => unreadable(&error),
        }
    }
}

/// What an endpoint showed, if that changed since everything last worked.
pub async fn changed(
    services: &Services,
    endpoint: &EwsUrl,
    shown: &Certificate,
) -> Option<Box<Certificate>> {
    let (host, port) = (endpoint.host(), endpoint.port());
    let changed = services.store.changed_certificate(host, port, shown).await;
    changed.unwrap_or_else(|error| {
        unreadable(&error);
        None
    })
}

fn unreadable(error: &StoreError) {
    tracing::error!(%error, "an earlier certificate could not be looked up");
}
