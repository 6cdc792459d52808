//! Signing in by NTLM against a practice Exchange as strict as a new one: bound to the certificate, one handshake for
//! each connection, and never a second try with a refused password.

use crate::{
    office::{Office, seen, service},
    problems::NOTHING,
};
use kalends::connect::connection_test::{Success, TestRequest};
use kalends_core::{
    account_name::AccountName,
    advice::{Names, advice},
    check::Step,
    problem::Problem,
};
use kalends_exchange::{
    auth::{Credentials, Gate},
    ews::{CallError, Client, MailboxAccess},
};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::settings::{AuthOffer, ExtendedProtection, Product},
};
use std::sync::Arc;

pub const NTLM: AuthOffer = AuthOffer {
    ntlm: true,
    ..NOTHING
};
pub const NEGOTIATE: AuthOffer = AuthOffer {
    negotiate: true,
    ..NOTHING
};

pub async fn strict(offer: AuthOffer) -> Office {
    let office = Office::open().await;
    {
        let mut world = office.exchange.world();
        world.settings.product = Product::Exchange2019;
        world.settings.extended_protection = ExtendedProtection::Require;
        world.settings.offer = offer;
    }
    office
}

fn named(name: &str, domain: &str) -> TestRequest {
    TestRequest {
        account: AccountName::parse(name, domain).unwrap(),
        ..service()
    }
}

async fn connects(office: &Office, request: TestRequest) -> (String, Success) {
    let (ladder, result) = office.test(request).await;
    let success = result.unwrap_or_else(|failure| panic!("{failure:?}"));
    (seen(&ladder, Step::SignIn).seen.unwrap(), success)
}

async fn client(office: &Office) -> Client {
    let request = service();
    let credentials = Credentials {
        account: request.account,
        password: request.password,
    };
    let gate: Arc<dyn Gate> = Arc::new(crate::office::Gatekeeper(Arc::clone(&office.gate)));
    let (outbound, random) = (&office.tools.outbound, &office.tools.random);
    Client::open(
        outbound,
        random,
        request.endpoint.unwrap(),
        credentials,
        gate,
    )
    .await
    .unwrap()
}

fn bob() -> MailboxAccess {
    let bob = "bob@example.test".parse().unwrap();
    MailboxAccess::impersonated(bob)
}

#[tokio::test]
async fn the_strictest_exchange_is_connected_by_one_handshake() {
    let office = strict(NTLM).await;
    let (how, success) = connects(&office, service()).await;
    assert_eq!(how, "svc-kalends@example.test by NTLM");
    assert!(!success.proof.is_empty());
    let world = office.exchange.world();
    assert_eq!(
        (world.counters().accepted(), world.counters().refused()),
        (1, 0)
    );
}

#[tokio::test]
async fn negotiate_alone_is_enough() {
    let office = strict(NEGOTIATE).await;
    let (how, _) = connects(&office, service()).await;
    assert_eq!(how, "svc-kalends@example.test by NTLM (Negotiate)");
}

