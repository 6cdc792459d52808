//! `kalends vault`: seals anew with the newest key, says that two databases belong together, deletes what nothing claims.

use super::{
    error::CommandError,
    output::{remember_end, say},
};
use crate::data::{Access, Data};
use clap::Subcommand;
use kalends::accounts::custody::{self, Mispaired};
use kalends_core::{audit::AuditAction, clock::Clock, random::Random};
use std::io::{IsTerminal as _, Write as _};

/// What a slip would be taken for.
const STRANGERS: &str = "Go on only if one of the two was restored from before the last kalends vault adopt. Otherwise they are of two \
                         installations: the vault then holds none of the passwords that the main database points to, and what \
                         is listed as ended was ended in the other one.";

/// How many lines are shown of a long list.
const MAX_LISTED: usize = 50;

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Seals every password anew with the newest key.
    Rotate,
    /// Says that this main database and this vault belong together: after a restore, or with a new vault.
    Adopt {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Deletes the rows of the vault that nothing in the main database answers for.
    Prune {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(command: VaultCommand, data: &Data) -> Result<(), CommandError> {
    match command {
        VaultCommand::Rotate => rotate(data).await,
        VaultCommand::Adopt { yes } => adopt(data, yes).await,
        VaultCommand::Prune { yes } => prune(data, yes).await,
    }
}

async fn rotate(data: &Data) -> Result<(), CommandError> {
    let (clock, random) = (Clock::system(), Random::from_system());
    let access = Access::Alone("vault rotate");
    let opened = data.open(access, &random, clock.now());
    let opened = opened.await?;
    let custody = opened.custody(&clock);
    let rotated = custody.rotate().await.map_err(CommandError::refused)?;
    remember_end(&custody).await;
    say(format_args!(
        "Passwords sealed anew with the newest key: {}.",
        rotated.sealed
    ));
    if rotated.left > 0 {
        say(format_args!(
            "Still sealed with an older key, because nothing in the main database points to them: {}. Keep the older keys until \
             they are gone: what was only begun is deleted after a day, and kalends vault prune shows the rest.",
            rotated.left
        ));
    }
    if rotated.unopened > 0 {
        say(format_args!(
            "Left as they were, because they do not open: {}. Their connections say so.",
            rotated.unopened
        ));
    }
    Ok(())
}

async fn adopt(data: &Data, yes: bool) -> Result<(), CommandError> {
    let (clock, random) = (Clock::system(), Random::from_system());
    let (opened, locked) = data.open_unpaired("vault adopt", &random).await?;
    let custody = opened.custody(&clock);
    let mispaired = custody::mispairing(&opened.store, &locked).await;
    let mispaired = mispaired.map_err(CommandError::refused)?;
    if let Some(why) = mispaired {
        say(format_args!(
            "Until now they do not belong together: {why}."
        ));
    }
    let are_strangers = matches!(mispaired, Some(Mispaired::Strangers { .. }));
    if are_strangers {
        say(format_args!("{STRANGERS}"));
    }
    let standing = custody.standing().await.map_err(CommandError::refused)?;
    for words in standing.findings() {
        say(format_args!("{words}."));
    }
    ask(
        yes,
        "Main database and vault belong together from now on, and with no other. Their memory of the audit trail begins anew.",
    )?;
    let adopted = custody.adopt(&locked, &random);
    let adopted = adopted.await.map_err(CommandError::refused)?;
    say(format_args!(
        "Main database and vault belong together, as installation {}.",
        adopted.id
    ));
    if !adopted.endings.is_empty() {
        let what = if are_strangers {
            "Ended in the installation of the vault, and unknown to the main database"
        } else {
            "Ended after the state that the main database was set back to, and perhaps back"
        };
        say(format_args!(
            "{what}: {}. The overview lists them.",
            adopted.endings.len()
        ));
    }
    for ending in adopted.endings.iter().take(MAX_LISTED) {
        let words = AuditAction::from_name(&ending.action).map_or("took away", AuditAction::words);
        let who = ending.who.as_deref().unwrap_or("Kalends");
        say(format_args!(
            "  {}: {who} {words}: {}",
            ending.at.time_in_words(),
            ending.subject
        ));
    }
    Ok(())
}

async fn prune(data: &Data, yes: bool) -> Result<(), CommandError> {
    let (clock, random) = (Clock::system(), Random::from_system());
    let access = Access::Alone("vault prune");
    let opened = data.open(access, &random, clock.now());
    let opened = opened.await?;
    let custody = opened.custody(&clock);
    let standing = custody.standing().await.map_err(CommandError::refused)?;
    if standing.is_set_back() || standing.vault_is_older() {
        return Err(CommandError::Refused(format!(
            "nothing is deleted before it is known which state is meant. {}",
            standing.findings().join(". ")
        )));
    }
    if standing.unclaimed.is_empty() {
        say(format_args!(
            "The main database answers for every row of the vault: there is nothing to prune."
        ));
        return Ok(());
    }
    say(format_args!(
        "Nothing in the main database answers for these rows of the vault: {}.",
        standing.unclaimed.len()
    ));
    for id in standing.unclaimed.iter().take(MAX_LISTED) {
        say(format_args!("  {id}"));
    }
    ask(yes, "They are deleted, and cannot be brought back.")?;
    let pruned = custody.prune(&standing.unclaimed).await;
    pruned.map_err(CommandError::refused)?;
    remember_end(&custody).await;
    say(format_args!("Deleted: {}.", standing.unclaimed.len()));
    Ok(())
}

/// Goes on only when whoever sits at the terminal says so; without a terminal, only with `--yes`.
fn ask(yes: bool, what: &str) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    let refused = || CommandError::Refused("nothing was changed".to_owned());
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::Refused(format!(
            "{what} Nothing was changed: say --yes to go on"
        )));
    }
    let mut out = std::io::stdout();
    let asked = write!(out, "{what} Go on? [y/N] ").and_then(|()| out.flush());
    asked.map_err(CommandError::refused)?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(CommandError::refused)?;
    matches!(answer.trim(), "y" | "Y" | "yes")
        .then_some(())
        .ok_or_else(refused)
}
