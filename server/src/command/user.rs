//! `kalends user`: people are made here until they can be invited.

use super::{
    error::CommandError,
    output::{remember_end, say},
};
use crate::data::{Access, Data, OpenedPair};
use clap::Subcommand;
use kalends::{
    accounts::custody::Custody,
    people::{
        hashing::{Hashing, Queue},
        setup,
        sign_in::{self, PasswordError},
    },
};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    clock::Clock,
    mailbox::SmtpAddress,
    random::Random,
    rights::Role,
};
use kalends_store::{NewUser, Store, User};
use std::io::{IsTerminal, Read};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Adds a person. The password comes from a prompt, or from standard input.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// May see everybody's connections.
        #[arg(long)]
        admin: bool,
        /// An IANA name.
        #[arg(long, default_value = "Europe/Berlin")]
        time_zone: String,
    },
    /// Lists everybody.
    List,
    /// Sets a new password. It comes from a prompt, or from standard input.
    SetPassword {
        #[arg(long)]
        email: String,
    },
    /// Turns a person's second factor off: for a lost phone without recovery codes.
    ResetSecondFactor {
        #[arg(long)]
        email: String,
    },
}

pub async fn run(command: UserCommand, data: &Data) -> Result<(), CommandError> {
    let clock = Clock::system();
    let opened = data
        .open(Access::Beside, &Random::from_system(), clock.now())
        .await?;
    let done = carry_out(command, &opened, &clock).await;
    remember_end(&opened.custody(&clock)).await;
    done
}

async fn carry_out(
    command: UserCommand,
    opened: &OpenedPair,
    clock: &Clock,
) -> Result<(), CommandError> {
    let (store, now) = (&opened.store, clock.now());
    match command {
        UserCommand::Add {
            email,
            name,
            admin,
            time_zone,
        } => {
            let email = email
                .parse::<SmtpAddress>()
                .map_err(CommandError::refused)?;
            let name = setup::persons_name(&name).map_err(CommandError::refused)?;
            let time_zone = app::time_zone::find(&time_zone).map_err(|error| {
                CommandError::Refused(format!("--time-zone {time_zone:?}: {error}"))
            })?;
            let password_hash = hash_new(&read_password()?)
                .await
                .map_err(CommandError::refused)?;
            let role = if admin { Role::Admin } else { Role::Member };
            let new = NewUser {
                email,
                name,
                role,
                password_hash,
                time_zone,
            };
            let user = store
                .create_user(new, now)
                .await
                .map_err(CommandError::refused)?;
            say(format_args!("{} can sign in.", user.email));
        }
        UserCommand::List => {
            for user in store.users().await.map_err(CommandError::refused)? {
                say(format_args!(
                    "{}\t{}\t{}",
                    user.email,
                    user.name,
                    if user.role == Role::Admin {
                        "admin"
                    } else {
                        "member"
                    }
                ));
            }
        }
        UserCommand::SetPassword { email } => {
            let user = known(store, &email).await?;
            let hash = hash_new(&read_password()?)
                .await
                .map_err(CommandError::refused)?;
            let entry =
                AuditEntry::by_kalends(AuditAction::PasswordChanged).about(user.email.as_str());
            store
                .set_password_hash(user.id, &hash, &entry, now)
                .await
                .map_err(CommandError::refused)?;
            say(format_args!(
                "{} has a new password and is signed out everywhere.",
                user.email
            ));
        }
        UserCommand::ResetSecondFactor { email } => {
            let user = known(store, &email).await?;
            let entry =
                AuditEntry::by_kalends(AuditAction::SecondFactorReset).about(user.email.as_str());
            let custody = Custody {
                store: store.clone(),
                vault: opened.vault.clone(),
                clock: clock.clone(),
            };
            let ended = custody.turn_off_second_factor(user.id, &entry).await;
            let words = if ended.map_err(CommandError::refused)? {
                "signs in with the password alone from now on"
            } else {
                "has no second factor"
            };
            say(format_args!("{} {words}.", user.email));
        }
    }
    Ok(())
}

/// The person with an address.
async fn known(store: &Store, email: &str) -> Result<User, CommandError> {
    let email = email
        .parse::<SmtpAddress>()
        .map_err(CommandError::refused)?;
    let user = store
        .user_by_email(&email)
        .await
        .map_err(CommandError::refused)?;
    user.ok_or_else(|| CommandError::Refused(format!("there is nobody with the address {email}")))
}

pub fn read_password() -> Result<Password, CommandError> {
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ").map_err(CommandError::refused)?
    } else {
        let mut text = String::new();
        std::io::stdin()
            .take(4096)
            .read_to_string(&mut text)
            .map_err(CommandError::refused)?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    };
    Ok(Password::from(text))
}

async fn hash_new(password: &Password) -> Result<String, PasswordError> {
    let hashing = Hashing::new(Random::from_system());
    sign_in::hash_new(&hashing, Queue::Known, password).await
}
