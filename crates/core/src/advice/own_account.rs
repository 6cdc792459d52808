//! What changes where somebody signs in with an account of their own: no role is needed, the mailbox is the account's,
//! and its password is its owner's to change.

use super::{
    names::Names,
    powershell::quote_or,
    wording::{AdviceBuilder, shown_or, words},
};
use crate::problem::{Owner, Problem};

/// Who must act, and how.
pub(super) fn told(
    problem: &Problem,
    words: AdviceBuilder,
    names: &Names,
) -> (Owner, AdviceBuilder) {
    match problem {
        Problem::PasswordExpired => (Owner::You, expired(names)),
        Problem::AccountWithoutMailbox => (problem.owner(), no_mailbox(names)),
        Problem::AccessDenied
        | Problem::ImpersonationDenied
        | Problem::OutsideScope
        | Problem::RoleMissing => (problem.owner(), access_denied(names)),
        Problem::AccountNotInDomain => (Owner::You, without_a_new_account(words)),
        _ => (problem.owner(), words),
    }
}

fn expired(names: &Names) -> AdviceBuilder {
    words(
        "Your password has expired.",
        format!(
            "Exchange says that {} must get a new password before it can sign in. It is the password with which you sign in to Windows and Outlook.",
            shown_or(&names.account, "your account")
        ),
    )
    .step("Change your password: on a Windows computer of your organisation by Ctrl+Alt+Del, or in Outlook on the web, if it offers that.")
    .step("Ask your Exchange administrator to set a new one, if you cannot change it yourself.")
    .step("Connect again with the new password.")
}

fn no_mailbox(names: &Names) -> AdviceBuilder {
    let account = shown_or(&names.account, "Your account");
    let quoted = quote_or(&names.account, "ACCOUNT");
    words(
        format!("Exchange finds no mailbox of {account}."),
        "It signed in, but no mailbox belongs to it here: the account that was typed is another than the mailbox’s, or the mailbox was removed, disabled or moved to Microsoft 365.",
    )
    .step("Check that the user name is the one of the mailbox’s owner, if you have several accounts.")
    .step("Look whether the account has a mailbox, and which: the first command shows UserMailbox, if it does.")
    .step("Connect the mailbox with its account again, if it was disabled: the second command shows it.")
    .find_out(format!(
        "Get-Recipient {quoted} | Format-List RecipientTypeDetails,PrimarySmtpAddress"
    ))
    .find_out(format!(
        "Get-User {quoted} | Format-List UserPrincipalName,RecipientTypeDetails"
    ))
}

fn access_denied(names: &Names) -> AdviceBuilder {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "Exchange denies you access to the calendar.",
        format!(
            "{} signed in, but may not read the calendar of {}: it is another person’s, or EWS is switched off for the mailbox.",
            shown_or(&names.account, "Your account"),
            shown_or(&names.mailbox, "this mailbox")
        ),
    )
    .step("Check that your own address was typed, and the user name that belongs to it.")
    .step("Check whether EWS is on for the mailbox, and turn it on: the commands.")
    .find_out(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
    .run(format!("Set-CASMailbox {mailbox} -EwsEnabled $true"))
    .verify(format!("Get-CASMailbox {mailbox} | Format-List EwsEnabled"))
    .undo(format!("Set-CASMailbox {mailbox} -EwsEnabled $false"))
}

/// Whoever has an account of their own makes no other one.
fn without_a_new_account(mut words: AdviceBuilder) -> AdviceBuilder {
    words.steps.truncate(1);
    words
}

#[cfg(test)]
mod tests {
    use super::super::{advice, every_problem};
    use super::*;

    #[test]
    fn no_advice_on_an_own_account_speaks_of_a_service_account() {
        let names = Names {
            mailbox: "bob@example.test".to_owned(),
            account: "EXAMPLE\\bob".to_owned(),
            is_own: true,
            tells_addresses: true,
            ..Names::default()
        };
        for names in [
            names,
            Names {
                is_own: true,
                ..Names::default()
            },
        ] {
            for problem in every_problem() {
                let told = advice(&problem, &names);
                let text = format!("{told:?}").to_lowercase();
                for word in [
                    "service account",
                    "applicationimpersonation",
                    "managementroleassignment",
                    "passwordneverexpires",
                    "even where the call is about another one",
                    "may not act for",
                ] {
                    assert!(!text.contains(word), "{}: {word}: {text}", told.code);
                }
                assert!(!told.on_role, "{}", told.code);
            }
        }
        let expired = advice(
            &Problem::PasswordExpired,
            &Names {
                is_own: true,
                ..Names::default()
            },
        );
        assert_eq!((expired.owner, expired.commands.len()), (Owner::You, 0));
    }

    #[test]
    fn nobody_is_told_to_mend_the_server_of_an_account_that_administrators_hold() {
        let names = Names {
            held: true,
            tells_addresses: true,
            ..Names::default()
        };
        for problem in every_problem() {
            let told = advice(&problem, &names);
            let is_mailboxs =
                matches!(problem, Problem::MailboxFull | Problem::EntryDamaged { .. });
            assert!(told.owner != Owner::You || is_mailboxs, "{}", told.code);
        }
    }
}
