//! A refused form, kept until its page is shown again: what was typed (never a secret) and what was wrong with it.

pub use islands::draft::FormDraft;

use kalends_core::mailbox::SmtpAddress;

/// The most that is kept of what somebody typed who is not signed in, in bytes.
const MAX_ANONYMOUS_BYTES: usize = 1000;

/// The longest message beside a field of such a form, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// The longest value that a field takes of somebody who is not signed in, in characters.
fn max_chars(field: &str) -> usize {
    match field {
        // Of the first start alone: worth nothing once the form is taken.
        "code" => 40,
        "name" => 100,
        "email" => SmtpAddress::MAX,
        "time_zone" => 64,
        "next" => 200,
        _ => 0,
    }
}

/// A form as it is kept of somebody who is not signed in: each value cut at what its field takes, and nothing that was typed
/// where it is more than a kilobyte in all.
pub fn cut(mut draft: FormDraft) -> FormDraft {
    for (field, value) in &mut draft.values {
        *value = value.chars().take(max_chars(field)).collect();
    }
    for message in draft.errors.values_mut() {
        *message = message.chars().take(MAX_MESSAGE_CHARS).collect();
    }
    if draft.values.values().map(String::len).sum::<usize>() > MAX_ANONYMOUS_BYTES {
        draft.values.clear();
    }
    draft
}

/// A checkbox as its form posts it; empty where it is not ticked.
pub fn ticked(is_ticked: bool) -> String {
    if is_ticked {
        "true".to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_of_strangers() {
        let long = "ä".repeat(60_000);
        let fields = ["name", "email", "time_zone", "next", "token"];
        let draft = FormDraft {
            values: fields.map(|field| (field.to_owned(), long.clone())).into(),
            ..FormDraft::default()
        };
        assert!(cut(draft).values.is_empty());
        let draft = FormDraft {
            values: fields
                .map(|field| (field.to_owned(), "x".repeat(60_000)))
                .into(),
            ..FormDraft::default()
        };
        let lengths = cut(draft).values.into_values().map(|it| it.len());
        assert_eq!(lengths.collect::<Vec<_>>(), [254, 100, 200, 64, 0]);
    }
}
