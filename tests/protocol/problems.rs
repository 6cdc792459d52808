//! Every problem that a connection test can end with, produced by the practice Exchange or the network, told by code
//! and by the first step that failed.

use crate::office::{NOW, Office, service, verdict};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use kalends::connect::connection_test::{Controls, Failure, TestRequest};
use kalends_core::{
    account_name::AccountName,
    advice::{Names, advice},
    check::{Step, Verdict},
    problem::Problem,
};
use kalends_simulator::{
    fault::{FaultKind, FaultShape, Plan},
    world::settings::AuthOffer,
};
use std::{collections::BTreeMap, time::Duration};
use strum::VariantNames as _;

pub struct Met {
    pub name: &'static str,
    pub step: Option<Step>,
    pub failure: Failure,
}

pub async fn meet(name: &'static str, office: Office, request: TestRequest) -> Met {
    let (ladder, result) = office.test(request.clone()).await;
    let Err(failure) = result else {
        panic!("{name} succeeded")
    };
    let step = ladder.failed_at();
    let failed_index = Step::ALL
        .iter()
        .position(|each| Some(*each) == step)
        .unwrap();
    for (index, each) in Step::ALL.iter().enumerate() {
        let expected: &[Verdict] = match index.cmp(&failed_index) {
            std::cmp::Ordering::Less => &[Verdict::Passed, Verdict::NotNeeded],
            std::cmp::Ordering::Equal => &[Verdict::Failed],
            std::cmp::Ordering::Greater => &[Verdict::NotReached],
        };
        assert!(
            expected.contains(&verdict(&ladder, *each)),
            "{name}: {ladder:#?}"
        );
    }
    // One click sends a password that is refused once at most.
    let refused = office.exchange.world().counters().refused();
    assert!(refused <= 1, "{name}: {refused} refused sign-ins");
    assert_eq!(refused == 1, failure.refused_sign_in.is_some(), "{name}");
    let told = advice(&failure.problem, &Names::default());
    assert_eq!(told.owner, failure.problem.owner(), "{name}");
    Met {
        name,
        step,
        failure,
    }
}

pub async fn with_fault(name: &'static str, kind: FaultKind) -> Met {
    let office = Office::open().await;
    office.always(kind);
    meet(name, office, service()).await
}

pub async fn with_soap_fault(name: &'static str, code: &str) -> Met {
    with_fault(
        name,
        FaultKind::SoapFault {
            code: code.to_owned(),
            message: None,
            shape: FaultShape::Full,
        },
    )
    .await
}

pub async fn with_code(name: &'static str, code: &str) -> Met {
    with_fault(
        name,
        FaultKind::ResponseCode {
            code: code.to_owned(),
            message: None,
        },
    )
    .await
}

pub async fn with_endpoint(
    name: &'static str,
    hosts: &str,
    connect_to: &str,
    endpoint: &str,
) -> Met {
    let office = Office::open_with(hosts, connect_to).await;
    meet(
        name,
        office,
        TestRequest {
            endpoint: Some(endpoint.parse().unwrap()),
            ..service()
        },
    )
    .await
}

pub async fn with_mailbox(name: &'static str, mailbox: &str) -> Met {
    let office = Office::open().await;
    meet(
        name,
        office,
        TestRequest {
            mailbox: mailbox.parse().unwrap(),
            ..service()
        },
    )
    .await
}

/// With Alice's mailbox as the control.
fn controlled(mailbox: &str) -> TestRequest {
    TestRequest {
        mailbox: mailbox.parse().unwrap(),
        controls: Controls::named("alice@example.test".parse().ok()),
        ..service()
    }
}

/// 403 for Bob's mailbox alone.
async fn off_here(name: &'static str) -> Met {
    let office = Office::open().await;
    office.fault(Plan {
        only_mailbox: Some("bob@example.test".to_owned()),
        ..Plan::always(FaultKind::Forbidden)
    });
    meet(name, office, controlled("bob@example.test")).await
}

/// 403 for every mailbox, after the anonymous greeting.
async fn off_everywhere(name: &'static str) -> Met {
    let office = Office::open().await;
    for mailbox in ["alice@example.test", "bob@example.test"] {
        office.fault(Plan {
            only_mailbox: Some(mailbox.to_owned()),
            ..Plan::always(FaultKind::Forbidden)
        });
    }
    meet(name, office, controlled("bob@example.test")).await
}

async fn role_missing(name: &'static str) -> Met {
    let request = TestRequest {
        controls: Controls::named("alice@example.test".parse().ok()),
        ..norole()
    };
    meet(name, Office::open().await, request).await
}

fn norole() -> TestRequest {
    TestRequest {
        account: AccountName::parse("svc-norole@example.test", "").unwrap(),
        ..service()
    }
}

