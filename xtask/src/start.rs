//! `cargo xtask start`: everything built, a practice Exchange beside Kalends, and a page that says where to go.

use crate::{
    build, folders,
    practice::{self, Exchange, PEOPLE},
    process::{self, Background, step},
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs, io,
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

const LISTEN: &str = "127.0.0.1:3000";
const EXCHANGE: &str = "127.0.0.1:8443";
const EXCHANGE_CONTROL: &str = "127.0.0.1:8444";
const DATABASE: &str = "data/kalends.db";
const VAULT: &str = "data/vault.db";

/// Runs until told to stop, or until one of the programs ends.
pub fn start(without_simulator: bool, release: bool) -> Result<()> {
    let listen = env::var("KALENDS_LISTEN").unwrap_or_else(|_| LISTEN.to_owned());
    ensure_ports_are_free(&listen, without_simulator)?;
    let programs = build::build(release)?;
    let simulator = if without_simulator {
        None
    } else {
        Some(build::simulator(release)?)
    };
    fs::create_dir_all(folders::root().join("data"))?;

    let exchange = match simulator {
        Some(program) => Some(start_exchange(&program)?),
        None => None,
    };
    let kalends = || kalends_command(&programs, exchange.as_ref(), release);
    let first_start =
        env::var_os("KALENDS_DATABASE_URL").is_none() && !folders::root().join(DATABASE).exists();
    if first_start && exchange.is_some() {
        step(
            "Adding Alice, Bob and Charlie",
            "usually a few seconds, once",
            || practice::add_people(kalends),
        )?;
    }
    let server = Background::start(kalends().arg("serve"))?;
    watch(server, exchange, &listen)
}

fn ensure_ports_are_free(listen: &str, without_simulator: bool) -> Result<()> {
    let free = format!(
        "set KALENDS_LISTEN to another address, such as {}",
        LISTEN.replace("3000", "3001")
    );
    ensure_free(listen, &free)?;
    if !without_simulator {
        for address in [EXCHANGE, EXCHANGE_CONTROL] {
            ensure_free(address, "end it, or start with --without-simulator")?;
        }
    }
    Ok(())
}

fn start_exchange(program: &Path) -> Result<Exchange> {
    let folder = folders::root().join("data/practice-exchange");
    step("Starting the practice Exchange", "usually a second", || {
        Exchange::start(program, EXCHANGE, EXCHANGE_CONTROL, &folder)
    })
}

/// `kalends` with its databases in data/, and the settings that lead to the practice Exchange.
fn kalends_command(programs: &Path, exchange: Option<&Exchange>, release: bool) -> Command {
    let mut command = Command::new(programs.join("kalends"));
    command
        .current_dir(folders::root())
        .envs(exchange.map(Exchange::settings).into_iter().flatten());
    set_unless_set(
        &mut command,
        "KALENDS_DATABASE_URL",
        &format!("sqlite://{DATABASE}"),
    );
    set_unless_set(
        &mut command,
        "KALENDS_VAULT_DATABASE_URL",
        &format!("sqlite://{VAULT}"),
    );
    if !release {
        command.env("KALENDS_SITE", folders::site());
    }
    command
}

/// Tells where to go as soon as the server answers, then waits for an end.
fn watch(mut server: Background, mut exchange: Option<Exchange>, listen: &str) -> Result<()> {
    let mut told = false;
    loop {
        if let Some(status) = server.ended()? {
            bail!("kalends ended with {status}; its last lines above say why");
        }
        if let Some(exchange) = &mut exchange
            && let Some(status) = exchange.program.ended()?
        {
            bail!("the practice Exchange ended with {status}");
        }
        if !told && TcpStream::connect(listen).is_ok() {
            tell(listen, exchange.is_some());
            told = true;
        }
        thread::sleep(Duration::from_millis(200));
        process::park_if_stopping();
    }
}

fn tell(listen: &str, with_exchange: bool) {
    println!("\nKalends runs at http://{listen}. Ctrl-C stops it.");
    if !with_exchange {
        return;
    }
    println!("\nSign in as one of these people:");
    for person in &PEOPLE {
        let role = if person.admin {
            "administrator"
        } else {
            "member"
        };
        println!("    {:<22} {:<18} {role}", person.email, person.password);
    }
    println!(
        "\nThen connect under Profile Settings, Microsoft Exchange, with the practice Exchange:"
    );
    println!("    User email to access      {}", practice::MAILBOX);
    println!(
        "    Service account username  {}",
        practice::SERVICE_ACCOUNT
    );
    println!(
        "    Service account password  {}",
        practice::SERVICE_PASSWORD
    );
    println!("    Exchange server           {}", practice::ENDPOINT);
    println!("\nThe databases are in data/. Remove that folder for a fresh start.\n");
}

fn ensure_free(address: &str, cure: &str) -> Result<()> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("something else listens at {address} already: {cure}")
        }
        bound => bound
            .map(drop)
            .with_context(|| format!("cannot listen at {address}")),
    }
}

fn set_unless_set(command: &mut Command, name: &str, value: &str) {
    if env::var_os(name).is_none() {
        command.env(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_with_its_cure() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = ensure_free(&address, "take another")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("something else listens at {address} already: take another")
        );
        drop(taken);
        ensure_free(&address, "").unwrap();
    }
}