#[tokio::test]
async fn every_form_of_the_name_signs_in() {
    let office = strict(NTLM).await;
    for request in [
        named("EXAMPLE\\svc-kalends", ""),
        named("svc-kalends", "EXAMPLE"),
        named("SVC-Kalends@example.test", ""),
    ] {
        connects(&office, request).await;
    }
    assert_eq!(office.exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn letters_beyond_ascii_are_no_trouble() {
    let office = strict(NTLM).await;
    let password = "Grüße-パス-2026!";
    let name = service().account.to_string();
    office.exchange.world().account_mut(&name).unwrap().password = password.to_owned();
    let request = TestRequest {
        password: password.to_owned().into(),
        ..service()
    };
    connects(&office, request).await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_once_under_each_offer() {
    for offer in [NTLM, NEGOTIATE] {
        let office = strict(offer).await;
        let request = TestRequest {
            password: "wrong".to_owned().into(),
            ..service()
        };
        let (ladder, result) = office.test(request).await;
        assert_eq!(result.unwrap_err().problem.code(), "sign-in-refused");
        assert_eq!(ladder.failed_at(), Some(Step::SignIn));
        assert_eq!(office.exchange.world().counters().refused(), 1);
    }
}

#[tokio::test]
async fn a_proxy_with_its_own_certificate_is_refused_and_the_advice_names_it() {
    let office = strict(NTLM).await;
    office.exchange.world().settings.tls_proxy = true;
    let failure = office.test(service()).await.1.unwrap_err();
    assert_eq!(failure.problem.code(), "sign-in-refused");
    {
        let world = office.exchange.world();
        let counters = world.counters();
        assert_eq!((counters.refused(), counters.bad_bindings()), (1, 1));
        assert!(!world.account("svc-kalends@example.test").unwrap().locked());
    }
    let told = advice(&failure.problem, &Names::default());
    let steps = told.steps.join("\n");
    assert!(steps.contains("Extended Protection"), "{steps}");
    assert!(steps.contains("proxy"), "{steps}");

    // Without Extended Protection the same proxy does no harm.
    office.exchange.world().settings.extended_protection = ExtendedProtection::None;
    connects(&office, service()).await;
}

#[tokio::test]
async fn twenty_calls_over_one_connection_take_one_handshake() {
    let office = strict(NTLM).await;
    let mut client = client(&office).await;
    for _ in 0..20 {
        client.get_calendar(&bob()).await.unwrap();
    }
    let world = office.exchange.world();
    assert_eq!(world.counters().accepted(), 1);
    assert_eq!(world.counters().calls("bob@example.test", "GetFolder"), 20);
}

#[tokio::test]
async fn a_password_changed_meanwhile_is_refused_once_when_the_connection_is_new() {
    let office = strict(NTLM).await;
    let mut client = client(&office).await;
    client.get_calendar(&bob()).await.unwrap();
    let name = service().account.to_string();
    office.exchange.world().account_mut(&name).unwrap().password = "Next-2026!".to_owned();
    // The connection is signed in already, and Windows leaves it so.
    client.get_calendar(&bob()).await.unwrap();
    office.fault(Plan::always(FaultKind::ResetBeforeAnswer));
    client.get_calendar(&bob()).await.unwrap_err();
    office.exchange.world().faults.clear();
    for _ in 0..3 {
        let error = client.get_calendar(&bob()).await.unwrap_err();
        assert!(
            matches!(*error.cause, CallError::SignInRefused(_)),
            "{error:?}"
        );
    }
    assert_eq!(office.exchange.world().counters().refused(), 1);
}

#[tokio::test]
async fn kerberos_alone_and_unkept_connections_cost_no_refusal() {
    let office = strict(crate::problems::KERBEROS).await;
    let failure = office.test(service()).await.1.unwrap_err();
    assert!(matches!(failure.problem, Problem::KerberosOnly { .. }));

    let office = strict(NTLM).await;
    office.exchange.world().settings.close_after_challenge = true;
    let failure = office.test(service()).await.1.unwrap_err();
    assert_eq!(failure.problem, Problem::ConnectionNotKept);
    assert_eq!(office.exchange.world().counters().refused(), 0);
}

const WITH_BASIC: AuthOffer = AuthOffer {
    basic: true,
    ..NTLM
};

#[tokio::test]
async fn where_ntlm_cannot_be_carried_out_basic_does_not_take_its_place() {
    let kerberos_and_basic = AuthOffer {
        basic: true,
        ..crate::problems::KERBEROS
    };
    for (offer, is_closed) in [(kerberos_and_basic, false), (WITH_BASIC, true)] {
        let office = strict(offer).await;
        office.exchange.world().settings.close_after_challenge = is_closed;
        let failure = office.test(service()).await.1.unwrap_err();
        assert_eq!(failure.problem.code(), "basic-withheld", "{offer:?}");
        let world = office.exchange.world();
        let counters = world.counters();
        assert_eq!((counters.accepted(), counters.refused()), (0, 0));
    }
}

#[tokio::test]
async fn a_password_refused_by_ntlm_is_not_tried_by_basic() {
    let office = strict(WITH_BASIC).await;
    let wrong = TestRequest {
        password: "wrong".to_owned().into(),
        ..service()
    };
    let failure = office.test(wrong).await.1.unwrap_err();
    assert_eq!(failure.problem.code(), "sign-in-refused");
    assert_eq!(office.exchange.world().counters().refused(), 1);
}

/// Lets `passing` requests for Bob's mailbox through and resets the connection at the next.
fn reset_after(office: &Office, passing: u32) {
    office.fault(Plan {
        after: passing,
        only_mailbox: Some("bob@example.test".to_owned()),
        ..Plan::always(FaultKind::ResetBeforeAnswer)
    });
}

#[tokio::test]
async fn a_proof_without_an_answer_is_passing_trouble_and_is_not_sent_again() {
    // By NTLM the second request carries the proof, by Basic the first.
    let basic = AuthOffer {
        basic: true,
        ..NOTHING
    };
    for (offer, passing) in [(NTLM, 1), (NEGOTIATE, 1), (WITH_BASIC, 1), (basic, 0)] {
        let office = strict(offer).await;
        reset_after(&office, passing);
        let wrong = TestRequest {
            password: "wrong".to_owned().into(),
            ..service()
        };
        let failure = office.test(wrong).await.1.unwrap_err();
        assert_eq!(failure.problem.code(), "answer-cut-short", "{offer:?}");
        // The practice Exchange counted what its answer did not tell.
        assert_eq!(office.exchange.world().counters().refused(), 1, "{offer:?}");
    }
}

#[tokio::test]
async fn a_connection_that_lost_its_sign_in_signs_in_once_more() {
    let office = strict(NTLM).await;
    let mut client = client(&office).await;
    client.get_calendar(&bob()).await.unwrap();
    office.fault(Plan::once(FaultKind::Unauthorized));
    client.get_calendar(&bob()).await.unwrap();
    {
        let world = office.exchange.world();
        assert_eq!(
            (world.counters().accepted(), world.counters().refused()),
            (2, 0)
        );
    }
    // One that loses it again and again is a refusal, after two handshakes and no more.
    office.fault(Plan::always(FaultKind::Unauthorized));
    let error = client.get_calendar(&bob()).await.unwrap_err();
    assert!(
        matches!(
            *error.cause,
            CallError::NotOffered(_) | CallError::SignInRefused(_)
        ),
        "{error:?}"
    );
}
