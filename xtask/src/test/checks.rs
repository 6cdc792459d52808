//! Checks that hold or do not: formatting, lints on both sides, documentation.

use super::count::Count;
use crate::{
    build::PRODUCT,
    folders,
    process::run,
    toolchain::{Toolchain, cargo},
};
use anyhow::Result;
use std::process::Command;

pub fn fmt() -> Result<Count> {
    held(cargo_with(&["fmt", "--all", "--check"]))
}

/// All that the levels after it run.
pub fn build() -> Result<Count> {
    let mut command = cargo_with(&["test", "--no-run"]);
    command.args(PRODUCT);
    held(command)
}

/// All that runs on this machine. clippy and rustdoc name the same, so that dependencies are read once.
const EVERYTHING: [&str; 3] = ["--workspace", "--exclude", "islands"];

pub fn clippy() -> Result<Count> {
    let mut command = cargo_with(&["clippy", "--all-targets"]);
    command.args(EVERYTHING).args(["--", "-D", "warnings"]);
    held(command)
}

pub fn rustdoc() -> Result<Count> {
    let mut command = cargo_with(&["doc", "--no-deps", "--document-private-items"]);
    command.args(EVERYTHING).env("RUSTDOCFLAGS", "-D warnings");
    held(command)
}

pub fn wasm() -> Result<Count> {
    let mut command = Toolchain::find()?.clippy()?;
    command.args(["--", "-D", "warnings"]);
    held(command)
}

fn cargo_with(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(folders::root()).args(arguments);
    command
}

fn held(mut command: Command) -> Result<Count> {
    run(&mut command).map(|()| Count::success())
}
