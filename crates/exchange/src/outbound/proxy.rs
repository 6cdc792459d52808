//! What stands in front of Exchange, as far as its answers give it away.

use http::{HeaderMap, HeaderName, header};
use kalends_core::problem::capped;

/// The name of a proxy that handed an answer on: what calls itself another server than those of Windows, says that it
/// passed the answer through, or leaves a header or a cookie that is known to be its own. `None` where nothing gives one
/// away; then there may be one all the same.
pub fn proxy_name(headers: &HeaderMap) -> Option<String> {
    let all = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok())
    };
    // Application Request Routing, the proxy in IIS, leaves the server's name as it is.
    let routing = all(&HeaderName::from_static("x-powered-by"))
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|value| value.to_ascii_uppercase().starts_with("ARR"));
    if let Some(name) = routing {
        return Some(format!("Application Request Routing ({})", capped(name)));
    }
    let server = all(&header::SERVER).find(|value| !is_windows(value) && !value.trim().is_empty());
    let via = all(&header::VIA).find(|value| !value.trim().is_empty());
    let via = via.map(without_version);
    server
        .or(via)
        .map(|name| with_product(&capped(name)))
        .or_else(|| {
            OWN_HEADERS.iter().find_map(|(header, product)| {
                headers
                    .contains_key(*header)
                    .then(|| format!("{product} (header {header})"))
            })
        })
        .or_else(|| all(&header::SET_COOKIE).find_map(by_cookie))
}

/// IIS, and the driver below it.
fn is_windows(server: &str) -> bool {
    let server = server.trim().to_ascii_lowercase();
    server.starts_with("microsoft-iis") || server.starts_with("microsoft-httpapi")
}

/// Headers that one product alone adds.
const OWN_HEADERS: [(&str, &str); 4] = [
    ("x-envoy-upstream-service-time", "Envoy"),
    ("x-squid-error", "Squid"),
    ("x-kong-proxy-latency", "Kong"),
    ("cf-ray", "Cloudflare"),
];

/// How the names of cookies begin that one product alone sets. What follows may tell names of the house.
const OWN_COOKIES: [(&str, &str); 11] = [
    ("BIGipServer", "F5 BIG-IP"),
    ("MRHSession", "F5 BIG-IP"),
    ("NSC_", "Citrix NetScaler"),
    ("citrix_ns_id", "Citrix NetScaler"),
    ("AWSALB", "AWS Application Load Balancer"),
    ("ApplicationGatewayAffinity", "Azure Application Gateway"),
    ("AzureAppProxy", "Microsoft Entra application proxy"),
    ("FORTIWAFSID", "FortiWeb"),
    ("barra_counter_session", "Barracuda"),
    ("incap_ses_", "Imperva"),
    ("visid_incap_", "Imperva"),
];

fn by_cookie(cookie: &str) -> Option<String> {
    let name = cookie.trim_start();
    let known = OWN_COOKIES
        .iter()
        .find(|(start, _)| name.starts_with(start))?;
    Some(format!("{} (cookie {})", known.1, known.0))
}

/// An entry of `Via` without the version of HTTP that it begins with.
fn without_version(name: &str) -> &str {
    let is_version = |word: &str| {
        let number = word.strip_prefix("HTTP/").unwrap_or(word);
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    match name.trim().split_once(' ') {
        Some((version, rest)) if is_version(version) && !rest.trim().is_empty() => rest.trim(),
        _ => name,
    }
}

/// Some names say little to whoever does not run the product.
fn with_product(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let product = if lower.starts_with("microsoft-azure-application-gateway") {
        "Azure Application Gateway"
    } else if lower.contains("ns-cache") {
        "Citrix NetScaler"
    } else if lower.starts_with("big-ip") || lower.starts_with("bigip") {
        "F5 BIG-IP"
    } else {
        return name.to_owned();
    };
    format!("{product} ({name})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn named(lines: &[(&'static str, &'static str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        proxy_name(&headers)
    }

    #[test]
    fn what_gives_no_proxy_away_is_none() {
        let iis = ("server", "Microsoft-IIS/10.0");
        // Traefik and HAProxy as they come say nothing, and Exchange sets cookies itself.
        for cookie in [
            "exchangecookie=abc; path=/",
            "X-BackEndCookie=S-1-5-21; path=/EWS",
            "X-BackEndOverrideCookie=ex01~1942062522; path=/",
            "SERVERID=ex01; path=/",
            "_traefik=abc",
            "note=NSC_x",
        ] {
            assert_eq!(named(&[iis, ("set-cookie", cookie)]), None, "{cookie}");
        }
    }

    #[test]
    fn proxies_are_known_by_what_they_call_themselves() {
        let iis = ("server", "Microsoft-IIS/10.0");
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[iis, ("x-powered-by", "ASP.NET")]), None);
        assert_eq!(named(&[("server", "Microsoft-HTTPAPI/2.0")]), None);
        assert_eq!(named(&[("server", " "), ("via", "")]), None);
        for (lines, name) in [
            (vec![("server", "nginx/1.22.1")], "nginx/1.22.1"),
            (vec![("server", "nginx"), ("x-feserver", "EX01")], "nginx"),
            (vec![("server", "openresty")], "openresty"),
            (vec![iis, ("via", "1.1 haproxy")], "haproxy"),
            (
                vec![("server", "Apache/2.4.62 (Debian)")],
                "Apache/2.4.62 (Debian)",
            ),
            (vec![("server", "squid/5.7")], "squid/5.7"),
            (
                vec![iis, ("via", "1.1 front.example.test (squid/5.7)")],
                "front.example.test (squid/5.7)",
            ),
            (
                vec![iis, ("x-squid-error", "ERR_ACCESS_DENIED 0")],
                "Squid (header x-squid-error)",
            ),
            (vec![("server", "BigIP")], "F5 BIG-IP (BigIP)"),
            (vec![("server", "BIG-IP")], "F5 BIG-IP (BIG-IP)"),
            (
                vec![
                    iis,
                    (
                        "set-cookie",
                        "BIGipServerpool_exchange=1677787402.36895.0000; path=/",
                    ),
                ],
                "F5 BIG-IP (cookie BIGipServer)",
            ),
            (
                vec![iis, ("set-cookie", "MRHSession=deleted; path=/")],
                "F5 BIG-IP (cookie MRHSession)",
            ),
            (
                vec![iis, ("via", "NS-CACHE-10.0: 180")],
                "Citrix NetScaler (NS-CACHE-10.0: 180)",
            ),
            (
                vec![
                    iis,
                    (
                        "set-cookie",
                        "NSC_nbjm=ffffffff09f21c1745525d5f4f58455e445a4a423660;path=/",
                    ),
                ],
                "Citrix NetScaler (cookie NSC_)",
            ),
            (
                vec![
                    iis,
                    ("set-cookie", "X-BackEndCookie=S-1-5; path=/EWS"),
                    ("set-cookie", "NSC_x=1"),
                ],
                "Citrix NetScaler (cookie NSC_)",
            ),
            (vec![("server", "envoy")], "envoy"),
            (
                vec![iis, ("x-envoy-upstream-service-time", "12")],
                "Envoy (header x-envoy-upstream-service-time)",
            ),
            (
                vec![("server", "Microsoft-Azure-Application-Gateway/v2")],
                "Azure Application Gateway (Microsoft-Azure-Application-Gateway/v2)",
            ),
            (vec![("server", "awselb/2.0")], "awselb/2.0"),
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
