//! An instance that ends without a word, or stands still for a while: what it held is free soon, and when it comes back it
//! writes nothing by what it held.

use crate::{
    World,
    engines::on_both_engines,
    organisation::{connected, held},
    world::{MINUTE, SERVICE, new_form},
};
use kalends::{
    accounts::{
        organisation,
        permission::{Forbidden, Refusal},
    },
    connect,
    services::{Services, instance},
    sync::{self, LEASE},
};
use kalends_core::{
    bulk_action::{BulkAction, BulkLine, BulkOutcome},
    check::Outcome,
    id::CheckId,
    job::{JobKind, JobState, Turn},
    problem::Problem,
};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::practice::SERVICE_PASSWORD,
};
use kalends_store::{
    CountedUnder, PasswordSource, StoreError,
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
};
use std::time::Duration;

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// So many times ten seconds, after each of which these tell that they run and look after the others.
async fn looks(world: &World, telling: &[&Services], times: usize) {
    for _ in 0..times {
        world.pass(TEN_SECONDS);
        for services in telling {
            instance::tell(services).await.unwrap();
        }
    }
}

/// Another instance, which both know of.
async fn another(world: &World) -> Services {
    let other = world.another_instance().await;
    looks(world, &[&other, &world.services], 1).await;
    other
}

async fn close(other: Services) {
    other.tasks.close();
    other.tasks.wait().await;
    other.store.pool().close().await;
    other.vault.pool().close().await;
}

async fn start(services: &Services, world: &World, name: &str) -> Result<CheckId, Forbidden> {
    let user = world.user(name).await;
    let request = new_form(name, SERVICE_PASSWORD).parse().unwrap();
    connect::start(services, &user, request).await
}

fn is_interrupted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { problem, .. } if **problem == Problem::Interrupted)
}

struct Held;

impl LimitKey for Held {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "held-by-one",
            most: 1,
            lasts: PlaceLifetime::Held(Duration::from_hours(2)),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        "one".to_owned()
    }
}

