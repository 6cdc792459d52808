//! What has to be installed beside Rust: through apt-get as root, else one command is printed for whoever may.

use crate::process::{run, step};
use anyhow::{Result, bail};
use std::{env, path::Path, process::Command};

/// A program or file, and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// A program's name, or an absolute path.
    pub thing: &'static str,
    pub package: &'static str,
}

impl Need {
    pub const fn new(thing: &'static str, package: &'static str) -> Self {
        Self { thing, package }
    }

    pub fn is_met(&self) -> bool {
        if self.thing.starts_with('/') {
            return Path::new(self.thing).exists();
        }
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|folder| folder.join(self.thing).is_file())
    }
}

/// Installs the packages of those needs that are not met; `why` ends the sentence "… is needed to …".
pub fn ensure(why: &str, needs: &[Need]) -> Result<()> {
    let mut missing: Vec<&str> = needs
        .iter()
        .filter(|need| !need.is_met())
        .map(|need| need.package)
        .collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    install(why, &missing)?;
    match needs.iter().find(|need| !need.is_met()) {
        Some(need) => bail!(
            "{} is still missing although {} was installed",
            need.thing,
            need.package
        ),
        None => Ok(()),
    }
}

/// Installs Debian packages, or says how to.
pub fn install(why: &str, missing: &[&str]) -> Result<()> {
    let packages = missing.join(" ");
    if !Need::new("apt-get", "apt").is_met() {
        bail!(
            "{packages} (names of Debian packages) is needed to {why}. Install the same from your system's packages, then run this again"
        );
    }
    if !rustix::process::getuid().is_root() {
        bail!(
            "{packages} is needed to {why}. Run this once, then try again:\n\n    sudo apt-get install -y --no-install-recommends {packages}\n"
        );
    }
    step(
        &format!("Installing {packages}, needed to {why}"),
        "usually 1 to 3 minutes, once",
        || {
            let apt = |arguments: &[&str]| {
                let mut command = Command::new("apt-get");
                command
                    .env("DEBIAN_FRONTEND", "noninteractive")
                    .arg("-qq")
                    .args(arguments);
                command
            };
            run(&mut apt(&["update"]))?;
            run(apt(&["install", "-y", "--no-install-recommends"]).args(missing))
        },
    )
}
