//! What the benchmark reads from beside clients of others: a practice Exchange with many entries in one month.

use crate::{build, folders, node, practice::Exchange, python};
use anyhow::Result;
use serde_json::json;
use std::{ffi::OsString, path::PathBuf};
use tempfile::TempDir;

/// As many as `benches/parse.rs` makes up, alike in shape.
const ENTRIES: u32 = 500;
/// The practice calendars begin around today, so that this month is empty.
const WINDOW: (&str, &str) = ("2020-03-01T00:00:00Z", "2020-04-01T00:00:00Z");
const ACCOUNT: &str = "bob@example.test";
const PASSWORD: &str = "Bob-2026!";

pub struct Office {
    exchange: Exchange,
    python: PathBuf,
    _folder: TempDir,
}

impl Office {
    pub fn open() -> Result<Self> {
        let python = python::EXCHANGELIB.ensure()?;
        let scripts = folders::root().join("benches/peers");
        node::install("run ews-javascript-api", &scripts)?;
        // Optimised, so that nobody waits for it.
        let program = build::simulator(true)?;
        let folder = tempfile::tempdir()?;
        let exchange = Exchange::start(&program, "127.0.0.1:0", "127.0.0.1:0", folder.path())?;
        // Basic is what all clients know without being told about the connection.
        exchange.control(
            "/auth-offer",
            &json!({"basic": true, "ntlm": false, "negotiate": false}),
        )?;
        for number in 0..ENTRIES {
            let (day, hour) = (1 + number % 28, 6 + number % 12);
            exchange.control(
                &format!("/mailboxes/{ACCOUNT}/entries"),
                &json!({
                    "subject": format!("Weekly planning & review {number}"),
                    "start": format!("2020-03-{day:02}T{hour:02}:00:00"),
                    "end": format!("2020-03-{day:02}T{hour:02}:45:00"),
                    "location": "Room Spree, 3rd floor",
                    "organizer": {"name": "Alice Example", "address": "alice@example.test"},
                }),
            )?;
        }
        Ok(Self {
            exchange,
            python,
            _folder: folder,
        })
    }

    /// The environment of the benchmark, which the clients of others inherit.
    pub fn settings(&self) -> [(&'static str, OsString); 10] {
        let port = self.exchange.ready.ews.rsplit(':').next();
        let ews = format!(
            "https://localhost:{}/EWS/Exchange.asmx",
            port.unwrap_or_default()
        );
        let ca = self.exchange.ready.ca.as_os_str();
        [
            ("PEERS_EWS", ews.into()),
            ("PEERS_CA", ca.into()),
            ("PEERS_ACCOUNT", ACCOUNT.into()),
            ("PEERS_PASSWORD", PASSWORD.into()),
            ("PEERS_START", WINDOW.0.into()),
            ("PEERS_END", WINDOW.1.into()),
            ("PEERS_PYTHON", self.python.as_os_str().into()),
            ("REQUESTS_CA_BUNDLE", ca.into()),
            ("NODE_EXTRA_CA_CERTS", ca.into()),
            // The server is on this machine; a proxy from the environment has no part in it.
            ("NO_PROXY", "*".into()),
        ]
    }
}
