//! What stands in front of Exchange, as far as its answers give it away.

use crate::problem::capped;
use http::{HeaderMap, HeaderName, header};

/// The name of a proxy that handed an answer on: what calls itself another server than those of Windows, or says that
/// it passed the answer through. `None` where nothing gives one away; then there may be one all the same.
pub fn proxy(headers: &HeaderMap) -> Option<String> {
    let all = |name: HeaderName| {
        let values = headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok())
    };
    // Application Request Routing, the proxy in IIS, leaves the server's name as it is.
    let routing = all(HeaderName::from_static("x-powered-by"))
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|value| value.to_ascii_uppercase().starts_with("ARR"));
    let is_windows = |value: &&str| value.to_ascii_lowercase().contains("microsoft");
    let server = all(header::SERVER).find(|value| !is_windows(value) && !value.trim().is_empty());
    let via = || all(header::VIA).find(|value| !value.trim().is_empty());
    let name = routing.map(|name| format!("Application Request Routing ({name})"));
    name.or_else(|| server.or_else(via).map(capped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn proxies_are_known_by_what_they_call_themselves() {
        let named = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            proxy(&headers)
        };
        let iis = ("server", "Microsoft-IIS/10.0");
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[iis, ("x-powered-by", "ASP.NET")]), None);
        assert_eq!(named(&[("server", "Microsoft-HTTPAPI/2.0")]), None);
        for (lines, name) in [
            (vec![("server", "nginx/1.22.1")], "nginx/1.22.1"),
            (vec![("server", "nginx"), ("x-feserver", "EX01")], "nginx"),
            (vec![("server", "openresty")], "openresty"),
            (vec![iis, ("via", "1.1 haproxy")], "1.1 haproxy"),
            (
                vec![
                    iis,
                    ("x-powered-by", "ASP.NET"),
                    ("x-powered-by", "ARR/3.0"),
                ],
                "Application Request Routing (ARR/3.0)",
            ),
            (
                vec![iis, ("x-powered-by", "ASP.NET, ARR/2.5")],
                "Application Request Routing (ARR/2.5)",
            ),
        ] {
            assert_eq!(named(&lines).as_deref(), Some(name), "{lines:?}");
        }
    }
}
