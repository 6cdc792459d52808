//! Fuzzing the readers of what remote sides send. Needs the nightly compiler and a C++ compiler; what it finds new
//! stays under `target/fuzz`, and what is worth keeping is copied to `fuzz/corpus` by hand.

use crate::{
    folders,
    process::{read, run, step},
    toolchain::cargo,
};
use anyhow::{Context as _, Result, ensure};
use std::{fs, path::PathBuf, process::Command};

/// Longer answers are cut off by limits of their own, which tests show.
const LONGEST: &str = "-max_len=65536";

/// Runs every target for so many minutes, one after another, and tells what each did.
pub fn fuzz(minutes: u32) -> Result<()> {
    let root = folders::root();
    let tool = tool()?;
    for target in targets()? {
        let found = root.join("target/fuzz/corpus").join(&target);
        fs::create_dir_all(&found)?;
        println!("\n── {target}: {minutes} minutes");
        run(Command::new(&tool)
            .current_dir(root.join("fuzz"))
            // The compiler that `cargo fuzz` starts must be the nightly, whatever started this.
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .env("CARGO_TARGET_DIR", root.join("target/fuzz"))
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .args(["fuzz", "run", &target])
            .arg(&found)
            .arg(root.join("fuzz/corpus").join(&target))
            .args(["--", LONGEST, "-print_final_stats=1"])
            .arg(format!("-max_total_time={}", minutes * 60)))
        .with_context(|| format!("fuzzing {target}"))?;
    }
    Ok(())
}

/// One target for each folder of the corpus.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folders::root().join("fuzz/corpus"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// `cargo-fuzz`, installed below `target` if it is not there.
fn tool() -> Result<PathBuf> {
    let nightly = read(Command::new("rustup").args(["run", "nightly", "rustc", "--version"]));
    ensure!(
        nightly.is_ok(),
        "there is no nightly compiler. Run: rustup toolchain install nightly"
    );
    let folder = folders::root().join("target/fuzz/tools");
    let tool = folder.join("bin/cargo-fuzz");
    if !tool.exists() {
        step("Installing cargo-fuzz", "1 minute", || {
            run(Command::new(cargo())
                .args(["install", "--locked", "cargo-fuzz@0.13.2", "--root"])
                .arg(&folder))
        })?;
    }
    Ok(tool)
}
