//! `kalends doctor`: an analysis in the terminal, with a progress bar where there is one to see it.

use super::{CommandError, user::read_password};
use crate::settings::{Data, Network};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kalends::{
    advice::{Names, advice},
    analyse::{self, Analysis, PartEnd},
    audit::{Action, Entry},
    check::{Step, Verdict},
    clock::Clock,
    connect::{Form, FormField},
    connection::Mode,
    id::CheckId,
    random::Random,
    services::Services,
};
use std::{collections::HashSet, path::PathBuf};

/// What is looked at.
#[derive(Debug, Args)]
pub struct Wanted {
    /// The primary address of the mailbox to act as.
    #[arg(long)]
    mailbox: String,
    /// The service account, as user@domain or DOMAIN\\user.
    #[arg(long)]
    account: String,
    /// The Exchange server; found by Autodiscover if left out.
    #[arg(long, default_value = "")]
    endpoint: String,
    /// The domain of an account that is named without one.
    #[arg(long, default_value = "")]
    domain: String,
    /// Another mailbox that the account is known to reach.
    #[arg(long, default_value = "")]
    control: String,
    /// Hosts outside the mail domain that may have the password, separated by commas.
    #[arg(long, default_value = "")]
    confirm: String,
    /// Use the mailbox's own account in place of a service account.
    #[arg(long)]
    personal: bool,
    /// Also write the redacted report to this file.
    #[arg(long)]
    report: Option<PathBuf>,
}

pub async fn run(wanted: Wanted, network: &Network, data: &Data) -> Result<(), CommandError> {
    let form = Form {
        mode: if wanted.personal {
            Mode::Personal
        } else {
            Mode::ServiceAccount
        },
        mailbox: wanted.mailbox,
        account: wanted.account,
        password: read_password()?,
        endpoint: wanted.endpoint,
        domain: wanted.domain,
        control: wanted.control,
        confirmed: wanted.confirm,
        keep_trying: false,
    };
    let request = form.parse().map_err(|mistakes| {
        let lines = mistakes
            .into_iter()
            .map(|(field, message)| format!("{}: {message}", option_of(field)));
        CommandError::Refused(lines.collect::<Vec<_>>().join("\n"))
    })?;
    let (clock, random) = (Clock::system(), Random::from_system());
    let (store, vault) = data.open(&random).await?;
    let outbound = network.outbound(clock.clone())?;
    let services = Services::new(store, vault, outbound, clock, random);
    let subject = format!("{} through {}", request.mailbox, request.account);
    let entry = Entry::by_kalends(Action::ExchangeChecked).about(subject);
    let now = services.clock.now();
    let audited = services.store.audit(&entry, now).await;
    audited.map_err(CommandError::refused)?;

    let id = CheckId::new(now, services.random.bytes());
    let mut screen = Screen::new();
    let analysed = analyse::analyse(&services, id, request, |analysis| screen.show(analysis)).await;
    screen.end(&analysed);
    if let Some(path) = wanted.report {
        let written = std::fs::write(&path, analyse::report(&analysed));
        written.map_err(|error| {
            CommandError::Refused(format!("{} cannot be written: {error}", path.display()))
        })?;
        println!("The report is in {}.", path.display());
    }
    let readable = |end: &Option<PartEnd>| *end == Some(PartEnd::Readable);
    if analysed.parts.iter().all(|part| readable(&part.end)) {
        Ok(())
    } else {
        Err(CommandError::Unhealthy)
    }
}

const fn option_of(field: FormField) -> &'static str {
    match field {
        FormField::Mailbox => "--mailbox",
        FormField::Account => "--account",
        FormField::Password => "password",
        FormField::Endpoint => "--endpoint",
        FormField::Domain => "--domain",
        FormField::Control => "--control",
    }
}

/// Steps are told as they end, above a bar that shows how far it is. Without a terminal there is no bar.
struct Screen {
    bar: ProgressBar,
    told: HashSet<(usize, Step)>,
}

impl Screen {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            told: HashSet::new(),
        }
    }

    fn show(&mut self, analysis: &Analysis) {
        self.bar
            .set_length(u64::try_from(analysis.parts.len() * Step::ALL.len()).unwrap_or(0));
        for (number, part) in analysis.parts.iter().enumerate() {
            for rung in part.ladder.steps() {
                match rung.verdict {
                    Verdict::NotReached => continue,
                    Verdict::Running => {
                        self.bar.set_message(rung.step.label());
                        continue;
                    }
                    Verdict::Passed | Verdict::Failed | Verdict::NotNeeded | Verdict::BrokenOff => {
                    }
                }
                if !self.told.insert((number, rung.step)) {
                    continue;
                }
                let first = self.told.iter().filter(|(of, _)| *of == number).count() == 1;
                self.bar.inc(1);
                self.bar.suspend(|| {
                    if first {
                        println!("\nMailbox {}", part.mailbox);
                    }
                    let (mark, verdict) = mark(rung.verdict);
                    let took = rung
                        .millis
                        .map_or_else(String::new, |millis| format!("{millis} ms"));
                    println!("  {mark} {:<26} {verdict:<11} {took}", rung.step.label());
                    for line in rung.seen.iter().chain(&rung.details) {
                        println!("      {line}");
                    }
                });
            }
        }
    }

    fn end(&mut self, analysis: &Analysis) {
        self.bar.finish_and_clear();
        for part in &analysis.parts {
            println!("\n{}", part.mailbox);
            match &part.end {
                Some(PartEnd::Readable) => println!("  The calendar can be read."),
                Some(PartEnd::LeftOut) => {
                    println!("  Left out: the password was refused, and it is not sent twice.");
                }
                None => println!("  The check did not come to its end."),
                Some(PartEnd::Failed {
                    problem,
                    request_id,
                }) => {
                    let names = Names {
                        mailbox: part.mailbox.to_string(),
                        account: analysis.typed.account.clone(),
                        endpoint: analysis.typed.endpoint.clone(),
                        utc_offset: None,
                        held: false,
                    };
                    let told = advice(problem, &names);
                    println!("  {}\n  {}", told.title, told.meaning.replace('\n', "\n  "));
                    for (step, number) in told.steps.iter().zip(1..) {
                        println!("  {number}. {step}");
                    }
                    for command in &told.commands {
                        let (purpose, place) = (command.purpose.label(), &command.place);
                        println!("  {purpose} ({place}):\n      {}", command.text);
                    }
                    if let Some(id) = request_id {
                        println!("  Request id: {id}");
                    }
                }
            }
        }
    }
}

const fn mark(verdict: Verdict) -> (char, &'static str) {
    match verdict {
        Verdict::Passed => ('✓', "passed"),
        Verdict::Failed => ('✗', "failed"),
        Verdict::NotNeeded => ('·', "not needed"),
        Verdict::BrokenOff => ('·', "broken off"),
        Verdict::NotReached | Verdict::Running => ('·', ""),
    }
}
