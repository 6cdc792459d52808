//! Words for passwords that are refused, held back or gone, and for accounts that may not sign in.

use super::{
    certificate,
    names::Names,
    powershell::quote_or,
    proxied,
    sign_in::{REACHES_DIRECTORY, SIGN_IN_SETTINGS, account_state},
    wording::{AdviceBuilder, Purpose, SERVER, shown, shown_or, words},
};
use crate::{
    clock::Timestamp,
    problem::{Certificate, Problem},
};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::SignInPaused { until } => paused(*until, names),
        Problem::TooManyTries { until } => too_many_tries(*until, names),
        Problem::SignInUnanswered => unanswered(names),
        Problem::PasswordRefused {
            taken_before: true, ..
        } => taken_then_refused(names),
        Problem::PasswordRefused { changed, proxy, .. } => {
            password_refused(changed.as_deref(), proxy.as_deref(), names)
        }
        Problem::AccountDisabled => disabled(names),
        Problem::PasswordExpired => expired(names),
        Problem::SecretMissing => secret_missing(),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let until = Timestamp::from_seconds(1_772_546_700);
    let refused = |taken_before, proxy: Option<&str>, changed: Option<Certificate>| {
        Problem::PasswordRefused {
            taken_before,
            proxy: proxy.map(str::to_owned),
            changed: changed.map(Box::new),
        }
    };
    vec![
        Problem::SignInPaused { until },
        Problem::TooManyTries { until },
        Problem::SignInUnanswered,
        refused(false, None, None),
        refused(false, Some("nginx/1.22.1"), None),
        refused(true, None, None),
        refused(false, None, Some(certificate::changed_example())),
        Problem::AccountDisabled,
        Problem::PasswordExpired,
        Problem::SecretMissing,
    ]
}

fn time(at: Timestamp, names: &Names) -> String {
    match names.utc_offset {
        Some(offset) => at.time_in_words_at(offset),
        None => at.time_in_words(),
    }
}

/// When a stopped account goes on by itself; nothing is said where that is not planned.
fn next_try(names: &Names) -> String {
    let at = names.probe_at.map(|at| time(at, names));
    at.map(|at| format!(" It is sent once more at {at}, by itself."))
        .unwrap_or_default()
}

fn too_many_tries(until: Timestamp, names: &Names) -> AdviceBuilder {
    let at = time(until, names);
    words(
        "You have tried too many passwords.",
        format!(
            "Within an hour a person may be refused ten times, and with six accounts at most. Kalends sends no password that you type before {at}."
        ),
    )
    .step(format!("Wait until {at}, then try again with the right account and password."))
    .step("Ask an administrator which account is meant, if you are not sure.")
}

fn unanswered(names: &Names) -> AdviceBuilder {
    words(
        "Exchange did not answer the sign-in.",
        format!(
            "The password saved for {} went out and no answer came, so it may have been refused. Kalends has stopped all work with it for a while, so that the account is not locked.{}",
            shown_or(&names.account, "the account"),
            next_try(names)
        ),
    )
    .step("Wait: Kalends tries again by itself. An administrator of Kalends can have the saved password sent once more.")
    .step("Check that the Exchange servers reach a domain controller, if it stays: while they do not, sign-ins hang or are refused.")
    .command(Purpose::FindOut, SERVER, REACHES_DIRECTORY)
}

fn paused(until: Timestamp, names: &Names) -> AdviceBuilder {
    let at = time(until, names);
    words(
        "Too many sign-ins were refused.",
        format!(
            "Sign-ins of {} were refused up to the limit of four an hour, three of them with typed passwords, or are still waiting for their answers. Another wrong password could lock the account for everybody who depends on it, so Kalends sends none before {}.",
            shown_or(&names.account, "the account"),
            at
        ),
    )
    .step(format!("Wait until {at}, then try again with the right password."))
    .step("Check in the meantime that the account is enabled and not locked.")
    .find_out(account_state(names))
}

