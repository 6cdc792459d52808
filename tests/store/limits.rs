//! Places of limits, taken by many at the same moment through two instances.

use crate::{engines::on_both_engines, world::NOW};
use futures::future::join_all;
use kalends::accounts::custody::CustodyError;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::WebhookId,
    notice::Webhook,
};
use kalends_store::{
    Full, LimitPlace, MAX_WAITING, MAX_WEBHOOKS, Store, StoreError,
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

/// Three an hour.
struct ByName(String);

impl LimitKey for ByName {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "test-by-name",
            most: 3,
            lasts: PlaceLifetime::Each(Duration::from_hours(1)),
            keys: Keys::Anybodys { most_places: 20 },
        }
    }

    fn key(&self) -> String {
        self.0.clone()
    }
}

/// Two at once, then one a minute.
struct ByAddress(&'static str);

impl LimitKey for ByAddress {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "test-by-address",
            most: 2,
            lasts: PlaceLifetime::Refill(MINUTE),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_owned()
    }
}

/// Two different things an hour.
struct Things(&'static str);

impl LimitKey for Things {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "test-things",
            most: 2,
            lasts: PlaceLifetime::Each(Duration::from_hours(1)),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        "bob".to_owned()
    }

    fn member(&self) -> Option<String> {
        Some(self.0.to_owned())
    }
}

fn name(text: &str) -> ByName {
    ByName(text.to_owned())
}

async fn take(store: &Store, keys: &[&dyn LimitKey], now: Timestamp) -> Result<LimitPlace, Full> {
    store.take_place(keys, now).await.unwrap()
}

