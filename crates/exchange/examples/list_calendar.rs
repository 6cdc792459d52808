//! Lists the entries of the next days of a mailbox's calendar. The password is read from standard input.

use jiff::{ToSpan as _, Zoned, civil, tz::TimeZone};
use kalends_core::{
    account_name::AccountName,
    advice::{Advice, Names, advice},
    calendar::{Event, Window},
    clock::{Clock, Timestamp},
    endpoint::EwsUrl,
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    random::Random,
};
use kalends_exchange::{
    auth::{Credentials, OpenGate},
    diagnose::{Evidence, diagnose},
    ews::{Client, EwsError, MailboxAccess, WindowEvents, read_window},
    outbound::{Outbound, OutboundConfig},
};
use std::{
    collections::HashMap, env, error::Error, io, process::ExitCode, sync::Arc, time::Duration,
};

const USAGE: &str = "\
Lists the entries of the next days of a mailbox's calendar.

usage: list_calendar --url URL --mailbox ADDRESS [options] < PASSWORD

  --url URL                  the address of EWS, such as https://mail.example.com/EWS/Exchange.asmx
  --mailbox ADDRESS          the mailbox, by its primary address
  --service-account NAME     signs in with this account, which may impersonate the owner of the mailbox
  --account NAME             signs in with the owner's own account (default: the address of the mailbox)
  --days NUMBER              how many days to list (default: 14)
  --ca-file FILE             trusts these certificate authorities as well (PEM)
  --allow-host HOST          calls this host at a private address too
  --connect-to FROM=TO       calls another address for one host:port, as curl does";

type Failure = Box<dyn Error>;

/// What is asked for on the command line.
struct Request {
    endpoint: EwsUrl,
    mailbox: SmtpAddress,
    access: MailboxAccess,
    credentials: Credentials,
    days: u32,
    config: OutboundConfig,
}

#[tokio::main]
async fn main() -> ExitCode {
    let request = match Request::read(env::args().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match list(&request).await {
        Ok(read) => {
            print_calendar(&read, &request);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Request {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = options(arguments)?;
        let endpoint = options.remove("--url").ok_or("--url is missing")?.parse()?;
        let mailbox = options.remove("--mailbox").ok_or("--mailbox is missing")?;
        let mailbox: SmtpAddress = mailbox.parse()?;
        let service_account = options.remove("--service-account");
        let access = if service_account.is_some() {
            MailboxAccess::impersonated(mailbox.clone())
        } else {
            MailboxAccess::own(mailbox.clone())
        };
        let account = service_account
            .or_else(|| options.remove("--account"))
            .unwrap_or_else(|| mailbox.to_string());
        let days = options
            .remove("--days")
            .map_or(Ok(14), |days| days.parse())?;
        let config = OutboundConfig::parse(
            &options.remove("--allow-host").unwrap_or_default(),
            &options.remove("--connect-to").unwrap_or_default(),
            options.remove("--ca-file").map(Into::into),
        )?;
        if let Some(unknown) = options.keys().next() {
            return Err(format!("{unknown} is no option here").into());
        }
        Ok(Self {
            endpoint,
            mailbox,
            access,
            credentials: Credentials {
                account: AccountName::parse(&account, "")?,
                password: password()?.into(),
            },
            days,
            config,
        })
    }

    /// From now on, for so many days.
    fn window(&self, clock: &Clock) -> Window {
        let start = clock.now();
        let end = start + Duration::from_secs(u64::from(self.days) * 24 * 3600);
        Window { start, end }
    }
}

/// Pairs of a name and its value.
fn options(
    mut arguments: impl Iterator<Item = String>,
) -> Result<HashMap<String, String>, Failure> {
    let mut options = HashMap::new();
    while let Some(name) = arguments.next() {
        if !name.starts_with("--") {
            return Err(format!("{name} is no option").into());
        }
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        options.insert(name, value);
    }
    Ok(options)
}

/// The first line of standard input.
fn password() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    if line.is_empty() {
        return Err("Standard input holds no password".into());
    }
    Ok(line)
}

/// Signs in and reads. A failure of a call becomes the advice of its problem.
async fn list(request: &Request) -> Result<WindowEvents, Failure> {
    let clock = Clock::system();
    let outbound = Outbound::new(request.config.clone(), clock.clone())?;
    let window = request.window(&clock);
    read(request, &outbound, window).await.map_err(|error| {
        let evidence = Evidence {
            url: &request.endpoint.to_string(),
            mailbox: &request.mailbox,
        };
        in_words(&advice(&diagnose(&error, &evidence), &Names::default())).into()
    })
}

async fn read(
    request: &Request,
    outbound: &Outbound,
    window: Window,
) -> Result<WindowEvents, EwsError> {
    let mut client = Client::open(
        outbound,
        &Random::from_system(),
        request.endpoint.clone(),
        request.credentials.clone(),
        Arc::new(OpenGate),
    )
    .await?;
    let level = PrivacyLevel::Everything;
    read_window(
        &mut client,
        &request.access,
        window,
        level,
        &TimeZone::system(),
    )
    .await
}

fn print_calendar(read: &WindowEvents, request: &Request) {
    println!(
        "{} in the next {} days: {} entries",
        request.mailbox,
        request.days,
        read.events.len()
    );
    for event in &read.events {
        println!("{}", in_one_line(event));
    }
    if read.damaged.is_some() {
        println!("Some entries cannot be read by the server itself.");
    }
}

/// When and what, such as `2026-03-02 09:00 – 09:30  Dentist (Room 4)`.
fn in_one_line(event: &Event) -> String {
    let when = if let Some(days) = event.all_day {
        let first = civil::date(1970, 1, 1).saturating_add(i64::from(days.first).days());
        format!("{first} all day      ")
    } else {
        let (start, end) = (local(event.start), local(event.end));
        format!(
            "{} – {}",
            start.strftime("%Y-%m-%d %H:%M"),
            end.strftime("%H:%M")
        )
    };
    let subject = event.subject.as_deref().unwrap_or("(private)");
    match &event.location {
        Some(location) => format!("{when}  {subject} ({location})"),
        None => format!("{when}  {subject}"),
    }
}

fn local(at: Timestamp) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.to_zoned(TimeZone::system())
}

fn in_words(advice: &Advice) -> String {
    let mut lines = vec![advice.title.clone(), advice.meaning.clone()];
    lines.extend(advice.steps.iter().map(|step| format!("- {step}")));
    lines.extend(advice.commands.iter().map(|command| command.text.clone()));
    lines.join("\n")
}
