//! Words for what an organisation decides: accounts that admins hold, pauses, and mailboxes that are taken.

use super::{
    names::Names,
    wording::{AdviceBuilder, shown_or, words},
};
use crate::{
    clock::Timestamp,
    problem::{Concerns, Owner, Problem},
};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::PasswordChanging { until } => password_changing(*until, names),
        Problem::AccountPaused => paused(),
        Problem::MailboxTaken => taken(names),
        Problem::PermissionGone => permission_gone(names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    vec![
        Problem::PasswordChanging {
            until: Timestamp::from_seconds(1_772_546_700),
        },
        Problem::AccountPaused,
        Problem::MailboxTaken,
        Problem::PermissionGone,
    ]
}

fn password_changing(until: Timestamp, names: &Names) -> AdviceBuilder {
    let at = match names.utc_offset {
        Some(offset) => until.time_in_words_at(offset),
        None => until.time_in_words(),
    };
    words(
        "The organisation’s password is being changed.",
        format!(
            "An administrator holds back all sign-ins of {} while its password is changed, so that none is refused. That ends by itself at {at}.",
            shown_or(&names.account, "the account")
        ),
    )
    .step("Wait a few minutes: connected calendars go on by themselves.")
    .step(format!("Ask a Kalends administrator, if it still says so after {at}."))
}

fn paused() -> AdviceBuilder {
    words(
        "A Kalends administrator has paused the connection to Exchange.",
        "Nothing is asked of Exchange until it is resumed. Entries that were read before stay as they are.",
    )
    .step("Ask a Kalends administrator when it goes on. Administrators resume it on the page Organisation, or on the connection if that one alone is paused.")
}

fn taken(names: &Names) -> AdviceBuilder {
    words(
        "Somebody else has connected this mailbox.",
        format!(
            "{} is connected by another person already, and two people read one mailbox only if an administrator says so.",
            shown_or(&names.mailbox, "The mailbox")
        ),
    )
    .step("Ask for the mailbox with a reason: a Kalends administrator sees who has it and decides.")
}

fn permission_gone(names: &Names) -> AdviceBuilder {
    words(
        "You may not connect this mailbox any more.",
        format!(
            "While the connection to {} was tested, an administrator took the permission back or changed the policy. Nothing was saved.",
            shown_or(&names.mailbox, "the mailbox")
        ),
    )
    .step("Ask for the mailbox with a reason, if you need it: a Kalends administrator decides.")
}

/// What changes where an admin holds the password: who must act, and how.
pub(super) fn held(problem: &Problem, mut words: AdviceBuilder) -> (Owner, AdviceBuilder) {
    if problem.is_about_password() {
        // What a changed certificate means comes first, whoever holds the password.
        let on_change = usize::from(problem.changed_certificate().is_some());
        words.lists_causes = false;
        words.steps.truncate(on_change);
        words.steps.extend([
            "A Kalends administrator enters the present password on the account’s page, under Organisation. If it passes the test, every connection through it goes on at once.".to_owned(),
            "The administrator checks that the account is enabled and not locked, if the password has not changed.".to_owned(),
        ]);
        return (Owner::Operator, words);
    }
    if matches!(problem, Problem::MailboxNotFound) {
        // Whose mailbox it is typed no address, and cannot change it.
        words.steps = vec![
            "An Exchange administrator looks whether the mailbox was removed, or has another address: the command shows both.".to_owned(),
            "If it is gone for good, a Kalends administrator disconnects it; if it has another address, that one is verified for its owner on the page People and connected.".to_owned(),
        ];
        return (Owner::Operator, words);
    }
    // The mailbox itself is its owner's; the account, its server and the address were chosen by administrators.
    let is_the_owners = matches!(problem, Problem::MailboxFull | Problem::EntryDamaged { .. });
    if problem.owner() == Owner::You && !is_the_owners {
        let place = match problem.concerns() {
            Concerns::Mailbox => {
                "A Kalends administrator corrects the mailbox’s address or its server, under Organisation. What to look for comes next."
            }
            _ => {
                "A Kalends administrator corrects the account’s server or username on its page, under Organisation. What to look for comes next."
            }
        };
        words.steps.insert(0, place.to_owned());
        words.lists_causes = false;
        return (Owner::Operator, words);
    }
    (problem.owner(), words)
}
