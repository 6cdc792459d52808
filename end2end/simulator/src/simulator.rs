//! Starting and stopping: two loopback listeners around one world.
//! Everything a test needs to reach the simulator comes back from [`Simulator::start`].

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SimulatedClock,
    control, server,
    shared_state::SharedState,
    tls::{self, ServerCertificates},
    world::World,
};

/// How to start.
pub struct Options {
    /// Where EWS and Autodiscover answer; loopback only, port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the control endpoint answers; loopback only, port 0 picks a free one.
    pub control: SocketAddr,
    /// Holds `ca.pem` and `ca.key`; both are made if absent.
    pub folder: PathBuf,
    pub world: World,
    pub clock: SimulatedClock,
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Tls(#[from] tls::CertificateError),
}

pub struct Simulator;

/// A simulator at work; dropping it stops it too.
pub struct RunningSimulator {
    pub ews_addr: SocketAddr,
    pub control_addr: SocketAddr,
    pub ca_pem_path: PathBuf,
    pub clock: SimulatedClock,
    shared: Arc<SharedState>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Starts both listeners within the running tokio runtime.
    pub async fn start(options: Options) -> Result<RunningSimulator, StartError> {
        let leaves = ServerCertificates::prepare(&options.folder)?;
        let (ews, ews_addr) = listen(options.listen).await?;
        let (control, control_addr) = listen(options.control).await?;
        let ca_pem_path = leaves.ca_pem_path.clone();
        let shared = Arc::new(SharedState {
            world: Mutex::new(options.world),
            clock: options.clock.clone(),
            leaves,
        });
        let stop = CancellationToken::new();
        let tasks = vec![
            tokio::spawn(server::serve(ews, Arc::clone(&shared), stop.clone())),
            tokio::spawn(control::serve(control, Arc::clone(&shared), stop.clone())),
        ];
        Ok(RunningSimulator {
            ews_addr,
            control_addr,
            ca_pem_path,
            clock: options.clock,
            shared,
            stop,
            tasks,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl RunningSimulator {
    /// The world, locked; requests wait while the guard lives.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.lock()
    }

    /// Stops listening, breaks open connections and waits for the listeners to end.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            // A listener that panicked has ended as well.
            drop(task.await);
        }
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
