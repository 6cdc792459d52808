//! The commands, each a short list of steps.

mod audit;
mod doctor;
pub mod error;
mod output;
mod user;
mod vault;

use crate::{
    data::{Access, Data},
    serve,
    settings::{
        DATABASES_HELP, ENVIRONMENT_HELP, NetworkSettings, Notices, all_settings, environment_only,
        unknown_settings,
    },
    telemetry,
};
use clap::{CommandFactory as _, Parser, Subcommand};
use error::CommandError;
use kalends_core::{clock::Clock, random::Random};
use output::say;

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