on_both_engines! {
    async fn of_two_hundred_at_the_same_moment_as_many_act_as_there_are_places(world) {
        let attempts = (0..200).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move { take(&store, &[&name("bob")], NOW).await })
        });
        let answers: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        let until = NOW + Duration::from_hours(1);
        let full = Full { purpose: "test-by-name", until };
        assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|told| *told == full));
        assert_eq!(world.number("SELECT COUNT(*) FROM limit_slots").await, 3);
        assert_eq!(world.store.full_until(&name("bob"), NOW).await.unwrap(), Some(until));
        assert_eq!(world.store.full_until(&name("alice"), NOW).await.unwrap(), None);
    }

    async fn a_place_is_free_again_when_it_is_given_back_or_has_ended(world) {
        for _ in 0..10 {
            let place = take(&world.store, &[&name("bob")], NOW).await.unwrap();
            world.other.give_back(place).await.unwrap();
        }
        let _first = take(&world.store, &[&name("bob")], NOW).await.unwrap();
        for _ in 0..2 {
            let _kept = take(&world.store, &[&name("bob")], NOW + MINUTE).await.unwrap();
        }
        let full = take(&world.store, &[&name("bob")], NOW + MINUTE * 59).await.unwrap_err();
        assert_eq!(full.until, NOW + MINUTE * 60);
        let _fourth = take(&world.store, &[&name("bob")], NOW + MINUTE * 60).await.unwrap();
        let full = take(&world.store, &[&name("bob")], NOW + MINUTE * 60).await.unwrap_err();
        assert_eq!(full.until, NOW + MINUTE * 61);
    }

    async fn a_limit_that_refills_has_one_place_more_each_time(world) {
        let bob = ByAddress("192.0.2.1");
        for _ in 0..2 {
            let _kept = take(&world.store, &[&bob], NOW).await.unwrap();
        }
        assert_eq!(take(&world.other, &[&bob], NOW).await.unwrap_err().until, NOW + MINUTE);
        for minutes in 1..6 {
            let _kept = take(&world.store, &[&bob], NOW + MINUTE * minutes).await.unwrap();
            let full = take(&world.other, &[&bob], NOW + MINUTE * minutes).await.unwrap_err();
            assert_eq!(full.until, NOW + MINUTE * (minutes + 1));
        }
        let _other = take(&world.store, &[&ByAddress("192.0.2.2")], NOW).await.unwrap();
    }

    async fn of_several_limits_all_are_taken_or_none(world) {
        let (bob, here) = (name("bob"), ByAddress("192.0.2.1"));
        for _ in 0..2 {
            let _kept = take(&world.store, &[&bob, &here], NOW).await.unwrap();
        }
        let full = take(&world.store, &[&here, &bob], NOW).await.unwrap_err();
        assert_eq!(full, Full { purpose: "test-by-address", until: NOW + MINUTE });
        assert_eq!(world.store.places_taken(&bob, NOW).await.unwrap(), 2);
        let both = (0..40).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move {
                let (name, there) = (name("alice"), ByAddress("192.0.2.2"));
                let keys: [&dyn LimitKey; 2] = if number % 3 == 0 { [&name, &there] } else { [&there, &name] };
                take(&store, &keys, NOW).await.is_ok()
            })
        });
        let taken = join_all(both).await.into_iter().filter(|it| *it.as_ref().unwrap());
        assert_eq!(taken.count(), 2);
    }

    async fn one_thing_takes_one_place_however_often_it_comes(world) {
        for _ in 0..5 {
            let _kept = take(&world.store, &[&Things("svc-one")], NOW).await.unwrap();
        }
        let _second = take(&world.store, &[&Things("svc-two")], NOW).await.unwrap();
        assert!(take(&world.other, &[&Things("svc-three")], NOW).await.is_err());
        let _again = take(&world.other, &[&Things("svc-one")], NOW + MINUTE).await.unwrap();
        assert_eq!(world.store.places_taken(&Things("svc-one"), NOW).await.unwrap(), 2);
    }

    async fn keys_that_anybody_chooses_are_stored_as_hashes_and_are_bounded(world) {
        for number in 0..60 {
            let key = ByName(format!("name-{number}"));
            let _kept = take(&world.store, &[&key], NOW + Duration::from_secs(number)).await.unwrap();
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM limit_slots").await, 20);
        assert_eq!(world.number("SELECT COUNT(*) FROM limit_slots WHERE key_hash LIKE '%name%'").await, 0);
        let now = NOW + MINUTE;
        assert_eq!(world.store.places_taken(&name("name-59"), now).await.unwrap(), 1);
        world.store.forget_ended_places(NOW + MINUTE * 62).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM limit_slots").await, 0);
    }

    async fn places_taken_while_a_clock_was_ahead_close_nothing(world) {
        let ahead = NOW + Duration::from_hours(24 * 40);
        for _ in 0..3 {
            let _kept = take(&world.store, &[&name("bob")], ahead).await.unwrap();
        }
        assert!(take(&world.store, &[&name("bob")], NOW).await.is_ok());
    }

    async fn of_many_requests_at_the_same_moment_five_wait(world) {
        let bob = world.user("bob").await;
        let asked = (0..40).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            let bob = bob.id;
            tokio::spawn(async move {
                let mailbox = format!("room-{number}@example.test").parse().unwrap();
                let entry = AuditEntry::by(bob, AuditAction::MailboxRequested);
                store.ask_for_mailbox(bob, &mailbox, "Meetings", &entry, NOW).await.unwrap()
            })
        });
        let taken = join_all(asked).await.into_iter().filter(|it| *it.as_ref().unwrap()).count();
        assert_eq!(taken, 5);
        let sql = "SELECT COUNT(*) FROM mailbox_requests WHERE state = 'waiting'";
        assert_eq!(world.number(sql).await, MAX_WAITING);
    }

    async fn of_many_webhooks_at_the_same_moment_as_many_are_added_as_may_be(world) {
        let alice = world.user("alice").await;
        let added = (0..40_u8).map(|number| {
            let custody = world.custody();
            let alice = alice.id;
            tokio::spawn(async move {
                let id = WebhookId::new(NOW, [number; 10]);
                let webhook = |secret_id| Webhook {
                    id,
                    name: format!("hook {number}"),
                    host: "chat.example.test".to_owned(),
                    secret_id,
                    made_by: alice,
                    made_at: NOW,
                };
                let entry = AuditEntry::by(alice, AuditAction::WebhookAdded);
                custody.add_webhook(&"sealed".to_owned().into(), webhook, &entry, id).await
            })
        });
        let ended: Vec<_> = join_all(added).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(ended.iter().filter(|it| it.is_ok()).count(), MAX_WEBHOOKS);
        let others = ended.iter().filter_map(|it| it.as_ref().err());
        assert!(others.into_iter().all(|it| matches!(it, CustodyError::Store(StoreError::TooMany))));
    }
}
