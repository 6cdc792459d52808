//! Drives the practice Exchange with exchangelib, a client that others wrote, so that both sides of our protocol tests
//! cannot share one mistake.

use super::count::Count;
use crate::{
    build, folders,
    packages::{self, Need},
    practice::Exchange,
    process::{run, show_and_read, step},
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

pub fn check() -> Result<Count> {
    let programs = build::programs()?;
    let python = python()?;
    let folder = tempfile::tempdir()?;
    let exchange = Exchange::start(
        &programs.join("kalends-simulator"),
        "127.0.0.1:0",
        "127.0.0.1:0",
        folder.path(),
    )?;
    let port = exchange.ready.ews.rsplit(':').next().unwrap_or_default();
    let (status, text) = show_and_read(
        Command::new(python)
            .arg(scripts().join("drive.py"))
            .args([
                "--ews",
                &format!("https://localhost:{port}/EWS/Exchange.asmx"),
            ])
            .arg("--ca")
            .arg(&exchange.ready.ca)
            .args(["--control", &format!("http://{}", exchange.ready.control)]),
    )?;
    let count = Count::of_last_line(&text).context("drive.py tells no numbers")?;
    Ok(count.with_status(status.success()))
}

fn scripts() -> PathBuf {
    folders::end2end().join("simulator/exchangelib")
}

/// A Python of our own with the packages of `requirements.txt`.
fn python() -> Result<PathBuf> {
    packages::ensure(
        "run exchangelib",
        &[Need::new("python3", "python3"), Need::new("curl", "curl")],
    )?;
    let wanted = fs::read(scripts().join("requirements.txt"))?;
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
                .arg(scripts().join("requirements.txt")))
        },
    )?;
    fs::write(installed, wanted)?;
    Ok(python)
}
