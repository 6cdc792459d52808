//! At which servers refusals count for an account as such: those of the organisation, under whatever name or address
//! they are reached, and nobody's own.

use crate::{
    World,
    engines::on_both_engines,
    organisation::held,
    world::{HOST, SERVICE},
};
use kalends::services::Services;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::Outcome,
    problem::Problem,
};
use kalends_simulator::world::practice::SERVICE_PASSWORD;
use kalends_store::RequestState;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

const ELSEWHERE: &str = "mail.hosting.test";
/// The same bare name as that of the service account.
const NAMESAKE: &str = "svc-kalends@hosting.test";

/// Bob has as many wrong passwords refused by a server as may be typed.
async fn refuse_all(world: &World, services: &Services, host: &str) {
    for number in 0..3 {
        let ended = world
            .click_with(services, "bob", (NAMESAKE, host), "wrong")
            .await;
        if number == 2 && has_to_wait(&ended) {
            return;
        }
        let Outcome::Failed { problem, .. } = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(problem.code(), "sign-in-refused", "{host}");
    }
}

/// What comes of the right password at the organisation's own server.
async fn alice_tries(world: &World) -> Outcome {
    world
        .click_with(&world.services, "alice", (SERVICE, HOST), SERVICE_PASSWORD)
        .await
}

fn has_to_wait(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { problem, .. } if matches!(**problem, Problem::SignInPaused { .. }))
}

fn is_connected(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Connected { .. })
}

/// An address of its own at which a server shows its own certificate, as behind a second balancer.
async fn second_way_to(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut there = TcpStream::connect(server).await?;
                tokio::io::copy_bidirectional(&mut here, &mut there).await
            });
        }
    });
    at
}

/// An administrator approves that Bob reads his mailbox.
async fn approve_bob(world: &World) {
    let (store, now) = (&world.services.store, world.clock.now());
    let (admin, bob) = (world.promote("dora").await, world.user("bob").await);
    let asked = AuditEntry::by(bob.id, AuditAction::MailboxRequested);
    let ask = store.ask_for_mailbox(bob.id, &bob.email, "Mine", &asked, now);
    ask.await.unwrap();
    let request = store.requests(true).await.unwrap().remove(0);
    let approve = (RequestState::Waiting, RequestState::Approved);
    let entry = AuditEntry::by(admin.id, AuditAction::RequestApproved);
    let decided = store.decide_request(request.id, approve, "", (&entry, None), now);
    assert!(decided.await.unwrap());
}

on_both_engines! {
    async fn at_the_address_of_an_organisations_server_they_count_for_the_account(world) {
        let services = world.reaching(ELSEWHERE, world.exchange.ews_addr).await;
        refuse_all(world, &services, ELSEWHERE).await;
        let tried = alice_tries(world).await;
        assert!(has_to_wait(&tried), "{tried:?}");
    }

    async fn where_an_organisations_certificate_is_shown_they_count_for_the_account(world) {
        held(world).await;
        let at = second_way_to(world.exchange.ews_addr).await;
        let services = world.reaching(ELSEWHERE, at).await;
        refuse_all(world, &services, ELSEWHERE).await;
        let tried = alice_tries(world).await;
        assert!(has_to_wait(&tried), "{tried:?}");
    }

    async fn within_an_organisations_mail_domain_they_count_for_the_account(world) {
        world.promote("alice").await;
        let server = world.another_server().await;
        let services = world.reaching("alt.example.test", server.ews_addr).await;
        refuse_all(world, &services, "alt.example.test").await;
        let tried = alice_tries(world).await;
        assert!(has_to_wait(&tried), "{tried:?}");
        server.shutdown().await;
    }

    async fn where_a_connection_works_that_an_administrator_made_they_count_for_that_account_alone(world) {
        world.promote("dora").await;
        let (server, services) = world.server_elsewhere().await;
        server.world().scope.exclude.clear();
        let made = world.click_with(&services, "dora", (SERVICE, ELSEWHERE), SERVICE_PASSWORD).await;
        assert!(is_connected(&made), "{made:?}");
        refuse_all(world, &services, ELSEWHERE).await;
        let tried = alice_tries(world).await;
        assert!(has_to_wait(&tried), "{tried:?}");
        server.shutdown().await;
    }

    async fn where_an_approved_connection_works_they_count_for_the_account(world) {
        let (server, services) = world.server_elsewhere().await;
        approve_bob(world).await;
        let made = world.click_with(&services, "bob", (SERVICE, ELSEWHERE), SERVICE_PASSWORD).await;
        assert!(is_connected(&made), "{made:?}");
        refuse_all(world, &services, ELSEWHERE).await;
        let tried = alice_tries(world).await;
        assert!(has_to_wait(&tried), "{tried:?}");
        server.shutdown().await;
    }

    async fn anywhere_else_they_count_for_that_person_alone(world) {
        held(world).await;
        world.promote("alice").await;
        let (server, services) = world.server_elsewhere().await;
        // Bob's own connection there is nobody's word but his.
        let made = world.click_with(&services, "bob", (SERVICE, ELSEWHERE), SERVICE_PASSWORD).await;
        assert!(is_connected(&made), "{made:?}");
        refuse_all(world, &services, ELSEWHERE).await;
        let at = (NAMESAKE, ELSEWHERE);
        let same = world.click_with(&services, "bob", at, "wrong").await;
        assert!(has_to_wait(&same), "{same:?}");
        assert_eq!(server.world().counters().refused(), 3);
        let other = world.click_with(&services, "charlie", at, "wrong").await;
        assert!(!has_to_wait(&other), "{other:?}");
        let tried = alice_tries(world).await;
        assert!(is_connected(&tried), "{tried:?}");
        server.shutdown().await;
    }

    async fn a_control_mailbox_is_named_to_its_own_server_alone(world) {
        held(world).await;
        let control = "alice@example.test";
        let (server, services) = world.server_elsewhere().await;
        for exchange in [&server, &world.exchange] {
            exchange.world().scope.exclude.insert("bob@example.test".to_owned());
        }
        let asked_before = world.exchange.world().counters().calls(control, "GetFolder");
        for (services, host) in [(&services, ELSEWHERE), (&world.services, HOST)] {
            let ended = world.click_with(services, "bob", (SERVICE, host), SERVICE_PASSWORD).await;
            assert!(!is_connected(&ended), "{ended:?}");
        }
        assert!(server.world().counters().accepted() > 0);
        assert!(!server.world().counters().requests().contains_key(control));
        let asked = world.exchange.world().counters().calls(control, "GetFolder");
        assert_eq!(asked, asked_before + 1, "at its own server it decides");
        server.shutdown().await;
    }
}