fn password_refused(
    changed: Option<&Certificate>,
    proxy: Option<&str>,
    names: &Names,
) -> AdviceBuilder {
    let behind = proxy.map(|proxy| format!(", behind a proxy: {}", shown(proxy)));
    let told = format!(
        "The password saved for {} worked before and was refused{}. Kalends has stopped all work with it, so that the account is not locked.{}",
        shown_or(&names.account, "the account"),
        behind.unwrap_or_default(),
        next_try(names)
    );
    let advice = match certificate::before(changed) {
        None => words(
            "Exchange no longer takes the saved password.",
            format!("{told} It was probably changed, or it expired."),
        ),
        Some((now, before)) => words(
            "Exchange refuses the saved password, and its certificate has changed.",
            format!("{told} {}", certificate::change(now, before)),
        )
        .step(certificate::SOMETHING_BETWEEN),
    };
    let advice = match proxy {
        Some(proxy) => advice.step(proxied::changed_since(proxy)),
        None => advice,
    };
    advice
        .step("Type the present password on Profile Settings, below what it says of Microsoft Exchange. If it passes the test, every connection through this account goes on at once.")
        .step("Check that the account is enabled, not locked, and that its password has not expired: command 1.")
        .step("Check the sign-in settings of EWS, if the password is the right one: command 2. Extended Protection refuses sign-ins where a proxy on the way shows another certificate than Exchange.")
        .step("Check that the Exchange servers reach a domain controller: command 3. While they do not, Exchange refuses every password. Once they do, an administrator of Kalends has the saved password sent once more.")
        .find_out(account_state(names))
        .find_out(SIGN_IN_SETTINGS)
        .command(Purpose::FindOut, SERVER, REACHES_DIRECTORY)
}

/// What was taken is hardly wrong a moment later.
fn taken_then_refused(names: &Names) -> AdviceBuilder {
    words(
        "Exchange took the saved password a moment ago, and then refused it.",
        format!(
            "In the same run Exchange took the password of {} for some calls and answered the next with 401. It gives no reason: one of several servers that does not reach a domain controller, a balancer that parts connections, or an account that was locked or disabled at that moment look like this. Kalends has stopped all work with it, so that the account is not locked.{}",
            shown_or(&names.account, "the account"),
            next_try(names)
        ),
    )
    .step("Check that the account is enabled and not locked: command 1.")
    .step("Check that every Exchange server reaches a domain controller: command 2, on each.")
    .step("Check whether something in front passes the calls of one connection to several Exchange servers.")
    .step("An administrator of Kalends can have the saved password sent once more. Type the present one on Profile Settings, if it was changed at that moment.")
    .find_out(account_state(names))
    .command(Purpose::FindOut, SERVER, REACHES_DIRECTORY)
}

fn disabled(names: &Names) -> AdviceBuilder {
    let account = quote_or(&names.account, "ACCOUNT");
    words(
        "The account is disabled.",
        format!(
            "Exchange says that {} is disabled in the directory.",
            shown_or(&names.account, "the account")
        ),
    )
    .step("Enable the account, or connect with another one.")
    .find_out(account_state(names))
    .run(format!(
        "Enable-ADAccount -Identity (Get-User {account}).SamAccountName"
    ))
    .verify(format!(
        "Get-ADUser -Identity (Get-User {account}).SamAccountName | Format-List Enabled"
    ))
    .undo(format!(
        "Disable-ADAccount -Identity (Get-User {account}).SamAccountName"
    ))
}

fn expired(names: &Names) -> AdviceBuilder {
    let account = quote_or(&names.account, "ACCOUNT");
    words(
        "The account's password has expired.",
        format!(
            "Exchange says that {} must get a new password before it can sign in.",
            shown_or(&names.account, "the account")
        ),
    )
    .step("Set a new password and connect again with it.")
    .step(
        "Exempt the service account from expiry, so that connections do not break at every change.",
    )
    .find_out(account_state(names))
    .run(format!(
        "Set-ADUser -Identity (Get-User {account}).SamAccountName -PasswordNeverExpires $true"
    ))
    .verify(format!(
        "Get-ADUser -Identity (Get-User {account}).SamAccountName -Properties PasswordNeverExpires | Format-List PasswordNeverExpires"
    ))
    .undo(format!(
        "Set-ADUser -Identity (Get-User {account}).SamAccountName -PasswordNeverExpires $false"
    ))
}

fn secret_missing() -> AdviceBuilder {
    words(
        "The saved password cannot be opened.",
        "Its row is gone from Kalends' vault, or was changed. Nothing was sent to Exchange. When the row is back, the calendar goes on by itself.",
    )
    .step("Type the password once more on Profile Settings, below what it says of Microsoft Exchange.")
    .step("Ask a Kalends administrator whether the vault was restored or changed, if other people see this too.")
}
