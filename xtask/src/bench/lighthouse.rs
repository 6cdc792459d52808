//! Lighthouse over pages of a large organisation, as the self-contained program serves them.

use crate::{
    build, folders, node,
    packages::{self, Need},
    process::{Background, run},
};
use anyhow::{Result, bail};
use std::{
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Asks for the pages of a Kalends on these databases; fails where a score is too low.
pub fn measure(database: &str, vault: &str) -> Result<()> {
    let scripts = folders::root().join("benches/lighthouse");
    node::install("run Lighthouse", &scripts)?;
    packages::ensure(
        "look at pages in a browser",
        &[Need::new("/usr/bin/chromium", "chromium")],
    )?;
    let program = build::build(true)?.join("kalends");
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut kalends = Background::start(
        Command::new(program)
            .arg("serve")
            .env("KALENDS_LISTEN", address.to_string())
            .env("KALENDS_DATABASE_URL", database)
            .env("KALENDS_VAULT_DATABASE_URL", vault)
            .env("KALENDS_LOG", "error")
            .stdout(Stdio::null()),
    )?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        if kalends.ended()?.is_some() || Instant::now() > deadline {
            bail!("Kalends does not start");
        }
        thread::sleep(Duration::from_millis(100));
    }
    run(Command::new("node")
        .arg("pages.js")
        .current_dir(&scripts)
        .env("KALENDS_ORIGIN", format!("http://{address}")))
}
