//! The short facts that a step shows beside its verdict. No sentences: those are advice.

use crate::{
    calendar::Event,
    check::Proof,
    ews::{FolderFacts, Greeting},
    outbound::connection::Facts,
};

/// What is shown of an entry; the subject of a private one was dropped where it was read.
pub(super) fn proof(event: &Event) -> Proof {
    Proof {
        subject: event.subject.clone(),
        start: event.start,
        all_day: event.all_day.is_some(),
    }
}

pub(super) fn tls_seen(facts: &Facts) -> String {
    match &facts.certificate {
        None => facts.tls_version.to_owned(),
        Some(certificate) => format!(
            "{}, issued by {}, valid until {}",
            facts.tls_version,
            certificate.issuer,
            certificate.not_after.day_in_words()
        ),
    }
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
