//! Benchmarks, each telling ratios within one run.

mod lighthouse;
mod peers;

use crate::{bundle, folders, postgres::Postgres, process::run, site, toolchain::cargo};
use anyhow::Result;
use clap::ValueEnum;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Benchmark {
    /// A calendar view from bytes to events, beside bare tokenising.
    Parse,
    /// Pages of an organisation of ten thousand people and a million entries over HTTP, on SQLite and Postgres.
    Pages,
    /// Lighthouse's scores of pages of that organisation.
    Lighthouse,
}

pub fn bench(which: Benchmark, peers: bool) -> Result<()> {
    match which {
        Benchmark::Parse => parse(peers),
        Benchmark::Pages => pages(),
        Benchmark::Lighthouse => {
            let folder = office()?;
            lighthouse::measure(&sqlite(&folder, OFFICE), &sqlite(&folder, VAULT))
        }
    }
}

fn parse(peers: bool) -> Result<()> {
    let mut command = Command::new(cargo());
    command
        .current_dir(folders::root())
        .args(["bench", "--package", "kalends", "--features", "server"])
        .args(["--bench", "parse"]);
    if peers {
        // Lives until the benchmark ends.
        let office = peers::Office::open()?;
        return run(command.envs(office.settings()));
    }
    run(&mut command)
}

/// How large the organisation is. Of so many people 19 in 20 are connected: together they have a million entries.
const PEOPLE: &str = "10000";
const ENTRIES_EACH: &str = "106";
/// Its databases.
const OFFICE: &str = "office.db";
const VAULT: &str = "vault.db";

/// The folder with the organisation on SQLite, filled once and planned anew each time.
fn office() -> Result<PathBuf> {
    let folder = folders::target().join("bench");
    fs::create_dir_all(&folder)?;
    let filled = folder.join("filled");
    let size = format!("{PEOPLE} people, {ENTRIES_EACH} entries each");
    if fs::read_to_string(&filled).ok().as_ref() != Some(&size) {
        remove(&folder, OFFICE);
        remove(&folder, VAULT);
    }
    fill(&sqlite(&folder, OFFICE), &sqlite(&folder, VAULT))?;
    fs::write(&filled, &size)?;
    Ok(folder)
}

fn sqlite(folder: &Path, name: &str) -> String {
    format!("sqlite://{}", folder.join(name).display())
}

fn remove(folder: &Path, name: &str) {
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(folder.join(format!("{name}{end}")));
    }
}

fn fill(url: &str, vault: &str) -> Result<()> {
    println!("· A database with {PEOPLE} people, {ENTRIES_EACH} entries for each connected one");
    run(Command::new(cargo())
        .current_dir(folders::root())
        .args(["run", "--quiet", "--release", "--package", "kalends"])
        .args([
            "--example",
            "office",
            "--",
            url,
            vault,
            PEOPLE,
            ENTRIES_EACH,
        ]))
}

/// On both engines, one after the other.
fn pages() -> Result<()> {
    site::write(&bundle::bundle()?)?;
    let folder = office()?;
    println!("\nSQLite");
    measure(&sqlite(&folder, OFFICE), &sqlite(&folder, VAULT))?;

    let postgres = Postgres::start()?;
    let vault = "vault-of-postgres.db";
    remove(&folder, vault);
    fill(&postgres.url(), &sqlite(&folder, vault))?;
    println!("\nPostgres");
    measure(&postgres.url(), &sqlite(&folder, vault))
}

fn measure(database: &str, vault: &str) -> Result<()> {
    run(Command::new(cargo())
        .current_dir(folders::root())
        .args([
            "bench",
            "--quiet",
            "--package",
            "server",
            "--bench",
            "pages",
        ])
        .env("KALENDS_SITE", folders::site())
        .env("KALENDS_DATABASE_URL", database)
        .env("KALENDS_VAULT_DATABASE_URL", vault))
}
