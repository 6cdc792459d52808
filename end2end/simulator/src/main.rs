//! The practice Exchange as a program: starts the practice world and says where it listens.
//! One line of JSON on standard output tells that it is ready; SIGTERM or SIGINT ends it.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use kalends_simulator::{Options, SimulatedClock, Simulator, world::practice};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// A strict practice Exchange on loopback.
#[derive(Parser)]
struct Arguments {
    /// Where EWS and Autodiscover answer over TLS
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where the control endpoint answers
    #[arg(long, default_value = "127.0.0.1:8444")]
    control: SocketAddr,
    /// Holds the certificate authority; made if absent
    #[arg(long)]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let clock = SimulatedClock::system();
    let world = practice::world(clock.now())?;
    let running = Simulator::start(Options {
        listen: arguments.listen,
        control: arguments.control,
        folder: arguments.folder,
        world,
        clock,
    })
    .await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!(
        "{}",
        json!({
            "ews": running.ews_addr.to_string(),
            "control": running.control_addr.to_string(),
            "ca": running.ca_pem_path,
        })
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.shutdown().await;
    Ok(())
}
