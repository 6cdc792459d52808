//! Words for rights and mailboxes: the sign-in worked, the calendar is not within reach.

use super::{
    Names, Words,
    powershell::{quote, quote_or},
    shown_or, words,
};
use crate::mailbox::SmtpAddress;

const COLUMNS: &str = "Format-Table Name,EffectiveUserName,CustomRecipientWriteScope";

fn recipient(names: &Names) -> String {
    format!(
        "Get-Recipient {} | Format-List RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses",
        quote_or(&names.mailbox, "MAILBOX")
    )
}

pub(super) fn impersonation_denied(names: &Names) -> Words {
    let (mailbox, account) = (
        shown_or(&names.mailbox, "this mailbox"),
        shown_or(&names.account, "The account"),
    );
    words(
        format!("The service account may not act for {mailbox}."),
        format!(
            "{account} signed in, but it does not hold the role ApplicationImpersonation for this mailbox: the role is missing, or the mailbox is outside its scope. A role that was just granted takes effect within an hour."
        ),
    )
    .step("Check whether the account is among those that may act for the mailbox: the first command lists them.")
    .step("Grant the role if the list does not name the account: the second command.")
    .step("Change the scope in place of that, if the third command shows the account with a scope that leaves the mailbox out.")
    .step("Wait up to an hour after a change, then try again.")
    .exchange(format!(
        "Get-ManagementRoleAssignment -Role ApplicationImpersonation -WritableRecipient {} -GetEffectiveUsers | {COLUMNS}",
        quote_or(&names.mailbox, "MAILBOX")
    ))
    .exchange(format!(
        "New-ManagementRoleAssignment -Name 'Kalends impersonation' -Role ApplicationImpersonation -User {}",
        quote_or(&names.account, "ACCOUNT")
    ))
    .exchange(format!(
        "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | {COLUMNS}"
    ))
}

pub(super) fn impersonation_failed(names: &Names) -> Words {
    words(
        "Exchange could not switch to the mailbox's owner.",
        format!(
            "The right is not the matter: the server failed while it looked up {}, often for trouble with the directory.",
            shown_or(&names.mailbox, "the mailbox")
        ),
    )
    .step("Wait: Kalends tries again by itself.")
    .step("Check the directory and the owner's account, if it stays.")
    .exchange("Test-ServiceHealth")
    .exchange(recipient(names))
}

pub(super) fn not_found(names: &Names) -> Words {
    words(
        format!("Exchange has no mailbox {}.", shown_or(&names.mailbox, "at this address")),
        "The address is misspelt, belongs to a contact or a group, or its mailbox was moved to Microsoft 365.",
    )
    .step("Check the spelling of the address.")
    .step("Ask the Exchange administrator what the address belongs to, if it is right.")
    .exchange(recipient(names))
}

pub(super) fn alias(primary: Option<&SmtpAddress>, names: &Names) -> Words {
    let mailbox = shown_or(&names.mailbox, "This address");
    match primary {
        Some(primary) => words(
            format!("{mailbox} is another name for {primary}."),
            "Each mailbox has one primary address, and Exchange wants that one.",
        )
        .step(format!("Type {primary} in its place.")),
        None => words(
            format!("{mailbox} is not the mailbox's primary address."),
            "Each mailbox has one primary address, and Exchange wants that one. It did not say which it is.",
        )
        .step("Type the primary address; Outlook sends mail from it, and the command shows it."),
    }
    .exchange(recipient(names))
}

pub(super) fn no_calendar(names: &Names) -> Words {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "The mailbox has no calendar that can be opened.",
        "Exchange makes the calendar when somebody opens the mailbox for the first time. Until then there is none, and without rights to it there seems to be none.",
    )
    .step("Open the mailbox once in Outlook or Outlook on the web, then try again.")
    .step("Check that the calendar folder exists.")
    .exchange(format!(
        "Get-MailboxFolderStatistics {mailbox} -FolderScope Calendar | Format-Table Name,FolderType,ItemsInFolder"
    ))
}

pub(super) fn access_denied(names: &Names) -> Words {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "Exchange denies access to the calendar.",
        format!(
            "{} signed in, but may not read this calendar, or EWS is switched off for the mailbox.",
            shown_or(&names.account, "The account")
        ),
    )
    .step("Check whether EWS is on for the mailbox, and turn it on: the first two commands.")
    .step("Check that your own address was typed, if you connect with your own account.")
    .step("Grant the service account the role ApplicationImpersonation, if it has none: the third command shows who has it.")
    .exchange(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
    .exchange(format!("Set-CASMailbox {mailbox} -EwsEnabled $true"))
    .exchange(format!(
        "Get-ManagementRoleAssignment -Role ApplicationImpersonation -WritableRecipient {mailbox} -GetEffectiveUsers | {COLUMNS}"
    ))
}

pub(super) fn moving(names: &Names) -> Words {
    words(
        "The mailbox is being moved.",
        "Exchange moves it to another database or server at the moment and lets nobody in until that is done.",
    )
    .step("Wait: Kalends tries again by itself.")
    .step("Look at the move, if it takes longer than a day.")
    .exchange(format!(
        "Get-MoveRequest -Identity {} | Get-MoveRequestStatistics",
        quote(&shown_or(&names.mailbox, "MAILBOX"))
    ))
}
