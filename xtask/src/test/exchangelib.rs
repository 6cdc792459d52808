//! Drives the practice Exchange with exchangelib, a client that others wrote, so that both sides of our protocol tests
//! cannot share one mistake.

use super::count::Count;
use crate::{
    build,
    packages::{self, Need},
    practice::Exchange,
    process::show_and_read,
    python::EXCHANGELIB,
};
use anyhow::{Context, Result};
use std::process::Command;

pub fn check() -> Result<Count> {
    let programs = build::programs()?;
    let python = EXCHANGELIB.ensure()?;
    packages::ensure("sign in by NTLM as others do", &[Need::new("curl", "curl")])?;
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
            .arg(EXCHANGELIB.scripts().join("drive.py"))
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
