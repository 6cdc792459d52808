//! From one HTTP request to one answer: planned faults in front, routing, sign-in, and what every answer carries.
//! No waiting happens here; the answer tells how it is to be delivered.

use http::HeaderMap;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    answer::{Answer, Delivery},
    auth::{self, Attempt},
    autodiscover,
    connection_auth::Conversation,
    ews,
    fault::{Kind, Stage, Target},
    packing,
    soap::text::shuffle_prefixes,
    world::{World, settings::Front},
};

/// A request with its body read.
pub struct Incoming<'a> {
    pub post: bool,
    pub path: &'a str,
    pub host: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    /// The binding of Exchange's own certificate.
    pub binding: [u8; 16],
}

impl Incoming<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The whole way of one request.
pub fn answer(
    world: &mut World,
    conversation: &mut Conversation,
    request: &Incoming<'_>,
    now: Timestamp,
) -> Answer {
    let mailbox = ews::addressed(request.body).or_else(|| {
        request
            .header("x-anchormailbox")
            .map(str::to_ascii_lowercase)
    });
    let target = Target {
        path: request.path,
        host: request.host,
        mailbox: mailbox.as_deref(),
    };
    let mut kept = match world.settings.front {
        None => None,
        Some(Front::Splits) => Some(Conversation::default()),
        Some(Front::Shares) => Some(world.idle.pop().unwrap_or_default()),
    };
    let conversation = kept.as_mut().unwrap_or(conversation);
    let has_length =
        request.header("content-length").is_some() || request.header("transfer-encoding").is_some();
    if request.post && !has_length {
        // HTTP.sys answers itself, before anything of Exchange is asked.
        return Answer::html(411, "Length Required", "<h2>Length Required</h2>");
    }
    let mut answer = match world.faults.take(Stage::Front, target) {
        Some(kind) => {
            world.counters_mut().fault();
            match &kind {
                // Nothing of Exchange stands in what another server says.
                Kind::WebHost => {
                    let realm = "Basic realm=\"Customers\"".to_owned();
                    return Answer::empty(401).header("WWW-Authenticate", realm);
                }
                Kind::Proxy {
                    status,
                    server,
                    via,
                } => return proxy(*status, server.as_ref(), via.as_ref()),
                _ => front(world, &kind, request),
            }
        }
        None => route(world, conversation, request, target, now),
    };
    if let (Some(Front::Shares), Some(kept)) = (world.settings.front, kept) {
        world.idle.push(kept);
    }
    on_the_way_back(world, target, &mut answer);
    decorate(world, request, &mut answer);
    answer
}

fn route(
    world: &mut World,
    conversation: &mut Conversation,
    request: &Incoming<'_>,
    target: Target<'_>,
    now: Timestamp,
) -> Answer {
    let path = request.path.to_ascii_lowercase();
    let ews = path == "/ews/exchange.asmx";
    let pox = path == "/autodiscover/autodiscover.xml" && world.settings.pox;
    let soap = path == "/autodiscover/autodiscover.svc" && world.settings.soap_autodiscover;
    if !ews && !path.starts_with("/autodiscover/") {
        return Answer::html(404, "404 - File or directory not found.", "<h2>404</h2>");
    }
    let attempt = Attempt {
        authorization: request.header("authorization"),
        host: request.host,
        binding: request.binding,
        now,
    };
    let caller = match auth::sign_in(world, conversation, &attempt) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let mut answer = if ews {
        service(world, &caller.principal, request, target)
    } else if pox {
        autodiscover::answer(world, request.body, target, now)
    } else if soap {
        autodiscover::soap::answer(world, request.body, target)
    } else {
        // IIS asks who it is before it looks what is asked for.
        Answer::html(404, "404 - File or directory not found.", "<h2>404</h2>")
    };
    answer.headers.extend(caller.headers);
    answer
}

