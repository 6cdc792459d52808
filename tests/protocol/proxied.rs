//! Proxies that part what NTLM needs together: a password that is right and refused, and callers who are let in without.

use crate::{
    office::{Office, service},
    problems::{Met, meet},
};
use kalends::connect::connection_test::{Failure, TestRequest};
use kalends_core::{
    advice::{Names, advice},
    problem::{Owner, Problem},
};
use kalends_simulator::world::settings::ReverseProxy;

async fn behind(front: ReverseProxy) -> Office {
    let office = Office::open().await;
    office.exchange.world().settings.reverse_proxy = Some(front);
    office
}

async fn fails(office: &Office, request: TestRequest) -> Failure {
    office.test(request).await.1.unwrap_err()
}

/// Somebody has signed in through it before.
pub async fn shared(name: &'static str) -> Met {
    let office = behind(ReverseProxy::SharedConnections).await;
    drop(fails(&office, service()).await);
    meet(name, office, service()).await
}

fn told(failure: &Failure) -> String {
    let told = advice(&failure.problem, &Names::default());
    let commands = told.commands.iter().map(|command| command.text.as_str());
    let commands: Vec<&str> = commands.collect();
    [
        told.title,
        told.meaning,
        told.steps.join(" "),
        commands.join(" "),
    ]
    .join(" ")
}

#[tokio::test]
async fn a_proxy_that_takes_a_new_connection_for_each_request_is_suspected_by_name() {
    for endpoint in [Some("mail.example.test"), None] {
        let office = behind(ReverseProxy::ConnectionPerRequest).await;
        let endpoint = endpoint.map(|typed| typed.parse().unwrap());
        let failure = fails(
            &office,
            TestRequest {
                endpoint,
                ..service()
            },
        )
        .await;
        let Problem::SignInRefused { proxy, .. } = &failure.problem else {
            panic!("{failure:?}")
        };
        assert_eq!(proxy.as_deref(), Some("nginx/1.22.1"));
        let told = told(&failure);
        for words in [
            "behind nginx/1.22.1",
            "password may well be right",
            "stream",
            "http-reuse never",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        // It may be wrong all the same: it goes out once.
        assert!(failure.refused_sign_in.is_some());
        let heard = office.heard();
        let refused = heard.iter().filter(|line| line.starts_with("refused"));
        assert_eq!(refused.count(), 1, "{heard:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_lets_callers_in_without_a_sign_in_is_told_as_a_hole() {
    let office = behind(ReverseProxy::SharedConnections).await;
    // The first one signs in, and finds that whoever comes next is let in.
    for _ in 0..2 {
        let failure = fails(&office, service()).await;
        let expected = Problem::AnsweredWithoutSignIn {
            proxy: Some("nginx/1.22.1".to_owned()),
        };
        assert_eq!(failure.problem, expected);
        let told = told(&failure);
        assert!(
            told.starts_with("Security hole: calls without any sign-in are answered."),
            "{told}"
        );
        assert!(
            told.contains("nginx/1.22.1") && told.contains("keepalive"),
            "{told}"
        );
    }
    // The password went out once, for the first.
    assert_eq!(
        office
            .heard()
            .iter()
            .filter(|line| line.starts_with("asked"))
            .count(),
        1
    );
    let searched = TestRequest {
        endpoint: None,
        ..service()
    };
    let failure = fails(&office, searched).await;
    assert!(
        matches!(failure.problem, Problem::AnsweredWithoutSignIn { .. }),
        "{failure:?}"
    );
    assert_eq!(
        office
            .heard()
            .iter()
            .filter(|line| line.starts_with("asked"))
            .count(),
        1
    );
}

#[tokio::test]
async fn every_proxy_that_gives_itself_away_is_named_and_whoever_runs_it_must_act() {
    let iis = ("Server", "Microsoft-IIS/10.0");
    for (headers, name) in [
        (
            vec![("Server", "Apache/2.4.62 (Debian)")],
            Some("Apache/2.4.62 (Debian)"),
        ),
        (vec![iis, ("Via", "1.1 haproxy")], Some("haproxy")),
        (
            vec![iis, ("X-Powered-By", "ARR/3.0")],
            Some("Application Request Routing (ARR/3.0)"),
        ),
        (
            vec![iis, ("Via", "1.1 front (squid/5.7)")],
            Some("front (squid/5.7)"),
        ),
        (
            vec![
                iis,
                ("Set-Cookie", "BIGipServerpool_ex=167.36895.0; path=/"),
            ],
            Some("F5 BIG-IP (cookie BIGipServer)"),
        ),
        (vec![("Server", "BigIP")], Some("F5 BIG-IP (BigIP)")),
        (
            vec![iis, ("Via", "NS-CACHE-10.0: 180")],
            Some("Citrix NetScaler (NS-CACHE-10.0: 180)"),
        ),
        (
            vec![iis, ("Set-Cookie", "NSC_nbjm=ffff;path=/")],
            Some("Citrix NetScaler (cookie NSC_)"),
        ),
        (vec![("Server", "envoy")], Some("envoy")),
        // Traefik and HAProxy as they come: nothing is known, and nothing is claimed.
        (vec![iis], None),
    ] {
        let office = behind(ReverseProxy::ConnectionPerRequest).await;
        office.exchange.world().settings.reverse_proxy_headers = headers;
        let failure = fails(&office, service()).await;
        let Problem::SignInRefused { proxy, .. } = &failure.problem else {
            panic!("{name:?}: {failure:?}")
        };
        assert_eq!(proxy.as_deref(), name);
        let told_by = advice(&failure.problem, &Names::default());
        let words = told(&failure);
        if let Some(name) = name {
            assert_eq!(told_by.owner, Owner::ExchangeAdmin, "{name}");
            assert!(words.contains(&format!("behind {name},")), "{words}");
            assert!(!words.contains("pool_ex"), "{words}");
        } else {
            assert_eq!(told_by.owner, Owner::You);
            assert!(words.contains("opens a new connection"), "{words}");
        }
    }
}

#[tokio::test]
async fn a_password_refused_by_basic_is_no_fault_of_the_proxy() {
    let office = behind(ReverseProxy::ConnectionPerRequest).await;
    office.exchange.world().settings.offer.ntlm = false;
    office.exchange.world().settings.offer.negotiate = false;
    let request = TestRequest {
        password: "wrong".to_owned().into(),
        ..service()
    };
    let failure = fails(&office, request).await;
    let Problem::SignInRefused { proxy, .. } = &failure.problem else {
        panic!("{failure:?}")
    };
    assert_eq!(*proxy, None);
    assert_eq!(failure.problem.owner(), Owner::You);
}

#[tokio::test]
async fn two_servers_in_one_sign_in_prove_that_the_connection_is_parted() {
    let office = behind(ReverseProxy::ConnectionPerRequest).await;
    {
        let settings = &mut office.exchange.world().settings;
        settings.reverse_proxy_headers = vec![("Server", "Microsoft-IIS/10.0")];
        settings.second_front_end = Some("EX02".to_owned());
    }
    let failure = fails(&office, service()).await;
    let told = told(&failure);
    for words in [
        "EX01 answered first, then EX02",
        "password may well be right",
        "parts connections",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(failure.problem.owner(), Owner::ExchangeAdmin);
    // The same server twice proves nothing.
    let office = Office::open().await;
    let wrong = TestRequest {
        password: "wrong".to_owned().into(),
        ..service()
    };
    let failure = fails(&office, wrong).await;
    assert!(
        matches!(&failure.problem, Problem::SignInRefused { proxy: None, .. }),
        "{failure:?}"
    );
}
