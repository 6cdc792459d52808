//! Words for sign-ins that do not work. A bare 401 tells no cause, so its causes are listed by likelihood, each with
//! the command that decides.

use super::{
    certificate,
    names::Names,
    powershell::quote_or,
    proxied,
    wording::{AdviceBuilder, Purpose, SERVER, shown, shown_or, words},
};
use crate::{
    account_name::AccountName,
    problem::{Certificate, Problem},
};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::SignInNotOffered { offered } => not_offered(offered),
        Problem::KerberosOnly { .. } => kerberos_only(),
        Problem::ConnectionNotKept => connection_not_kept(),
        Problem::BasicWithheld { offered, changed } => {
            basic_withheld(offered, changed.as_deref(), names)
        }
        Problem::SignInRefused {
            changed,
            proxy,
            offered,
        } => refused(changed.as_deref(), proxy.as_deref(), offered, names),
        Problem::AccountNotInDomain => not_in_domain(names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let changed = || Some(Box::new(certificate::changed_example()));
    let refused = |offered: &str, proxy: Option<&str>, changed| Problem::SignInRefused {
        offered: kinds(&[offered]),
        proxy: proxy.map(str::to_owned),
        changed,
    };
    vec![
        Problem::SignInNotOffered {
            offered: kinds(&["NTLM"]),
        },
        Problem::SignInNotOffered { offered: vec![] },
        Problem::KerberosOnly {
            offered: kinds(&["Negotiate"]),
        },
        Problem::ConnectionNotKept,
        Problem::BasicWithheld {
            offered: kinds(&["Basic"]),
            changed: None,
        },
        Problem::BasicWithheld {
            offered: kinds(&["NTLM", "Basic"]),
            changed: changed(),
        },
        refused("Basic", None, None),
        refused("NTLM", None, None),
        refused("NTLM", Some("nginx/1.22.1"), None),
        refused("NTLM", None, changed()),
        Problem::AccountNotInDomain,
    ]
}

pub(super) fn account_state(names: &Names) -> String {
    format!(
        "Get-ADUser -Identity (Get-User {}).SamAccountName -Properties LockedOut,PasswordExpired,PasswordLastSet,LogonWorkstations | Format-List Enabled,LockedOut,PasswordExpired,PasswordLastSet,LogonWorkstations",
        quote_or(&names.account, "ACCOUNT")
    )
}

pub(super) const REACHES_DIRECTORY: &str = "Test-ComputerSecureChannel -Verbose";
pub(super) const SIGN_IN_SETTINGS: &str = "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*";

