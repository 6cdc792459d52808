//! Views that the server cannot give as a whole: they are halved, and what can be read is kept.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, NOW, SERVICE, jiff_at},
};
use kalends_core::{
    advice::advice, calendar::Event, clock::Timestamp, connection::ConnectionState,
    problem::Problem,
};
use std::time::Duration;

const HOUR: i64 = 3600 * 1000;

fn without_place(events: &[Event], at: Timestamp) -> Vec<&str> {
    let hour = at.millis().div_euclid(HOUR) * HOUR;
    let reaches = |event: &&Event| event.start.millis() < hour + HOUR && event.end.millis() >= hour;
    let mut ids: Vec<&str> = events
        .iter()
        .filter(|event| !reaches(event))
        .map(|event| event.item_id.as_str())
        .collect();
    ids.sort_unstable();
    ids
}

/// Three days after the start there is nothing in the practice world at night.
fn place() -> Timestamp {
    NOW + Duration::from_hours(24 * 3)
}

async fn problem(world: &World) -> Problem {
    world.connection("bob").await.problem.unwrap()
}

on_both_engines! {
    async fn views_that_take_the_server_too_long_are_halved(world) {
        world.exchange.world().settings.slow_view = Some(jiff::SignedDuration::from_hours(24 * 40));
        world.save("bob", SERVICE).await;
        world.run_due().await;
        assert_eq!(world.state("bob").await, (ConnectionState::Connected, None));
        let slow = world.stored("bob").await;
        world.exchange.world().settings.slow_view = None;
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.stored("bob").await, slow);
        // A day is not cut further: the server is in trouble, and left alone.
        world.exchange.world().settings.slow_view = Some(jiff::SignedDuration::ZERO);
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.state("bob").await, (ConnectionState::Delayed, Some("server-error")));
        assert_eq!(world.stored("bob").await, slow);
    }

    async fn beside_a_damaged_entry_everything_is_read_and_its_time_is_told(world) {
        for code in ["ErrorCorruptData", "ErrorItemCorrupt", "ErrorCalendarInvalidRecurrence"] {
            world.save("bob", SERVICE).await;
            world.run_due().await;
            let whole = world.stored("bob").await;
            world.exchange.world().settings.damaged = vec![(jiff_at(place()), code.to_owned())];
            world.pass(MINUTE * 6);
            world.run_due().await;
            assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("entry-damaged")));
            assert_eq!(world.stored("bob").await, whole, "what was read before stays");
            let connection = world.connection("bob").await;
            let told = advice(&problem(world).await, &connection.names(None));
            let day = place().day_in_words();
            assert!(told.meaning.contains(&day) && told.meaning.contains(code), "{told:?}");
            let seen: Vec<bool> = world.services.store.last_runs(connection.id, 9).await.unwrap().iter().map(|round| round.problem.is_some()).collect();
            assert_eq!(seen.first(), Some(&true));
            world.exchange.world().settings.damaged.clear();
            world.pass(MINUTE * 20);
            world.run_due().await;
            assert_eq!(world.state("bob").await, (ConnectionState::Connected, None));
        }
    }

    async fn a_calendar_is_read_for_the_first_time_around_a_damaged_entry(world) {
        world.save("alice", SERVICE).await;
        world.save("bob", SERVICE).await;
        world.exchange.world().settings.damaged = vec![(jiff_at(place()), "ErrorCorruptData".to_owned())];
        world.run_due().await;
        let partly = world.stored("bob").await;
        assert!(partly.len() > 15, "{}", partly.len());
        world.exchange.world().settings.damaged.clear();
        world.pass(MINUTE * 20);
        world.run_due().await;
        let whole = world.stored("bob").await;
        assert_eq!(without_place(&partly, place()), without_place(&whole, place()));
    }

    async fn a_calendar_that_is_damaged_everywhere_is_not_looked_through(world) {
        world.save("bob", SERVICE).await;
        let everywhere = (0..365 * 24).map(|hour| (jiff_at(NOW + Duration::from_hours(hour)), "ErrorCorruptData".to_owned()));
        world.exchange.world().settings.damaged = everywhere.collect();
        world.run_due().await;
        assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("entry-damaged")));
        assert_eq!(problem(world).await, Problem::EntryDamaged { response_code: "ErrorCorruptData".to_owned(), periods: vec![] });
        assert!(world.stored("bob").await.is_empty());
    }

    async fn too_many_entries_in_an_hour_need_somebody(world) {
        world.save("bob", SERVICE).await;
        world.exchange.world().settings.find_limit = 0;
        world.run_due().await;
        assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("answer-too-large")));
    }
}
