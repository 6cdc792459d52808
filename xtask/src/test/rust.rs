//! The levels that `cargo test` runs, split by kind and package.
//!
//! All product packages are named in every run: naming fewer would change the features of shared dependencies, and
//! cargo would build those again.

use super::count::Count;
use crate::postgres::Postgres;
use crate::{
    build::PRODUCT,
    folders,
    process::{read, show_and_read},
    python::PYSPNEGO,
    toolchain::cargo,
};
use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, TargetKind};
use std::{env, num::NonZero, process::Command, thread::available_parallelism};

/// How many tests run side by side.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

pub fn unit(postgres: Option<&Postgres>) -> Result<Count> {
    let product = count(product(postgres).args(["--lib", "--bins"]))?;
    let documented = count(self::product(postgres).arg("--doc"))?;
    let tool = count(cargo_test().args(["--package", "xtask", "--bins"]))?;
    Ok(product + documented + tool)
}

pub fn guards() -> Result<Count> {
    count(cargo_test().args(["--package", "xtask", "--test", "guards"]))
}

/// `tests/store*.rs` of the domain, and its power cuts.
pub fn store(postgres: Option<&Postgres>) -> Result<Count> {
    integration(product(postgres), |package, test| {
        package == "kalends" && is_of_store(test)
    })
}

fn is_of_store(test: &str) -> bool {
    test == "crash" || test.starts_with("store")
}

/// The domain's other integration tests, with an acceptor that others wrote, and those of the practice Exchange.
pub fn protocol(postgres: Option<&Postgres>) -> Result<Count> {
    let python = PYSPNEGO.ensure()?;
    let mut command = product(postgres);
    command.env("KALENDS_TEST_SPNEGO_PYTHON", python);
    integration(command, |package, test| {
        package == "kalends-simulator" || package == "kalends" && !is_of_store(test)
    })
}

/// `server/tests` and `app/tests`.
pub fn pages(postgres: Option<&Postgres>) -> Result<Count> {
    integration(product(postgres), |package, _| {
        matches!(package, "server" | "app")
    })
}

fn integration(mut command: Command, chosen: impl Fn(&str, &str) -> bool) -> Result<Count> {
    let names = test_targets()?
        .into_iter()
        .filter(|(package, name)| chosen(package, name));
    let mut some = false;
    for (_, name) in names {
        command.args(["--test", &name]);
        some = true;
    }
    if !some {
        bail!("there is no such test");
    }
    count(&mut command)
}

/// Package and name of every file of integration tests.
fn test_targets() -> Result<Vec<(String, String)>> {
    let text = read(Command::new(cargo()).current_dir(folders::root()).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
    ]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    let tests = metadata.packages.iter().flat_map(|package| {
        let tests = package
            .targets
            .iter()
            .filter(|target| target.kind.contains(&TargetKind::Test));
        tests.map(|target| (package.name.to_string(), target.name.clone()))
    });
    Ok(tests.collect())
}

fn product(postgres: Option<&Postgres>) -> Command {
    let mut command = cargo_test();
    command.args(PRODUCT);
    if let Some(postgres) = postgres {
        command.env("KALENDS_TEST_POSTGRES_URL", postgres.url());
    }
    command
}

fn cargo_test() -> Command {
    let mut command = Command::new(cargo());
    command
        .current_dir(folders::root())
        .args(["test", "--no-fail-fast"]);
    if env::var_os(TEST_THREADS).is_none() {
        // Tests wait for databases and servers a third of their time.
        let cores = available_parallelism().map_or(1, NonZero::get);
        command.env(TEST_THREADS, (cores * 2).to_string());
    }
    command
}

fn count(command: &mut Command) -> Result<Count> {
    let (status, text) = show_and_read(command)?;
    Ok(Count::of_cargo_test(&text).with_status(status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every package and its features, as a build would have them that takes these kinds of dependencies.
    fn features(kinds: &str) -> BTreeSet<String> {
        let mut command = Command::new(cargo());
        command.current_dir(folders::root()).args([
            "tree",
            "--locked",
            "--prefix=none",
            "--format={p} {f}",
        ]);
        let text = read(command.args(["--edges", kinds]).args(PRODUCT)).unwrap();
        let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
        lines.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn programs_and_tests_share_every_dependency() {
        let tests = features("normal,build,dev");
        let programs = features("normal,build");
        assert!(programs.len() > 100, "{programs:?}");
        let apart: Vec<_> = programs.difference(&tests).collect();
        assert!(
            apart.is_empty(),
            "tests turn on other features, so these and what stands on them are built twice: {apart:?}"
        );
    }
}
