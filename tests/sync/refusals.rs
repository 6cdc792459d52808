//! The refusal rule as the practice Exchange counts it: however many connections hang on an account, a wrong password
//! goes out so rarely that it cannot lock the account.

use crate::{
    World,
    engines::on_both_engines,
    world::{HOST, MINUTE, NOW, SERVICE},
};
use kalends::{connect, sync};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::Outcome,
    connection::ConnectionState,
    policy::{Policy, Probes},
    problem::Problem,
};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::practice::SERVICE_PASSWORD,
};
use std::time::Duration;

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

pub fn practice_password(world: &World, account: &str) -> String {
    world
        .exchange
        .world()
        .account(account)
        .unwrap()
        .password
        .clone()
}

pub fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Failed { problem, .. } => *problem,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_changed_password_is_refused_four_times_a_day_for_twenty_people_and_one_of_them_heals_all(world) {
        let names = colleagues(20);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        assert_eq!(world.run_due().await, 20);
        all_are(world, &names, (ConnectionState::Connected, None)).await;

        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.refused(), 1);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
        for _ in 0..288 {
            world.pass(MINUTE * 5);
            world.run_due().await;
        }
        assert_eq!(world.refused(), 4);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
        assert!(!world.exchange.world().account(SERVICE).unwrap().locked());

        let outcome = world.click("colleague13", NEW).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        assert_eq!(world.run_due().await, 20);
        all_are(world, &names, (ConnectionState::Connected, None)).await;
        assert_eq!(world.refused(), 4);
    }

    async fn a_few_connections_serve_twenty_people_and_a_password_changed_under_them_is_refused_once(world) {
        world.exchange.world().settings.offer.basic = false;
        let names = colleagues(20);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        assert_eq!(world.run_due().await, 20);
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
            world.exchange.world().faults.plan(Plan::once(FaultKind::ResetBeforeAnswer));
        }
        world.run_due().await;
        assert_eq!(world.refused(), 1);
        all_are(world, &names, (ConnectionState::ActionNeeded, Some("password-refused"))).await;
    }

    async fn a_single_refusal_under_load_heals_after_a_quarter_of_an_hour(world) {
        let names = colleagues(3);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        world.set_password(SERVICE, SERVICE_PASSWORD);
        world.pass(MINUTE * 14);
        assert_eq!(world.run_due().await, 0);
        world.pass(MINUTE);
        assert_eq!(world.run_due().await, 3);
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
        assert_eq!(world.run_due().await, 5);
    }

    async fn a_wrong_click_never_stops_the_work_of_the_saved_password(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        for _ in 0..3 {
            problem(world.click("alice", "Wrong-2026!").await);
        }
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 1);
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

    async fn a_password_that_went_out_before_cancel_has_its_verdict_awaited(world) {
        world.exchange.world().settings.slow_refusal_milliseconds = 1000;
        let check = world.start("bob", "wrong").await;
        while world.refused() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        connect::cancel(&world.services, check).await.unwrap();
        assert_eq!(world.ended(check).await, Outcome::Cancelled);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!((world.refused(), world.places().await), (1, 1));
    }

    async fn a_click_that_is_cancelled_before_its_password_went_out_sends_none(world) {
        world.always(FaultKind::Slow { milliseconds: 600 });
        let check = world.start("bob", "wrong").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        connect::cancel(&world.services, check).await.unwrap();
        assert_eq!(world.ended(check).await, Outcome::Cancelled);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!((world.refused(), world.places().await), (0, 0));
    }

    async fn a_password_that_was_sent_and_never_answered_keeps_its_place_for_the_hour(world) {
        let impatient = world.instance_that_waits(Duration::from_millis(400)).await;
        world.exchange.world().settings.slow_refusal_milliseconds = 1500;
        for name in ["alice", "bob", "charlie"] {
            let told = problem(world.click_with(&impatient, name, (SERVICE, HOST), "wrong").await);
            assert_eq!(told.code(), "answer-timed-out");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let told = problem(world.click_with(&impatient, "alice", (SERVICE, HOST), "wrong").await);
        assert_eq!(told, Problem::SignInPaused { until: NOW + HOUR });
        assert_eq!(world.refused(), 3);
    }

    async fn a_saved_password_that_is_never_answered_waits_as_after_a_refusal(world) {
        let names = colleagues(3);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        let impatient = world.instance_that_waits(Duration::from_millis(400)).await;
        world.set_password(SERVICE, NEW);
        world.exchange.world().settings.slow_refusal_milliseconds = 1500;
        world.pass(MINUTE * 6);
        sync::run_due(&impatient).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(world.refused(), 1);
        all_are(world, &names, (ConnectionState::Delayed, Some("sign-in-unanswered"))).await;
        for _ in 0..7 {
            world.pass(MINUTE * 2);
            sync::run_due(&impatient).await.unwrap();
        }
        assert_eq!(world.refused(), 1);
        world.pass(MINUTE);
        sync::run_due(&impatient).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(world.refused(), 2);
    }

    async fn a_slow_refusal_is_waited_for_and_counted(world) {
        world.exchange.world().settings.slow_refusal_milliseconds = 1200;
        let told = problem(world.click("bob", "wrong").await);
        assert_eq!(told.code(), "sign-in-refused");
        assert_eq!((world.refused(), world.places().await), (1, 1));
    }

    async fn an_outage_of_the_directory_heals_by_itself_at_the_next_probe(world) {
        let names = colleagues(3);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        world.exchange.world().settings.directory_down = true;
        world.pass(MINUTE * 6);
        world.run_due().await;
        // It lasts over the first probe.
        world.pass(MINUTE * 16);
        world.run_due().await;
        assert_eq!(world.refused(), 2);
        world.exchange.world().settings.directory_down = false;
        world.pass(MINUTE * 58);
        assert_eq!(world.run_due().await, 0);
        world.pass(MINUTE * 3);
        assert_eq!(world.run_due().await, 3);
        all_are(world, &names, (ConnectionState::Connected, None)).await;
    }

    async fn an_admin_has_the_saved_password_sent_once_more_and_everything_goes_on(world) {
        let names = colleagues(3);
        for name in &names {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        world.exchange.world().settings.directory_down = true;
        for _ in 0..30 {
            world.pass(MINUTE * 15);
            world.run_due().await;
        }
        let before = world.refused();
        let connection = world.connection(&names[0]).await;
        let alice = world.user("alice").await;
        let press = async || {
            let id = connect::check_again(&world.services, &alice, &connection, true).await;
            world.ended(id.unwrap()).await
        };
        assert_eq!(problem(press().await).code(), "password-refused");
        assert_eq!(world.refused(), before + 1);
        world.exchange.world().settings.directory_down = false;
        let ended = press().await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        world.run_due().await;
        all_are(world, &names, (ConnectionState::Connected, None)).await;
    }

    async fn four_refusals_of_any_kind_stand_in_an_hour_and_everything_waits_for_a_place(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        for _ in 0..3 {
            problem(world.click("alice", "wrong").await);
        }
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.refused(), 4);
        let (bob, connection) = (world.user("bob").await, world.connection("bob").await);
        let id = connect::check_again(&world.services, &bob, &connection, true).await;
        let told = problem(world.ended(id.unwrap()).await);
        assert_eq!(told, Problem::SignInPaused { until: NOW + HOUR });
        // So does the first probe.
        world.pass(MINUTE * 16);
        assert_eq!(world.run_due().await, 0);
        assert_eq!(world.refused(), 4);
        world.pass(MINUTE * 39);
        world.run_due().await;
        assert_eq!(world.refused(), 5);
        assert!(!world.exchange.world().account(SERVICE).unwrap().locked());
    }

    async fn with_no_probes_after_the_first_a_refused_password_is_sent_twice(world) {
        let set = async |probes| {
            let policy = Policy { probes, ..world.services.store.policy().await.unwrap() };
            let entry = AuditEntry::by_kalends(AuditAction::PolicyChanged);
            let now = world.clock.now();
            world.services.store.set_policy(&policy, &entry, now).await.unwrap();
        };
        set(Probes::FirstOnly).await;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.set_password(SERVICE, NEW);
        for _ in 0..300 {
            world.pass(MINUTE * 10);
            world.run_due().await;
        }
        assert_eq!(world.refused(), 2);
        assert_eq!(world.connection("bob").await.due_at, None);
        set(Probes::GoOn).await;
        world.pass(MINUTE * 61);
        world.run_due().await;
        assert_eq!(world.refused(), 3);
        set(Probes::FirstOnly).await;
        world.pass(HOUR * 48);
        world.run_due().await;
        assert_eq!(world.refused(), 3);
    }

    async fn refusals_of_ones_own_server_hold_up_nobody_else(world) {
        let (elsewhere, services) = world.server_elsewhere().await;
        for _ in 0..3 {
            let at = ("svc-kalends@hosting.test", "mail.hosting.test");
            assert_eq!(problem(world.click_with(&services, "bob", at, "wrong").await).code(), "sign-in-refused");
        }
        let at = (SERVICE, "mail.hosting.test");
        let told = problem(world.click_with(&services, "bob", at, "wrong").await);
        assert!(matches!(told, Problem::SignInPaused { .. }), "{told:?}");
        let counted = elsewhere.world().counters().refused();
        assert_eq!(counted, 3);
        let ended = world.click_with(&services, "alice", (SERVICE, HOST), SERVICE_PASSWORD).await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        elsewhere.shutdown().await;
    }

    async fn another_name_of_a_server_that_is_vouched_for_counts_with_it(world) {
        // The same address, and nobody vouches for its name.
        for name in ["alice", "bob", "charlie"] {
            problem(world.click_at(name, "wrong", "ex02.example.test").await);
        }
        let told = problem(world.click("alice", SERVICE_PASSWORD).await);
        assert!(matches!(told, Problem::SignInPaused { .. }), "{told:?}");
        assert_eq!(world.refused(), 3);
    }

    async fn one_person_is_refused_with_six_accounts_an_hour_and_others_go_on(world) {
        let mut told = Vec::new();
        for number in 0..9 {
            let account = format!("name{number}@example.test");
            told.push(problem(world.click_as("bob", &account, "Spring-2026!").await));
        }
        assert_eq!(world.refused(), 6);
        assert!(told[6..].iter().all(|it| *it == Problem::TooManyTries { until: NOW + HOUR }), "{told:?}");
        let ended = world.click("alice", SERVICE_PASSWORD).await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        world.pass(HOUR);
        let ended = world.click("bob", SERVICE_PASSWORD).await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
    }
}
