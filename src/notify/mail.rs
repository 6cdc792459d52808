//! The way to the mail server.

use super::delivery_error::DeliveryError;
use kalends_core::mailbox::to_ascii;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use percent_encoding::percent_decode_str;
use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};
use url::Url;

/// How long the mail server may take for one mail.
const LIMIT: Duration = Duration::from_secs(30);
/// How long somebody who looks at a page waits for it, other mails that it has before included.
const LIMIT_OF_TEST: Duration = Duration::from_secs(6);
/// What is left at least once its turn has come.
const MIN_INTERVAL: Duration = Duration::from_secs(2);
/// The longest answer of a mail server that is kept, in characters.
const ANSWER: usize = 300;

/// Why there is no way to a mail server. Never holds the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error(
        "write it as smtps://name:password@mail.example.com, or smtp://mail.example.com:587?tls=required for STARTTLS"
    )]
    Address,
    #[error(
        "a password is never sent without encryption. Use smtps://, or add ?tls=required for STARTTLS"
    )]
    Unprotected,
    #[error("write it as kalends@example.com or Kalends <kalends@example.com>")]
    From,
    #[error("the certificates of KALENDS_EXCHANGE_CA_FILE cannot be used for the mail server")]
    Certificates,
}

/// A mail to one address.
#[derive(Debug)]
pub struct Letter<'a> {
    /// What makes it known if it comes twice.
    pub id: String,
    pub to: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
}

/// A mail server and the address that mails come from.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    host: String,
    /// Whether nobody on the way can read a mail: over TLS, or within this machine.
    is_private: bool,
    /// Mails leave one after another.
    turn: Mutex<()>,
    is_sign_in_refused: AtomicBool,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({})", self.0.host)
    }
}

impl Mailer {
    /// `url` as `KALENDS_SMTP_URL` has it; `ca` is PEM, trusted beside the system's certificates.
    pub fn new(url: &str, from: &str, ca: Option<&[u8]>) -> Result<Self, MailError> {
        let parsed = with_ascii_host(url).ok_or(MailError::Address)?;
        let host = parsed.host_str().unwrap_or_default().to_owned();
        let tls = parsed.query_pairs().find(|(name, _)| name == "tls");
        let tls = tls.map(|(_, value)| value.into_owned());
        let has_password = parsed.password().is_some() || !parsed.username().is_empty();
        if has_password && parsed.password().is_none() {
            return Err(MailError::Address);
        }
        let is_safe = parsed.scheme() == "smtps" || tls.as_deref() == Some("required");
        if has_password && !is_safe && !is_loopback(&host) {
            return Err(MailError::Unprotected);
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(parsed.as_str())
            .map_err(|_| MailError::Address)?
            .timeout(Some(LIMIT));
        if let Some(pem) = ca {
            let mut parameters = TlsParameters::builder(host.clone());
            parameters = parameters.add_root_certificate(
                Certificate::from_pem(pem).map_err(|_| MailError::Certificates)?,
            );
            let parameters = parameters.build().map_err(|_| MailError::Certificates)?;
            builder = match (parsed.scheme(), tls.as_deref()) {
                ("smtps", _) => builder.tls(Tls::Wrapper(parameters)),
                (_, Some("required")) => builder.tls(Tls::Required(parameters)),
                (_, Some("opportunistic")) => builder.tls(Tls::Opportunistic(parameters)),
                _ => builder,
            };
        }
        Ok(Self(Arc::new(Inner {
            transport: builder.build(),
            from: from.parse().map(on_the_wire).map_err(|_| MailError::From)?,
            is_private: is_safe || is_loopback(&host),
            host,
            turn: Mutex::new(()),
            is_sign_in_refused: AtomicBool::new(false),
        })))
    }

    /// Whether a link that opens an account may leave this way: over TLS, which a server cannot leave out, or within this
    /// machine.
    pub fn is_private(&self) -> bool {
        self.0.is_private
    }

    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The address that mails come from.
    pub fn from(&self) -> String {
        self.0.from.email.to_string()
    }

    /// Whether the mail server refused the name or password; only a test by a person tries again.
    pub fn is_sign_in_refused(&self) -> bool {
        self.0.is_sign_in_refused.load(Ordering::Relaxed)
    }

    /// Hands a mail to the mail server.
    pub(super) async fn send(&self, letter: &Letter<'_>) -> Result<(), DeliveryError> {
        let message = self.message(letter).map_err(DeliveryError::ForGood)?;
        let _turn = self.0.turn.lock().await;
        self.send_within(message, LIMIT).await
    }

    /// As [`Mailer::send`], for somebody who waits for the answer: within seconds, or not at all.
    pub(super) async fn send_now(&self, letter: &Letter<'_>) -> Result<(), DeliveryError> {
        let message = self.message(letter).map_err(DeliveryError::ForGood)?;
        let begun = Instant::now();
        let Ok(_turn) = tokio::time::timeout(LIMIT_OF_TEST, self.0.turn.lock()).await else {
            return Err(DeliveryError::ForNow(format!(
                "the mail server does not answer: another mail has waited for it for {} seconds and more",
                LIMIT_OF_TEST.as_secs()
            )));
        };
        let left = LIMIT_OF_TEST.saturating_sub(begun.elapsed());
        self.send_within(message, left.max(MIN_INTERVAL)).await
    }

    async fn send_within(&self, message: Message, limit: Duration) -> Result<(), DeliveryError> {
        let sent = tokio::time::timeout(limit, self.0.transport.send(message)).await;
        let refused = match sent {
            Ok(Ok(_)) => {
                self.0.is_sign_in_refused.store(false, Ordering::Relaxed);
                return Ok(());
            }
            Ok(Err(error)) => refused(&error),
            Err(_) => DeliveryError::ForNow(format!(
                "the mail server does not answer within {} seconds",
                limit.as_secs()
            )),
        };
        if matches!(refused, DeliveryError::SignIn(_)) {
            self.0.is_sign_in_refused.store(true, Ordering::Relaxed);
        }
        Err(refused)
    }

    fn message(&self, letter: &Letter<'_>) -> Result<Message, String> {
        let to: Mailbox = letter
            .to
            .parse()
            .map(on_the_wire)
            .map_err(|_| "the address cannot be written to".to_owned())?;
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(self.0.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!(
                "<{}@{}>",
                letter.id,
                self.0.from.email.domain()
            )))
            .raw_header(automatic)
            // A part of its own brings MIME-Version along, without which readers need not decode it (RFC 2045 section 4).
            .singlepart(SinglePart::plain(letter.text.to_owned()))
            .map_err(|error| error.to_string())
    }
}

