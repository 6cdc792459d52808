//! The short facts that a step shows beside its verdict. No sentences: those are advice.

use kalends_core::{
    calendar::Event,
    check::TestProof,
    clock::Timestamp,
    policy::PrivacyLevel,
    problem::{Certificate, ENDS_SOON},
};
use kalends_exchange::{
    ews::{FolderFacts, Greeting},
    outbound::connection::ConnectionFacts,
};

/// What is shown of an entry; the subject of a private one was dropped where it was read.
pub(super) fn proof(event: &Event, level: PrivacyLevel) -> TestProof {
    let status = event.status.words().to_owned();
    TestProof {
        subject: if level == PrivacyLevel::FreeBusy {
            Some(status.clone())
        } else {
            event.subject.clone()
        },
        status,
        start: event.start,
        all_day: event.all_day.is_some(),
    }
}

/// Whether the server's certificate ends within the time in which that is warned of.
pub(super) fn ends_soon(facts: &ConnectionFacts, now: Timestamp) -> bool {
    let shown = facts.certificate.as_ref();
    shown.is_some_and(|certificate| certificate.not_after <= now + ENDS_SOON)
}

pub(super) fn tls_seen(facts: &ConnectionFacts, now: Timestamp) -> String {
    let Some(certificate) = &facts.certificate else {
        return facts.tls_version.to_owned();
    };
    let end = certificate.not_after;
    let warning = match end.since(now).as_secs() / 86_400 {
        _ if !ends_soon(facts, now) => String::new(),
        0 => " (today: renew it)".to_owned(),
        1 => " (in 1 day: renew it)".to_owned(),
        days => format!(" (in {days} days: renew it)"),
    };
    format!(
        "{}, issued by {}, valid until {}{warning}",
        facts.tls_version,
        certificate.issuer,
        end.day_in_words()
    )
}

/// One certificate of the chain, as the server sent it.
pub(super) fn certificate_seen(certificate: &Certificate) -> String {
    format!(
        "{}, issued by {}, valid from {} until {}",
        certificate.subject,
        certificate.issuer,
        certificate.not_before.day_in_words(),
        certificate.not_after.day_in_words()
    )
}

pub(super) fn greeting_seen(greeting: &Greeting) -> String {
    match greeting.build {
        Some(build) => format!("{} ({build}) offers {}", build.product(), greeting.offer),
        None => format!("offers {}", greeting.offer),
    }
}

pub(super) fn folder_seen(folder: &FolderFacts) -> String {
    match folder.total_count {
        Some(count) => format!("{}, {count} stored", folder.display_name),
        None => folder.display_name.clone(),
    }
}
