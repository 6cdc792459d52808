//! `cargo xtask`: starts, tests and builds Kalends.
//!
//! It knows what a newcomer would otherwise have to know: which toolchain makes wasm here, what has to be installed,
//! and how long each step takes.

mod build;
mod bundle;
mod folders;
mod node;
mod packages;
mod process;
mod site;
mod toolchain;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Starts, tests and builds Kalends")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the site (wasm, script, style) and the program.
    Build {
        /// Make one self-contained program, `target/release/kalends`.
        #[arg(long)]
        release: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = process::end_children_on_signal().and_then(|()| match arguments.command {
        Command::Build { release } => build::build(release).map(drop),
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
