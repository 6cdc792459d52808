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

/// The specs of connecting against the self-contained program, copied alone into an empty folder.
pub fn release() -> Result<Count> {
    let programs = build::build(true)?;
    let empty = TempDir::with_prefix("kalends-alone-")?;
    let program = empty.path().join("kalends");
    fs::copy(programs.join("kalends"), &program)?;
    let simulator = build::build(false)?.join("kalends-simulator");
    run(&program, &simulator, None, &["connect.spec"])
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
