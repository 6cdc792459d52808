//! Words for sign-ins that do not work. A bare 401 tells no cause, so its causes are listed by likelihood, each with
//! the command that decides.

use super::{Names, Words, powershell::quote_or, shown, shown_or, words};
use crate::{account_name::AccountName, clock::Timestamp};

fn account_state(names: &Names) -> String {
    format!(
        "Get-ADUser -Identity (Get-User {}).SamAccountName -Properties LockedOut,PasswordExpired,PasswordLastSet,LogonWorkstations | Format-List Enabled,LockedOut,PasswordExpired,PasswordLastSet,LogonWorkstations",
        quote_or(&names.account, "ACCOUNT")
    )
}

pub(super) fn refused(names: &Names) -> Words {
    let account = shown_or(&names.account, "the account");
    words(
        "Exchange refused the user name or the password.",
        format!("The server answered 401 to {account}. It gives no reason; the likeliest causes come first. Kalends sent the password once and does not send it again by itself."),
    )
    .step("Type the password again.")
    .step(other_form(names))
    .step("Check that the account is enabled, not locked, and that its password has not expired: the first command shows it.")
    .step("Check the account's sign-in name and whether a policy blocks it: the second command shows both.")
    .step("Look at the sign-in settings of EWS, and at the Security log of the server (event 4625), which names the cause: the third command shows the settings.")
    .exchange(account_state(names))
    .exchange(format!(
        "Get-User {} | Format-List UserPrincipalName,SamAccountName,AuthenticationPolicy,UserAccountControl",
        quote_or(&names.account, "ACCOUNT")
    ))
    .exchange("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*")
}

/// The form of the user name that was not typed.
fn other_form(names: &Names) -> String {
    let domain = names
        .mailbox
        .rsplit_once('@')
        .map(|(_, domain)| shown(domain));
    match AccountName::parse(&names.account, "") {
        Ok(AccountName::Upn(upn)) => {
            let user = shown(upn.split('@').next().unwrap_or_default());
            format!("Try the other form of the user name, DOMAIN\\{user}; a mail address works only if it is the account's sign-in name.")
        }
        Ok(AccountName::Domain { user, .. }) => {
            let domain = domain.unwrap_or_else(|| "domain".to_owned());
            format!("Try the other form of the user name, {}@{domain}.", shown(&user))
        }
        Ok(AccountName::Plain(user)) => {
            let user = shown(&user);
            format!("Try the user name with its domain, DOMAIN\\{user}; a bare name works only where the server has a default domain.")
        }
        Err(_) => "Try the other form of the user name: DOMAIN\\user in place of user@domain, or the other way round.".to_owned(),
    }
}

pub(super) fn not_offered(offered: &[String]) -> Words {
    let offered: Vec<String> = offered.iter().map(|scheme| shown(scheme)).collect();
    let meaning = if offered.is_empty() {
        "The server asks for no sign-in that a program could use. Kalends signs in with NTLM, or with Basic over the encrypted connection.".to_owned()
    } else if offered == ["Bearer"] {
        "The server takes tokens of a sign-in service only (it offers Bearer). Kalends signs in with NTLM, or with Basic over the encrypted connection. If the mailbox is in Microsoft 365, it cannot be connected.".to_owned()
    } else {
        format!(
            "The server offers {}. Kalends signs in with NTLM, which every new Exchange server offers, or with Basic over the encrypted connection.",
            offered.join(", ")
        )
    };
    words("Exchange does not offer a sign-in that Kalends can use.", meaning)
        .step("Turn on Windows authentication for EWS, which brings NTLM; the first command shows the settings, the second changes them on every server.")
        .step("Check that proxies in front pass the sign-in through.")
        .step("Wait a few minutes, or restart IIS, until it takes effect.")
        .exchange("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication,WindowsAuthentication")
        .exchange("Get-WebServicesVirtualDirectory | Set-WebServicesVirtualDirectory -WindowsAuthentication $true")
}

pub(super) fn kerberos_only() -> Words {
    words(
        "The server takes Kerberos only.",
        "It offers Negotiate, but NTLM is switched off there. Kerberos needs a machine that belongs to the Windows domain, which the server of Kalends is not.",
    )
    .step("Add NTLM to the providers of Windows authentication for EWS in IIS: open the site, EWS, Authentication, Windows Authentication, Providers.")
    .step("Check whether the policy \"Network security: Restrict NTLM\" keeps the Exchange servers or the service account from it; exceptions can be named there.")
    .step("Or turn on Basic for EWS: the second command.")
    .exchange("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication,WindowsAuthentication")
    .exchange("Get-WebServicesVirtualDirectory | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
}

pub(super) fn connection_not_kept() -> Words {
    words(
        "The connection is closed in the middle of the sign-in.",
        "NTLM signs in a connection in two steps, and something closes it after the first: mostly a proxy or load balancer in front of Exchange that does not keep connections open.",
    )
    .step("Let the proxy keep connections open (keep-alive) and pass each one to the same Exchange server.")
    .step("Or name an Exchange server that is reached without the proxy as the Exchange server.")
    .step("Or turn on Basic for EWS, which needs one step only: the command.")
    .exchange("Get-WebServicesVirtualDirectory | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
}

pub(super) fn paused(until: Timestamp, names: &Names) -> Words {
    words(
        "Too many sign-ins were refused.",
        format!(
            "Exchange refused {} several times. Another wrong password could lock the account for everybody who depends on it, so Kalends sends none before {}.",
            shown_or(&names.account, "the account"),
            until.time_in_words()
        ),
    )
    .step(format!("Wait until {}, then try again with the right password.", until.time_in_words()))
    .step("Check in the meantime that the account is enabled and not locked.")
    .exchange(account_state(names))
}

pub(super) fn password_refused(names: &Names) -> Words {
    words(
        "Exchange no longer takes the saved password.",
        format!(
            "The password saved for {} was refused twice, a quarter of an hour apart. Kalends keeps it from being sent again, so that the account is not locked. It was probably changed, or it expired.",
            shown_or(&names.account, "the account")
        ),
    )
    .step("Connect again with the present password; every connection through this account then goes on.")
    .step("Check that the account is enabled, not locked, and that its password has not expired.")
    .exchange(account_state(names))
}

pub(super) fn disabled(names: &Names) -> Words {
    let account = quote_or(&names.account, "ACCOUNT");
    words(
        "The account is disabled.",
        format!(
            "Exchange says that {} is disabled in the directory.",
            shown_or(&names.account, "the account")
        ),
    )
    .step("Enable the account, or connect with another one.")
    .exchange(account_state(names))
    .command(
        "In PowerShell with the Active Directory module",
        format!("Enable-ADAccount -Identity (Get-User {account}).SamAccountName"),
    )
}

pub(super) fn expired(names: &Names) -> Words {
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
    .exchange(account_state(names))
    .command(
        "In PowerShell with the Active Directory module",
        format!(
            "Set-ADUser -Identity (Get-User {account}).SamAccountName -PasswordNeverExpires $true"
        ),
    )
}

pub(super) fn secret_missing() -> Words {
    words(
        "The saved password cannot be opened.",
        "It is gone from Kalends' vault, or the key that sealed it is no longer set. Nothing was sent to Exchange.",
    )
    .step("Connect again and type the password once more.")
    .step("Ask whoever runs Kalends whether the vault or its keys were changed, if other people see this too.")
}