pub async fn closed_port(name: &'static str) -> Met {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    with_endpoint(name, "127.0.0.1", "", &at.to_string()).await
}

/// A port whose queue is full: further calls get no answer.
async fn silent_port(name: &'static str) -> Met {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let at = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let call = tokio::net::TcpStream::connect(at);
        waiting.push(tokio::time::timeout(Duration::from_millis(200), call).await);
    }
    with_endpoint(name, "127.0.0.1", "", &at.to_string()).await
}

/// With other kinds of sign-in offered than at a practice start.
pub async fn with_offer(name: &'static str, offer: AuthOffer) -> Met {
    let office = Office::open().await;
    office.exchange.world().settings.offer = offer;
    meet(name, office, service()).await
}

pub const NOTHING: AuthOffer = AuthOffer {
    basic: false,
    ntlm: false,
    negotiate: false,
    kerberos_only: false,
    bearer: false,
};
pub const BEARER: AuthOffer = AuthOffer {
    bearer: true,
    ..NOTHING
};
const KERBEROS_AND_BASIC: AuthOffer = AuthOffer {
    basic: true,
    ..KERBEROS
};
pub const KERBEROS: AuthOffer = AuthOffer {
    negotiate: true,
    kerberos_only: true,
    ..NOTHING
};

async fn not_kept(name: &'static str) -> Met {
    let office = Office::open().await;
    {
        let mut world = office.exchange.world();
        world.settings.close_after_challenge = true;
        world.settings.offer.basic = false;
    }
    meet(name, office, service()).await
}

pub async fn wrong_password(name: &'static str) -> Met {
    let office = Office::open().await;
    let met = meet(
        name,
        office,
        TestRequest {
            password: "wrong".to_owned().into(),
            ..service()
        },
    )
    .await;
    assert_eq!(
        met.failure.refused_sign_in.as_deref(),
        Some("mail.example.test")
    );
    met
}

async fn shut_gate(name: &'static str) -> Met {
    let office = Office::open().await;
    *office.gate.shut.lock().unwrap() = Some(Problem::SignInPaused { until: NOW });
    let met = meet(name, office, service()).await;
    assert_eq!(met.failure.request_id.as_ref().map(String::len), Some(36));
    met
}

async fn leads_elsewhere(name: &'static str) -> Met {
    let office = Office::open().await;
    "https://mail.hosting.test/EWS/Exchange.asmx"
        .clone_into(&mut office.exchange.world().settings.ews_url);
    let request = TestRequest {
        endpoint: None,
        ..service()
    };
    meet(name, office, request).await
}

async fn moved(name: &'static str) -> Met {
    let office = Office::open().await;
    let there = "https://ex02.example.test/EWS/Exchange.asmx".to_owned();
    let bob = "bob@example.test";
    office.exchange.world().mailbox_mut(bob).unwrap().ews_url = Some(there);
    meet(name, office, service()).await
}

async fn no_autodiscover(name: &'static str) -> Met {
    let office = Office::open().await;
    office.always(FaultKind::NotFound);
    meet(
        name,
        office,
        TestRequest {
            endpoint: None,
            ..service()
        },
    )
    .await
}

fn every_problem() -> Vec<BoxFuture<'static, Met>> {
    let mut problems = ways_to_the_server();
    problems.extend(answers_of_the_server());
    problems
}

fn ways_to_the_server() -> Vec<BoxFuture<'static, Met>> {
    vec![
        with_endpoint("address-not-allowed", "", "", "localhost").boxed(),
        with_endpoint("name-not-found", "", "", "no-such-host.invalid").boxed(),
        closed_port("connection-refused").boxed(),
        silent_port("connection-timed-out").boxed(),
        with_endpoint(
            "connection-failed",
            "",
            "far.example.test:443=255.255.255.255:443",
            "far.example.test",
        )
        .boxed(),
        with_fault(
            "certificate-unknown-issuer",
            FaultKind::CertificateUnknownIssuer,
        )
        .boxed(),
        with_fault("certificate-wrong-name", FaultKind::CertificateWrongName).boxed(),
        with_fault(
            "proxy-forbids",
            FaultKind::Proxy {
                status: 403,
                server: Some("cloudflare".to_owned()),
                via: None,
            },
        )
        .boxed(),
        with_fault("certificate-expired", FaultKind::CertificateExpired).boxed(),
        with_fault(
            "certificate-not-yet-valid",
            FaultKind::CertificateNotYetValid,
        )
        .boxed(),
        crate::certificates::unusable("certificate-unusable").boxed(),
        with_fault("tls-failed", FaultKind::NoTls).boxed(),
        with_fault("not-ews", FaultKind::LoginPage).boxed(),
        with_fault("endpoint-not-found", FaultKind::NotFound).boxed(),
    ]
}

