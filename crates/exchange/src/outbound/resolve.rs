//! Names to addresses and services. An argument of the way out, so that tests can play a name server that lies.

use futures::future::BoxFuture;
use hickory_resolver::{TokioResolver, proto::rr::RData};
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::OnceCell, time::timeout};

/// How long a name may take to resolve.
pub const DNS_LIMIT: Duration = Duration::from_secs(4);
/// The most records of one answer that are looked at.
const MAX_RECORDS: usize = 16;

/// A record of type SRV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrvRecord {
    /// The lowest is tried first.
    pub priority: u16,
    /// The heaviest of one priority is tried first.
    pub weight: u16,
    /// Where the service listens.
    pub port: u16,
    /// The host, in ASCII and without a final dot.
    pub target: String,
}

/// Looks names up; what is not found or not answered in time is an empty list.
pub trait Resolver: Send + Sync {
    /// The addresses of a host, each with this port.
    fn addresses<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Vec<SocketAddr>>;

    /// The records of type SRV under a name.
    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Vec<SrvRecord>>;
}

/// Addresses as the system resolves them (with its hosts file), services from its name servers.
#[derive(Default)]
pub struct SystemResolver {
    names: OnceCell<Option<TokioResolver>>,
}

impl Resolver for SystemResolver {
    fn addresses<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Vec<SocketAddr>> {
        Box::pin(async move {
            match timeout(DNS_LIMIT, tokio::net::lookup_host((name, port))).await {
                Ok(Ok(found)) => found.take(MAX_RECORDS).collect(),
                _ => Vec::new(),
            }
        })
    }

    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Vec<SrvRecord>> {
        Box::pin(async move {
            let system_resolver = self.names.get_or_init(|| async { system_resolver() }).await;
            let Some(resolver) = system_resolver else {
                return Vec::new();
            };
            // Absolute: the search list of the system must not turn one domain's question into another's.
            let name = format!("{}.", name.trim_end_matches('.'));
            let Ok(Ok(found)) = timeout(DNS_LIMIT, resolver.srv_lookup(name)).await else {
                return Vec::new();
            };
            let answers = found.answers().iter().take(MAX_RECORDS);
            answers
                .filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(SrvRecord {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_ascii().trim_end_matches('.').to_owned(),
                    }),
                    _ => None,
                })
                .collect()
        })
    }
}

/// `None` where the system names no name servers.
fn system_resolver() -> Option<TokioResolver> {
    TokioResolver::builder_tokio()
        .and_then(hickory_resolver::ResolverBuilder::build)
        .inspect_err(|error| tracing::warn!(%error, "DNS services cannot be looked up"))
        .ok()
}
