//! Words for servers that answer something else than expected: no EWS, not this EWS, or not for this caller.

use super::{
    names::Names,
    powershell::{quote, quote_or},
    wording::{AdviceBuilder, Purpose, SERVER, host_of, shown, shown_or, words},
};
use crate::problem::{InsteadOfEws, NO_CODE, Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::NotEws {
            instead,
            status,
            location,
        } => not_ews(*instead, *status, location.as_deref(), names),
        Problem::EndpointNotFound { url } => not_found(url),
        Problem::Forbidden => forbidden(names),
        Problem::EwsOffHere => ews_off_here(names),
        Problem::EwsOffEverywhere => ews_off_everywhere(),
        Problem::ServerTooOld => too_old(),
        Problem::ExchangeOnline => exchange_online(names),
        Problem::UnknownResponseCode { response_code } => unknown_code(response_code),
        Problem::RequestRejected { said } => request_rejected(said),
        Problem::AnswerTooLarge => too_large(),
        Problem::AnswerNotUnderstood { .. } => not_understood(),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let not_ews = |instead| Problem::NotEws {
        instead,
        status: 200,
        location: Some("https://sts.example.test/".to_owned()),
    };
    let rejected = |said: &str| Problem::RequestRejected {
        said: said.to_owned(),
    };
    vec![
        not_ews(InsteadOfEws::WebPage),
        not_ews(InsteadOfEws::SignInPage),
        not_ews(InsteadOfEws::Redirect),
        not_ews(InsteadOfEws::NotSoap),
        Problem::EndpointNotFound {
            url: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
        },
        Problem::Forbidden,
        Problem::EwsOffHere,
        Problem::EwsOffEverywhere,
        rejected("ErrorSchemaValidation"),
        rejected("HTTP 413"),
        Problem::ServerTooOld,
        Problem::ExchangeOnline,
        Problem::AnswerTooLarge,
        Problem::AnswerNotUnderstood {
            reason: "no Body".to_owned(),
        },
        Problem::UnknownResponseCode {
            response_code: "ErrorNew2030".to_owned(),
        },
    ]
}

pub(super) const URLS: &str = "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl";

fn not_ews(
    instead: InsteadOfEws,
    status: u16,
    location: Option<&str>,
    names: &Names,
) -> AdviceBuilder {
    let host = host_of(&names.endpoint);
    let to = location.map_or_else(String::new, |to| format!(" It points to {}.", shown(to)));
    let advice = match instead {
        InsteadOfEws::WebPage => words(
            format!("{host} shows a web page where EWS should answer."),
            format!(
                "The address leads to a page for people (HTTP {status}), often the sign-in page of a proxy in front of Exchange. If it came in answer to the sign-in, it has seen the password: change the password if this is no server of yours."
            ),
        ),
        InsteadOfEws::SignInPage => words(
            format!("{host} sends callers to a sign-in page."),
            format!(
                "A proxy in front of Exchange wants people to sign in with a browser first (HTTP {status}).{to} Programs cannot pass it, and Kalends follows no redirect."
            ),
        ),
        InsteadOfEws::Redirect => words(
            format!("{host} sends callers elsewhere."),
            format!(
                "EWS itself never redirects, so something in front of it does (HTTP {status}).{to} Kalends follows no redirect, since passwords would go along."
            ),
        ),
        InsteadOfEws::NoAddress => {
            return external_url(
                words(
                    "Autodiscover names no address of EWS.",
                    "It answered and knows the mailbox, but gives no address of EWS, or none with https: the ExternalUrl of EWS is empty, or begins with http://.",
                ),
                names,
            )
            .step("Or name the address of the Exchange server yourself.");
        }
        InsteadOfEws::NotSoap => words(
            format!("What answers at {host} is not EWS."),
            format!("The answer (HTTP {status}) is none that Exchange Web Services give.{to}"),
        ),
    };
    advice
        .step("Check the Exchange server's address; it usually is the name of Outlook on the web followed by /EWS/Exchange.asmx.")
        .step("Publish the path /EWS/* on the proxy or load balancer without pre-authentication, so that it reaches Exchange.")
        .find_out(URLS)
}

