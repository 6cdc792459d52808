//! Benchmarks, each telling ratios within one run.

mod peers;

use crate::{folders, process::run, toolchain::cargo};
use anyhow::Result;
use clap::ValueEnum;
use std::process::Command;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Benchmark {
    /// A calendar view from bytes to events, beside bare tokenising.
    Parse,
}

pub fn bench(which: Benchmark, peers: bool) -> Result<()> {
    let name = match which {
        Benchmark::Parse => "parse",
    };
    let mut command = Command::new(cargo());
    command
        .current_dir(folders::root())
        .args(["bench", "--package", "kalends", "--features", "server"])
        .args(["--bench", name]);
    if peers {
        // Lives until the benchmark ends.
        let office = peers::Office::open()?;
        return run(command.envs(office.settings()));
    }
    run(&mut command)
}
