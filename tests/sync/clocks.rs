//! Clocks that are set, and standstills: the hour of a refused sign-in is an hour in which Kalends ran.

use crate::{
    World,
    engines::on_both_engines,
    refusals::problem,
    world::{HOST, MINUTE, SERVICE},
};
use kalends::{services::Services, worker};
use kalends_core::{check::Outcome, problem::Problem};
use kalends_simulator::world::practice::SERVICE_PASSWORD;
use sqlx::Row as _;
use std::time::Duration;

const TWO_HOURS: i64 = 2 * 3_600_000;
const HOUR: Duration = Duration::from_hours(1);

/// As many wrong passwords as somebody may type in an hour.
async fn refused_thrice(world: &World) {
    for _ in 0..3 {
        problem(world.click("bob", "Wrong-2026!").await);
    }
    assert_eq!(world.refused(), 3);
}

async fn is_paused(world: &World, services: &Services) -> bool {
    let at = (SERVICE, HOST);
    let outcome = world
        .click_with(services, "bob", at, SERVICE_PASSWORD)
        .await;
    match outcome {
        Outcome::Failed { problem, .. } => {
            let Problem::SignInPaused { until } = *problem else {
                panic!("{problem:?}")
            };
            assert!(until > world.clock.now() && until <= world.clock.now() + HOUR + MINUTE * 3);
            true
        }
        Outcome::Connected { .. } => false,
        other => panic!("{other:?}"),
    }
}

async fn close(other: Services) {
    other.store.pool().close().await;
    other.vault.pool().close().await;
}

on_both_engines! {
    async fn a_clock_that_is_set_ahead_frees_no_place(world) {
        worker::watch_clock(&world.services).await.unwrap();
        refused_thrice(world).await;
        world.pass(MINUTE * 20);
        world.clock.set_ahead(TWO_HOURS);
        assert!(is_paused(world, &world.services).await);
        world.pass(MINUTE * 39);
        assert!(is_paused(world, &world.services).await);
        world.pass(MINUTE);
        assert!(!is_paused(world, &world.services).await);
    }

    async fn a_clock_that_is_set_ahead_between_two_starts_frees_no_place(world) {
        refused_thrice(world).await;
        world.pass(MINUTE * 20);
        let Ok(()) = worker::beat(&world.services).await;
        world.clock.set_ahead(TWO_HOURS);
        let next = world.another_instance().await;
        assert!(is_paused(world, &next).await);
        let Ok(()) = worker::beat(&next).await;
        // Another start, after which nothing was lost: the time so far counts.
        world.pass(MINUTE * 30);
        let Ok(()) = worker::beat(&next).await;
        let last = world.another_instance().await;
        assert!(is_paused(world, &last).await);
        world.pass(MINUTE * 10);
        assert!(!is_paused(world, &last).await);
        close(next).await;
        close(last).await;
    }

    async fn a_standstill_keeps_nobody_out_for_longer_than_an_hour_after_it(world) {
        refused_thrice(world).await;
        let Ok(()) = worker::beat(&world.services).await;
        world.pass(HOUR * 60);
        let next = world.another_instance().await;
        assert!(is_paused(world, &next).await);
        world.pass(HOUR);
        assert!(!is_paused(world, &next).await);
        close(next).await;
    }

    async fn a_start_with_the_clock_far_in_the_past_changes_nothing_that_people_see(world) {
        const BACK: i64 = 400 * 24 * 3_600_000;
        let pool = world.services.store.pool();
        world.save("bob", SERVICE).await;
        world.run_due().await;
        let entries = async || -> Vec<String> {
            let found = sqlx::query("SELECT item_id FROM events").fetch_all(pool).await.unwrap();
            found.iter().map(|row| row.get(0)).collect()
        };
        let (before, had) = (world.connection("bob").await, entries().await);
        assert!(!had.is_empty());
        let Ok(()) = worker::beat(&world.services).await;
        world.clock.set_ahead(-BACK);
        let next = world.another_instance().await;
        for services in [&world.services, &next] {
            worker::watch_clock(services).await.unwrap();
            let behind = services.clock_watch.behind().await.unwrap();
            assert_eq!(behind.as_secs() / 86_400, 400);
        }
        let after = world.connection("bob").await;
        assert_eq!((after.since, after.connected_at), (before.since, before.connected_at));
        assert!(after.due_at.unwrap() <= world.clock.now() + HOUR);
        world.pass(HOUR);
        world.run_due().await;
        let has = entries().await;
        assert!(had.iter().all(|id| has.contains(id)), "{} of {}", has.len(), had.len());
        // It is put right.
        world.clock.set_ahead(BACK);
        worker::watch_clock(&next).await.unwrap();
        assert_eq!(next.clock_watch.behind().await, None);
        // Or it goes on by itself for a day, and is believed.
        world.clock.set_ahead(-BACK);
        worker::watch_clock(&next).await.unwrap();
        world.pass(HOUR * 24);
        worker::watch_clock(&next).await.unwrap();
        assert_eq!(next.clock_watch.behind().await, None);
        let after = world.connection("bob").await;
        assert!(after.connected_at <= world.clock.now());
        close(next).await;
    }

    async fn what_was_over_before_a_standstill_stays_over(world) {
        refused_thrice(world).await;
        world.pass(HOUR);
        let Ok(()) = worker::beat(&world.services).await;
        world.pass(HOUR * 10);
        let next = world.another_instance().await;
        assert!(!is_paused(world, &next).await);
        close(next).await;
    }

    async fn a_clock_that_is_set_back_frees_no_place_and_keeps_none_for_longer_than_any(world) {
        worker::watch_clock(&world.services).await.unwrap();
        refused_thrice(world).await;
        world.clock.set_ahead(-TWO_HOURS);
        assert!(is_paused(world, &world.services).await);
        world.pass(HOUR + MINUTE * 3);
        assert!(!is_paused(world, &world.services).await);
    }
}
