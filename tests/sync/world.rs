//! The practice Exchange and one running Kalends without its pages; their clocks move together.

use crate::engines::Databases;
use kalends::{
    accounts::custody::open_pair,
    connect::{self, Form},
    services::Services,
    sync, worker,
};
use kalends_core::{
    account_name::{AccountName, Password},
    audit::{AuditAction, AuditEntry},
    calendar::Event,
    check::Outcome,
    clock::{Clock, Timestamp},
    connection::{Connection, ConnectionState, Mode},
    id::CheckId,
    job::JobKind,
    policy::{Policy, PrivacyLevel},
    random::Random,
    rights::Role,
};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use kalends_simulator::{
    Options, RunningSimulator, Simulator,
    fault::{FaultKind, Plan},
    world::practice::{self, SERVICE_PASSWORD},
};
use kalends_store::{
    ConnectedMailbox, NewConnection, NewUser, Store, User,
    database::Engine,
    vault::{Destination, KeySource, LockedVault},
};
use sqlx::Row;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Monday, 2 March 2026, 08:00 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);
pub const MINUTE: Duration = Duration::from_mins(1);
pub const SERVICE: &str = "svc-kalends@example.test";
pub const HOST: &str = "mail.example.test";

pub struct World {
    pub exchange: RunningSimulator,
    pub services: Services,
    pub clock: Clock,
    databases: Databases,
    folder: tempfile::TempDir,
}

