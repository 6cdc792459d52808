//! `kalends doctor`: an analysis in the terminal, with a progress bar where there is one to see it.

mod screen;

use super::{
    error::CommandError,
    output::{remember_end, say},
    user::read_password,
};
use crate::{data::Data, settings::NetworkSettings};
use clap::Args;
use kalends::{
    analysis::{self, Analysis, PartEnd},
    connect::{ConnectRequest, Form, FormField},
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Clock,
    connection::Mode,
    id::CheckId,
    random::Random,
};
use screen::Screen;
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

/// What is looked at.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// The primary address of the mailbox to act as.
    #[arg(long)]
    mailbox: String,
    #[arg(long, help = "The service account, as user@domain or DOMAIN\\user")]
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
    /// Hosts outside the mail domain that may have the password, separated by commas; may be given several times.
    #[arg(long, value_delimiter = ',')]
    confirm: Vec<String>,
    /// Use the mailbox's own account in place of a service account.
    #[arg(long)]
    personal: bool,
    /// Also write the redacted report to this file, which must be new.
    #[arg(long)]
    report: Option<PathBuf>,
}

impl DoctorArguments {
    fn request(self) -> Result<ConnectRequest, CommandError> {
        let form = Form {
            mode: if self.personal {
                Mode::Personal
            } else {
                Mode::ServiceAccount
            },
            mailbox: self.mailbox,
            account: self.account,
            password: read_password()?,
            endpoint: self.endpoint,
            domain: self.domain,
            control: self.control,
            confirmed: self.confirm.join(","),
            keep_trying: false,
            basic: false,
        };
        form.parse().map_err(|mistakes| {
            let lines = mistakes
                .into_iter()
                .map(|(field, message)| format!("{}: {message}", option_of(field)));
            CommandError::Refused(lines.collect::<Vec<_>>().join("\n"))
        })
    }
}

pub async fn run(
    wanted: DoctorArguments,
    network: &NetworkSettings,
    data: &Data,
) -> Result<(), CommandError> {
    let report = wanted.report.as_deref().map(new_file).transpose()?;
    let looked = look(wanted, network, data).await;
    match (looked, report) {
        (Ok(analysed), report) => {
            if let Some(report) = report {
                report.write(&analysed)?;
            }
            let readable = |end: &Option<PartEnd>| *end == Some(PartEnd::Readable);
            if analysed.parts.iter().all(|part| readable(&part.end)) {
                Ok(())
            } else {
                Err(CommandError::Unhealthy)
            }
        }
        (Err(error), report) => {
            if let Some(report) = report {
                report.remove();
            }
            Err(error)
        }
    }
}

async fn look(
    wanted: DoctorArguments,
    network: &NetworkSettings,
    data: &Data,
) -> Result<Analysis, CommandError> {
    let request = wanted.request()?;
    let (clock, random) = (Clock::system(), Random::from_system());
    // Dropped at the end, with the folder that may have been lent.
    let (opened, lent) = data.open_or_lend(&random, clock.now()).await?;
    if lent.is_some() {
        eprintln!(
            "There is no database of Kalends at {}: nothing is kept of this run, and its refused sign-ins are not counted with those of others. Each run with a wrong password is one refused sign-in.",
            Data::main_place()
        );
    }
    let outbound = network.outbound(clock.clone())?;
    let (store, vault) = (opened.store.clone(), opened.vault.clone());
    let services = Services::new(store, vault, outbound, clock.clone(), random);
    let subject = format!("{} through {}", request.mailbox, request.account);
    let entry = AuditEntry::by_kalends(AuditAction::ExchangeChecked).about(subject);
    let now = services.clock.now();
    let audited = services.store.audit(&entry, now).await;
    audited.map_err(CommandError::refused)?;

    let id = CheckId::new(now, services.random.bytes());
    let mut screen = Screen::new(request.confirmed.clone());
    let analysed = {
        let whole = analysis::analyse(&services, (id, None), request, |analysis| {
            screen.show(analysis);
        });
        tokio::select! {
            analysed = whole => Some(analysed),
            _ = tokio::signal::ctrl_c() => None,
        }
    };
    remember_end(&opened.custody(&clock)).await;
    let Some(analysed) = analysed else {
        screen.stop();
        return Err(CommandError::Refused(
            "stopped before the end; a sign-in on its way may still be counted by Exchange"
                .to_owned(),
        ));
    };
    screen.end(&analysed);
    Ok(analysed)
}

/// A report to come. The file is made before anything is asked, so that a look is not in vain.
struct Report {
    path: PathBuf,
    file: File,
}

fn new_file(path: &Path) -> Result<Report, CommandError> {
    let file = File::create_new(path).map_err(|error| cannot_write(path, &error))?;
    let path = path.to_owned();
    Ok(Report { path, file })
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CommandError {
    let path = path.display();
    CommandError::Refused(match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("--report: {path} exists already; name a new file")
        }
        _ => format!("--report: {path} cannot be written: {error}"),
    })
}

impl Report {
    fn write(mut self, analysed: &Analysis) -> Result<(), CommandError> {
        let written = self.file.write_all(analysis::report(analysed).as_bytes());
        written.map_err(|error| cannot_write(&self.path, &error))?;
        say(format_args!("\nThe report is in {}.", self.path.display()));
        Ok(())
    }

    fn remove(self) {
        // An empty file that stays behind does no harm.
        let _ = std::fs::remove_file(&self.path);
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
