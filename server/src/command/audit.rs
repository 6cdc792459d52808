//! `kalends audit`: whether the audit trail is whole.

use super::{error::CommandError, output::say};
use crate::data::{Access, Data};
use clap::Subcommand;
use kalends::audit::{Break, TrailVerdict, anchor};
use kalends_core::{clock::Clock, random::Random};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Reads the whole trail and says whether a line was changed, removed or put in.
    Verify,
}

pub async fn run(command: &AuditCommand, data: &Data) -> Result<(), CommandError> {
    let AuditCommand::Verify = command;
    let now = Clock::system().now();
    let opened = data
        .open(Access::Beside, &Random::from_system(), now)
        .await?;
    match anchor(&opened.store, &opened.vault, now)
        .await
        .map_err(CommandError::refused)?
    {
        TrailVerdict::Whole {
            lines,
            first,
            last,
            head,
        } => {
            let between = match (first, last) {
                (Some(first), Some(last)) => {
                    format!(
                        ", from {} to {}",
                        first.time_in_words(),
                        last.time_in_words()
                    )
                }
                _ => String::new(),
            };
            let lines = match lines {
                1 => "1 line".to_owned(),
                many => format!("{many} lines"),
            };
            say(format_args!("The audit trail is whole: {lines}{between}."));
            if !head.is_empty() {
                say(format_args!("Its last hash is {head}"));
            }
            Ok(())
        }
        TrailVerdict::Broken(cannot @ Break::KeyElsewhere { .. }) => {
            say(format_args!(
                "The audit trail: {cannot}. Give this command the same keys as the running Kalends has."
            ));
            Err(CommandError::Unhealthy)
        }
        TrailVerdict::Broken(broken) => {
            say(format_args!("The audit trail is broken: {broken}."));
            Err(CommandError::Unhealthy)
        }
    }
}
