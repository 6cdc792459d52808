//! Documents made from the program, so that they cannot say anything else than it does. Tests of the program fail when
//! a written one is stale.

use crate::{folders, process::read, toolchain::cargo};
use anyhow::{Context as _, Result};
use std::{fs, process::Command};

/// Writes `docs/problems.md`.
pub fn write() -> Result<()> {
    let mut command = Command::new(cargo());
    command.current_dir(folders::root()).args([
        "run",
        "--quiet",
        "--package",
        "kalends-core",
        "--example",
        "problems",
    ]);
    let path = folders::root().join("docs/problems.md");
    fs::write(&path, read(&mut command)?).with_context(|| format!("{} is written", path.display()))
}
