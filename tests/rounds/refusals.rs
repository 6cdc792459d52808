//! The refusal rule as the practice Exchange counts it: however many connections hang on an account, a wrong password
//! goes out so rarely that it cannot lock the account.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, NOW, SERVICE},
};
use kalends::{
    auth::Gate as _, check::Outcome, connect, connection::ConnectionState,
    outbound::connection::Facts, problem::Problem, refusal::SavedGate,
};
use kalends_simulator::{
    fault::{Kind, Plan},
    world::practice::SERVICE_PASSWORD,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

const HOUR: Duration = Duration::from_hours(1);
const NEW: &str = "Changed-2026!";

fn colleagues(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("colleague{number:02}"))
        .collect()
}

async fn all_are(world: &World, names: &[String], state: (ConnectionState, Option<&'static str>)) {
    for name in names {
        assert_eq!(world.state(name).await, state, "{name}");
    }
}

/// A connection that shows no certificate.
fn seen() -> Facts {
    let at = "127.0.0.1:443".parse().unwrap();
    Facts {
        host: "mail.example.test".to_owned(),
        port: 443,
        peer: at,
        local: at,
        tls_version: "",
        certificate: None,
        chain: Vec::new(),
        leaf: Vec::new(),
        tcp_took: Duration::ZERO,
        tls_took: Duration::ZERO,
    }
}

fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Failed { problem, .. } => *problem,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_changed_password_is_refused_twice_a_day_for_twenty_people_and_one_of_them_heals_all(world) {
        let names = colleagues(20);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        assert_eq!(world.tend().await, 20);
        all_are(world, &names, (ConnectionState::Connected, None)).await;

        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.tend().await;
        assert_eq!(world.refused(), 1);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
        for _ in 0..288 {
            world.pass(MINUTE * 5);
            world.tend().await;
        }
        assert_eq!(world.refused(), 2);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
        assert!(!world.exchange.world().account(SERVICE).unwrap().locked());

        let outcome = world.click("colleague13", NEW).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        assert_eq!(world.tend().await, 20);
        all_are(world, &names, (ConnectionState::Connected, None)).await;
        assert_eq!(world.refused(), 2);
    }

    async fn a_few_connections_serve_twenty_people_and_a_password_changed_under_them_is_refused_once(world) {
        world.exchange.world().settings.offer.basic = false;
        let names = colleagues(20);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        assert_eq!(world.tend().await, 20);
        all_are(world, &names, (ConnectionState::Connected, None)).await;
        let accepted = world.exchange.world().counters().accepted();
        assert!((2..=4).contains(&accepted), "{accepted} connections");

        // All that are open are cut at once, and none may sign in again.
        world.set_password(SERVICE, NEW);
        for name in &names {
            let (id, now) = (world.connection(name).await.id, world.clock.now());
            world.services.store.make_due_now(id, now).await.unwrap();
        }
        for _ in 0..4 {
            world.exchange.world().faults.plan(Plan::once(Kind::ResetBeforeAnswer));
        }
        world.tend().await;
        assert_eq!(world.refused(), 1);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
    }

    async fn gates_of_one_account_open_one_after_another(world) {
        world.save("bob", SERVICE).await;
        let connection = world.connection("bob").await;
        let (store, clock) = (world.services.store.clone(), world.clock.clone());
        let account = store.account(connection.account_id).await.unwrap().unwrap();
        let one_at_a_time = Arc::new(Semaphore::new(1));
        let gate = || {
            let gate = SavedGate::new(store.clone(), clock.clone(), account.clone());
            gate.one_after_another(Arc::clone(&one_at_a_time))
        };
        let (first, second) = (gate(), gate());
        let name = &account.name;
        assert_eq!(first.may_sign_in("mail.example.test", name).await, Ok(()));
        let mut waiting = second.may_sign_in("mail.example.test", name);
        assert_eq!(futures::poll!(&mut waiting), std::task::Poll::Pending);
        first.refused(&seen(), name).await;
        let held_back = waiting.await;
        assert!(matches!(held_back, Err(Problem::SignInPaused { .. })), "{held_back:?}");
    }

    async fn a_single_refusal_under_load_heals_after_a_quarter_of_an_hour(world) {
        let names = colleagues(3);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        world.tend().await;
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.tend().await;
        world.set_password(SERVICE, SERVICE_PASSWORD);
        world.pass(MINUTE * 14);
        assert_eq!(world.tend().await, 0);
        world.pass(MINUTE);
        assert_eq!(world.tend().await, 3);
        all_are(world, &names, (ConnectionState::Connected, None)).await;
        assert_eq!(world.refused(), 1);
    }

    async fn a_click_with_a_wrong_password_is_refused_once_and_saves_nothing(world) {
        let told = problem(world.click("bob", "Wrong-2026!").await);
        assert_eq!(told.code(), "sign-in-refused");
        assert_eq!(world.refused(), 1);
        let bob = world.user("bob").await;
        assert_eq!(world.services.store.connection_of(bob.id).await.unwrap(), None);
        assert!(world.services.vault.ids().await.unwrap().is_empty());
    }

    async fn the_fourth_wrong_click_within_an_hour_sends_nothing_and_says_when(world) {
        for name in ["alice", "bob", "charlie"] {
            problem(world.click(name, "Wrong-2026!").await);
            world.pass(MINUTE * 10);
        }
        assert_eq!(world.refused(), 3);
        let told = problem(world.click("alice", SERVICE_PASSWORD).await);
        assert_eq!(told, Problem::SignInPaused { until: NOW + HOUR });
        let counted = |world: &World| {
            let exchange = world.exchange.world();
            (exchange.counters().refused(), exchange.counters().accepted())
        };
        assert_eq!(counted(world), (3, 0));

        world.pass(MINUTE * 30);
        let outcome = world.click("alice", SERVICE_PASSWORD).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        assert_eq!(world.refused(), 3);
    }

    async fn right_passwords_are_never_counted(world) {
        for name in ["alice", "bob", "charlie", "colleague01", "colleague02"] {
            let outcome = world.click(name, SERVICE_PASSWORD).await;
            assert!(matches!(outcome, Outcome::Connected { .. }), "{name}: {outcome:?}");
        }
        assert_eq!(world.tend().await, 5);
    }

    async fn a_wrong_click_never_stops_the_work_of_the_saved_password(world) {
        world.save("bob", SERVICE).await;
        world.tend().await;
        for _ in 0..3 {
            problem(world.click("alice", "Wrong-2026!").await);
        }
        world.pass(MINUTE * 6);
        assert_eq!(world.tend().await, 1);
        assert_eq!(world.state("bob").await, (ConnectionState::Connected, None));
    }

    async fn many_right_passwords_at_once_are_nobodys_refusals(world) {
        let names = colleagues(8);
        let clicks = names.iter().map(|name| world.click(name, SERVICE_PASSWORD));
        for outcome in futures::future::join_all(clicks).await {
            assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        }
        assert_eq!(world.refused(), 0);
    }

    async fn every_spelling_of_an_account_counts_as_the_same_one(world) {
        let spellings = [SERVICE, "EXAMPLE\\svc-kalends", "SVC-Kalends@example.test", "EXAMPLE\\SVC-KALENDS"];
        let mut told = Vec::new();
        for account in spellings {
            told.push(problem(world.click_as("bob", account, "wrong").await));
        }
        assert!(matches!(told[3], Problem::SignInPaused { .. }), "{told:?}");
        assert_eq!(world.refused(), 3);
        assert!(!world.exchange.world().account(SERVICE).unwrap().locked());
    }

    async fn a_cancelled_click_is_no_refusal_unless_it_was_one(world) {
        for (password, refusals) in [(SERVICE_PASSWORD, 0), ("wrong", 1)] {
            world.always(Kind::Slow { milliseconds: 400 });
            let check = world.start("bob", password).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            connect::cancel(&world.services, check).await.unwrap();
            assert_eq!(world.ended(check).await, Outcome::Cancelled);
            tokio::time::sleep(Duration::from_millis(1500)).await;
            world.exchange.world().faults.clear();
            let store = &world.services.store;
            let counted = store.refusals_since("svc-kalends", NOW - HOUR).await.unwrap();
            assert_eq!(counted.len(), refusals);
            assert_eq!(world.refused(), refusals as u64);
        }
    }
}
