//! A throwaway Postgres for tests and benchmarks, on a free port, gone with its folder when dropped.

use crate::{
    packages,
    process::{Background, run, step},
};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The user name within that Postgres.
const ROLE: &str = "kalends";

#[derive(Debug)]
pub struct Postgres {
    // Fields drop in this order: the program ends before its folder goes.
    _program: Background,
    _folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts one, installing Debian's package where there is none.
    pub fn start() -> Result<Self> {
        if programs().is_none() {
            packages::install("work on Postgres", &["postgresql"])?;
        }
        let programs = programs().context("there is no initdb below /usr/lib/postgresql")?;
        step("Starting a throwaway Postgres", "usually 5 seconds", || {
            Self::start_with(&programs)
        })
    }

    pub fn url(&self) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/postgres", self.port)
    }

    fn start_with(programs: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("kalends-postgres-")?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let as_owner = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command.current_dir(folder.path());
            command
        };
        let data = folder.path().join("data");
        run(as_owner("initdb")
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--username",
                ROLE,
                "--pgdata",
            ])
            .arg(&data)
            .stdout(Stdio::null()))?;

        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = folder.path().join("log");
        let mut program = Background::start(
            as_owner("postgres")
                .arg("-D")
                .arg(&data)
                .args([
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    "unix_socket_directories=",
                    "-c",
                    "fsync=off",
                ])
                .args(["-c", "max_connections=300", "-c", &format!("port={port}")])
                .stdout(File::create(&log)?)
                .stderr(File::options().append(true).open(&log)?),
        )?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if program.ended()?.is_some() || Instant::now() > deadline {
                bail!("Postgres does not start: {}", fs::read_to_string(log)?);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Self {
            _program: program,
            _folder: folder,
            port,
        })
    }
}

/// The newest installed version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin"))).filter(|(_, bin)| bin.join("initdb").exists())
        });
    versions.max().map(|(_, bin)| bin)
}

/// Postgres refuses to run as root; its package brings a user for it.
fn owner() -> Result<Option<(u32, u32)>> {
    if !rustix::process::getuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Ok(Some(ids.context(
        "there is no user named postgres to run Postgres as",
    )?))
}
