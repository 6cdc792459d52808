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

pub fn clippy() -> Result<Count> {
    let everything = [
        "clippy",
        "--workspace",
        "--exclude",
        "hydrate",
        "--all-targets",
        // The power cuts too.
        "--features",
        "kalends/fail-points",
        "--",
        "-D",
        "warnings",
    ];
    held(cargo_with(&everything))
}

pub fn rustdoc() -> Result<Count> {
    let mut command = cargo_with(&["doc", "--no-deps", "--document-private-items"]);
    command.args(PRODUCT).env("RUSTDOCFLAGS", "-D warnings");
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
