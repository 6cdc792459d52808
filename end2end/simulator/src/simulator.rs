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
    clock::Clock,
    control, server,
    shared::Shared,
    tls::{self, Leaves},
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
    pub clock: Clock,
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Tls(#[from] tls::Error),
}

pub struct Simulator;

/// A simulator at work; dropping it stops it too.
pub struct Running {
    pub ews_addr: SocketAddr,
    pub control_addr: SocketAddr,
    pub ca_pem_path: PathBuf,
    pub clock: Clock,
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Starts both listeners within the running tokio runtime.
    pub async fn start(options: Options) -> Result<Running, Error> {
        let leaves = Leaves::prepare(&options.folder)?;
        let (ews, ews_addr) = listen(options.listen).await?;
        let (control, control_addr) = listen(options.control).await?;
        let ca_pem_path = leaves.ca_pem_path.clone();
        let shared = Arc::new(Shared {
            world: Mutex::new(options.world),
            clock: options.clock.clone(),
            leaves,
        });
        let stop = CancellationToken::new();
        let tasks = vec![
            tokio::spawn(server::serve(ews, Arc::clone(&shared), stop.clone())),
            tokio::spawn(control::serve(control, Arc::clone(&shared), stop.clone())),
        ];
        Ok(Running {
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

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl Running {
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

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