/// How the address that Autodiscover gives is set.
pub(super) fn external_url(words: AdviceBuilder, names: &Names) -> AdviceBuilder {
    let domain = names.mailbox.rsplit_once('@').map(|(_, domain)| domain);
    let domain = shown_or(domain.unwrap_or_default(), "example.com");
    let url = quote(&format!("https://mail.{domain}/EWS/Exchange.asmx"));
    words
        .step("Set the ExternalUrl of EWS: the first command shows it for each server, the second sets it. Put the address under which Exchange is reached from outside in the place of the example, and the name of the server in the place of SERVER.")
        .find_out(URLS)
        .run(format!("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -ExternalUrl {url}"))
        .verify(URLS)
        .undo("Get-WebServicesVirtualDirectory -Server 'SERVER' | Set-WebServicesVirtualDirectory -ExternalUrl 'EARLIER'")
}

fn not_found(url: &str) -> AdviceBuilder {
    if url.contains("/autodiscover/") {
        return words(
            "There is no Autodiscover at this address.",
            format!(
                "The server answered, but it knows nothing at {} (HTTP 404 or 410).",
                shown(url)
            ),
        )
        .step("Type the address of the Exchange server in place of looking for it.");
    }
    words(
        "There is no EWS at this address.",
        format!("The server answered, but it knows nothing at {} (HTTP 404 or 410).", shown(url)),
    )
    .step("Check the Exchange server's address: the administrator sees the right one as ExternalUrl.")
    .step("Publish the path /EWS/* on the proxy or load balancer, if there is one in front of Exchange.")
    .find_out(URLS)
}

const ORGANISATION: &str = "Get-OrganizationConfig | Format-List Ews*";
const ALLOW: &str = "Set-OrganizationConfig -EwsAllowList @{Add='Kalends/*'}";
const ALLOWED: &str =
    "Get-OrganizationConfig | Format-List EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList";
const ALLOW_NO_MORE: &str = "Set-OrganizationConfig -EwsAllowList @{Remove='Kalends/*'}";

fn ews_off_here(names: &Names) -> AdviceBuilder {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        format!(
            "EWS is switched off for {}.",
            shown_or(&names.mailbox, "this mailbox")
        ),
        "Exchange answered 403 for this mailbox and lets the same account into another one, so the cause lies with the mailbox: EWS is off for it, or it has a list of its own of programs that may use it.",
    )
    .step("Turn EWS on for the mailbox, if the first command shows EwsEnabled False: the second command.")
    .step("Add Kalends/* to the mailbox's EwsAllowList, if its EwsApplicationAccessPolicy is EnforceAllowList.")
    .find_out(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
    .run(format!("Set-CASMailbox {mailbox} -EwsEnabled $true"))
    .verify(format!("Get-CASMailbox {mailbox} | Format-List EwsEnabled"))
    .undo(format!("Set-CASMailbox {mailbox} -EwsEnabled $false"))
}

fn ews_off_everywhere() -> AdviceBuilder {
    words(
        "Exchange lets Kalends into no mailbox any more (403).",
        "A mailbox that used to be within reach is refused, too, so the cause lies with the organisation: EWS is switched off, programs must be on a list, or a firewall in front refuses the call.",
    )
    .step("Turn EWS on for the organisation, if the first command shows EwsEnabled False: Set-OrganizationConfig -EwsEnabled $true.")
    .step("Add Kalends/* to the list of allowed programs, if EwsApplicationAccessPolicy is EnforceAllowList: the second command.")
    .step("Check the firewall or proxy in front for rules about /EWS.")
    .find_out(ORGANISATION)
    .run(ALLOW)
    .verify(ALLOWED)
    .undo(ALLOW_NO_MORE)
}

fn forbidden(names: &Names) -> AdviceBuilder {
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        "Exchange does not let Kalends in (403).",
        "The server reached the decision without looking at the calendar: EWS is switched off for the organisation or the mailbox, programs must be on a list, or a firewall in front refuses the call.",
    )
    .for_each_cause()
    .step("Check whether EWS is on for the organisation and for the mailbox.")
    .step("Add Kalends/* to the list of allowed programs, if EwsApplicationAccessPolicy is EnforceAllowList; take it off EwsBlockList, if it is EnforceBlockList.")
    .step("Check the firewall or proxy in front for rules about /EWS.")
    .find_out(ORGANISATION)
    .find_out(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
    .run(format!("Set-CASMailbox {mailbox} -EwsEnabled $true"))
    .verify(format!("Get-CASMailbox {mailbox} | Format-List EwsEnabled"))
    .undo(format!("Set-CASMailbox {mailbox} -EwsEnabled $false"))
    .run(ALLOW)
    .verify(ALLOWED)
    .undo(ALLOW_NO_MORE)
}

