//! Several instances on one pair of databases.

use crate::{
    engines::on_both_engines,
    organisation::{connected, form, held},
    world::{MINUTE, SERVICE},
};
use kalends::{accounts::organisation, sync};
use kalends_core::check::Outcome;
use kalends_simulator::world::{account::DomainAccount, practice::SERVICE_PASSWORD};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A window of 395 days is read in views of 90 days.
const VIEWS: u64 = 5;

on_both_engines! {
    async fn two_instances_read_each_mailbox_once_each_time_it_is_due(world) {
        let other = world.another_instance().await;
        for account in 0..10 {
            let mut service = DomainAccount::new(&format!("svc{account}"), "example.test", SERVICE_PASSWORD);
            service.role = true;
            world.exchange.world().add_account(service);
        }
        for number in 1..=30 {
            let account = format!("svc{}@example.test", number % 10);
            world.save(&format!("colleague{number:02}"), &account).await;
        }
        let mut given = (0, 0);
        for time in 1..=4 {
            let (one, two) = (world.services.clone(), other.clone());
            let tending = (
                tokio::spawn(async move { sync::run_due(&one).await.unwrap() }),
                tokio::spawn(async move { sync::run_due(&two).await.unwrap() }),
            );
            let (one, two) = (tending.0.await.unwrap(), tending.1.await.unwrap());
            assert_eq!(one + two, 30);
            given = (given.0 + one, given.1 + two);
            assert_eq!(world.sync_runs().await, [i64::try_from(time).unwrap(); 30]);
            let exchange = world.exchange.world();
            for number in 1..=30 {
                let address = format!("colleague{number:02}@example.test");
                assert_eq!(exchange.counters().calls(&address, "FindItem"), time * VIEWS, "{address}");
            }
            drop(exchange);
            world.pass(MINUTE * 6);
        }
        assert!(given.0 > 0 && given.1 > 0, "only one of them worked: {given:?}");
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }

    async fn a_password_is_changed_by_the_two_slots_while_two_instances_work(world) {
        let held = held(world).await;
        let names: Vec<String> = (1..=20).map(|number| format!("colleague{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        connected(world, &names).await;
        let other = world.another_instance().await;
        let stop = CancellationToken::new();
        let sync_runs = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let working: Vec<_> = [world.services.clone(), other.clone()]
            .into_iter()
            .enumerate()
            .map(|(place, services)| {
                let (stop, sync_runs) = (stop.clone(), Arc::clone(&sync_runs));
                tokio::spawn(async move {
                    while !stop.is_cancelled() {
                        sync_runs[place].fetch_add(sync::run_due(&services).await.unwrap(), Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                })
            })
            .collect();
        // Time goes on all the while, so that sync runs are due at every moment of the change.
        let given = || sync_runs[0].load(Ordering::SeqCst) + sync_runs[1].load(Ordering::SeqCst);
        let due = async |at_least: usize| {
            let before = given();
            while given() < before + at_least {
                world.pass(MINUTE);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        due(40).await;
        let alice = world.user("alice").await;
        // One instance holds, the other one tests and switches.
        organisation::hold(&world.services, &alice, &held.account).await.unwrap();
        // A round under way may still sign in with the old password, as with a real server: it is given its time.
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.set_password(SERVICE, "Changed-2026!");
        for _ in 0..10 {
            world.pass(MINUTE);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let held_at = given();
        let wanted = form("Changed-2026!").sign_in().unwrap();
        let id = organisation::test_next(&other, &alice, &held, wanted, None).await.unwrap();
        let outcome = world.ended(id).await;
        assert!(matches!(outcome, Outcome::AccountSaved { .. }), "{outcome:?}");
        assert_eq!(given(), held_at, "nothing works while it is held");
        let filled = other.store.held_account(held.account.id).await.unwrap().unwrap();
        assert!(organisation::switch(&other, &alice, &filled.account).await.unwrap());
        due(60).await;
        stop.cancel();
        for work in working {
            work.await.unwrap();
        }
        let failed = sqlx::query("SELECT COUNT(*) FROM sync_runs WHERE problem IS NOT NULL");
        let failed: i64 = sqlx::Row::get(&failed.fetch_one(world.services.store.pool()).await.unwrap(), 0);
        assert_eq!((world.refused(), failed), (0, 0));
        let each = [sync_runs[0].load(Ordering::SeqCst), sync_runs[1].load(Ordering::SeqCst)];
        assert!(each.iter().all(|sync_runs| *sync_runs > 0), "only one of them worked: {each:?}");
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }
}
