//! Node's part: wasm-opt for the build, Playwright and axe for the browser tests, all in `end2end/`; a client of others
//! for `cargo xtask bench parse --peers`.

use crate::{
    folders,
    packages::{self, Need},
    process::{run, step},
};
use anyhow::Result;
use std::{fs, path::Path, process::Command};

/// Installs what the build and the browser tests need.
pub fn ensure() -> Result<()> {
    install("shrink and test the browser's part", &folders::end2end())
}

/// Installs a folder's node packages at the versions of its lock file, where that did not happen yet; `why` ends the
/// sentence "… is needed to …".
pub fn install(why: &str, folder: &Path) -> Result<()> {
    packages::ensure(why, &[Need::new("node", "nodejs"), Need::new("npm", "npm")])?;
    let lock = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|known| known == lock) {
        return Ok(());
    }
    step(
        "Installing node packages",
        "usually 10 seconds, once",
        || {
            run(Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(folder)
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
        },
    )?;
    Ok(fs::write(installed, lock)?)
}
