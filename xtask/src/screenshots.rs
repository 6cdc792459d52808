//! Pictures of every page, for the documents and to look at: made anew from the program, so that they are never stale.

use crate::{
    build, folders, node,
    packages::{self, Need},
    process::run,
};
use anyhow::Result;
use std::process::Command;

/// All go to `target/screenshots`; those that the documents show to `docs` as well.
pub fn take() -> Result<()> {
    let programs = build::build(false)?;
    node::ensure()?;
    packages::ensure(
        "take pictures in a browser",
        &[Need::new("/usr/bin/chromium", "chromium")],
    )?;
    let pictures = folders::target().join("screenshots");
    run(Command::new("node")
        .args([
            "node_modules/@playwright/test/cli.js",
            "test",
            "--config=screenshots.config.ts",
            "--reporter=list",
        ])
        .current_dir(folders::end2end())
        .env("KALENDS_PROGRAM", programs.join("kalends"))
        .env(
            "KALENDS_SIMULATOR_PROGRAM",
            programs.join("kalends-simulator"),
        )
        .env("KALENDS_SITE", folders::site())
        .env("KALENDS_SCREENSHOTS", &pictures)
        .env("KALENDS_DOCS", folders::root().join("docs")))?;
    println!("All pictures are in {}", pictures.display());
    Ok(())
}
