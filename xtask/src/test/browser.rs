//! Playwright's specs in Debian's chromium, each without and with JavaScript, against the built programs.

use super::count::Count;
use crate::{
    build, folders, node,
    packages::{self, Need},
    process::show_and_read,
};
use anyhow::{Context, Result};
use std::{fs, process::Command};

pub fn specs() -> Result<Count> {
    let programs = build::build(false)?;
    node::ensure()?;
    packages::ensure(
        "test in a browser",
        &[Need::new("/usr/bin/chromium", "chromium")],
    )?;
    let report = folders::target().join("playwright.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let (status, _) = show_and_read(
        Command::new("node")
            .args([
                "node_modules/@playwright/test/cli.js",
                "test",
                "--reporter=list,json",
            ])
            .current_dir(folders::end2end())
            .env("KALENDS_PROGRAM", programs.join("kalends"))
            .env(
                "KALENDS_SIMULATOR_PROGRAM",
                programs.join("kalends-simulator"),
            )
            .env("KALENDS_SITE", folders::site())
            .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report),
    )?;
    let report = fs::read_to_string(&report).context("Playwright wrote no report")?;
    Ok(Count::of_playwright(&report)?.with_status(status.success()))
}
