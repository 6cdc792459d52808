//! Proxies that part what NTLM needs together: a password that is right and refused, and callers who are let in without.

use crate::{
    office::{Office, service},
    problems::{Met, meet},
};
use kalends::{
    advice::{Names, advice},
    connect::ladder::{Failure, Request},
    problem::Problem,
};
use kalends_simulator::world::settings::Front;

async fn behind(front: Front) -> Office {
    let office = Office::open().await;
    office.exchange.world().settings.front = Some(front);
    office
}

async fn fails(office: &Office, request: Request) -> Failure {
    office.climb(request).await.1.unwrap_err()
}

/// Somebody has signed in through it before.
pub async fn shared(name: &'static str) -> Met {
    let office = behind(Front::Shares).await;
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
        let office = behind(Front::Splits).await;
        let endpoint = endpoint.map(|typed| typed.parse().unwrap());
        let failure = fails(
            &office,
            Request {
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
    let office = behind(Front::Shares).await;
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
    let searched = Request {
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
