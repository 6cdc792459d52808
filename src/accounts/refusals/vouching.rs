//! What refusals are counted under. At the organisation's own servers it is the bare account name alone, because any of
//! them locks it; elsewhere it is the person, the host and the name, so that nobody's own server holds up others.

use futures::future::join_all;
use kalends_core::account_name::AccountName;
use kalends_exchange::{
    autodiscover::is_within,
    outbound::{Outbound, connection::ConnectionFacts},
};
use kalends_store::{CountedUnder, KnownServer, Store, StoreError};
use std::net::SocketAddr;

/// The most servers of the organisation whose names are looked up.
const MAX_LOOKED_UP: usize = 20;

/// Under what a refusal of this account by this server is counted when `person` sends the password.
pub(super) async fn counted_under(
    store: &Store,
    outbound: &Outbound,
    at: &ConnectionFacts,
    account: &AccountName,
    person: &str,
) -> Result<CountedUnder, StoreError> {
    let name = account.refusal_key();
    let ours = Ours::of(store, outbound, &name).await?;
    let server = KnownServer {
        host: at.host.clone(),
        address: address(at.peer),
        fingerprint: at
            .certificate
            .as_ref()
            .map(|shown| shown.fingerprint.clone())
            .unwrap_or_default(),
    };
    if ours.has(&at.host, at.port) {
        store.know_server(&server, outbound.clock().now()).await?;
        return Ok(CountedUnder::name(&name));
    }
    let alike = store
        .servers_like(&server.address, &server.fingerprint)
        .await?;
    let is_alike = alike.iter().any(|host| ours.has_host(host));
    if is_alike || ours.is_at(at.peer).await {
        return Ok(CountedUnder::name(&name));
    }
    Ok(CountedUnder::name_elsewhere(person, &at.host, &name))
}

/// As [`counted_under`], as far as the name of the host tells before anything is connected to.
pub(super) async fn counted_by_name(
    store: &Store,
    outbound: &Outbound,
    (host, port): (&str, u16),
    account: &AccountName,
    person: &str,
) -> Result<CountedUnder, StoreError> {
    let name = account.refusal_key();
    let ours = Ours::of(store, outbound, &name).await?;
    Ok(if ours.has(host, port) {
        CountedUnder::name(&name)
    } else {
        CountedUnder::name_elsewhere(person, host, &name)
    })
}

/// An address as servers are compared by it. On this machine each port is a server of its own.
fn address(peer: SocketAddr) -> String {
    let ip = peer.ip().to_canonical();
    if ip.is_loopback() {
        peer.to_string()
    } else {
        ip.to_string()
    }
}

/// The servers that are vouched for.
struct Ours<'a> {
    outbound: &'a Outbound,
    hosts: Vec<String>,
    domains: Vec<String>,
}

impl<'a> Ours<'a> {
    async fn of(
        store: &Store,
        outbound: &'a Outbound,
        bare_name: &str,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            outbound,
            hosts: store.vouched_hosts(bare_name).await?,
            domains: store.vouched_domains().await?,
        })
    }

    fn has(&self, host: &str, port: u16) -> bool {
        self.outbound.is_vouched_for(host, port) || self.has_unlisted(host)
    }

    fn has_host(&self, host: &str) -> bool {
        let mut listed = self.outbound.listed_hosts();
        listed.any(|(name, _)| name == host) || self.has_unlisted(host)
    }

    fn has_unlisted(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours == host)
            || self.domains.iter().any(|domain| is_within(host, domain))
    }

    /// Whether one of them resolves to this address.
    async fn is_at(&self, peer: SocketAddr) -> bool {
        let listed = self.outbound.listed_hosts();
        let listed = listed.map(|(host, port)| (host.to_owned(), port.unwrap_or(443)));
        let hosts = self.hosts.iter().map(|host| (host.clone(), 443));
        let asked = hosts.chain(listed).take(MAX_LOOKED_UP);
        let asked = asked.map(|(host, port)| async move {
            let route = self.outbound.route(&host, port).await;
            route.is_ok_and(|route| {
                let mut addresses = route.addresses().iter();
                addresses.any(|known| address(*known) == address(peer))
            })
        });
        join_all(asked).await.contains(&true)
    }
}
