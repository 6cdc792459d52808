//! Benchmarks, each telling ratios within one run.

mod peers;

use crate::{bundle, folders, postgres::Postgres, process::run, site, toolchain::cargo};
use anyhow::Result;
use clap::ValueEnum;
use std::{fs, path::Path, process::Command};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Benchmark {
    /// A calendar view from bytes to events, beside bare tokenising.
    Parse,
    /// Pages of an organisation of ten thousand people and a million entries over HTTP, on SQLite and Postgres.
    Pages,
}

pub fn bench(which: Benchmark, peers: bool) -> Result<()> {
    if let Benchmark::Pages = which {
        return pages();
    }
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

/// On both engines, one after the other.
fn pages() -> Result<()> {
    site::write(&bundle::bundle()?)?;
    let folder = folders::target().join("bench");
    fs::create_dir_all(&folder)?;
    let filled = folder.join("filled");
    let size = format!("{PEOPLE} people, {ENTRIES_EACH} entries each");
    let office = format!("sqlite://{}", folder.join("office.db").display());
    // That of SQLite is filled once and kept.
    if fs::read_to_string(&filled).ok().as_ref() != Some(&size) {
        remove(&folder, "office.db");
        remove(&folder, "vault.db");
        fill(&office)?;
        fs::write(&filled, &size)?;
    }
    println!("\nSQLite");
    measure(&office, &folder, "vault.db")?;

    let postgres = Postgres::start()?;
    remove(&folder, "vault-of-postgres.db");
    fill(&postgres.url())?;
    println!("\nPostgres");
    measure(&postgres.url(), &folder, "vault-of-postgres.db")
}

fn remove(folder: &Path, name: &str) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("{name}{end}")));
    }
}

fn fill(url: &str) -> Result<()> {
    println!(
        "· Filling a database with {PEOPLE} people, {ENTRIES_EACH} entries for each connected one"
    );
    run(Command::new(cargo())
        .current_dir(folders::root())
        .args(["run", "--quiet", "--release", "--package", "kalends"])
        .args(["--example", "office", "--", url, PEOPLE, ENTRIES_EACH]))
}

fn measure(url: &str, folder: &Path, vault: &str) -> Result<()> {
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
        .env("KALENDS_DATABASE_URL", url)
        .env(
            "KALENDS_VAULT_DATABASE_URL",
            format!("sqlite://{}", folder.join(vault).display()),
        ))
}
