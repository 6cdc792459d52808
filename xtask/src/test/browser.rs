//! Playwright's specs in Debian's chromium, each without and with JavaScript, against the built programs.

use super::count::Count;
use crate::{
    build, folders, node,
    packages::{self, Need},
    process::show_and_read,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Every spec against the programs as they are built for work.
pub fn specs() -> Result<Count> {
    let programs = build::build(false)?;
    run(
        &programs.join("kalends"),
        &programs.join("kalends-simulator"),
        Some(folders::site()),
        &[],
    )
}

/// One way through the self-contained program, copied alone into an empty folder: its pages, styles and scripts are all
/// inside it. What it does is proved by the specs above.
pub fn release() -> Result<Count> {
    let empty = TempDir::with_prefix("kalends-alone-")?;
    let program = empty.path().join("kalends");
    fs::copy(build::self_contained_unoptimised()?, &program)?;
    let simulator = build::simulator(false)?;
    let one = ["connect.spec", "--grep", "Bob connects through"];
    run(&program, &simulator, None, &one)
}

fn run(program: &Path, simulator: &Path, site: Option<PathBuf>, only: &[&str]) -> Result<Count> {
    node::ensure()?;
    packages::ensure(
        "test in a browser",
        &[Need::new("/usr/bin/chromium", "chromium")],
    )?;
    let report = folders::target().join("playwright.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut playwright = Command::new("node");
    playwright
        .args([
            "node_modules/@playwright/test/cli.js",
            "test",
            "--reporter=list,json",
        ])
        .args(only)
        .current_dir(folders::end2end())
        .env("KALENDS_PROGRAM", program)
        .env("KALENDS_SIMULATOR_PROGRAM", simulator)
        .env_remove("KALENDS_SITE")
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report);
    if let Some(site) = site {
        playwright.env("KALENDS_SITE", site);
    }
    let (status, _) = show_and_read(&mut playwright)?;
    let report = fs::read_to_string(&report).context("Playwright wrote no report")?;
    Ok(Count::of_playwright(&report)?.with_status(status.success()))
}