fn service(
    world: &mut World,
    principal: &str,
    request: &Incoming<'_>,
    target: Target<'_>,
) -> Answer {
    if !request.post {
        return Answer::html(
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
        return Answer::empty(415);
    }
    if let Some(Kind::CasError {
        status,
        code,
        is_behind,
    }) = world.faults.take(Stage::Routing, target)
    {
        world.counters_mut().fault();
        let name = if is_behind {
            "X-BEServerException"
        } else {
            "X-CasErrorCode"
        };
        return Answer::empty(status).header(name, code);
    }
    ews::answer(world, principal, request.body, target)
}

/// Plain http: where Autodiscover is to be asked, and nothing else.
pub fn plain(world: &mut World, path: &str, has_authorization: bool) -> (u16, Option<String>) {
    world.counters_mut().plain(has_authorization);
    let is_autodiscover = path.eq_ignore_ascii_case("/autodiscover/autodiscover.xml");
    match &world.settings.http_redirect {
        Some(to) if is_autodiscover => (302, Some(to.clone())),
        _ => (404, None),
    }
}

/// What a proxy says that does not reach Exchange.
fn proxy(status: u16, server: Option<&String>, via: Option<&String>) -> Answer {
    let mut answer = Answer::html(status, "Bad Gateway", "<h1>The server is not reached.</h1>");
    for (name, value) in [("Server", server), ("Via", via)] {
        if let Some(value) = value {
            answer = answer.header(name, value.clone());
        }
    }
    answer
}

/// What a proxy, a portal or a broken server answers in place of Exchange.
fn front(world: &World, kind: &Kind, request: &Incoming<'_>) -> Answer {
    let asked = format!("https://{}{}", request.host, request.path);
    let asked = asked.replace(':', "%3a").replace('/', "%2f");
    match kind {
        Kind::Unavailable { retry_after } => {
            let answer = Answer::html(
                503,
                "Service Unavailable",
                "<h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p>",
            );
            match retry_after {
                Some(seconds) => answer.header("Retry-After", seconds.to_string()),
                None => answer,
            }
        }
        Kind::RetryLater {
            status,
            retry_after,
        } => Answer::html(*status, "Busy", "<h2>Try again later</h2>")
            .header("Retry-After", retry_after.clone()),
        Kind::ServerError => Answer::html(
            500,
            "Runtime Error",
            "<h1>Server Error in '/EWS' Application.</h1><h2><i>Runtime Error</i></h2>",
        ),
        Kind::LoginPage => Answer::html(
            200,
            "Outlook",
            r#"<form action="/owa/auth.owa" method="post"><input name="username"><input name="password" type="password"></form>"#,
        ),
        Kind::OwaRedirect => Answer::empty(302).header(
            "Location",
            format!(
                "https://{}/owa/auth/logon.aspx?url={asked}&reason=0",
                request.host
            ),
        ),
        Kind::AdfsRedirect => Answer::empty(302).header(
            "Location",
            format!(
                "https://adfs.{}/adfs/ls/?wa=wsignin1.0&wtrealm={asked}",
                world.domain
            ),
        ),
        Kind::Redirect { to } => Answer::empty(302).header("Location", to.clone()),
        Kind::Forbidden => Answer::html(403, "403 - Forbidden", "<h2>403 - Forbidden</h2>"),
        Kind::LoginTimeout => Answer::html(440, "Login Timeout", "<h2>440 Login Timeout</h2>"),
        Kind::Unauthorized => auth::refusal(world),
        _ => Answer::html(404, "404 - File or directory not found.", "<h2>404</h2>"),
    }
}

/// Lets every fitting fault of the way back work on the answer, each kind once.
fn on_the_way_back(world: &mut World, target: Target<'_>, answer: &mut Answer) {
    let wanted: [fn(&Kind) -> bool; 13] = [
        |kind| matches!(kind, Kind::Slow { .. }),
        |kind| matches!(kind, Kind::ResetBeforeAnswer),
        |kind| matches!(kind, Kind::Garbled),
        |kind| matches!(kind, Kind::PrefixShuffle),
        |kind| matches!(kind, Kind::Oversized { .. }),
        |kind| matches!(kind, Kind::Bom),
        |kind| matches!(kind, Kind::Preceded { .. }),
        |kind| matches!(kind, Kind::Utf16 { .. }),
        |kind| matches!(kind, Kind::ContentType { .. }),
        |kind| matches!(kind, Kind::Encoded { .. }),
        |kind| matches!(kind, Kind::SlowDrip { .. }),
        |kind| matches!(kind, Kind::ResetMidBody),
        |kind| matches!(kind, Kind::Truncated { .. }),
    ];
    // Only the first two make sense without a body, such as that of a 401.
    let taken = if answer.body.is_empty() {
        2
    } else {
        wanted.len()
    };
    for fits in &wanted[..taken] {
        if let Some(kind) = world.faults.take_if(Stage::Answer, target, fits) {
            world.counters_mut().fault();
            change(answer, &kind);
        }
    }
}

fn change(answer: &mut Answer, kind: &Kind) {
    match kind {
        Kind::Slow { milliseconds } => answer.delay_ms = *milliseconds,
        Kind::SlowDrip {
            bytes,
            milliseconds,
        } => {
            answer.delivery = Delivery::Drip {
                bytes: (*bytes).max(1),
                pause_ms: *milliseconds,
            };
        }
        Kind::ResetMidBody => answer.delivery = Delivery::ResetMidBody,
        Kind::ResetBeforeAnswer => answer.delivery = Delivery::ResetBefore,
        Kind::Truncated { framing } => answer.delivery = Delivery::Cut(*framing),
        Kind::Garbled => {
            answer.status = 200;
            answer.body.truncate(answer.body.len() / 2);
            answer.body.extend_from_slice(b"<<&\xff</s:Envelope>");
        }
        Kind::Oversized { bytes } => {
            // White space between elements is harmless, so that only the size is at fault.
            let end = answer.body.iter().rposition(|byte| *byte == b'<');
            let missing = bytes.saturating_sub(answer.body.len());
            if let Some(end) = end {
                let tail = answer.body.split_off(end);
                answer.body.resize(end + missing, b' ');
                answer.body.extend(tail);
            }
        }
        Kind::Bom => {
            answer.body.splice(0..0, *b"\xef\xbb\xbf");
        }
        Kind::Preceded { text } => {
            answer.body.splice(0..0, text.bytes());
        }
        Kind::Utf16 { big_endian, mark } => {
            let text = String::from_utf8_lossy(&answer.body);
            let text = text.replacen(r#"encoding="utf-8""#, r#"encoding="utf-16""#, 1);
            let mark = mark.then_some(0xfeff);
            let units = mark.into_iter().chain(text.encode_utf16());
            answer.body = units
                .flat_map(|unit| {
                    if *big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
        }
        Kind::ContentType { content_type } => {
            answer.headers.retain(|(name, _)| *name != "Content-Type");
            if !content_type.is_empty() {
                answer.headers.push(("Content-Type", content_type.clone()));
            }
        }
        Kind::Encoded { encoding } => packing::pack(answer, *encoding),
        Kind::PrefixShuffle => {
            let text = String::from_utf8_lossy(&answer.body);
            answer.body = shuffle_prefixes(&text).into_bytes();
        }
        _ => {}
    }
}

/// Headers of every answer.
fn decorate(world: &World, request: &Incoming<'_>, answer: &mut Answer) {
    let build = world.settings.product.build();
    let version = format!(
        "15.{}.{}.{}",
        build.minor, build.major_build, build.minor_build
    );
    // Whoever sends the challenge is the first server.
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
        .is_some_and(|wish| wish.eq_ignore_ascii_case("true"))
        && let Some(id) = request.header("client-request-id")
    {
        add("client-request-id", id);
    }
    let front = &world.settings.front_headers;
    let names_itself = front.iter().any(|(name, _)| *name == "Server");
    if world.settings.front.is_some() && front.is_empty() {
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
