//! The program `kalends`: serves the pages, works through what is due, and holds the commands of whoever runs it.
//!
//! ```text
//! command                   one file per command; each is a short list of steps
//! settings, data            what the environment and the flags say, and where the databases are
//! serve                     opens, listens, works, and drains when told to stop
//! connections               incoming connections: how many, how long, TLS
//! layers, requests          what every request passes: addresses, headers, ids, its line in the log
//! session_store             sessions over our own store
//! site, downloads           files: the built site, and what people take away
//! failed_forms, outage      pages for when no page can be made
//! health, telemetry         for whoever watches it by program
//! lock_watch                notices when the files of a database are taken away
//! ```

mod command;
mod connections;
mod data;
mod downloads;
mod events;
mod failed_forms;
mod health;
mod layers;
mod lock_watch;
mod log_filter;
mod outage;
mod request_body;
mod requests;
mod serve;
mod session_store;
mod setting_error;
mod settings;
mod site;
mod telemetry;

use clap::Parser;
use kalends_core::account_name::for_terminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    // Databases and keys are for this user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("kalends: the runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kalends: {}", for_terminal(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}