fn answers_of_the_server() -> Vec<BoxFuture<'static, Met>> {
    vec![
        with_offer("sign-in-not-offered", BEARER).boxed(),
        with_offer("kerberos-only", KERBEROS).boxed(),
        not_kept("connection-not-kept").boxed(),
        crate::proxied::shared("answered-without-sign-in").boxed(),
        with_offer("basic-withheld", KERBEROS_AND_BASIC).boxed(),
        wrong_password("sign-in-refused").boxed(),
        shut_gate("sign-in-paused").boxed(),
        with_fault("forbidden", FaultKind::Forbidden).boxed(),
        off_here("ews-off-here").boxed(),
        off_everywhere("ews-off-everywhere").boxed(),
        async {
            let request = controlled("dora@example.test");
            meet("outside-scope", Office::open().await, request).await
        }
        .boxed(),
        role_missing("role-missing").boxed(),
        async { meet("impersonation-denied", Office::open().await, norole()).await }.boxed(),
        with_soap_fault("impersonation-failed", "ErrorImpersonationFailed").boxed(),
        with_mailbox("mailbox-not-found", "nobody@example.test").boxed(),
        with_mailbox("mailbox-alias", "robert@example.test").boxed(),
        with_code("calendar-not-found", "ErrorFolderNotFound").boxed(),
        with_code("access-denied", "ErrorAccessDenied").boxed(),
        with_soap_fault("account-disabled", "ErrorAccountDisabled").boxed(),
        with_soap_fault("password-expired", "ErrorPasswordExpired").boxed(),
        with_fault(
            "throttled",
            FaultKind::Throttled {
                back_off: Some(300_000),
            },
        )
        .boxed(),
        with_fault("server-error", FaultKind::Unavailable { retry_after: None }).boxed(),
        with_fault(
            "proxy-failed",
            FaultKind::Proxy {
                status: 502,
                server: Some("nginx".to_owned()),
                via: None,
            },
        )
        .boxed(),
        with_code("account-without-mailbox", "ErrorMissingEmailAddress").boxed(),
        with_code("mailbox-moving", "ErrorMailboxMoveInProgress").boxed(),
        with_code(
            "mailbox-server-unreachable",
            "ErrorNoRespondingCASInDestinationSite",
        )
        .boxed(),
        with_code("mailbox-misconfigured", "ErrorMailboxConfiguration").boxed(),
        with_code("mailbox-full", "ErrorQuotaExceeded").boxed(),
        with_code("mailbox-ambiguous", "ErrorNameResolutionMultipleResults").boxed(),
        with_soap_fault("account-not-in-domain", "ErrorCallerIsInvalidADAccount").boxed(),
        with_code("entry-damaged", "ErrorItemCorrupt").boxed(),
        with_code("out-of-step", "ErrorInvalidWatermark").boxed(),
        with_soap_fault("request-rejected", "ErrorSchemaValidation").boxed(),
        with_soap_fault("server-too-old", "ErrorInvalidServerVersion").boxed(),
        with_endpoint("exchange-online", "", "", "outlook.office365.com").boxed(),
        no_autodiscover("autodiscover-failed").boxed(),
        leads_elsewhere("leads-elsewhere").boxed(),
        moved("mailbox-moved").boxed(),
        with_fault(
            "answer-timed-out",
            FaultKind::Slow {
                milliseconds: 7_000,
            },
        )
        .boxed(),
        with_fault("answer-cut-short", FaultKind::ResetMidBody).boxed(),
        with_fault(
            "answer-too-large",
            FaultKind::Oversized {
                bytes: 17 * 1024 * 1024,
            },
        )
        .boxed(),
        with_fault("answer-not-understood", FaultKind::Garbled).boxed(),
        with_code("unknown-response-code", "ErrorNew2030").boxed(),
    ]
}

#[tokio::test]
async fn each_problem_is_met_and_no_two_look_alike() {
    // Few at a time: slow machines must not turn waiting into another problem.
    let met: Vec<Met> = stream::iter(every_problem())
        .buffer_unordered(4)
        .collect()
        .await;
    let mut looks = BTreeMap::new();
    for met in &met {
        let problem = &met.failure.problem;
        assert_eq!(problem.code(), met.name, "{problem:?} at {:?}", met.step);
        let look = (problem.code(), format!("{:?}", problem.owner()), met.step);
        assert_eq!(looks.insert(look, met.name), None);
    }
    // All but those that no test of a connection ends with: they meet saved passwords, restarts and what admins decide.
    let elsewhere = [
        "password-refused",
        "secret-missing",
        "interrupted",
        "password-changing",
        "sign-in-unanswered",
        "too-many-tries",
        "account-paused",
        "account-in-use",
        "mailbox-taken",
        "permission-gone",
    ];
    assert_eq!(met.len(), Problem::VARIANTS.len() - elsewhere.len());
}
