//! The commands, each a short list of steps.

mod audit;
mod doctor;
mod user;
mod vault;

use crate::{
    data::{Access, Data},
    serve,
    settings::{
        DATABASES_HELP, ENVIRONMENT_HELP, NetworkSettings, Notices, SettingError, all_settings,
        environment_only, unknown_settings,
    },
    telemetry,
};
use clap::{CommandFactory as _, Parser, Subcommand};
use kalends::accounts::custody::Custody;
use kalends_core::{account_name::for_terminal, clock::Clock, random::Random};
use std::io::Write as _;

/// Connects an organisation's Microsoft Exchange calendars and says why when it cannot.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, after_long_help = all_settings())]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What is logged, as tracing filters: `info`, `debug`, `kalends=trace`.
    #[arg(long, env = "KALENDS_LOG", default_value = "info", global = true)]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the pages and keeps the calendars in step.
    #[command(after_long_help = ENVIRONMENT_HELP)]
    Serve {
        #[command(flatten)]
        network: Box<NetworkSettings>,
        #[command(flatten)]
        notices: Notices,
        #[command(flatten)]
        data: Data,
    },
    /// Brings both databases to the present shape, then ends.
    #[command(after_help = DATABASES_HELP)]
    Migrate {
        #[command(flatten)]
        data: Data,
    },
    /// Adds, lists and mends people.
    #[command(after_help = DATABASES_HELP)]
    User {
        #[command(subcommand)]
        command: user::UserCommand,
        #[command(flatten)]
        data: Data,
    },
    /// Takes every step of a connection to an Exchange and shows what each saw. Connects no calendar and stores no password;
    /// refused sign-ins are counted in the main database, if there is one, so that no account is locked.
    ///
    /// The service account's password is asked for, or read from standard input. Ends with 0 if every mailbox can be
    /// read, with 3 if not, and with 1 if it could not look.
    Doctor {
        #[command(flatten)]
        wanted: doctor::DoctorArguments,
        #[command(flatten)]
        network: Box<NetworkSettings>,
        #[command(flatten)]
        data: Data,
    },
    /// Looks at the audit trail.
    #[command(after_help = DATABASES_HELP)]
    Audit {
        #[command(subcommand)]
        command: audit::AuditCommand,
        #[command(flatten)]
        data: Data,
    },
    /// Tends the vault of sealed passwords.
    #[command(after_help = DATABASES_HELP)]
    Vault {
        #[command(subcommand)]
        command: vault::VaultCommand,
        #[command(flatten)]
        data: Data,
    },
}

/// Why a command ended early, in words for whoever runs Kalends.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Outbound(#[from] kalends_exchange::outbound::OutboundConfigError),
    #[error("{0}")]
    Refused(String),
    /// The look came to its end, and something is wrong; all words are said.
    #[error("not in order")]
    Unhealthy,
}

impl CommandError {
    /// 3 for a look that found something wrong, 1 for a command that could not be carried out.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unhealthy => 3,
            Self::Setting(_) | Self::Outbound(_) | Self::Refused(_) => 1,
        }
    }

    pub fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}

pub async fn run(arguments: Arguments) -> Result<(), CommandError> {
    telemetry::start(&arguments.log)?;
    for words in unknown_settings(&known_settings()) {
        tracing::warn!("{words}");
    }
    match arguments.command {
        Command::Serve {
            network,
            notices,
            data,
        } => serve::serve(*network, notices, data).await,
        Command::Migrate { data } => {
            let access = Access::Alone("migrate");
            data.open(access, &Random::from_system(), Clock::system().now())
                .await?;
            say(format_args!("Both databases are up to date."));
            Ok(())
        }
        Command::Doctor {
            wanted,
            network,
            data,
        } => doctor::run(wanted, &network, &data).await,
        Command::Audit { command, data } => audit::run(&command, &data).await,
        Command::User { command, data } => user::run(command, &data).await,
        Command::Vault { command, data } => vault::run(command, &data).await,
    }
}

/// The name of every setting, with and without a flag.
fn known_settings() -> Vec<String> {
    let program = Arguments::command();
    let commands = program.get_subcommands().chain([&program]);
    let flags = commands.flat_map(clap::Command::get_arguments);
    let named = flags.filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    named.chain(environment_only()).collect()
}

/// Lets the vault remember the end of the trail behind what the command did.
async fn remember_end(custody: &Custody) {
    if let Err(error) = custody.remember_trail().await {
        tracing::error!(%error, "the end of the audit trail could not be remembered");
    }
}

/// A line on standard output; whoever reads it may have gone.
fn say(words: std::fmt::Arguments<'_>) {
    let words = for_terminal(&words.to_string());
    let _ = writeln!(std::io::stdout(), "{words}");
}
