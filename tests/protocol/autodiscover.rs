//! Finding the server: every way that a mail domain may name it, and the password going nowhere else.

use crate::office::{Office, seen, service};
use kalends::connect::connection_test::{Failure, Success, TestRequest};
use kalends_core::{
    advice::{Names, advice},
    check::Step,
    problem::{ProbeResult, Problem},
};
use kalends_exchange::outbound::resolve::SrvRecord;
use kalends_simulator::fault::{FaultKind, Plan};

const HOME: [&str; 2] = ["example.test", "autodiscover.example.test"];

fn searched() -> TestRequest {
    TestRequest {
        endpoint: None,
        ..service()
    }
}

fn confirming(hosts: &[&str]) -> TestRequest {
    TestRequest {
        confirmed: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..searched()
    }
}

/// The two usual addresses show a web site.
async fn without_the_usual() -> Office {
    let office = Office::open().await;
    for host in HOME {
        office.fault(Plan {
            only_host: Some(host.to_owned()),
            ..Plan::always(FaultKind::LoginPage)
        });
    }
    office
}

async fn finds(office: &Office, request: TestRequest) -> (String, Success) {
    let (ladder, result) = office.test(request).await;
    let success = result.unwrap_or_else(|failure| panic!("{failure:?}"));
    let told = seen(&ladder, Step::Autodiscover).seen.unwrap_or_default();
    (told, success)
}

async fn fails(office: &Office, request: TestRequest) -> Failure {
    office.test(request).await.1.unwrap_err()
}

/// Hosts that the password went to, in order.
fn asked(office: &Office) -> Vec<String> {
    let heard = office.heard();
    let asked = heard.iter().filter_map(|line| line.strip_prefix("asked "));
    asked
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect()
}

fn redirect_over_http(office: &Office, host: &str) {
    let to = format!("https://{host}/autodiscover/autodiscover.xml");
    office.exchange.world().settings.http_redirect = Some(to);
}

