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

// Of the same packages as the documentation, so that dependencies are read once.
pub fn clippy() -> Result<Count> {
    let mut command = cargo_with(&["clippy", "--workspace", "--all-targets"]);
    command.args(["--", "-D", "warnings"]);
    held(command)
}

pub fn rustdoc() -> Result<Count> {
    let mut command = cargo_with(&["doc", "--workspace", "--no-deps"]);
    command
        .arg("--document-private-items")
        .env("RUSTDOCFLAGS", "-D warnings");
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