/// A certificate that changed since the last success is the one trace that a proxy leaves which ends TLS itself.
fn refused(
    changed: Option<&Certificate>,
    proxy: Option<&str>,
    offered: &[String],
    names: &Names,
) -> AdviceBuilder {
    let account = shown_or(&names.account, "the account");
    let quoted = quote_or(&names.account, "ACCOUNT");
    let told = format!(
        "The server answered 401 to {account}. It gives no reason; the likeliest causes come first. Kalends sent the password once and does not send it again by itself."
    );
    let is_handshake = offered.is_empty() || keeps_the_password(offered);
    let advice = match (proxy, certificate::before(changed)) {
        (Some(proxy), before) => proxied::refused(proxy, &told, before),
        (None, None) => words("Exchange refused the user name or the password.", told),
        (None, Some((now, before))) => words(
            "Exchange refused the sign-in, and its certificate has changed.",
            format!("{told} {}", certificate::change(now, before)),
        )
        .step(certificate::SOMETHING_BETWEEN),
    };
    let advice = advice
    .for_each_cause()
    .step("Type the password again.")
    .step(other_form(names))
    .step("Check that the account is enabled, not locked, and that its password has not expired or must be changed at the next sign-in; LogonWorkstations must be empty, or name the Exchange server: command 1 shows all of it.")
    .step("Check the account's sign-in name (UserPrincipalName), and whether an authentication policy blocks it: command 2. A policy with BlockLegacyAuthWebServices refuses every password; command 6 takes the account out of it.")
    .step("Look into the Security log of the Exchange server for event 4625, which names the cause: command 3. What counts stands in its Sub Status, and in its Status where that is 0x0: 0xC000006A is a wrong password, 0xC0000064 an unknown name, 0xC0000234 a locked account, 0xC0000072 a disabled one, 0xC0000071 an expired password, 0xC0000224 one that must be changed, 0xC0000070 a forbidden workstation, 0xC0000413 an authentication policy, 0xC000005E an unreachable domain controller, 0xC000035B a failure of Extended Protection.");
    let advice = if is_handshake {
        advice
            .step("Check the sign-in settings of EWS: command 4. Extended Protection refuses sign-ins where a proxy on the way shows another certificate than Exchange.")
            .step("Check whether something in front (a balancer, a proxy) opens a new connection to Exchange for each request: NTLM signs in one connection, and Exchange refuses every password then.")
    } else {
        advice.step("Check the sign-in settings of EWS: command 4 shows which kinds it takes.")
    };
    let clock = if is_handshake {
        "Check the clock of this machine and of the server, and whether the domain restricts NTLM or the account is in the group Protected Users, if nothing else is found."
    } else {
        "Check whether the account is in the group Protected Users, if nothing else is found: it signs in by Kerberos alone."
    };
    advice
    .step("Check that the Exchange server reaches a domain controller: command 5. While it does not, it refuses every password.")
    .step(clock)
    .find_out(account_state(names))
    .find_out(format!(
        "Get-User {quoted} | Format-List UserPrincipalName,SamAccountName,AuthenticationPolicy,UserAccountControl"
    ))
    .command(
        Purpose::FindOut,
        SERVER,
        "Get-WinEvent -FilterHashtable @{LogName='Security';Id=4625} -MaxEvents 20 | Format-List TimeCreated,Message",
    )
    .find_out(SIGN_IN_SETTINGS)
    .command(Purpose::FindOut, SERVER, REACHES_DIRECTORY)
    .run(format!("Set-User {quoted} -AuthenticationPolicy $null"))
    .verify(format!("Get-User {quoted} | Format-List AuthenticationPolicy"))
    .undo(format!("Set-User {quoted} -AuthenticationPolicy 'POLICY'"))
}