#[tokio::test]
async fn soap_answers_where_the_plain_form_does_not() {
    for is_served in [false, true] {
        let office = Office::open().await;
        if is_served {
            office.always(FaultKind::AutodiscoverError { code: 601 });
        } else {
            office.exchange.world().settings.pox = false;
        }
        let (told, success) = finds(&office, searched()).await;
        assert_eq!(success.endpoint.host(), "mail.example.test");
        assert!(
            told.ends_with("told by autodiscover.example.test"),
            "{told}"
        );
        let world = office.exchange.world();
        assert_eq!(
            (world.counters().accepted(), world.counters().refused()),
            (2, 0)
        );
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_says_nothing_about_the_mailbox() {
    let office = Office::open().await;
    {
        let settings = &mut office.exchange.world().settings;
        (settings.pox, settings.soap_autodiscover) = (false, false);
    }
    // IIS signs in first, then tells by 404 alone that neither form is served.
    let failure = fails(&office, searched()).await;
    let Problem::AutodiscoverFailed { tried } = failure.problem else {
        panic!("{failure:?}")
    };
    let came: Vec<&str> = tried
        .iter()
        .filter_map(|tried| match &tried.came {
            ProbeResult::Problem(problem) => Some(problem.code()),
            _ => None,
        })
        .collect();
    assert!(came.contains(&"endpoint-not-found"), "{tried:?}");
    assert!(!came.contains(&"mailbox-not-found"), "{tried:?}");
    assert_eq!(office.exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn a_redirect_over_plain_http_is_followed_without_a_password() {
    let office = without_the_usual().await;
    redirect_over_http(&office, "mail.example.test");
    let (told, _) = finds(&office, searched()).await;
    assert!(told.ends_with("told by mail.example.test"), "{told}");
    let world = office.exchange.world();
    assert_eq!(world.counters().plain_requests(), 1);
    assert_eq!(world.counters().plain_passwords(), 0);
}

#[tokio::test]
async fn a_dns_service_is_followed_by_priority_and_only_on_the_usual_port() {
    let office = without_the_usual().await;
    let service = |priority, port, target: &str| {
        let service = SrvRecord {
            priority,
            weight: 0,
            port,
            target: target.to_owned(),
        };
        ("_autodiscover._tcp.example.test".to_owned(), service)
    };
    office.names.services.lock().unwrap().extend([
        service(20, 443, "ex02.example.test"),
        service(10, 443, "mail.example.test"),
        service(0, 8443, "example.test"),
    ]);
    let (told, _) = finds(&office, searched()).await;
    assert!(told.ends_with("told by mail.example.test"), "{told}");
}

#[tokio::test]
async fn a_host_outside_the_mail_domain_gets_the_password_only_once_somebody_vouches_for_it() {
    let office = without_the_usual().await;
    redirect_over_http(&office, "autodiscover.hosting.test");
    "https://mail.hosting.test/EWS/Exchange.asmx"
        .clone_into(&mut office.exchange.world().settings.ews_url);
    let leads_to = |host: &str| Problem::LeadsElsewhere {
        host: host.to_owned(),
    };
    let first = fails(&office, searched()).await;
    assert_eq!(first.problem, leads_to("autodiscover.hosting.test"));
    assert!(asked(&office).is_empty(), "nobody got the password");

    // Each host is vouched for by itself.
    let request = confirming(&["autodiscover.hosting.test"]);
    let second = fails(&office, request).await;
    assert_eq!(second.problem, leads_to("mail.hosting.test"));
    assert_eq!(asked(&office), ["autodiscover.hosting.test"]);

    let request = confirming(&["autodiscover.hosting.test", "mail.hosting.test"]);
    let (_, success) = finds(&office, request).await;
    assert_eq!(success.endpoint.host(), "mail.hosting.test");
    assert_eq!(office.exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn what_the_administrator_listed_needs_nobodys_word() {
    let office = Office::open_with("mail.hosting.test", "").await;
    "https://mail.hosting.test/EWS/Exchange.asmx"
        .clone_into(&mut office.exchange.world().settings.ews_url);
    let (_, success) = finds(&office, searched()).await;
    assert_eq!(success.endpoint.host(), "mail.hosting.test");
}

#[tokio::test]
async fn redirects_of_every_kind_are_followed_and_circles_end() {
    let to = |host: &str| format!("https://{host}/autodiscover/autodiscover.xml");
    // By the answer to the signed-in question.
    let office = Office::open().await;
    office.exchange.world().settings.autodiscover_url = Some(to("mail.example.test"));
    let (told, _) = finds(&office, searched()).await;
    assert!(told.ends_with("told by mail.example.test"), "{told}");

    // By the answer to the anonymous probe, in a circle with a way out.
    let office = Office::open().await;
    for (host, there) in [
        ("example.test", "autodiscover.example.test"),
        ("autodiscover.example.test", "example.test"),
    ] {
        office.fault(Plan {
            only_host: Some(host.to_owned()),
            ..Plan::always(FaultKind::Redirect { to: to(there) })
        });
    }
    let failure = fails(&office, searched()).await;
    assert!(matches!(
        failure.problem,
        Problem::AutodiscoverFailed { .. }
    ));
    redirect_over_http(&office, "mail.example.test");
    finds(&office, searched()).await;

    // To Exchange Online: explained, never followed.
    for plan in [FaultKind::Redirect {
        to: to("autodiscover-s.outlook.com"),
    }] {
        let office = Office::open().await;
        office.always(plan);
        let failure = fails(&office, searched()).await;
        assert_eq!(failure.problem, Problem::ExchangeOnline);
    }
    let office = Office::open().await;
    let request = TestRequest {
        mailbox: "erik@example.test".parse().unwrap(),
        ..searched()
    };
    assert_eq!(
        fails(&office, request).await.problem,
        Problem::ExchangeOnline
    );
}

/// What the step tells of each place that was asked.
async fn places(office: &Office) -> Vec<String> {
    let (ladder, _) = office.test(searched()).await;
    seen(&ladder, Step::Autodiscover).details
}

#[tokio::test]
async fn the_redirect_over_http_and_the_dns_record_are_told_whatever_comes_of_them() {
    let office = without_the_usual().await;
    let usual = HOME.map(|host| {
        format!("https://{host}/autodiscover/autodiscover.xml: shows a web page (HTTP 200)")
    });
    let http = "http://autodiscover.example.test/autodiscover/autodiscover.xml";
    let dns = "_autodiscover._tcp.example.test (DNS SRV)";
    let told = places(&office).await;
    assert_eq!(told[..2], usual);
    assert_eq!(told[2], format!("{http}: names no other server"));
    assert_eq!(told[3], format!("{dns}: names no other server"));
    assert_eq!(told.len(), 4);

    // Neither is followed where a password would have to go without TLS, or to another port.
    let plain = "http://mail.example.test/autodiscover/autodiscover.xml";
    office.exchange.world().settings.http_redirect = Some(plain.to_owned());
    let service = SrvRecord {
        priority: 0,
        weight: 0,
        port: 8443,
        target: "mail.example.test".to_owned(),
    };
    let record = ("_autodiscover._tcp.example.test".to_owned(), service);
    office.names.services.lock().unwrap().push(record);
    let told = places(&office).await;
    assert!(told[2].starts_with(&format!(
        "{http}: leads to {plain}, which Kalends does not follow"
    )));
    assert!(told[3].starts_with(&format!(
        "{dns}: leads to mail.example.test:8443, which Kalends"
    )));

    // What is followed is told as well, beside the host that answers in the end.
    redirect_over_http(&office, "mail.example.test");
    let told = places(&office).await;
    assert!(
        told.contains(&format!("{http}: leads to mail.example.test")),
        "{told:?}"
    );

    // Where nothing is at all, that is told of each.
    let nowhere = TestRequest {
        mailbox: "bob@nowhere.test".parse().unwrap(),
        ..searched()
    };
    let failure = fails(&office, nowhere).await;
    let told = advice(&failure.problem, &Names::default()).meaning;
    let http = "http://autodiscover.nowhere.test/autodiscover/autodiscover.xml";
    assert!(
        told.contains(&format!("{http}: the name is not known.")),
        "{told}"
    );
    assert!(
        told.contains("_autodiscover._tcp.nowhere.test (DNS SRV): names no other server."),
        "{told}"
    );
}

#[tokio::test]
async fn two_hosts_that_send_to_each_other_are_told_as_a_circle() {
    let office = Office::open().await;
    for (host, there) in [(HOME[0], HOME[1]), (HOME[1], HOME[0])] {
        let to = format!("https://{there}/autodiscover/autodiscover.xml");
        office.fault(Plan {
            only_host: Some(host.to_owned()),
            ..Plan::always(FaultKind::Redirect { to })
        });
    }
    let failure = fails(&office, searched()).await;
    let told = advice(&failure.problem, &Names::default());
    assert!(
        told.meaning
            .contains("leads back to example.test, in a circle"),
        "{told:?}"
    );
    assert!(told.steps[0].starts_with("Mend the redirects"), "{told:?}");
}

#[tokio::test]
async fn a_remembered_endpoint_saves_the_lookup_and_a_stale_one_heals() {
    let office = Office::open().await;
    let remembering = |endpoint: &str| TestRequest {
        remembered: endpoint.parse().ok(),
        ..searched()
    };
    let (told, success) = finds(&office, remembering("mail.example.test")).await;
    assert!(told.ends_with("found for a colleague"), "{told}");
    assert!(!success.is_discovered);
    assert_eq!(office.exchange.world().counters().autodiscover(), 0);

    for stale in [
        "gone.example.test",
        "https://example.test/other/Exchange.asmx",
    ] {
        let (told, success) = finds(&office, remembering(stale)).await;
        assert!(success.is_discovered);
        assert!(
            told.ends_with("told by autodiscover.example.test"),
            "{stale}: {told}"
        );
        assert_eq!(success.endpoint.host(), "mail.example.test");
    }
    // A wrong password is none of its faults: it is not sent to anybody else.
    let wrong = TestRequest {
        password: "wrong".to_owned().into(),
        ..remembering("mail.example.test")
    };
    assert_eq!(
        fails(&office, wrong).await.problem.code(),
        "sign-in-refused"
    );
    assert_eq!(office.exchange.world().counters().refused(), 1);
}

#[tokio::test]
async fn a_mailbox_that_moved_is_found_at_its_new_server() {
    let office = Office::open().await;
    let there = "https://ex02.example.test/EWS/Exchange.asmx";
    let bob = "bob@example.test";
    office.exchange.world().mailbox_mut(bob).unwrap().ews_url = Some(there.to_owned());
    let failure = fails(&office, service()).await;
    let endpoint = there.parse().ok();
    assert_eq!(failure.problem, Problem::MailboxMoved { endpoint });
    // By Autodiscover it is followed at once.
    let (_, success) = finds(&office, searched()).await;
    assert_eq!(success.endpoint.host(), "ex02.example.test");

    let office = Office::open().await;
    let mailbox = "erik@example.test".parse().unwrap();
    let gone = TestRequest {
        mailbox,
        ..service()
    };
    assert_eq!(fails(&office, gone).await.problem, Problem::ExchangeOnline);
}

/// The mail domain's own host is a web host with a sign-in of its own; the other one is Exchange.
fn web_host_beside_exchange(office: &Office) {
    office.fault(Plan {
        only_host: Some("example.test".to_owned()),
        ..Plan::always(FaultKind::WebHost)
    });
}

#[tokio::test]
async fn the_web_host_of_the_mail_domain_gets_no_password() {
    let office = Office::open().await;
    web_host_beside_exchange(&office);
    let (told, _) = finds(&office, searched()).await;
    assert!(
        told.ends_with("told by autodiscover.example.test"),
        "{told}"
    );
    assert_eq!(
        asked(&office),
        ["autodiscover.example.test", "mail.example.test"]
    );

    // A wrong password is refused by the one that was meant, and by nobody else.
    let office = Office::open().await;
    web_host_beside_exchange(&office);
    let wrong = TestRequest {
        password: "wrong".to_owned().into(),
        ..searched()
    };
    assert_eq!(
        fails(&office, wrong).await.problem.code(),
        "sign-in-refused"
    );
    assert_eq!(asked(&office), ["autodiscover.example.test"]);
}

#[tokio::test]
async fn the_mail_domain_itself_gets_the_password_only_where_nothing_else_answers() {
    let site = |host: &str| Plan {
        only_host: Some(host.to_owned()),
        ..Plan::always(FaultKind::LoginPage)
    };
    let office = Office::open().await;
    office.fault(site("autodiscover.example.test"));
    let (told, _) = finds(&office, searched()).await;
    assert!(told.ends_with("told by example.test"), "{told}");

    // What the domain names elsewhere comes first, even where only somebody's word is missing.
    let office = Office::open().await;
    office.fault(site("autodiscover.example.test"));
    redirect_over_http(&office, "mail.example.test");
    let (told, _) = finds(&office, searched()).await;
    assert!(told.ends_with("told by mail.example.test"), "{told}");

    let office = Office::open().await;
    office.fault(site("autodiscover.example.test"));
    redirect_over_http(&office, "autodiscover.hosting.test");
    let failure = fails(&office, searched()).await;
    assert_eq!(failure.problem.code(), "leads-elsewhere");
    assert!(asked(&office).is_empty());
}

#[tokio::test]
async fn one_candidate_gets_the_password_and_no_second_one() {
    // After the probe, nothing but pages: neither yes nor no.
    let office = Office::open().await;
    for host in ["example.test", "autodiscover.example.test"] {
        office.fault(Plan {
            only_host: Some(host.to_owned()),
            after: 1,
            ..Plan::always(FaultKind::LoginPage)
        });
    }
    fails(&office, searched()).await;
    assert_eq!(asked(&office), ["autodiscover.example.test"]);
}
