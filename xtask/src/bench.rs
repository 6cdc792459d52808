//! Benchmarks, each telling ratios within one run.

mod peers;

use crate::{folders, process::run, toolchain::cargo};
use anyhow::Result;
use clap::ValueEnum;
use std::{env, fs, process::Command};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Benchmark {
    /// A calendar view from bytes to events, beside bare tokenising.
    Parse,
    /// Pages of an organisation of ten thousand people, over HTTP.
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

/// How large the organisation is.
const PEOPLE: &str = "10000";
const ENTRIES_EACH: &str = "100";

/// The main database is filled once and kept. With `KALENDS_BENCH_DATABASE_URL` another one is used, such as an empty
/// one of Postgres.
fn pages() -> Result<()> {
    let folder = folders::target().join("bench");
    fs::create_dir_all(&folder)?;
    let file = |name: &str| folder.join(name).display().to_string();
    let filled = folder.join("filled");
    let url = match env::var("KALENDS_BENCH_DATABASE_URL") {
        Ok(url) => url,
        Err(_) => format!("sqlite://{}", file("office.db")),
    };
    if fs::read_to_string(&filled).ok().as_deref() != Some(url.as_str()) {
        for name in ["office.db", "office.db-wal", "office.db-shm"] {
            let _ = fs::remove_file(folder.join(name));
        }
        println!("· Filling the database with {PEOPLE} people and {ENTRIES_EACH} entries each");
        run(Command::new(cargo())
            .current_dir(folders::root())
            .args(["run", "--quiet", "--release", "--package", "kalends"])
            .args(["--example", "office", "--", &url, PEOPLE, ENTRIES_EACH]))?;
        fs::write(&filled, &url)?;
    }
    run(Command::new(cargo())
        .current_dir(folders::root())
        .args(["bench", "--package", "server", "--bench", "pages"])
        .env("KALENDS_SITE", folders::site())
        .env("KALENDS_DATABASE_URL", &url)
        .env(
            "KALENDS_VAULT_DATABASE_URL",
            format!("sqlite://{}", file("vault.db")),
        ))
}