impl World {
    pub async fn open(engine: Engine) -> Self {
        let databases = Databases::fresh(engine).await;
        let folder = tempfile::tempdir().unwrap();
        let now = jiff_at(NOW);
        let exchange = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: folder.path().to_owned(),
            world: practice::world(now).unwrap(),
            clock: kalends_simulator::SimulatedClock::fixed(now),
        })
        .await
        .unwrap();
        let clock = Clock::held(NOW);
        let services = instance(&databases, &exchange, &clock, &Network::default()).await;
        // Everything is kept, so that everything can be compared.
        let everything = Policy {
            privacy: PrivacyLevel::Everything,
            ..Policy::default()
        };
        let entry = AuditEntry::by_kalends(AuditAction::PolicyChanged);
        let set = services.store.set_policy(&everything, &entry, NOW).await;
        set.unwrap();
        Self {
            exchange,
            services,
            clock,
            databases,
            folder,
        }
    }

    /// Another Kalends on the same databases.
    pub async fn another_instance(&self) -> Services {
        instance(
            &self.databases,
            &self.exchange,
            &self.clock,
            &Network::default(),
        )
        .await
    }

    /// Another Kalends that waits for an answer as long as this.
    pub async fn instance_that_waits(&self, patience: Duration) -> Services {
        let network = Network {
            patience: Some(patience),
            ..Network::default()
        };
        instance(&self.databases, &self.exchange, &self.clock, &network).await
    }

    /// A server that nobody vouches for, called mail.hosting.test, and a Kalends that reaches it.
    pub async fn server_elsewhere(&self) -> (RunningSimulator, Services) {
        let server = self.another_server().await;
        let services = self.reaching("mail.hosting.test", server.ews_addr).await;
        (server, services)
    }

    /// Another practice Exchange, with the same people and a certificate of its own.
    pub async fn another_server(&self) -> RunningSimulator {
        let now = jiff_at(self.clock.now());
        Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: self.folder.path().to_owned(),
            world: practice::world(now).unwrap(),
            clock: kalends_simulator::SimulatedClock::fixed(now),
        })
        .await
        .unwrap()
    }

    /// Another Kalends, which finds a host at this address.
    pub async fn reaching(&self, host: &str, at: SocketAddr) -> Services {
        self.reaching_all(&[host], at).await
    }

    /// As [`World::reaching`], for hosts at one address.
    pub async fn reaching_all(&self, hosts: &[&str], at: SocketAddr) -> Services {
        let more = hosts.iter().map(|host| format!(",{host}:443={at}"));
        let network = Network {
            more: more.collect(),
            ..Network::default()
        };
        instance(&self.databases, &self.exchange, &self.clock, &network).await
    }

    /// Makes somebody an administrator.
    pub async fn promote(&self, name: &str) -> User {
        let user = self.user(name).await;
        sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1")
            .bind(user.id.to_string())
            .execute(self.services.store.pool())
            .await
            .unwrap();
        self.user(name).await
    }

    pub async fn close(self) {
        self.services.store.pool().close().await;
        self.services.vault.pool().close().await;
        self.exchange.shutdown().await;
        self.databases.remove().await;
    }

    /// Moves both clocks.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.exchange.clock.set(jiff_at(self.clock.now()));
    }

    pub async fn run_due(&self) -> usize {
        sync::run_due(&self.services).await.unwrap()
    }

    /// Works on the jobs of a kind until none is due, and returns how many turns that took.
    pub async fn run_jobs(&self, kind: JobKind) -> usize {
        worker::run_due_jobs_of(&self.services, kind).await
    }

    pub fn always(&self, kind: FaultKind) {
        self.exchange.world().faults.plan(Plan::always(kind));
    }

    /// Refused sign-ins, as the practice Exchange counted them.
    pub fn refused(&self) -> u64 {
        self.exchange.world().counters().refused()
    }

    pub fn set_password(&self, account: &str, password: &str) {
        let mut world = self.exchange.world();
        password.clone_into(&mut world.account_mut(account).unwrap().password);
    }

    /// The person of a mailbox, made at the first call.
    pub async fn user(&self, name: &str) -> User {
        let email = format!("{name}@example.test").parse().unwrap();
        let store = &self.services.store;
        if let Some(user) = store.user_by_email(&email).await.unwrap() {
            return user;
        }
        let new = NewUser {
            email,
            name: name.to_owned(),
            role: Role::Member,
            password_hash: "$argon2id$".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
        };
        store.create_user(new, self.clock.now()).await.unwrap()
    }

    /// Saves a connection with the service password, as a passed check does.
    pub async fn save(&self, name: &str, account: &str) {
        self.save_at(HOST, name, account).await;
    }

    /// As [`World::save`], at a host.
    pub async fn save_at(&self, host: &str, name: &str, account: &str) {
        let user = self.user(name).await;
        let account = AccountName::parse(account, "").unwrap();
        let to = Destination::new(host, &account);
        let connection = |secret_id| NewConnection {
            mode: Mode::ServiceAccount,
            reads: ConnectedMailbox {
                user_id: user.id,
                mailbox: user.email.clone(),
                folder_id: "calendar".to_owned(),
                folder_name: "Calendar".to_owned(),
            },
            account: account.clone(),
            endpoint: host.parse().unwrap(),
            secret_id,
            control: None,
            sign_in: kalends_core::connection::SignInMethod::Automatic,
        };
        let entry = AuditEntry::by(user.id, AuditAction::Connected);
        let password: Password = SERVICE_PASSWORD.to_owned().into();
        let custody = self.services.custody();
        custody
            .save(&password, connection, &entry, &to)
            .await
            .unwrap();
    }

    /// Somebody presses Connect and waits for the end.
    pub async fn click(&self, name: &str, password: &str) -> Outcome {
        self.click_at(name, password, HOST).await
    }

    /// Somebody presses Connect and asks Kalends to keep trying.
    pub async fn click_and_keep_trying(&self, name: &str) -> CheckId {
        let user = self.user(name).await;
        let request = form(name, SERVICE_PASSWORD, HOST, true).parse().unwrap();
        connect::start(&self.services, &user, request)
            .await
            .unwrap()
    }

    /// As [`World::click`], through another account.
    pub async fn click_as(&self, name: &str, account: &str, password: &str) -> Outcome {
        self.click_with(&self.services, name, (account, HOST), password)
            .await
    }

    /// As [`World::click`], in an instance, with an account at a server.
    pub async fn click_with(
        &self,
        services: &Services,
        name: &str,
        (account, endpoint): (&str, &str),
        password: &str,
    ) -> Outcome {
        let user = self.user(name).await;
        let mut form = form(name, password, endpoint, false);
        account.clone_into(&mut form.account);
        let id = connect::start(services, &user, form.parse().unwrap()).await;
        self.ended(id.unwrap()).await
    }

    /// Sign-ins that keep their places.
    pub async fn places(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM refusals";
        let row = sqlx::query(sql).fetch_one(self.services.store.pool()).await;
        row.unwrap().get(0)
    }

    /// Somebody presses Connect and waits for nothing.
    pub async fn start(&self, name: &str, password: &str) -> CheckId {
        let user = self.user(name).await;
        let request = form(name, password, HOST, false).parse().unwrap();
        connect::start(&self.services, &user, request)
            .await
            .unwrap()
    }

    /// As [`World::click`], with a word about Basic.
    pub async fn click_by_basic(&self, name: &str) -> Outcome {
        let user = self.user(name).await;
        let mut form = form(name, SERVICE_PASSWORD, HOST, false);
        form.basic = true;
        let id = connect::start(&self.services, &user, form.parse().unwrap()).await;
        self.ended(id.unwrap()).await
    }

    /// What the practice Exchange offers and takes from now on.
    pub fn offer(&self, basic: bool, ntlm: bool) {
        let offer = &mut self.exchange.world().settings.offer;
        (offer.basic, offer.ntlm, offer.negotiate) = (basic, ntlm, ntlm);
    }

    /// As [`World::click`], at an endpoint that may be empty.
    pub async fn click_at(&self, name: &str, password: &str, endpoint: &str) -> Outcome {
        let user = self.user(name).await;
        let request = form(name, password, endpoint, false).parse().unwrap();
        let id = connect::start(&self.services, &user, request)
            .await
            .unwrap();
        self.ended(id).await
    }

    pub async fn ended(&self, id: CheckId) -> Outcome {
        let ended = async {
            loop {
                let check = self.services.store.check(id).await.unwrap().unwrap();
                if let Some(outcome) = check.outcome {
                    return outcome;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let limit = Duration::from_mins(1);
        tokio::time::timeout(limit, ended).await.unwrap()
    }

    pub async fn connection(&self, name: &str) -> Connection {
        let user = self.user(name).await;
        let found = self.services.store.connection_of(user.id).await.unwrap();
        found.unwrap()
    }

    /// State and problem's code.
    pub async fn state(&self, name: &str) -> (ConnectionState, Option<&'static str>) {
        let connection = self.connection(name).await;
        let code = connection.problem.map(|problem| problem.code());
        (connection.state, code)
    }

    pub async fn stored(&self, name: &str) -> Vec<Event> {
        let connection = self.connection(name).await;
        let found = self.services.store.all_events(connection.id).await;
        found.unwrap()
    }

    /// How many sync runs each connection was given.
    pub async fn sync_runs(&self) -> Vec<i64> {
        let rows = sqlx::query("SELECT run_count FROM connections")
            .fetch_all(self.services.store.pool())
            .await;
        rows.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

pub fn form(name: &str, password: &str, endpoint: &str, keep_trying: bool) -> Form {
    Form {
        mode: Mode::ServiceAccount,
        mailbox: format!("{name}@example.test"),
        account: SERVICE.to_owned(),
        password: password.to_owned().into(),
        endpoint: endpoint.to_owned(),
        domain: String::new(),
        control: String::new(),
        confirmed: String::new(),
        keep_trying,
        basic: false,
    }
}

/// The form of [`form`], each time a little different: the same one sent twice is one test.
pub fn new_form(name: &str, password: &str) -> Form {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Form {
        control: format!("control-{number}@example.test"),
        ..form(name, password, HOST, false)
    }
}

/// What an instance reaches, and how patient it is.
#[derive(Default)]
struct Network {
    more: String,
    patience: Option<Duration>,
}

async fn instance(
    databases: &Databases,
    exchange: &RunningSimulator,
    clock: &Clock,
    network: &Network,
) -> Services {
    let keys = KeySource {
        keys: Some(format!("k1:{}=", "A".repeat(43)).into()),
        file: None,
        new_file: "unused".into(),
    };
    let names = [
        HOST,
        "example.test",
        "autodiscover.example.test",
        "ex02.example.test",
    ];
    let rule = names
        .map(|name| format!("{name}:443={}", exchange.ews_addr))
        .join(",");
    let rule = rule + &network.more;
    let ca = Some(exchange.ca_pem_path.clone());
    let mut config = OutboundConfig::parse(HOST, &rule, ca).unwrap();
    if let Some(patience) = network.patience {
        config.limits.call = patience;
    }
    let random = Random::from_system();
    let store = Store::open(&databases.main, random.clone()).await.unwrap();
    let locked = LockedVault::open(&databases.vault).await.unwrap();
    let vault = open_pair(&store, locked, &keys, &random, clock.now());
    Services::new(
        store.clone(),
        vault.await.unwrap(),
        Outbound::new(config, clock.clone()).unwrap(),
        clock.clone(),
        random,
    )
}

pub fn jiff_at(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap()
}
