//! Words for rights and mailboxes: the sign-in worked, the calendar is not within reach.

use super::{
    names::Names,
    powershell::{quote, quote_or},
    role,
    wording::{AdviceBuilder, shown, shown_or, words},
};
use crate::{endpoint::EwsUrl, mailbox::SmtpAddress, problem::Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::ImpersonationDenied => impersonation_denied(names),
        Problem::OutsideScope => outside_scope(names),
        Problem::RoleMissing => role_missing(names),
        Problem::ImpersonationFailed => impersonation_failed(names),
        Problem::MailboxNotFound => not_found(names),
        Problem::MailboxAlias { primary } => alias(primary.as_ref(), names),
        Problem::CalendarNotFound => no_calendar(names),
        Problem::AccessDenied => access_denied(names),
        Problem::AccountWithoutMailbox => account_without_one(names),
        Problem::MailboxMoving => moving(names),
        Problem::MailboxMoved { endpoint } => moved(endpoint.as_ref(), names),
        Problem::MailboxServerUnreachable { response_code } => {
            server_unreachable(response_code, names)
        }
        Problem::MailboxMisconfigured => misconfigured(names),
        Problem::MailboxFull => full(names),
        Problem::MailboxAmbiguous => ambiguous(names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    vec![
        Problem::ImpersonationDenied,
        Problem::OutsideScope,
        Problem::RoleMissing,
        Problem::ImpersonationFailed,
        Problem::MailboxNotFound,
        Problem::MailboxAlias {
            primary: "bob.long@example.test".parse().ok(),
        },
        Problem::MailboxAlias { primary: None },
        Problem::CalendarNotFound,
        Problem::AccessDenied,
        Problem::MailboxMoving,
        Problem::MailboxMoved {
            endpoint: "https://ex02.example.test/EWS/Exchange.asmx".parse().ok(),
        },
        Problem::MailboxMoved { endpoint: None },
        Problem::MailboxServerUnreachable {
            response_code: "ErrorNoRespondingCASInDestinationSite".to_owned(),
        },
        Problem::MailboxMisconfigured,
        Problem::MailboxFull,
        Problem::MailboxAmbiguous,
        Problem::AccountWithoutMailbox,
    ]
}

fn recipient(names: &Names) -> String {
    format!(
        "Get-Recipient {} | Format-List RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses",
        quote_or(&names.mailbox, "MAILBOX")
    )
}

fn impersonation_denied(names: &Names) -> AdviceBuilder {
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
    .step("Look whether the account holds the role at all: the first command lists who does, and the scope of each.")
    .step("If it does, its scope leaves this mailbox out: widen the scope, or add the mailbox to the group of the scope: the second command. Do not grant the role again.")
    .step("If it does not, grant the role: the third command. Add -CustomRecipientWriteScope to keep it to some mailboxes.")
    .step("Wait up to an hour after a change, then try again. If you also name “Another mailbox that works”, Kalends tells which of the two it is.")
    .find_out(role::holders())
    .run(role::add_to_group(&names.mailbox))
    .run(role::grant(&names.account))
    .verify(role::who_may_act_for(&names.mailbox))
    .undo(role::revoke())
    .undo(role::remove_from_group(&names.mailbox))
}

fn outside_scope(names: &Names) -> AdviceBuilder {
    let (mailbox, account) = (
        shown_or(&names.mailbox, "This mailbox"),
        shown_or(&names.account, "The service account"),
    );
    words(
        format!("{mailbox} is outside the scope of the service account."),
        format!(
            "{account} holds the role ApplicationImpersonation and reaches other mailboxes; its scope leaves this one out. A change of the scope takes effect within an hour."
        ),
    )
    .step("Look at the scope that narrows the role: the first command names it for each holder.")
    .step("Make the mailbox match the filter of that scope; for a scope of a group, add the mailbox to the group itself, not to a group within it: the second command.")
    .step("Wait up to an hour, then try again.")
    .find_out(role::holders())
    .run(role::add_to_group(&names.mailbox))
    .verify(role::who_may_act_for(&names.mailbox))
    .undo(role::remove_from_group(&names.mailbox))
}

fn role_missing(names: &Names) -> AdviceBuilder {
    let account = shown_or(&names.account, "The service account");
    words(
        format!("{account} does not hold the role ApplicationImpersonation."),
        "It signed in, but may act for nobody: it was refused for another mailbox, too, which it should reach. The role was never granted, was taken away, or was granted less than an hour ago.",
    )
    .step("Check who holds the role: the first command lists them.")
    .step("Grant it: the second command. Add -CustomRecipientWriteScope to keep it to some mailboxes.")
    .step("Wait up to an hour, then try again.")
    .find_out(role::holders())
    .run(role::grant(&names.account))
    .verify(role::who_may_act_for(&names.mailbox))
    .undo(role::revoke())
}

fn account_without_one(names: &Names) -> AdviceBuilder {
    let account = shown_or(&names.account, "The service account");
    let quoted = quote_or(&names.account, "ACCOUNT");
    words(
        format!("{account} has no mailbox of its own, and this Exchange wants it to have one."),
        "It signed in. Exchange 2013, and servers of others, look up the mailbox of whoever calls, even where the call is about another one. The mailbox that was asked for is not the matter.",
    )
    .step("Look whether the account has a mailbox: the first command shows UserMailbox, if it does.")
    .step("Give it one: the second command. Nobody needs to use it; hide it from address lists, if you like.")
    .step("Wait some minutes, then try again.")
    .find_out(format!("Get-Recipient {quoted} | Format-List RecipientTypeDetails,PrimarySmtpAddress"))
    .run(format!("Enable-Mailbox -Identity {quoted}"))
    .verify(format!("Get-Mailbox {quoted} | Format-List PrimarySmtpAddress,Database"))
    .undo(format!("Disable-Mailbox -Identity {quoted}"))
}

fn impersonation_failed(names: &Names) -> AdviceBuilder {
    words(
        "Exchange could not switch to the mailbox's owner.",
        format!(
            "The right is not the matter: the server failed while it looked up {}, often for trouble with the directory.",
            shown_or(&names.mailbox, "the mailbox")
        ),
    )
    .step("Wait a few minutes and try again; saved connections go on by themselves.")
    .step("Check the directory and the owner's account, if it stays.")
    .find_out("Test-ServiceHealth")
    .find_out(recipient(names))
}

fn not_found(names: &Names) -> AdviceBuilder {
    words(
        format!("Exchange has no mailbox {}.", shown_or(&names.mailbox, "at this address")),
        "The address is misspelt, belongs to a contact or a group, or its mailbox was moved to Microsoft 365.",
    )
    .step("Check the spelling of the address.")
    .step("Ask the Exchange administrator what the address belongs to, if it is right.")
    .find_out(recipient(names))
}

fn alias(primary: Option<&SmtpAddress>, names: &Names) -> AdviceBuilder {
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
    .find_out(recipient(names))
}

fn no_calendar(names: &Names) -> AdviceBuilder {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "The mailbox has no calendar that can be opened.",
        "Exchange makes the calendar when somebody opens the mailbox for the first time. Until then there is none, and without rights to it there seems to be none.",
    )
    .step("Open the mailbox once in Outlook or Outlook on the web, then try again.")
    .step("Check that the calendar folder exists.")
    .find_out(format!(
        "Get-MailboxFolderStatistics {mailbox} -FolderScope Calendar | Format-Table Name,FolderType,ItemsInFolder"
    ))
}