on_both_engines! {
    async fn an_account_is_free_once_whoever_held_it_is_not_heard_of(world) {
        let account = held(world).await.account;
        connected(world, &["alice"]).await;
        let other = another(world).await;
        let now = world.clock.now();
        assert!(other.store.lease_account(account.id, now, LEASE).await.unwrap().is_some());
        looks(world, &[&world.services], 2).await;
        let store = &world.services.store;
        assert!(store.lease_account(account.id, world.clock.now(), LEASE).await.unwrap().is_none());
        looks(world, &[&world.services], 1).await;
        assert!(world.clock.now() < now + LEASE);

        // Every way to have it is open at once.
        let (alice, bob) = (world.promote("alice").await, world.user("bob").await);
        let id = connect::connect_through(&world.services, &bob, &bob.email).await.unwrap();
        let outcome = world.ended(id).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        let connection = world.connection("alice").await;
        let id = connect::check_again(&world.services, &alice, &connection, false).await.unwrap();
        assert!(matches!(world.ended(id).await, Outcome::Connected { .. }));
        organisation::hold(&world.services, &alice, &account).await.unwrap();
        organisation::release(&world.services, &alice, &account).await.unwrap();
        close(other).await;
    }

    async fn an_instance_that_ends_leaves_nothing_held(world) {
        let account = held(world).await.account;
        let other = another(world).await;
        let now = world.clock.now();
        other.store.lease_account(account.id, now, LEASE).await.unwrap().unwrap();
        let _kept = other.store.take_place(&[&Held], now).await.unwrap().unwrap();
        instance::leave(&other).await;
        let store = &world.services.store;
        assert!(store.lease_account(account.id, now, LEASE).await.unwrap().is_some());
        assert_eq!(store.places_taken(&Held, now).await.unwrap(), 0);
        close(other).await;
    }

    async fn an_instance_that_is_heard_of_keeps_what_it_holds_however_its_clock_stands(world) {
        let account = held(world).await.account;
        let other = another(world).await;
        let leased = other.store.lease_account(account.id, world.clock.now(), LEASE).await.unwrap().unwrap();
        for _ in 0..8 {
            looks(world, &[&other, &world.services], 1).await;
            // It tells its time ten minutes late.
            sqlx::query("UPDATE instances SET seen_at = seen_at - 600000 WHERE id = $1")
                .bind(&*other.instance).execute(other.store.pool()).await.unwrap();
            instance::tell(&world.services).await.unwrap();
        }
        assert!(other.store.renew_lease(&leased, world.clock.now() + LEASE).await.unwrap());
        close(other).await;
    }

    async fn an_instance_that_stood_still_itself_takes_nobody_for_gone(world) {
        let account = held(world).await.account;
        let other = another(world).await;
        let leased = other.store.lease_account(account.id, world.clock.now(), LEASE).await.unwrap().unwrap();
        world.pass(Duration::from_secs(50));
        instance::tell(&world.services).await.unwrap();
        instance::tell(&other).await.unwrap();
        looks(world, &[&world.services, &other], 1).await;
        assert!(other.store.renew_lease(&leased, world.clock.now() + LEASE).await.unwrap());
        close(other).await;
    }

    async fn tests_of_an_instance_that_is_gone_end_with_their_places_and_save_nothing_later(world) {
        let other = another(world).await;
        let slow = FaultKind::Slow { milliseconds: 3_000 };
        world.exchange.world().faults.plan(Plan { times: Some(5), ..Plan::always(slow) });
        let mut begun = Vec::new();
        for _ in 0..5 {
            begun.push(start(&other, world, "bob").await.unwrap());
        }
        let full = start(&world.services, world, "bob").await;
        assert!(matches!(full, Err(Forbidden::Refused(Refusal::TooMany))), "{full:?}");
        looks(world, &[&world.services], 3).await;
        for id in begun {
            assert!(is_interrupted(&world.ended(id).await));
        }
        let outcome = world.click("bob", SERVICE_PASSWORD).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        // It only stood still, and goes on with them.
        close(other).await;
        let lines = world.services.store.audit_counts().await.unwrap();
        assert_eq!((lines["connected"], lines["check-started"]), (1, 6));
    }

    async fn a_round_of_an_instance_that_comes_back_is_thrown_away(world) {
        world.save("alice", SERVICE).await;
        let other = another(world).await;
        world.always(FaultKind::Slow { milliseconds: 2_000 });
        let late = {
            let other = other.clone();
            tokio::spawn(async move { sync::run_due(&other).await })
        };
        let store = &world.services.store;
        let taken = "SELECT id FROM accounts WHERE lease_token IS NOT NULL";
        while sqlx::query(taken).fetch_optional(store.pool()).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        looks(world, &[&world.services], 3).await;
        world.exchange.world().faults.clear();
        assert_eq!(world.run_due().await, 1);
        let read = world.stored("alice").await;
        late.await.unwrap().unwrap();
        assert_eq!(world.sync_runs().await, [1]);
        assert_eq!(world.stored("alice").await, read);
        assert_eq!(world.refused(), 0);
        close(other).await;
    }

    async fn a_lost_lease_writes_nothing(world) {
        let account = held(world).await.account;
        let other = another(world).await;
        let leased = other.store.lease_account(account.id, world.clock.now(), LEASE).await.unwrap().unwrap();
        let late = other.store.under(&leased.lease);
        late.make_due_now(kalends_core::id::ConnectionId::new(world.clock.now(), [0; 10]), world.clock.now()).await.unwrap();
        looks(world, &[&world.services], 3).await;
        let written = late.end_requested_pauses(account.id, world.clock.now()).await;
        assert!(matches!(written, Err(StoreError::LeaseLost)), "{written:?}");
        close(other).await;
    }

    async fn nothing_else_of_an_instance_that_is_gone_is_waited_for_either(world) {
        world.save("bob", SERVICE).await;
        let other = another(world).await;
        let now = world.clock.now();
        // A password that was sent, a place, and an action for many.
        let svc = CountedUnder::name("svc");
        other.store.reserve_sign_in(&svc, PasswordSource::Saved, now).await.unwrap().unwrap();
        let _kept = other.store.take_place(&[&Held], now).await.unwrap().unwrap();
        let connection = world.connection("bob").await;
        let line = BulkLine {
            connection: connection.id,
            user: connection.user_id,
            name: "Bob".to_owned(),
            mailbox: "bob@example.test".to_owned(),
        };
        let (alice, kind) = (world.user("alice").await, JobKind::BulkAction);
        let added = other.store.add_job(kind, JobState::Waiting, &BulkAction::Sync, std::slice::from_ref(&line), (alice.id, now));
        let id = added.await.unwrap();
        let lost = other.store.lease_job(kind, now, MINUTE * 60).await.unwrap().unwrap();
        looks(world, &[&world.services], 3).await;
        let (store, now) = (&world.services.store, world.clock.now());
        assert_eq!(store.no_place(&svc, PasswordSource::Saved, now).await.unwrap(), None);
        assert_eq!(world.places().await, 1, "it may have been refused");
        assert_eq!(store.places_taken(&Held, now).await.unwrap(), 0);
        let taken = store.lease_job(kind, now, MINUTE).await.unwrap().unwrap();
        assert_eq!(taken.job.id, id);
        // Whoever comes back has lost it.
        let late = other.store.keep_result_of(&lost.lease, 0, &BulkOutcome::Due).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
        let late = other.store.end_turn(&lost.lease, &Turn::Done, now).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
        assert!(!other.store.renew_job(&lost.lease, now + MINUTE).await.unwrap());
        store.keep_result_of(&taken.lease, 0, &BulkOutcome::Due).await.unwrap();
        store.end_turn(&taken.lease, &Turn::Done, now).await.unwrap();
        close(other).await;
    }
}
