//! A practice office for one test: the practice Exchange on a free port, a way out that leads its names there, and a
//! gate that writes down what it is told.

use futures::future::BoxFuture;
use kalends::connect::connection_test::{Controls, Failure, Success, TestRequest, Tools, run};
use kalends_core::{
    account_name::AccountName,
    check::{Step, StepReport, TestSteps, Verdict as StepVerdict},
    clock::{Clock, Timestamp},
    connection::Mode,
    problem::Problem,
    random::Random,
};
use kalends_exchange::{
    auth::{Gate, Permit, SignInVerdict},
    outbound::{
        Outbound, OutboundConfig,
        connection::ConnectionFacts,
        resolve::{Resolver, SrvRecord, SystemResolver},
    },
};
use kalends_simulator::{
    Options, RunningSimulator, Simulator,
    fault::{FaultKind, Plan},
    world::practice,
};
use std::fmt::Write as _;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Monday, 2 March 2026, 08:00 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);

pub struct Office {
    pub exchange: RunningSimulator,
    pub tools: Tools,
    pub gate: Arc<Notes>,
    pub names: Arc<Names>,
    _folder: tempfile::TempDir,
}

/// A name server that knows what it is told, and the system's addresses.
#[derive(Default)]
pub struct Names {
    pub services: Mutex<Vec<(String, SrvRecord)>>,
    system: SystemResolver,
}

impl Resolver for Names {
    fn addresses<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Vec<SocketAddr>> {
        self.system.addresses(name, port)
    }

    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Vec<SrvRecord>> {
        Box::pin(async move {
            let known = self.services.lock().unwrap();
            let asked = known.iter().filter(|(of, _)| of == name);
            asked.map(|(_, service)| service.clone()).collect()
        })
    }
}

/// A gate that opens unless told otherwise.
#[derive(Default)]
pub struct Notes {
    pub shut: Mutex<Option<Problem>>,
    pub heard: Mutex<Vec<String>>,
}

impl Notes {
    fn note(&self, what: &str, host: &str, account: &AccountName) {
        self.heard
            .lock()
            .unwrap()
            .push(format!("{what} {account} at {host}"));
    }
}

impl Gate for Gatekeeper {
    fn permit<'a>(
        &'a self,
        at: &'a ConnectionFacts,
        account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>> {
        Box::pin(async move {
            let notes = Arc::clone(&self.0);
            notes.note("asked", &at.host, account);
            if let Some(problem) = notes.shut.lock().unwrap().clone() {
                return Err(problem);
            }
            let account = account.clone();
            Ok(Box::new(Noted { notes, account }) as Box<dyn Permit>)
        })
    }
}

/// Hands out permits that write down what they are told.
pub struct Gatekeeper(pub Arc<Notes>);

struct Noted {
    notes: Arc<Notes>,
    account: AccountName,
}

impl Permit for Noted {
    fn settle(self: Box<Self>, at: &ConnectionFacts, verdict: SignInVerdict) -> BoxFuture<'_, ()> {
        let told = format!("{verdict:?}").to_lowercase();
        self.notes.note(&told, &at.host, &self.account);
        Box::pin(async {})
    }
}

impl Office {
    pub async fn open() -> Self {
        Self::open_with("", "").await
    }

    /// With further names that lead to the practice Exchange.
    pub async fn open_for(names: &[(&str, u16)]) -> Self {
        Self::open_named("", "", names).await
    }

    /// With further entries of the two lists of the administrator.
    pub async fn open_with(hosts: &str, connect_to: &str) -> Self {
        Self::open_named(hosts, connect_to, &[]).await
    }

    async fn open_named(hosts: &str, connect_to: &str, more: &[(&str, u16)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = jiff::Timestamp::from_millisecond(NOW.millis()).unwrap();
        let exchange = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: folder.path().to_owned(),
            world: practice::world(now).unwrap(),
            clock: kalends_simulator::SimulatedClock::fixed(now),
        })
        .await
        .unwrap();
        let at = exchange.ews_addr;
        let names = [
            "mail.example.test:443",
            "autodiscover.example.test:443",
            "autodiscover.example.test:80",
            "example.test:443",
            "ex02.example.test:443",
            "mail.hosting.test:443",
            "autodiscover.hosting.test:443",
        ];
        let mut rules = names.map(|name| format!("{name}={at}")).join(",");
        rules.push(',');
        rules.push_str(connect_to);
        for (name, port) in more {
            let _ = write!(rules, ",{name}:{port}={at}");
        }
        let ca = Some(exchange.ca_pem_path.clone());
        let mut config = OutboundConfig::parse(hosts, &rules, ca).unwrap();
        config.limits.connect = Duration::from_secs(5);
        config.limits.call = Duration::from_secs(6);
        let clock = Clock::held(NOW);
        let gate = Arc::new(Notes::default());
        let names = Arc::new(Names::default());
        let tools = Tools {
            outbound: Outbound::with_resolver(config, clock.clone(), Arc::<Names>::clone(&names))
                .unwrap(),
            clock,
            random: Random::seeded(7),
            gate: Arc::new(Gatekeeper(Arc::clone(&gate))),
        };
        Self {
            exchange,
            tools,
            gate,
            names,
            _folder: folder,
        }
    }

    pub fn fault(&self, plan: Plan) {
        self.exchange.world().faults.plan(plan);
    }

    pub fn always(&self, kind: FaultKind) {
        self.fault(Plan::always(kind));
    }

    pub fn on_ews(&self, kind: FaultKind) {
        self.fault(Plan {
            only_path: Some("/EWS".to_owned()),
            ..Plan::always(kind)
        });
    }

    pub async fn test(&self, request: TestRequest) -> (TestSteps, Result<Success, Failure>) {
        let mut ladder = TestSteps::new();
        let result = run(&self.tools, request, |report| ladder.set(report)).await;
        (ladder, result)
    }

    pub fn heard(&self) -> Vec<String> {
        self.gate.heard.lock().unwrap().clone()
    }
}

/// Bob's mailbox through the service account, at the practice endpoint.
pub fn service() -> TestRequest {
    TestRequest {
        mode: Mode::ServiceAccount,
        mailbox: "bob@example.test".parse().unwrap(),
        account: AccountName::parse("svc-kalends@example.test", "").unwrap(),
        password: practice::SERVICE_PASSWORD.to_owned().into(),
        endpoint: Some("mail.example.test".parse().unwrap()),
        level: kalends_core::policy::PrivacyLevel::Everything,
        fallback_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        controls: Controls::named(None),
        remembered: None,
        confirmed: Vec::new(),
    }
}

pub fn verdict(ladder: &TestSteps, step: Step) -> StepVerdict {
    seen(ladder, step).verdict
}

pub fn seen(ladder: &TestSteps, step: Step) -> StepReport {
    ladder
        .steps()
        .iter()
        .find(|report| report.step == step)
        .unwrap()
        .clone()
}
