//! Refused sign-ins, counted ahead.

use crate::{engines::on_both_engines, world::NOW};
use futures::future::join_all;
use kalends::{clock::Timestamp, id::RecordId, store::Store};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

async fn reserve(store: &Store, name: &str, now: Timestamp) -> Result<RecordId, Vec<Timestamp>> {
    let limit = (3, now - HOUR);
    store.reserve_try(name, limit, now).await.unwrap()
}

on_both_engines! {
    async fn of_many_clicks_at_the_same_moment_three_may_send_a_password(world) {
        let clicks = (0..16).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move { reserve(&store, "svc", NOW).await })
        });
        let answers: Vec<_> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(Vec::is_empty), "none was refused yet");
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 3);
    }

    async fn a_place_is_free_again_when_the_oldest_refusal_is_an_hour_old(world) {
        let minute = Duration::from_mins(1);
        for number in 0..3 {
            let id = reserve(&world.store, "svc", NOW + minute * number).await.unwrap();
            world.other.confirm_refusal(id).await.unwrap();
        }
        let recent = reserve(&world.store, "svc", NOW + HOUR - minute).await.unwrap_err();
        assert_eq!(recent, [NOW, NOW + minute, NOW + minute * 2]);
        assert!(reserve(&world.store, "svc", NOW + HOUR).await.is_ok());
        assert!(reserve(&world.store, "svc", NOW + HOUR).await.is_err());
    }

    async fn a_try_whose_answer_nobody_heard_takes_its_place_for_a_minute(world) {
        for _ in 0..3 {
            reserve(&world.store, "svc", NOW).await.unwrap();
        }
        let almost = NOW + Duration::from_secs(59);
        assert_eq!(reserve(&world.store, "svc", almost).await.unwrap_err(), []);
        assert!(reserve(&world.store, "svc", NOW + Duration::from_mins(1)).await.is_ok());
        let counted = world.store.refusals_since("svc", NOW - HOUR).await.unwrap();
        assert!(counted.is_empty());
    }

    async fn a_try_that_is_taken_back_was_none(world) {
        for _ in 0..10 {
            let id = reserve(&world.store, "svc", NOW).await.unwrap();
            world.other.take_back_try(id).await.unwrap();
        }
        assert!(world.store.refusals_since("svc", NOW - HOUR).await.unwrap().is_empty());
    }

    async fn names_are_counted_apart(world) {
        for _ in 0..3 {
            reserve(&world.store, "svc", NOW).await.unwrap();
        }
        assert!(reserve(&world.store, "other", NOW).await.is_ok());
    }
}