/// An address as every mail server takes it: its domain in ASCII.
fn on_the_wire(mailbox: Mailbox) -> Mailbox {
    let domain = to_ascii(mailbox.email.domain());
    let email = domain.and_then(|domain| Address::new(mailbox.email.user(), domain).ok());
    Mailbox {
        email: email.unwrap_or(mailbox.email),
        name: mailbox.name,
    }
}

/// The address of a mail server with its host in ASCII, which parsers convert for schemes of the web alone.
fn with_ascii_host(url: &str) -> Option<Url> {
    let mut parsed = Url::parse(url).ok()?;
    if let Some(host) = parsed.host_str().filter(|host| host.contains('%')) {
        let host = percent_decode_str(host).decode_utf8().ok()?;
        let host = to_ascii(&host)?;
        parsed.set_host(Some(&host)).ok()?;
    }
    Some(parsed)
}

fn is_loopback(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Sign-in answers of RFC 4954 are 530, 534, 535 and 538.
fn refused(error: &lettre::transport::smtp::Error) -> DeliveryError {
    let said = said(error);
    let code = error.status().map(|code| code.to_string());
    match code {
        Some(code) if ["530", "534", "535", "538"].contains(&code.as_str()) => {
            DeliveryError::SignIn(said)
        }
        Some(_) if error.is_permanent() => DeliveryError::ForGood(said),
        _ => DeliveryError::ForNow(said),
    }
}

/// An error with its causes, as one line that may be shown.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(ANSWER)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str) -> Result<Mailer, MailError> {
        Mailer::new(url, "Kalends <kalends@example.test>", None)
    }

    #[test]
    fn a_password_goes_only_over_tls_or_within_the_machine() {
        for url in [
            "smtps://kalends:secret@mail.example.test",
            "smtp://kalends:secret@mail.example.test:587?tls=required",
            "smtp://kalends:secret@127.0.0.1:2525",
            "smtp://mail.example.test",
            "smtp://mail.example.test?tls=opportunistic",
        ] {
            assert!(made(url).is_ok(), "{url}");
        }
        for url in [
            "smtp://kalends:secret@mail.example.test",
            "smtp://kalends:secret@mail.example.test?tls=opportunistic",
        ] {
            assert!(matches!(made(url), Err(MailError::Unprotected)), "{url}");
        }
        for url in [
            "",
            "mail.example.test",
            "http://mail.example.test",
            "smtp://kalends@mail.example.test?tls=required",
        ] {
            assert!(matches!(made(url), Err(MailError::Address)), "{url}");
        }
    }

    #[test]
    fn links_leave_over_tls_or_within_the_machine() {
        for (url, is_private) in [
            ("smtps://mail.example.test", true),
            ("smtp://mail.example.test:587?tls=required", true),
            ("smtp://127.0.0.1:2525", true),
            ("smtp://[::1]:2525", true),
            ("smtp://localhost", true),
            ("smtp://mail.example.test", false),
            ("smtp://mail.example.test?tls=opportunistic", false),
            ("smtp://127.0.0.1.example.test", false),
            ("smtp://192.0.2.1", false),
        ] {
            assert_eq!(made(url).unwrap().is_private(), is_private, "{url}");
        }
    }

    #[test]
    fn nothing_shows_the_password() {
        let mailer = made("smtps://kalends:secret@mail.example.test").unwrap();
        assert_eq!(format!("{mailer:?}"), "Mailer(mail.example.test)");
        let error = made("smtp://kalends:secret@mail.example.test").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn servers_and_domains_are_named_in_ascii() {
        for host in ["mail.müller.test", "mail.xn--mller-kva.test"] {
            let url = format!("smtps://kalends:s%40cret@{host}:465");
            let mailer = Mailer::new(&url, "Kalends <kalends@müller.test>", None).unwrap();
            assert_eq!(mailer.host(), "mail.xn--mller-kva.test");
            assert_eq!(mailer.from(), "kalends@xn--mller-kva.test");
            let letter = Letter {
                id: "1".to_owned(),
                to: "info@müller.test",
                subject: "x",
                text: "y",
            };
            let message = mailer.message(&letter).unwrap();
            assert_eq!(
                message.envelope().to()[0].to_string(),
                "info@xn--mller-kva.test"
            );
        }
    }
}