fn too_old() -> AdviceBuilder {
    words(
        "This Exchange is too old for Kalends.",
        "Kalends works with Exchange Server 2013, 2016, 2019 and Subscription Edition. The server refused every version of the protocol that Kalends speaks.",
    )
    .step("Check the version of the server that holds the mailbox; in mixed organisations each server has its own.")
    .step("Move the mailbox to a newer Exchange Server.")
    .find_out("Get-ExchangeServer | Format-Table Name,AdminDisplayVersion")
}

fn exchange_online(names: &Names) -> AdviceBuilder {
    words(
        "This mailbox is in Exchange Online.",
        "Kalends connects Exchange Server, run by your organisation. Exchange Online (Microsoft 365) has no way in any more: it stopped taking passwords from programs in 2022 and early 2023, removed the right to impersonate in February 2025, and switches EWS off between October 2026 and April 2027. None of this affects Exchange Server.",
    )
    .step("Type the address of your own Exchange server, if the mailbox is still there.")
    .step("Ask the Exchange administrator where the mailbox is; in hybrid organisations some have moved.")
    .find_out(format!(
        "Get-Recipient {} | Format-List RecipientTypeDetails,PrimarySmtpAddress",
        quote_or(&names.mailbox, "MAILBOX")
    ))
}

fn unknown_code(response_code: &str) -> AdviceBuilder {
    if response_code == NO_CODE {
        return words(
            "Exchange answered with an error without a code.",
            "An error was reported, and nothing said which. A proxy that changes answers can be the cause.",
        )
        .step("Hand the request id below to the Exchange administrator; the server's EWS log has the details under it.")
        .command(Purpose::FindOut, SERVER, LOGS);
    }
    let listed = if response_code.starts_with("Error") {
        " Microsoft's list of EWS response codes describes it."
    } else {
        ""
    };
    words(
        format!("Exchange answered {}.", shown(response_code)),
        format!("Kalends has no advice of its own for this answer.{listed}"),
    )
    .step("Hand the request id below to the Exchange administrator; the server's EWS log has the details under it.")
    .step("Try again after something has changed on the server.")
    .command(
        Purpose::FindOut,
        SERVER,
        LOGS,
    )
}

/// The server found the request itself wrong. HTTP statuses of this kind come from what stands in front.
fn request_rejected(said: &str) -> AdviceBuilder {
    let told = words(
        "Exchange finds fault with Kalends' request.",
        format!(
            "The server answered {}. Trying again cannot help: the request stays the same.",
            shown(said)
        ),
    );
    let told = match said {
        "HTTP 431" => told.step("Raise the limit for the size of request headers on proxies in front (nginx: large_client_header_buffers) and on the server (MaxFieldLength and MaxRequestBytes of HTTP.sys)."),
        "HTTP 413" => told.step("Switch off client certificates for /EWS on the server and on proxies in front, or raise their limit for the size of a request."),
        "HTTP 400" => told.step("Check proxies in front for rules about headers; an account that is a member of hundreds of groups can cause it, too."),
        _ => told.step("Check proxies in front of Exchange that change requests, such as firewalls that inspect content."),
    };
    told.step("Update Kalends, if there is a newer version.")
        .step("Report it to the makers of Kalends with the answer named above; the administrator finds the details in the server's EWS log.")
        .command(Purpose::FindOut, SERVER, LOGS)
}

const LOGS: &str = "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'Logging\\Ews') | Sort-Object LastWriteTime | Select-Object -Last 3";

fn too_large() -> AdviceBuilder {
    words(
        "Exchange answered with more than Kalends takes.",
        "An answer was larger than the limit that protects Kalends, or an hour of the calendar holds more than a thousand entries.",
    )
    .step("Look for thousands of entries at the same time in the calendar, often left by another program, and remove them.")
}

fn not_understood() -> AdviceBuilder {
    words(
        "Exchange's answer could not be read.",
        "The answer is not what the protocol allows. A proxy that changes answers is a usual cause.",
    )
    .step("Try again; an answer may have been damaged on its way.")
    .step("Check proxies and firewalls between Kalends and Exchange for content inspection, if it stays.")
    .step("Report it to the makers of Kalends with the request id below.")
}
