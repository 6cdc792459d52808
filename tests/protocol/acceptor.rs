//! Signing in under `Negotiate` at an acceptor that others wrote, so that the client and the practice Exchange cannot
//! share one mistake. `cargo xtask test protocol` installs it and names its Python in `KALENDS_TEST_SPNEGO_PYTHON`.

use futures::future::BoxFuture;
use kalends::connect::connection_test::{Controls, Failure, Success, TestRequest, Tools, run};
use kalends_core::{
    account_name::AccountName,
    check::{Step, TestSteps},
    clock::{Clock, Timestamp},
    connection::Mode,
    problem::Problem,
    random::Random,
};
use kalends_exchange::{
    auth::{Gate, Permit, SignInVerdict},
    outbound::{Outbound, OutboundConfig, connection::ConnectionFacts},
};
use kalends_simulator::{Options, RunningSimulator, Simulator, world::practice};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, date_time_ymd};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

const SERVICE: &str = "svc-kalends@example.test";

/// The acceptor in front of a practice Exchange, and a client.
struct Front {
    tools: Tools,
    acceptor: Child,
    _exchange: RunningSimulator,
    _folder: tempfile::TempDir,
}

impl Drop for Front {
    fn drop(&mut self) {
        // One that has ended already is as good.
        drop(self.acceptor.kill());
        drop(self.acceptor.wait());
    }
}

struct Open;

impl Gate for Open {
    fn permit<'a>(
        &'a self,
        _at: &'a ConnectionFacts,
        _account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Permit>) })
    }
}

impl Permit for Open {
    fn settle(
        self: Box<Self>,
        _at: &ConnectionFacts,
        _verdict: SignInVerdict,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn python() -> String {
    std::env::var("KALENDS_TEST_SPNEGO_PYTHON").unwrap_or_else(|_| {
        panic!(
            "This needs a Python with pyspnego. Run `cargo xtask test protocol`: it installs one and names it in \
             KALENDS_TEST_SPNEGO_PYTHON."
        )
    })
}

/// A certificate for `mail.example.test` by the authority of the practice Exchange.
fn certificate(folder: &Path, ca: &Path) -> (PathBuf, PathBuf) {
    let authority = KeyPair::from_pem(&fs::read_to_string(folder.join("ca.key")).unwrap()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&fs::read_to_string(ca).unwrap(), authority).unwrap();
    let mut params = CertificateParams::new(vec!["mail.example.test".to_owned()]).unwrap();
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let paths = (folder.join("leaf.pem"), folder.join("leaf.key"));
    fs::write(&paths.0, certificate.pem()).unwrap();
    fs::write(&paths.1, key.serialize_pem()).unwrap();
    paths
}

impl Front {
    async fn open() -> Self {
        let now: jiff::Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let exchange = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            control: "127.0.0.1:0".parse().unwrap(),
            folder: folder.path().to_owned(),
            world: practice::world(now).unwrap(),
            clock: kalends_simulator::SimulatedClock::fixed(now),
        })
        .await
        .unwrap();
        let ca = exchange.ca_pem_path.clone();
        let (leaf, key) = certificate(folder.path(), &ca);
        let users = folder.path().join("users");
        let password = practice::SERVICE_PASSWORD;
        fs::write(&users, format!(":{SERVICE}:{password}\n")).unwrap();
        let script = "end2end/simulator/pyspnego/accept.py";
        let mut acceptor = Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .arg("--certificate")
            .arg(leaf)
            .arg("--key")
            .arg(key)
            .arg("--ca")
            .arg(&ca)
            .args(["--exchange", &exchange.ews_addr.port().to_string()])
            .env("NTLM_USER_FILE", users)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let mut told = BufReader::new(acceptor.stdout.take().unwrap());
        told.read_line(&mut port).unwrap();
        std::thread::spawn(move || told.lines().map_while(Result::ok).for_each(drop));
        let rules = format!("mail.example.test:443=127.0.0.1:{}", port.trim());
        let config = OutboundConfig::parse("", &rules, Some(ca)).unwrap();
        let clock = Clock::held(Timestamp::from_seconds(now.as_second()));
        Self {
            tools: Tools {
                outbound: Outbound::new(config, clock.clone()).unwrap(),
                clock,
                random: Random::seeded(7),
                gate: Arc::new(Open),
            },
            acceptor,
            _exchange: exchange,
            _folder: folder,
        }
    }

    async fn test(&self, password: &str) -> (TestSteps, Result<Success, Failure>) {
        let request = TestRequest {
            mode: Mode::ServiceAccount,
            mailbox: "bob@example.test".parse().unwrap(),
            account: AccountName::parse(SERVICE, "").unwrap(),
            password: password.to_owned().into(),
            endpoint: Some("mail.example.test".parse().unwrap()),
            level: kalends_core::policy::PrivacyLevel::Everything,
            fallback_zone: jiff::tz::TimeZone::UTC,
            controls: Controls::named(None),
            remembered: None,
            confirmed: Vec::new(),
        };
        let mut ladder = TestSteps::new();
        let ended = run(&self.tools, request, |report| ladder.set(report)).await;
        (ladder, ended)
    }
}

#[tokio::test]
async fn negotiate_alone_is_taken_by_an_independent_acceptor_with_channel_binding_and_mic() {
    let front = Front::open().await;
    let (ladder, ended) = front.test(practice::SERVICE_PASSWORD).await;
    let success = ended.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert!(!success.proof.is_empty());
    let steps = ladder.steps();
    let sign_in = steps.iter().find(|step| step.step == Step::SignIn).unwrap();
    assert_eq!(
        sign_in.seen.as_deref(),
        Some("svc-kalends@example.test by NTLM (Negotiate)")
    );
}

#[tokio::test]
async fn a_wrong_password_is_refused_there() {
    let front = Front::open().await;
    let failure = front.test("wrong").await.1.unwrap_err();
    assert_eq!(failure.problem.code(), "sign-in-refused");
}
