//! Benchmarks, each telling ratios within one run.

use crate::{folders, process::run, toolchain::cargo};
use anyhow::Result;
use clap::ValueEnum;
use std::process::Command;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Benchmark {
    /// A calendar view from bytes to events, beside bare tokenising.
    Parse,
}

pub fn bench(which: Benchmark) -> Result<()> {
    let name = match which {
        Benchmark::Parse => "parse",
    };
    run(Command::new(cargo())
        .current_dir(folders::root())
        .args(["bench", "--package", "kalends", "--features", "server"])
        .args(["--bench", name]))
}
