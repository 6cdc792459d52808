//! Python's part: clients and acceptors that others wrote, for the tests and for `cargo xtask bench parse --peers`.

use crate::{
    folders,
    packages::{self, Need},
    process::{run, step},
};
use anyhow::Result;
use std::{fs, path::PathBuf, process::Command};

/// A package of others, by its name: its scripts and the list of its packages stand in a folder of that name.
#[derive(Debug, Clone, Copy)]
pub struct Peer(&'static str);

pub const EXCHANGELIB: Peer = Peer("exchangelib");
pub const PYSPNEGO: Peer = Peer("pyspnego");

impl Peer {
    /// The scripts that test with it, beside the list of its packages.
    pub fn scripts(self) -> PathBuf {
        folders::end2end().join("simulator").join(self.0)
    }

    /// A Python of our own with the packages of `requirements.txt`.
    pub fn ensure(self) -> Result<PathBuf> {
        let why = format!("run {}", self.0);
        packages::ensure(&why, &[Need::new("python3", "python3")])?;
        let requirements = self.scripts().join("requirements.txt");
        let wanted = fs::read(&requirements)?;
        let home = folders::target().join(self.0);
        let (python, installed) = (home.join("bin/python"), home.join("installed.txt"));
        if fs::read(&installed).is_ok_and(|known| known == wanted) && python.exists() {
            return Ok(python);
        }
        step(
            &format!("Installing {}", self.0),
            "usually half a minute, once",
            || {
                let mut make = Command::new("python3");
                make.args(["-m", "venv", "--clear"]).arg(&home);
                if run(&mut make).is_err() {
                    packages::install(&why, &["python3-venv"])?;
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
}
