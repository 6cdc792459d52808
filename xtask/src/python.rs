//! Python's part: exchangelib, a client that others wrote, for the tests and for `cargo xtask bench parse --peers`.

use crate::{
    folders,
    packages::{self, Need},
    process::{run, step},
};
use anyhow::Result;
use std::{fs, path::PathBuf, process::Command};

/// The scripts that test with it, beside the list of its packages.
pub fn scripts() -> PathBuf {
    folders::end2end().join("simulator/exchangelib")
}

/// A Python of our own with the packages of `requirements.txt`.
pub fn ensure() -> Result<PathBuf> {
    packages::ensure("run exchangelib", &[Need::new("python3", "python3")])?;
    let requirements = scripts().join("requirements.txt");
    let wanted = fs::read(&requirements)?;
    let home = folders::target().join("exchangelib");
    let (python, installed) = (home.join("bin/python"), home.join("installed.txt"));
    if fs::read(&installed).is_ok_and(|known| known == wanted) && python.exists() {
        return Ok(python);
    }
    step(
        "Installing exchangelib",
        "usually half a minute, once",
        || {
            let mut make = Command::new("python3");
            make.args(["-m", "venv", "--clear"]).arg(&home);
            if run(&mut make).is_err() {
                packages::install("run exchangelib", &["python3-venv"])?;
                run(&mut make)?;
            }
            run(Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(&requirements))
        },
    )?;
    fs::write(installed, wanted)?;
    Ok(python)
}
