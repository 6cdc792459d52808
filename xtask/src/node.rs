//! Node's part: wasm-opt for the build, Playwright and axe for the browser tests, all in `end2end/`.

use crate::{
    folders,
    packages::{self, Need},
    process::{run, step},
};
use anyhow::Result;
use std::{fs, process::Command};

/// Installs the node packages at the versions of the lock file, where that did not happen yet.
pub fn ensure() -> Result<()> {
    packages::ensure(
        "shrink and test the browser's part",
        &[Need::new("node", "nodejs"), Need::new("npm", "npm")],
    )?;
    let lock = fs::read(folders::end2end().join("package-lock.json"))?;
    let installed = folders::end2end().join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|known| known == lock) {
        return Ok(());
    }
    step(
        "Installing node packages",
        "usually 10 seconds, once",
        || {
            run(Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(folders::end2end())
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
        },
    )?;
    Ok(fs::write(installed, lock)?)
}
