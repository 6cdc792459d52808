//! From one HTTP request to one answer: planned faults in front, routing, sign-in, and the common headers.
//! Nothing waits here; the answer says how it is to be delivered.

use http::HeaderMap;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    answer_faults,
    auth::{self, AuthAttempt},
    autodiscover,
    connection_auth::ConnectionAuth,
    ews,
    fault::{FaultKind, FaultStage, RequestTarget},
    http_response::HttpResponse,
    world::{World, settings::ReverseProxy},
};

/// A request with its body read.
pub struct HttpRequest<'a> {
    pub post: bool,
    pub path: &'a str,
    pub host: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    /// The binding of Exchange's own certificate.
    pub binding: [u8; 16],
}

impl HttpRequest<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The answer to one request.
pub fn answer(
    world: &mut World,
    connection: &mut ConnectionAuth,
    request: &HttpRequest<'_>,
    now: Timestamp,
) -> HttpResponse {
    let mailbox = ews::claimed_mailbox(request.body).or_else(|| {
        request
            .header("x-anchormailbox")
            .map(str::to_ascii_lowercase)
    });
    let target = RequestTarget {
        path: request.path,
        host: request.host,
        mailbox: mailbox.as_deref(),
    };
    let mut proxied = match world.settings.reverse_proxy {
        None => None,
        Some(ReverseProxy::ConnectionPerRequest) => Some(ConnectionAuth::default()),
        Some(ReverseProxy::SharedConnections) => Some(world.idle.pop().unwrap_or_default()),
    };
    let connection = proxied.as_mut().unwrap_or(connection);
    let has_length =
        request.header("content-length").is_some() || request.header("transfer-encoding").is_some();
    if request.post && !has_length {
        // HTTP.sys answers this itself; the request does not reach Exchange.
        return HttpResponse::html(411, "Length Required", "<h2>Length Required</h2>");
    }
    let mut answer = match world.faults.take(FaultStage::Front, target) {
        Some(kind) => {
            world.counters_mut().fault();
            match &kind {
                // The answer of another server has none of Exchange's headers.
                FaultKind::WebHost => {
                    let realm = "Basic realm=\"Customers\"".to_owned();
                    return HttpResponse::empty(401).header("WWW-Authenticate", realm);
                }
                FaultKind::Proxy {
                    status,
                    server,
                    via,
                } => return proxy_error(*status, server.as_ref(), via.as_ref()),
                _ => front_end_answer(world, &kind, request),
            }
        }
        None => route(world, connection, request, target, now),
    };
    if let (Some(ReverseProxy::SharedConnections), Some(proxied)) =
        (world.settings.reverse_proxy, proxied)
    {
        world.idle.push(proxied);
    }
    answer_faults::apply(world, target, &mut answer);
    add_common_headers(world, request, &mut answer);
    answer
}

fn route(
    world: &mut World,
    connection: &mut ConnectionAuth,
    request: &HttpRequest<'_>,
    target: RequestTarget<'_>,
    now: Timestamp,
) -> HttpResponse {
    let path = request.path.to_ascii_lowercase();
    let ews = path == "/ews/exchange.asmx";
    let pox = path == "/autodiscover/autodiscover.xml" && world.settings.pox;
    let soap = path == "/autodiscover/autodiscover.svc" && world.settings.soap_autodiscover;
    if !ews && !path.starts_with("/autodiscover/") {
        return HttpResponse::html(404, "404 - File or directory not found.", "<h2>404</h2>");
    }
    let attempt = AuthAttempt {
        authorization: request.header("authorization"),
        host: request.host,
        binding: request.binding,
        now,
    };
    let caller = match auth::sign_in(world, connection, &attempt) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let mut answer = if ews {
        answer_ews(world, &caller.principal, request, target)
    } else if pox {
        autodiscover::answer(world, request.body, target, now)
    } else if soap {
        autodiscover::soap::answer(world, request.body, target)
    } else {
        // IIS authenticates before it looks up the path.
        HttpResponse::html(404, "404 - File or directory not found.", "<h2>404</h2>")
    };
    answer.headers.extend(caller.headers);
    answer
}

fn answer_ews(
    world: &mut World,
    principal: &str,
    request: &HttpRequest<'_>,
    target: RequestTarget<'_>,
) -> HttpResponse {
    if !request.post {
        return HttpResponse::html(
            200,
            "Service",
            "<h1>Service</h1><p>You have created a service.</p>",
        );
    }
    let xml = request.header("content-type").is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/xml"))
    });
    if !xml {
        return HttpResponse::empty(415);
    }
    if let Some(FaultKind::CasError {
        status,
        code,
        is_behind,
    }) = world.faults.take(FaultStage::Routing, target)
    {
        world.counters_mut().fault();
        let name = if is_behind {
            "X-BEServerException"
        } else {
            "X-CasErrorCode"
        };
        return HttpResponse::empty(status).header(name, code);
    }
    ews::answer(world, principal, request.body, target)
}

