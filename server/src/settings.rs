//! Settings from the environment, or from a flag of the same name; a bad one stops the start with its cure.

use crate::data::Data;
use crate::setting_error::{SettingError, setting};
use clap::Args;
use ipnet::IpNet;
use kalends::notify::{Channels, MailError, Mailer};
use kalends_core::{clock::Clock, mailbox::to_ascii};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use std::{env, fs, net::SocketAddr, path::PathBuf};

/// The settings that have no flag, because flags can be read by everybody on the machine.
pub const ENVIRONMENT_HELP: &str = "Set in the environment only:
  KALENDS_DATABASE_URL        main database [default: sqlite://data/kalends.db], or postgres://…
  KALENDS_VAULT_DATABASE_URL  vault of sealed passwords [default: sqlite://data/vault.db], or postgres://…
  KALENDS_VAULT_KEYS          vault keys, one in each line (or separated by blanks): 32 bytes in base64, such as openssl
                              rand -base64 32 makes, with or without a name and a colon before it. All of them open, the
                              last one seals. A file of KALENDS_VAULT_KEYS_FILE has the same format, and mode 0600
  KALENDS_SMTP_URL            mail server for notices and invitations, such as smtps://name:password@mail.example.com,
                              or smtp://mail.example.com:587?tls=required for STARTTLS; no mail when not set
  KALENDS_LOG_FORMAT          text [default], or json for one JSON object a line";

/// Which databases a command works with.
pub const DATABASES_HELP: &str = "Set in the environment only:
  KALENDS_DATABASE_URL        main database [default: sqlite://data/kalends.db], or postgres://…
  KALENDS_VAULT_DATABASE_URL  vault of sealed passwords [default: sqlite://data/vault.db], or postgres://…
  KALENDS_VAULT_KEYS          vault keys, where no file holds them";

/// Every setting with what it is for, from the flags themselves.
pub fn all_settings() -> String {
    let flags = NetworkSettings::augment_args(clap::Command::new("serve"));
    let flags = Data::augment_args(Notices::augment_args(flags));
    let lines = flags.get_arguments().filter_map(|flag| {
        let name = flag.get_env()?.to_string_lossy();
        let help = flag.get_help()?;
        Some(format!("  {name:<27} {help}"))
    });
    let lines: Vec<String> = lines.collect();
    let lines = lines.join("\n");
    format!(
        "Set in the environment, or by a flag of `kalends serve`:\n{lines}\n\n{ENVIRONMENT_HELP}"
    )
}

/// Where people reach Kalends, and where Kalends may go.
#[derive(Debug, Args)]
pub struct NetworkSettings {
    /// Address and port to listen at.
    #[arg(long, env = "KALENDS_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: String,
    /// The address under which people reach Kalends, such as <https://kalends.example.com>.
    #[arg(long, env = "KALENDS_PUBLIC_URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM) to serve TLS with.
    #[arg(long, env = "KALENDS_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate.
    #[arg(long, env = "KALENDS_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Address and port for /metrics (Prometheus), /healthz and /readyz, without TLS or sign-in. Off when not set.
    #[arg(long, env = "KALENDS_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// Proxies whose X-Forwarded-For counts: addresses or networks, separated by commas.
    #[arg(long, env = "KALENDS_TRUSTED_PROXIES", default_value = "")]
    trusted_proxies: String,
    /// Exchange hosts that may be called even at private addresses: host or host:port, separated by commas.
    #[arg(long, env = "KALENDS_EXCHANGE_HOSTS", default_value = "")]
    exchange_hosts: String,
    /// Where to connect instead: host:port=address:port, separated by commas.
    #[arg(long, env = "KALENDS_EXCHANGE_CONNECT_TO", default_value = "")]
    exchange_connect_to: String,
    /// Certificates (PEM) of your own authority, trusted beside the system's.
    #[arg(long, env = "KALENDS_EXCHANGE_CA_FILE")]
    exchange_ca_file: Option<PathBuf>,
    /// The built site; needed only where it is not inside the program.
    #[arg(long, env = "KALENDS_SITE", hide = cfg!(feature = "embed"))]
    pub site: Option<PathBuf>,
}

impl NetworkSettings {
    pub fn listen(&self) -> Result<SocketAddr, SettingError> {
        self.listen.parse().map_err(|_| {
            SettingError::new(
                "KALENDS_LISTEN",
                &self.listen,
                "use an address and a port, such as 127.0.0.1:3000",
            )
        })
    }

    /// Scheme, host and port under which people reach Kalends, given where it really listens.
    ///
    /// Fails where passwords would cross a network unprotected.
    pub fn origin(&self, listening: SocketAddr) -> Result<String, SettingError> {
        let tls = self.tls_cert.is_some();
        if let Some(url) = &self.public_url {
            // Before an @ stands a password, perhaps.
            let shown = if url.contains('@') {
                "(not shown)"
            } else {
                url
            };
            let bad = |cure: &str| SettingError::new("KALENDS_PUBLIC_URL", shown, cure);
            let rest = url
                .strip_prefix("https://")
                .or_else(|| url.strip_prefix("http://"));
            let rest = rest
                .ok_or_else(|| bad("start it with https://"))?
                .trim_end_matches('/');
            if rest.is_empty() || rest.contains(['/', '?', '#', '@']) {
                return Err(bad(
                    "use scheme and host alone, such as https://kalends.example.com",
                ));
            }
            if url.starts_with("http://") && !listening.ip().is_loopback() && !tls {
                return Err(bad("listening beyond this machine needs an https address"));
            }
            // As browsers name where a request comes from.
            let is_http = url.starts_with("http://");
            let scheme = if is_http { "http://" } else { "https://" };
            let authority = to_ascii(rest).ok_or_else(|| bad("its host is no name"))?;
            return Ok(format!("{scheme}{authority}"));
        }
        if !tls && !listening.ip().is_loopback() {
            return Err(SettingError::new(
                "KALENDS_LISTEN",
                &self.listen,
                "listening beyond this machine needs TLS: set KALENDS_TLS_CERT and KALENDS_TLS_KEY, or set \
                 KALENDS_PUBLIC_URL to the https address of the proxy in front",
            ));
        }
        Ok(format!(
            "{}://{listening}",
            if tls { "https" } else { "http" }
        ))
    }

    /// The way out to Exchange.
    pub fn outbound(
        &self,
        clock: Clock,
    ) -> Result<Outbound, kalends_exchange::outbound::OutboundConfigError> {
        let config = OutboundConfig::parse(
            &self.exchange_hosts,
            &self.exchange_connect_to,
            self.exchange_ca_file.clone(),
        )?;
        Outbound::new(config, clock)
    }

    pub fn trusted_proxies(&self) -> Result<Vec<IpNet>, SettingError> {
        let parse = |text: &str| {
            let net = text
                .parse::<IpNet>()
                .or_else(|_| text.parse().map(|ip: std::net::IpAddr| IpNet::from(ip)));
            net.map_err(|_| {
                SettingError::new(
                    "KALENDS_TRUSTED_PROXIES",
                    text,
                    "use addresses or networks such as 10.0.0.0/8",
                )
            })
        };
        self.trusted_proxies
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(parse)
            .collect()
    }
}

/// How notices leave.
#[derive(Debug, Args)]
pub struct Notices {
    /// The address that mails come from, such as Kalends <kalends@example.com>; needed where a mail server is set.
    #[arg(long, env = "KALENDS_MAIL_FROM", default_value = "")]
    mail_from: String,
    /// Hosts that webhooks may call even at private addresses: host or host:port, separated by commas.
    #[arg(long, env = "KALENDS_WEBHOOK_HOSTS", default_value = "")]
    webhook_hosts: String,
}

impl Notices {
    /// The ways out, for a Kalends that people reach at `origin`.
    pub fn channels(
        &self,
        network: &NetworkSettings,
        origin: &str,
        clock: Clock,
    ) -> Result<Channels, SettingError> {
        let mail = match setting("KALENDS_SMTP_URL", "") {
            url if url.is_empty() => None,
            url => Some(self.mailer(&url, network)?),
        };
        let config = OutboundConfig::parse(
            &self.webhook_hosts,
            &network.exchange_connect_to,
            network.exchange_ca_file.clone(),
        )
        .map_err(|error| {
            SettingError::new("KALENDS_WEBHOOK_HOSTS", &self.webhook_hosts, error.cure)
        })?;
        let outbound = Outbound::new(config, clock).map_err(|error| SettingError::told(&error))?;
        Ok(Channels::new(mail, outbound, origin.to_owned()))
    }

    fn mailer(&self, url: &str, network: &NetworkSettings) -> Result<Mailer, SettingError> {
        let ca = match &network.exchange_ca_file {
            Some(file) => Some(fs::read(file).map_err(|error| SettingError::told(&error))?),
            None => None,
        };
        Mailer::new(url, &self.mail_from, ca.as_deref()).map_err(|error| match error {
            MailError::From => {
                SettingError::new("KALENDS_MAIL_FROM", &self.mail_from, error.to_string())
            }
            error => SettingError::hidden("KALENDS_SMTP_URL", error.to_string()),
        })
    }
}

/// What is set under a name like those of settings and is none, in words, with the nearest name.
pub fn unknown_settings(known: &[String]) -> Vec<String> {
    let mut unknown: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.to_ascii_uppercase().starts_with("KALENDS_"))
        .filter(|name| !known.contains(name) && !is_for_tests(name))
        .collect();
    unknown.sort();
    unknown
        .iter()
        .map(|name| told_unknown(name, known))
        .collect()
}

/// Names that only tests set.
fn is_for_tests(name: &str) -> bool {
    name.starts_with("KALENDS_TEST_") || name == "KALENDS_FAIL_POINT"
}

fn told_unknown(name: &str, known: &[String]) -> String {
    let shown: String = name.chars().take(80).collect();
    match nearest(name, known) {
        Some(nearest) => format!(
            "{shown} is set, and there is no such setting: it does nothing. Is {nearest} meant?"
        ),
        None => format!(
            "{shown} is set, and there is no such setting: it does nothing. kalends --help lists all"
        ),
    }
}

/// The setting whose words are most like those of a name; `None` where none is near.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let upper = name.to_ascii_uppercase();
    let typed = own_part(&upper);
    let likeness = |known: &String| {
        let own = own_part(known);
        let has = |word: &str| own.split('_').any(|it| is_like(word, it));
        let words = typed.split('_').count();
        let shared = typed.split('_').filter(|word| has(word)).count();
        let distance = strsim::damerau_levenshtein(typed, own);
        let is_near = distance * 4 <= own.len().max(4);
        // Every word of it stands in the other.
        let is_within = shared == words && words > 0;
        (is_near || is_within).then_some((is_near, shared, usize::MAX - distance))
    };
    let rated = known.iter().filter_map(|it| Some((likeness(it)?, it)));
    rated
        .max_by_key(|(likeness, _)| *likeness)
        .map(|(_, it)| it)
}

fn own_part(name: &str) -> &str {
    name.strip_prefix("KALENDS_").unwrap_or(name)
}

/// Whether two words are one, or one with a slip of the finger or another ending.
fn is_like(typed: &str, word: &str) -> bool {
    typed == word
        || (typed.len() > 4 && strsim::damerau_levenshtein(typed, word) <= typed.len() / 3)
}

/// The settings that have no flag.
pub fn environment_only() -> impl Iterator<Item = String> {
    let words = ENVIRONMENT_HELP.split_whitespace();
    let names = words.filter(|word| word.starts_with("KALENDS_"));
    names.map(|name| {
        name.trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned()
    })
}