/// Whether a sign-in is offered that proves the password by two messages over one connection.
fn keeps_the_password(offered: &[String]) -> bool {
    offered.iter().any(|it| it == "NTLM" || it == "Negotiate")
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

fn not_offered(offered: &[String]) -> AdviceBuilder {
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
    if offered
        .iter()
        .any(|scheme| scheme == "NTLM" || scheme == "Negotiate")
    {
        return words(
            "Exchange offers a sign-in and breaks it off.",
            format!(
                "The server offers {}, but answers the first message of the sign-in with a refusal in place of its own. No password was judged.",
                offered.join(", ")
            ),
        )
        .step("Check that proxies and load balancers in front keep a connection open and pass it to the same Exchange server.")
        .step("Check whether the domain restricts NTLM, and the event logs of the Exchange server for its reason.")
        .find_out(SIGN_IN_SETTINGS)
        .command(
            Purpose::FindOut,
            SERVER,
            "Get-WinEvent -LogName 'Microsoft-Windows-NTLM/Operational' -MaxEvents 20 | Format-List TimeCreated,Message",
        );
    }
    words("Exchange does not offer a sign-in that Kalends can use.", meaning)
        .step("Turn on Windows authentication for EWS, which brings NTLM: the first command shows the settings, the second changes them. Put the name of a server that the first one shows as off in the place of SERVER.")
        .step("Check that proxies in front pass the sign-in through.")
        .step("Wait a few minutes, or restart IIS, until it takes effect.")
        .find_out("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication,WindowsAuthentication")
        .run("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -WindowsAuthentication $true")
        .verify("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,WindowsAuthentication")
        .undo("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -WindowsAuthentication $false")
}

fn kerberos_only() -> AdviceBuilder {
    words(
        "The server takes Kerberos only.",
        "It offers Negotiate, but NTLM is switched off there. Kerberos needs a machine that belongs to the Windows domain, which the server of Kalends is not.",
    )
    .step("Add NTLM to the providers of Windows authentication for EWS in IIS: open the site, EWS, Authentication, Windows Authentication, Providers.")
    .step("Check whether the policy \"Network security: Restrict NTLM\" keeps the Exchange servers or the account from it; exceptions can be named there.")
    .step("Or turn on Basic for EWS: the second command, with the name of the server in the place of SERVER. Kalends uses it once you allow it for the account, on the page of the failed test.")
    .find_out("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication,WindowsAuthentication")
    .run("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
    .verify("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication")
    .undo("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -BasicAuthentication $false")
}

fn connection_not_kept() -> AdviceBuilder {
    words(
        "The connection is closed in the middle of the sign-in.",
        "NTLM signs in a connection in two steps, and something closes it after the first: mostly a proxy or load balancer in front of Exchange that does not keep connections open.",
    )
    .step("Let the proxy keep connections open (keep-alive) and pass each one to the same Exchange server.")
    .step("Or name an Exchange server that is reached without the proxy as the Exchange server.")
    .step("Or turn on Basic for EWS, which needs one step only: the command, with the name of the server in the place of SERVER. Kalends uses it once you allow it for the account, on the page of the failed test.")
    .run("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
    .verify("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication")
    .undo("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -BasicAuthentication $false")
}

/// Somebody who stands between can take better sign-ins out of the offer, or spoil them, to be handed the password.
fn basic_withheld(
    offered: &[String],
    changed: Option<&Certificate>,
    names: &Names,
) -> AdviceBuilder {
    let only_basic = !keeps_the_password(offered);
    let told = if only_basic {
        "The server now offers only Basic, which sends the password itself; before, it offered NTLM or Negotiate, which prove the password without sending it."
    } else {
        "The server offers NTLM or Negotiate, which prove the password without sending it, but breaks them off; Basic, which sends the password itself, is all that is left."
    };
    let told = format!(
        "{told} Somebody between Kalends and Exchange can bring that about. The password was not sent."
    );
    let words = match certificate::before(changed) {
        None => words(
            "The password was kept back: the server asks for less protection than before.",
            told,
        ),
        Some((now, before)) => words(
            "The password was kept back: the server asks for less protection than before.",
            format!("{told} {}", certificate::change(now, before)),
        )
        .step(certificate::SOMETHING_BETWEEN),
    };
    let allow = if names.held {
        "If Basic is meant: an administrator of Kalends tests the account anew under “Change server or username”, types its password and ticks “Sign in by Basic”."
    } else {
        "If Basic is meant: allow it on the page of the failed test and type the password anew. For an account that others use, an administrator of Kalends does so."
    };
    words
        .step("Ask the Exchange administrator whether the sign-in settings of EWS were changed: the first command shows them.")
        .step("Turn on Windows authentication for EWS again: the second command, with the name of the server in the place of SERVER. If it is on, check that proxies in front pass NTLM through and keep connections open.")
        .step(allow)
        .find_out(SIGN_IN_SETTINGS)
        .run("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -WindowsAuthentication $true")
        .verify("Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,WindowsAuthentication")
        .undo("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -WindowsAuthentication $false")
}

fn not_in_domain(names: &Names) -> AdviceBuilder {
    words(
        "Exchange takes accounts of its domain only.",
        format!(
            "{} signed in, but it is an account of the server itself. Exchange opens mailboxes for accounts of its Active Directory domain alone.",
            shown_or(&names.account, "The account")
        ),
    )
    .step("Type the name of an account of the domain, such as DOMAIN\\user or user@domain.")
    .step("Create a service account in the domain, if there is none yet.")
    .find_out(format!(
        "Get-User {} | Format-List UserPrincipalName,SamAccountName,RecipientTypeDetails",
        quote_or(&names.account, "ACCOUNT")
    ))
}
