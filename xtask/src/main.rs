//! `cargo xtask`: starts, tests and builds Kalends.
//!
//! It knows what a newcomer would otherwise have to know: which toolchain makes wasm here, what has to be installed,
//! and how long each step takes.

mod bench;
mod build;
mod bundle;
mod docs;
mod folders;
mod fuzz;
mod hash;
mod node;
mod packages;
mod postgres;
mod practice;
mod process;
mod python;
mod screenshots;
mod site;
mod start;
mod test;
mod toolchain;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Starts, tests and builds Kalends"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts Kalends with a practice Exchange, people and mailboxes; Ctrl-C stops it all.
    Start {
        /// Start Kalends alone, as it is set up in the environment.
        #[arg(long)]
        without_simulator: bool,
        /// Start the self-contained program.
        #[arg(long)]
        release: bool,
    },
    /// Runs the tests, all levels or those named, and compares their numbers with the recorded ones.
    Test {
        levels: Vec<test::Level>,
        /// Leave out these levels, separated by commas; `browser` leaves out all that need one.
        #[arg(long, value_name = "LEVELS", value_delimiter = ',')]
        without: Vec<test::Level>,
        /// Raise the recorded numbers to today's.
        #[arg(long)]
        record: bool,
    },
    /// Builds the site (wasm, script, style) and the program.
    Build {
        /// Make one self-contained program, `target/release/kalends`.
        #[arg(long)]
        release: bool,
    },
    /// Measures, as ratios within one run.
    Bench {
        which: bench::Benchmark,
        /// Beside clients of others, all reading from one practice Exchange.
        #[arg(long)]
        peers: bool,
    },
    /// Feeds made-up bytes to every reader of what remote sides send.
    Fuzz {
        /// How long each reader is fed.
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Writes the documents that are made from the program: `docs/problems.md`.
    Docs,
    /// Takes pictures of every page: all to `target/screenshots`, some to `docs`.
    Screenshots,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = process::end_children_on_signal().and_then(|()| match arguments.command {
        Command::Start {
            without_simulator,
            release,
        } => start::start(without_simulator, release),
        Command::Test {
            levels,
            without,
            record,
        } => test::test(&test::chosen(&levels, &without), record),
        Command::Build { release } => build::build(release).map(drop),
        Command::Bench { which, peers } => bench::bench(which, peers),
        Command::Fuzz { minutes } => fuzz::fuzz(minutes),
        Command::Docs => docs::write(),
        Command::Screenshots => screenshots::take(),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::park_if_stopping();
            eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
