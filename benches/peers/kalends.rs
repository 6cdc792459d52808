//! Kalends' own client over the wire, reading what the clients of others read.

use super::clock;
use jiff::tz::TimeZone;
use kalends_core::{
    account_name::AccountName,
    calendar::Window,
    clock::{Clock, Timestamp},
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    random::Random,
};
use kalends_exchange::{
    auth::{Credentials, OpenGate},
    ews::{Client, MailboxAccess, read_window},
    outbound::{Outbound, OutboundConfig},
};
use std::{env, path::PathBuf, sync::Arc};
use tokio::runtime::{Builder, Runtime};

/// Where the view is read, as the environment tells all clients.
pub struct Server {
    ews: String,
    ca: PathBuf,
    /// Opens its own mailbox, which has the same name.
    account: String,
    password: String,
    window: Window,
}

impl Server {
    /// `None`: only what is in memory is measured.
    pub fn from_environment() -> Option<Self> {
        let ews = env::var("PEERS_EWS").ok()?;
        let given = |name| env::var(name).unwrap();
        let instant = |name| {
            let at: jiff::Timestamp = given(name).parse().unwrap();
            Timestamp::from_seconds(at.as_second())
        };
        Some(Self {
            ews,
            ca: given("PEERS_CA").into(),
            account: given("PEERS_ACCOUNT"),
            password: given("PEERS_PASSWORD"),
            window: Window {
                start: instant("PEERS_START"),
                end: instant("PEERS_END"),
            },
        })
    }
}

pub struct Kalends {
    runtime: Runtime,
    client: Client,
    whose: MailboxAccess,
    window: Window,
}

impl Kalends {
    pub fn open(server: &Server) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let config = OutboundConfig::parse("localhost", "", Some(server.ca.clone())).unwrap();
        let outbound = Outbound::new(config, Clock::system()).unwrap();
        let credentials = Credentials {
            account: AccountName::parse(&server.account, "").unwrap(),
            password: server.password.clone().into(),
        };
        let random = Random::from_system();
        let endpoint = server.ews.parse().unwrap();
        let open = Client::open(
            &outbound,
            &random,
            endpoint,
            credentials,
            Arc::new(OpenGate),
        );
        let client = runtime.block_on(open).unwrap();
        let mailbox: SmtpAddress = server.account.parse().unwrap();
        Self {
            runtime,
            client,
            whose: MailboxAccess::own(mailbox),
            window: server.window,
        }
    }

    /// Seconds of processor time of so many readings, after one that is not counted.
    pub fn seconds(&mut self, times: u32, entries: u32) -> f64 {
        self.read(entries);
        clock::seconds(times, || self.read(entries))
    }

    fn read(&mut self, entries: u32) {
        let zone = TimeZone::UTC;
        let reading = read_window(
            &mut self.client,
            &self.whose,
            self.window,
            PrivacyLevel::Everything,
            &zone,
        );
        let reading = self.runtime.block_on(reading).unwrap();
        assert_eq!(reading.events.len(), entries as usize);
    }
}
