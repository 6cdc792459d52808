//! `cargo xtask build`: the site, then the program around it.

use crate::{
    bundle, folders,
    process::{run, step},
    site,
    toolchain::cargo,
};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// Builds everything and returns the folder with the programs.
pub fn build(release: bool) -> Result<PathBuf> {
    site::write(&bundle::bundle()?)?;
    if release {
        self_contained()
    } else {
        programs()
    }
}

/// The server and the practice Exchange for work and tests, which read the site from its folder.
///
/// All product packages are named at once, as the tests do, so that dependencies are built with one set of features.
pub fn programs() -> Result<PathBuf> {
    step(
        "Building the programs",
        "usually 6 minutes the first time, seconds without changes",
        || {
            run(Command::new(cargo())
                .current_dir(folders::root())
                .arg("build")
                .args(PRODUCT))
        },
    )?;
    Ok(folders::target().join("debug"))
}

/// The self-contained program without optimisation, as tests need it.
///
/// The same packages as [`programs`] are named, so that nothing but the server is built again.
pub fn self_contained_unoptimised() -> Result<PathBuf> {
    site::write(&bundle::bundle()?)?;
    step(
        "Building one self-contained program",
        "usually a minute",
        || {
            let mut command = Command::new(cargo());
            command
                .current_dir(folders::root())
                .arg("build")
                .args(PRODUCT);
            run(command.args(["--features", "server/embed"]))
        },
    )?;
    Ok(folders::target().join("debug/kalends"))
}

/// The product's packages for this machine.
pub const PRODUCT: [&str; 3] = ["--workspace", "--exclude", "xtask"];

/// The practice Exchange beside a self-contained program.
pub fn simulator(release: bool) -> Result<PathBuf> {
    if !release {
        return Ok(folders::target().join("debug/kalends-simulator"));
    }
    step(
        "Building the practice Exchange",
        "usually 3 minutes the first time",
        || {
            run(Command::new(cargo()).current_dir(folders::root()).args([
                "build",
                "--release",
                "--package",
                "kalends-simulator",
            ]))
        },
    )?;
    Ok(folders::target().join("release/kalends-simulator"))
}

fn self_contained() -> Result<PathBuf> {
    step(
        "Building one self-contained program",
        "usually 10 minutes the first time",
        || {
            run(Command::new(cargo()).current_dir(folders::root()).args([
                "build",
                "--release",
                "--package",
                "server",
                "--features",
                "embed",
            ]))
        },
    )?;
    let folder = folders::target().join("release");
    println!("  {}", folder.join("kalends").display());
    Ok(folder)
}
