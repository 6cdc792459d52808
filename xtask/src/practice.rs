//! The practice world: an Exchange on this machine, the people who sign in, and the settings that join the two.

use crate::{
    folders,
    process::{Background, run_with_input},
};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::{
    io::{BufRead, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Every name under which the practice Exchange answers.
const HOSTS: [&str; 4] = [
    "mail.example.test",
    "autodiscover.example.test",
    "example.test",
    "alt.example.test",
];

pub const ENDPOINT: &str = "https://mail.example.test/EWS/Exchange.asmx";
pub const MAILBOX: &str = "bob@example.test";
pub const SERVICE_ACCOUNT: &str = "svc-kalends@example.test";
pub const SERVICE_PASSWORD: &str = "Practice-2026!";

/// Somebody who signs in to Kalends.
#[derive(Debug)]
pub struct Person {
    pub name: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub admin: bool,
}

pub const PEOPLE: [Person; 3] = [
    Person {
        name: "Alice",
        email: "alice@example.test",
        password: "practice-alice",
        admin: true,
    },
    Person {
        name: "Bob",
        email: "bob@example.test",
        password: "practice-bob",
        admin: false,
    },
    Person {
        name: "Charlie",
        email: "charlie@example.test",
        password: "practice-charlie",
        admin: false,
    },
];

/// Gives the people an account in the databases that `kalends` is set up with.
pub fn add_people(kalends: impl Fn() -> Command) -> Result<()> {
    for person in &PEOPLE {
        let mut command = kalends();
        command.args([
            "user",
            "add",
            "--email",
            person.email,
            "--name",
            person.name,
        ]);
        if person.admin {
            command.arg("--admin");
        }
        run_with_input(&mut command, person.password)?;
    }
    Ok(())
}

/// The practice Exchange while it runs.
#[derive(Debug)]
pub struct Exchange {
    pub program: Background,
    pub ready: Ready,
}

/// What the practice Exchange says once it listens.
#[derive(Debug, Deserialize)]
pub struct Ready {
    /// Address and port of EWS and Autodiscover.
    pub ews: String,
    /// Address and port of the control endpoint.
    pub control: String,
    /// The certificate authority, PEM.
    pub ca: PathBuf,
}

impl Exchange {
    /// Starts it at two addresses (port 0 takes a free one) with its certificates in `folder`.
    pub fn start(program: &Path, listen: &str, control: &str, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut program = Background::start(
            Command::new(program)
                .args(["--listen", listen, "--control", control, "--folder"])
                .arg(folder)
                .stdout(Stdio::piped()),
        )?;
        let output = program
            .output()
            .context("the practice Exchange has no output")?;
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let Ok(line) = receive.recv_timeout(Duration::from_secs(30)) else {
            bail!("the practice Exchange does not start");
        };
        let ready = serde_json::from_str(&line)
            .with_context(|| format!("the practice Exchange said {line:?}"))?;
        Ok(Self { program, ready })
    }

    /// Posts to its control endpoint, one request a connection.
    pub fn control(&self, path: &str, body: &Value) -> Result<()> {
        let body = body.to_string();
        let host = &self.ready.control;
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 2") {
            bail!("the practice Exchange answered POST {path} with {answer:?}");
        }
        Ok(())
    }

    /// The settings that lead Kalends to it.
    pub fn settings(&self) -> [(&'static str, String); 3] {
        let there = HOSTS.map(|host| format!("{host}:443={}", self.ready.ews));
        let ca = folders::root().join(&self.ready.ca);
        [
            ("KALENDS_EXCHANGE_CA_FILE", ca.display().to_string()),
            ("KALENDS_EXCHANGE_HOSTS", HOSTS.join(",")),
            ("KALENDS_EXCHANGE_CONNECT_TO", there.join(",")),
        ]
    }
}
