//! Answers without SOAP that tell more by their headers: Exchange's own front end, which says by `X-CasErrorCode` why it
//! did not pass a request on, and proxies in front of it.

use crate::ews::Responder;
use kalends_core::{
    back_off::{DEFAULT_MILLIS, millis_of},
    problem::Problem,
};

/// The problem that the headers tell, where they tell more than the status.
pub(super) fn problem(status: u16, by: &Responder, retry_after: Option<u64>) -> Option<Problem> {
    let wait_millis = retry_after.map(millis_of);
    if let Some(code) = &by.cas_error
        && status != 403
    {
        return Some(not_passed_on(status, code, wait_millis));
    }
    if let (403, Some(proxy), false) = (status, &by.proxy, by.is_exchange) {
        return Some(Problem::ProxyForbids {
            proxy: proxy.clone(),
        });
    }
    let does_not_reach_exchange = matches!(status, 502 | 504 | 520..=530);
    let is_told_by_a_proxy = by.proxy.is_some() && (status == 408 || status >= 500);
    (!by.is_exchange && (does_not_reach_exchange || is_told_by_a_proxy)).then(|| {
        Problem::ProxyFailed {
            status,
            proxy: by.proxy.clone(),
            wait_millis,
        }
    })
}

/// Sub-codes of Exchange's front end (`HttpProxySubErrorCode`); the list is open.
fn not_passed_on(status: u16, code: &str, wait_millis: Option<u64>) -> Problem {
    let lower = code.to_ascii_lowercase();
    let is_about = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if is_about(&["toomanyoutstanding", "overbudget", "throttl", "serverbusy"]) {
        return Problem::Throttled {
            wait_millis: wait_millis.unwrap_or(DEFAULT_MILLIS),
        };
    }
    // `MailboxGuidWithDomainNotFound`, `UserNotFound`, `DomainNotFound` and their like.
    let is_missing = lower.ends_with("notfound") || lower.contains("hasnomailbox");
    if is_missing && is_about(&["mailbox", "user", "domain", "tenant", "recipient"]) {
        return Problem::MailboxNotFound;
    }
    if is_about(&[
        "server", "database", "backend", "endpoint", "locator", "site",
    ]) {
        return Problem::MailboxServerUnreachable {
            response_code: code.to_owned(),
        };
    }
    Problem::ServerError {
        status,
        response_code: Some(code.to_owned()),
        wait_millis,
    }
}