fn access_denied(names: &Names) -> AdviceBuilder {
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
    .find_out(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
    .run(format!("Set-CASMailbox {mailbox} -EwsEnabled $true"))
    .find_out(role::who_may_act_for(&names.mailbox))
    .verify(format!("Get-CASMailbox {mailbox} | Format-List EwsEnabled"))
    .undo(format!("Set-CASMailbox {mailbox} -EwsEnabled $false"))
}

fn moving(names: &Names) -> AdviceBuilder {
    words(
        "The mailbox is being moved.",
        "Exchange moves it to another database or server at the moment and lets nobody in until that is done.",
    )
    .step("Wait a few minutes and try again; saved connections go on by themselves.")
    .step("Look at the move, if it takes longer than a day.")
    .find_out(format!(
        "Get-MoveRequest -Identity {} | Get-MoveRequestStatistics",
        quote(&shown_or(&names.mailbox, "MAILBOX"))
    ))
}

fn moved(endpoint: Option<&EwsUrl>, names: &Names) -> AdviceBuilder {
    let mailbox = shown_or(&names.mailbox, "The mailbox");
    let words = match endpoint {
        Some(endpoint) => words(
            format!("{mailbox} is on another Exchange server now."),
            format!("The server asked does not hold it any more and names {endpoint} in its place. A saved password goes only to the server that it was saved for, so this needs you."),
        )
        .step(format!("Connect again with {endpoint} as the Exchange server.")),
        None => words(
            format!("{mailbox} is in another Exchange organisation now."),
            "The server asked does not hold it any more and sends programs on. A saved password goes only to the server that it was saved for, so this needs you.",
        )
        .step("Connect again without naming an Exchange server, so that Autodiscover finds the new one."),
    };
    words.find_out(format!(
        "Get-Recipient {} | Format-List RecipientTypeDetails,PrimarySmtpAddress,ExternalEmailAddress",
        quote_or(&names.mailbox, "MAILBOX")
    ))
}

fn server_unreachable(response_code: &str, names: &Names) -> AdviceBuilder {
    words(
        "The server asked does not reach the mailbox's server.",
        format!(
            "Exchange answered {}: the mailbox of {} is on another server or site, and passing the request on failed.",
            shown(response_code),
            shown_or(&names.mailbox, "this person")
        ),
    )
    .step("Wait a few minutes and try again; saved connections go on by themselves. Restarts of a server end like this.")
    .step("Type the address of a server in the mailbox's own site, if it stays: the first command shows where the mailbox is, the second the addresses of the servers.")
    .step("Check that the servers reach each other and that their certificates are valid.")
    .find_out(format!(
        "Get-Mailbox {} | Format-List Database,ServerName",
        quote_or(&names.mailbox, "MAILBOX")
    ))
    .find_out("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl")
    .find_out("Test-ServiceHealth")
}

fn misconfigured(names: &Names) -> AdviceBuilder {
    words(
        "The mailbox is not set up properly.",
        format!(
            "What the directory holds about {} contradicts itself, so Exchange does not open it.",
            shown_or(&names.mailbox, "the mailbox")
        ),
    )
    .step("Check the mailbox for mistakes: the command warns of each.")
    .step("Mend what it names, then try again.")
    .find_out(format!(
        "Get-Mailbox {} | Format-List *Valid*,Database,ExchangeGuid",
        quote_or(&names.mailbox, "MAILBOX")
    ))
}

fn full(names: &Names) -> AdviceBuilder {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "The mailbox is full.",
        "Exchange takes nothing new into it before something is removed or its limit is raised.",
    )
    .step("Empty the folder of deleted items and remove what is no longer needed.")
    .step("Ask the Exchange administrator for more room, if nothing can be removed: the commands show how full it is and where its limit stands.")
    .find_out(format!(
        "Get-MailboxStatistics {mailbox} | Format-List TotalItemSize,StorageLimitStatus"
    ))
    .find_out(format!("Get-Mailbox {mailbox} | Format-List *Quota*"))
}

fn ambiguous(names: &Names) -> AdviceBuilder {
    words(
        format!(
            "Exchange knows several mailboxes by the name {}.",
            shown_or(&names.mailbox, "typed")
        ),
        "It cannot tell which of them is meant. The full primary address belongs to one mailbox alone.",
    )
    .step("Type the full primary address of the mailbox, such as bob@example.test.")
    .find_out(format!(
        "Get-Recipient -Anr {} | Format-Table Name,PrimarySmtpAddress",
        quote_or(&names.mailbox, "MAILBOX")
    ))
}