/// Plain http: a redirect of Autodiscover, if one is set, else 404.
pub fn plain_http_answer(
    world: &mut World,
    path: &str,
    has_authorization: bool,
) -> (u16, Option<String>) {
    world.counters_mut().plain(has_authorization);
    let is_autodiscover = path.eq_ignore_ascii_case("/autodiscover/autodiscover.xml");
    match &world.settings.http_redirect {
        Some(to) if is_autodiscover => (302, Some(to.clone())),
        _ => (404, None),
    }
}

/// What a proxy says that does not reach Exchange.
fn proxy_error(status: u16, server: Option<&String>, via: Option<&String>) -> HttpResponse {
    let mut answer =
        HttpResponse::html(status, "Bad Gateway", "<h1>The server is not reached.</h1>");
    for (name, value) in [("Server", server), ("Via", via)] {
        if let Some(value) = value {
            answer = answer.header(name, value.clone());
        }
    }
    answer
}

/// What a proxy, a portal or a broken server answers in place of Exchange.
fn front_end_answer(world: &World, kind: &FaultKind, request: &HttpRequest<'_>) -> HttpResponse {
    let asked = format!("https://{}{}", request.host, request.path);
    let asked = asked.replace(':', "%3a").replace('/', "%2f");
    match kind {
        FaultKind::Unavailable { retry_after } => {
            let answer = HttpResponse::html(
                503,
                "Service Unavailable",
                "<h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p>",
            );
            match retry_after {
                Some(seconds) => answer.header("Retry-After", seconds.to_string()),
                None => answer,
            }
        }
        FaultKind::RetryLater {
            status,
            retry_after,
        } => HttpResponse::html(*status, "Busy", "<h2>Try again later</h2>")
            .header("Retry-After", retry_after.clone()),
        FaultKind::ServerError => HttpResponse::html(
            500,
            "Runtime Error",
            "<h1>Server Error in '/EWS' Application.</h1><h2><i>Runtime Error</i></h2>",
        ),
        FaultKind::LoginPage => HttpResponse::html(
            200,
            "Outlook",
            r#"<form action="/owa/auth.owa" method="post"><input name="username"><input name="password" type="password"></form>"#,
        ),
        FaultKind::OwaRedirect => HttpResponse::empty(302).header(
            "Location",
            format!(
                "https://{}/owa/auth/logon.aspx?url={asked}&reason=0",
                request.host
            ),
        ),
        FaultKind::AdfsRedirect => HttpResponse::empty(302).header(
            "Location",
            format!(
                "https://adfs.{}/adfs/ls/?wa=wsignin1.0&wtrealm={asked}",
                world.domain
            ),
        ),
        FaultKind::Redirect { to } => HttpResponse::empty(302).header("Location", to.clone()),
        FaultKind::Forbidden => {
            HttpResponse::html(403, "403 - Forbidden", "<h2>403 - Forbidden</h2>")
        }
        FaultKind::LoginTimeout => {
            HttpResponse::html(440, "Login Timeout", "<h2>440 Login Timeout</h2>")
        }
        FaultKind::Unauthorized => auth::unauthorized(world),
        _ => HttpResponse::html(404, "404 - File or directory not found.", "<h2>404</h2>"),
    }
}

/// Headers of every answer.
fn add_common_headers(world: &World, request: &HttpRequest<'_>, answer: &mut HttpResponse) {
    let build = world.settings.product.build();
    let version = format!(
        "15.{}.{}.{}",
        build.minor, build.major_build, build.minor_build
    );
    // The challenge always comes from the first server.
    let is_challenge = answer
        .headers
        .iter()
        .any(|(name, value)| *name == "WWW-Authenticate" && value.starts_with("NTLM "));
    let second = world.settings.second_front_end.as_deref();
    let front_end = second
        .filter(|_| !is_challenge)
        .unwrap_or("EX01")
        .to_owned();
    let mut add = |name, value: &str| answer.headers.push((name, value.to_owned()));
    #[expect(
        clippy::disallowed_methods,
        reason = "Exchange's request ids are random, and nothing of ours is"
    )]
    let request_id = Uuid::new_v4();
    add("request-id", &request_id.to_string());
    if request
        .header("return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        && let Some(id) = request.header("client-request-id")
    {
        add("client-request-id", id);
    }
    let front = &world.settings.reverse_proxy_headers;
    let names_itself = front.iter().any(|(name, _)| *name == "Server");
    if world.settings.reverse_proxy.is_some() && front.is_empty() {
        add("Server", "nginx/1.22.1");
    } else if !names_itself {
        add("Server", "Microsoft-IIS/10.0");
    }
    for (name, value) in front {
        add(name, value);
    }
    add("X-OWA-Version", &version);
    add("X-FEServer", &front_end);
    if answer.status == 200 || answer.status == 500 {
        let mut add = |name, value: String| answer.headers.push((name, value));
        add("Cache-Control", "private".to_owned());
        add("X-CalculatedBETarget", format!("ex01.int.{}", world.domain));
        add("X-DiagInfo", "EX01".to_owned());
        add("X-BEServer", "EX01".to_owned());
        add("X-AspNet-Version", "4.0.30319".to_owned());
    }
    answer.headers.push(("X-Powered-By", "ASP.NET".to_owned()));
}
