//! Which cargo makes wasm here: the present one if it has the target or rustup can fetch it, else Debian's.
//!
//! Debian ships the standard library's source in place of the built target, so it is built along.

use crate::{
    folders,
    packages::{self, Need},
    process::{read, run, step},
};
use anyhow::{Context, Result, bail};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN: [Need; 4] = [
    Need::new("/usr/bin/cargo", "cargo-web"),
    Need::new("/usr/bin/rustc", "rustc-web"),
    Need::new("/usr/lib/rustlib/src/rust/library", "rust-web-src"),
    Need::new("/usr/bin/wasm-ld-19", "lld-19"),
];
const DEBIAN_CLIPPY: Need = Need::new("/usr/bin/cargo-clippy", "rust-web-clippy");

/// A toolchain that builds for the browser.
#[derive(Debug, Clone, Copy)]
pub enum Toolchain {
    /// The cargo that runs this program.
    Present,
    Debian,
}

impl Toolchain {
    /// Finds one, or installs it.
    pub fn find() -> Result<Self> {
        if present_has_target()? {
            return Ok(Self::Present);
        }
        if DEBIAN.iter().all(Need::is_met) {
            return debian();
        }
        if Need::new("rustup", "rustup").is_met() {
            let fetched = step(
                "Fetching Rust's wasm target with rustup",
                "usually half a minute, once",
                || run(Command::new("rustup").args(["target", "add", TARGET])),
            );
            if fetched.is_ok() && present_has_target()? {
                return Ok(Self::Present);
            }
            println!("  rustup cannot fetch it here; taking Debian's packages");
        }
        packages::ensure("build the browser's part", &DEBIAN)?;
        debian()
    }

    /// `cargo build` of the browser's crate, ready to run.
    pub fn build(self) -> Command {
        let mut command = match self {
            Self::Present => Command::new(cargo()),
            Self::Debian => Command::new("/usr/bin/cargo"),
        };
        command.arg("rustc");
        let mut command = self.complete(command);
        // Only here: with both kinds of library at once there would be no LTO.
        command.args(["--crate-type", "cdylib"]);
        command
    }

    /// `cargo clippy` of the browser's crate, by the compiler that builds it.
    pub fn clippy(self) -> Result<Command> {
        let mut command = match self {
            Self::Present => Command::new(cargo()),
            Self::Debian => {
                packages::ensure("check the browser's part", &[DEBIAN_CLIPPY])?;
                // Called by its path: a rustup on the way would put its own clippy in front.
                let mut command = Command::new(DEBIAN_CLIPPY.thing);
                command.env("CARGO", "/usr/bin/cargo");
                command
            }
        };
        command.arg("clippy");
        Ok(self.complete(command))
    }

    fn complete(self, mut command: Command) -> Command {
        command
            .current_dir(folders::root())
            .args([
                "--package",
                "islands",
                "--features",
                "hydrate",
                "--profile",
                "wasm",
                "--target",
                TARGET,
            ])
            .arg("--target-dir")
            .arg(folders::wasm_target())
            .args(["--config", &without_home_folder()])
            .env_remove("RUSTFLAGS"); // would take the place of both
        if matches!(self, Self::Debian) {
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1") // -Zbuild-std is unstable
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
                .env_remove("RUSTUP_TOOLCHAIN");
        }
        command
    }
}

pub fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn present_has_target() -> Result<bool> {
    let sysroot = read(
        Command::new("rustc")
            .current_dir(folders::root())
            .args(["--print", "sysroot"]),
    )?;
    Ok(Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir())
}

fn debian() -> Result<Toolchain> {
    let version = read(
        Command::new("/usr/bin/rustc")
            .arg("--version")
            .stderr(Stdio::inherit()),
    )?;
    let needed = env!("CARGO_PKG_RUST_VERSION");
    if minor(&version).context("rustc tells no version")?
        < minor(needed).context("no rust-version")?
    {
        bail!(
            "the browser's part needs Rust {needed} with the target {TARGET}, and Debian's is {}. Install rustup \
             (https://rustup.rs), run `rustup target add {TARGET}`, then run this again",
            version.trim()
        );
    }
    Ok(Toolchain::Debian)
}

/// The 95 of `rustc 1.95.0 (…)` or `1.95`.
fn minor(version: &str) -> Option<u32> {
    let (_, rest) = version.split_once("1.")?;
    rest.split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// Panic messages would carry the home folder into what everybody downloads. Joins what `.cargo/config.toml` says.
fn without_home_folder() -> String {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")));
    let flag = home.map(|home| {
        format!(
            "{:?}",
            format!("--remap-path-prefix={}=cargo", home.display())
        )
    });
    format!("build.rustflags=[{}]", flag.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_second_number() {
        assert_eq!(minor("rustc 1.96.0 (30a34c682 2026-05-25)"), Some(96));
        assert_eq!(minor("1.95"), Some(95));
        assert_eq!(minor("unknown"), None);
    }
}
