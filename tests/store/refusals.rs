//! Places for passwords, taken before they go out.

use crate::{engines::on_both_engines, world::NOW};
use futures::future::join_all;
use kalends_core::{clock::Timestamp, id::RecordId};
use kalends_store::{CountedUnder, NoPlace, PasswordSource, Store};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

async fn reserve(store: &Store, sent: PasswordSource, now: Timestamp) -> Result<RecordId, NoPlace> {
    let svc = CountedUnder::name("svc");
    store.reserve_sign_in(&svc, sent, now).await.unwrap()
}

async fn typed(store: &Store, now: Timestamp) -> Result<RecordId, NoPlace> {
    reserve(store, PasswordSource::TypedByOwner, now).await
}

async fn saved(store: &Store, now: Timestamp) -> Result<RecordId, NoPlace> {
    reserve(store, PasswordSource::Saved, now).await
}

on_both_engines! {
    async fn of_many_clicks_at_the_same_moment_three_may_send_a_password(world) {
        let clicks = (0..16).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move { typed(&store, NOW).await })
        });
        let answers: Vec<_> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|none| none.is_open));
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 3);
    }

    async fn of_many_saved_passwords_of_one_name_one_is_on_its_way(world) {
        let sent = (0..16).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move { saved(&store, NOW).await })
        });
        let answers: Vec<_> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    }

    async fn four_refusals_stand_in_an_hour_three_of_them_typed(world) {
        for number in 0..3 {
            let id = typed(&world.store, NOW + MINUTE * number).await.unwrap();
            world.other.keep_refusal(id, NOW + MINUTE * number).await.unwrap();
        }
        let later = NOW + MINUTE * 10;
        let none = typed(&world.store, later).await.unwrap_err();
        assert_eq!(none, NoPlace { until: NOW + HOUR, is_open: false });
        let id = saved(&world.store, later).await.unwrap();
        world.store.keep_refusal(id, later).await.unwrap();
        let none = saved(&world.other, later).await.unwrap_err();
        assert_eq!(none, NoPlace { until: NOW + HOUR, is_open: false });
        // Each is an hour old in its turn.
        assert!(typed(&world.store, NOW + HOUR).await.is_ok());
        assert!(typed(&world.store, NOW + HOUR).await.is_err());
    }

    async fn two_of_the_typed_ones_may_be_of_people_who_do_not_answer_for_the_account(world) {
        let (store, mine) = (&world.store, PasswordSource::Typed);
        let first = reserve(store, mine, NOW).await.unwrap();
        store.keep_refusal(first, NOW).await.unwrap();
        let clicks = (0..8).map(|_| reserve(store, mine, NOW + MINUTE));
        assert_eq!(join_all(clicks).await.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(reserve(store, mine, NOW + MINUTE).await.unwrap_err().until, NOW + HOUR);
        let owners = typed(store, NOW + MINUTE).await.unwrap();
        assert!(typed(store, NOW + MINUTE).await.is_err());
        store.give_back_sign_in(owners).await.unwrap();
        assert!(reserve(store, mine, NOW + MINUTE).await.is_err());
        assert!(typed(store, NOW + MINUTE).await.is_ok());
        assert!(saved(store, NOW + MINUTE).await.is_ok());
    }

    async fn a_refusal_counts_from_its_verdict(world) {
        for _ in 0..3 {
            let id = typed(&world.store, NOW).await.unwrap();
            world.store.keep_refusal(id, NOW + MINUTE).await.unwrap();
        }
        let none = typed(&world.store, NOW + HOUR).await.unwrap_err();
        assert_eq!(none.until, NOW + HOUR + MINUTE);
    }

    async fn a_place_whose_verdict_nobody_heard_stays_taken_for_the_hour(world) {
        for _ in 0..3 {
            typed(&world.store, NOW).await.unwrap();
        }
        assert!(typed(&world.store, NOW + HOUR).await.is_err());
        assert!(typed(&world.store, NOW + HOUR + MINUTE * 2).await.is_ok());
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 1, "what is over is forgotten");
    }

    async fn a_place_that_is_given_back_was_none(world) {
        for _ in 0..10 {
            let id = typed(&world.store, NOW).await.unwrap();
            world.other.give_back_sign_in(id).await.unwrap();
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 0);
    }

    async fn places_of_a_clock_that_was_ahead_are_free_after_an_hour(world) {
        let ahead = NOW + HOUR * 1000;
        for _ in 0..3 {
            let id = typed(&world.store, ahead).await.unwrap();
            world.store.keep_refusal(id, ahead).await.unwrap();
        }
        assert!(typed(&world.store, NOW).await.is_err());
        assert!(typed(&world.store, NOW + HOUR + MINUTE * 3).await.is_ok());
    }

    async fn names_are_counted_apart_and_people_at_servers_elsewhere(world) {
        for _ in 0..3 {
            typed(&world.store, NOW).await.unwrap();
        }
        let bob = CountedUnder::name_elsewhere("bob", "bobs-own.test", "svc");
        for other in [CountedUnder::name("other"), bob] {
            assert!(world.store.reserve_sign_in(&other, PasswordSource::Typed, NOW).await.unwrap().is_ok());
        }
    }
}
