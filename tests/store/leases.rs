//! Accounts that one worker holds alone, in all instances together.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE, Typed},
};
use futures::future::join_all;
use kalends_core::{
    clock::Timestamp,
    connection::Mode,
    id::{AccountId, RecordId},
    problem::Problem,
};
use kalends_store::{CountedUnder, Leased, Members, PasswordSource, Room, Store};
use std::{collections::BTreeSet, time::Duration};

const LEASE: Duration = Duration::from_mins(3);

/// People with accounts of their own, all due now.
async fn people(world: &World, count: usize) {
    let own = Typed {
        mode: Mode::Personal,
        ..SERVICE
    };
    for number in 0..count {
        let user = world.user(&format!("person{number:02}")).await;
        world.connect(&user, own).await;
    }
}

/// Takes up to so many accounts that have something due.
async fn lease_due(store: &Store, now: Timestamp, most: usize) -> Vec<Leased> {
    let mut leased = Vec::new();
    while leased.len() < most {
        match store
            .lease_due_account(now, &Room::for_all(), LEASE)
            .await
            .unwrap()
        {
            Some(one) => leased.push(one),
            None => break,
        }
    }
    leased
}

/// A place that was taken for a saved password.
async fn place(world: &World) -> RecordId {
    let under = CountedUnder::name("svc");
    let reserved = world
        .store
        .reserve_sign_in(&under, PasswordSource::Saved, NOW)
        .await;
    reserved.unwrap().unwrap()
}

on_both_engines! {
    async fn two_instances_never_hold_the_same_account(world) {
        people(world, 20).await;
        let workers = (0..8).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move {
                let mut held: Vec<AccountId> = Vec::new();
                loop {
                    let leased = lease_due(&store, NOW, 3).await;
                    assert!(leased.len() <= 3);
                    if leased.is_empty() {
                        return held;
                    }
                    held.extend(leased.iter().map(|leased| leased.account.id));
                }
            })
        });
        let held: Vec<AccountId> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
        let distinct: BTreeSet<_> = held.iter().collect();
        assert_eq!(held.len(), distinct.len(), "an account was held twice");
        // Whoever found the last rows locked went home; nothing is left but what nobody else took.
        let rest = lease_due(&world.store, NOW, 20).await;
        assert_eq!(held.len() + rest.len(), 20);
    }

    async fn an_account_is_held_until_its_lease_runs_out_or_is_given_back(world) {
        people(world, 1).await;
        let first = lease_due(&world.store, NOW, 8).await.remove(0);
        let id = first.account.id;
        let almost = NOW + LEASE - Duration::from_millis(1);
        assert!(lease_due(&world.other, almost, 8).await.is_empty());
        assert!(world.other.lease_account(id, almost, LEASE).await.unwrap().is_none());

        let second = world.other.lease_account(id, NOW + LEASE, LEASE).await.unwrap().unwrap();
        world.store.release_account(&first).await.unwrap();
        assert!(world.store.lease_account(id, NOW + LEASE, LEASE).await.unwrap().is_none(), "a late one gave back what another holds");
        world.other.release_account(&second).await.unwrap();
        assert!(world.store.lease_account(id, NOW + LEASE, LEASE).await.unwrap().is_some());
    }

    async fn a_renewed_lease_is_held_on_and_one_that_ran_out_is_lost(world) {
        people(world, 1).await;
        let first = lease_due(&world.store, NOW, 8).await.remove(0);
        let id = first.account.id;
        assert!(world.store.renew_lease(&first, NOW + LEASE * 2).await.unwrap());
        assert!(world.other.lease_account(id, NOW + LEASE, LEASE).await.unwrap().is_none());
        assert!(world.other.lease_account(id, NOW + LEASE * 2, LEASE).await.unwrap().is_some());
        assert!(!world.store.renew_lease(&first, NOW + LEASE * 9).await.unwrap());
    }

    async fn giving_back_one_of_several_leaves_the_others_held(world) {
        people(world, 3).await;
        let held = lease_due(&world.store, NOW, 8).await;
        assert_eq!(held.len(), 3);
        world.store.release_account(&held[1]).await.unwrap();
        let free = lease_due(&world.other, NOW, 8).await;
        let ids: Vec<AccountId> = free.iter().map(|leased| leased.account.id).collect();
        assert_eq!(ids, [held[1].account.id]);
    }

    async fn whoever_is_due_for_the_longest_is_taken_first(world) {
        people(world, 6).await;
        let accounts = world.store.accounts().await.unwrap();
        let mut wanted: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        wanted.reverse();
        for (place, id) in wanted.iter().enumerate() {
            sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1")
                .bind(id.to_string()).bind(i64::try_from(place).unwrap()).execute(world.store.pool()).await.unwrap();
        }
        let held = lease_due(&world.store, NOW, 9).await;
        let held: Vec<AccountId> = held.iter().map(|leased| leased.account.id).collect();
        assert_eq!(held, wanted);
    }

    async fn only_whom_there_is_room_for_is_taken(world) {
        people(world, 2).await;
        let all = world.store.accounts().await.unwrap();
        let host = all[0].host.clone();
        let (at, but) = (Members::OnlyAt(vec![host.clone()]), Members::AnywhereBut(vec![host]));
        let none = [
            Room { members: but, ..Room::for_all() },
            Room { members: Members::OnlyAt(Vec::new()), ..Room::for_all() },
            Room { but: all.iter().map(|account| account.id).collect(), ..Room::for_all() },
        ];
        for room in none {
            assert!(world.store.lease_due_account(NOW, &room, LEASE).await.unwrap().is_none(), "{room:?}");
        }
        let room = Room { organisation: false, members: at, but: vec![all[0].id] };
        let leased = world.store.lease_due_account(NOW, &room, LEASE).await.unwrap().unwrap();
        assert_eq!(leased.account.id, all[1].id);
    }

    async fn of_many_who_want_one_account_one_gets_it(world) {
        people(world, 1).await;
        let id = world.store.accounts().await.unwrap()[0].id;
        let attempts = (0..12).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move { store.lease_account(id, NOW, LEASE).await.unwrap() })
        });
        let got = join_all(attempts).await.into_iter().filter_map(Result::unwrap).count();
        assert_eq!(got, 1);
    }

    async fn only_accounts_with_something_due_are_taken(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        assert!(lease_due(&world.store, NOW, 0).await.is_empty());
        let before = NOW - Duration::from_millis(1);
        assert!(lease_due(&world.store, before, 8).await.is_empty());
        assert_eq!(world.store.next_due(connection.account_id, before, 1).await.unwrap(), []);
        assert_eq!(world.store.next_due(connection.account_id, NOW, 1).await.unwrap(), [connection]);
    }

    async fn a_refused_password_stops_all_its_connections_until_the_next_probe_if_one_is_planned(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let connection = world.connect(&alice, SERVICE).await;
        world.connect(&bob, SERVICE).await;
        let refused = Problem::PasswordRefused { taken_before: false,  proxy: None, changed: None };
        let probe = NOW + Duration::from_mins(15);
        for due in [Some(probe), None] {
            let account = world.store.account(connection.account_id).await.unwrap().unwrap();
            world.store.stop_account(&account, place(world).await, &refused, due, NOW).await.unwrap();
            for user in [&alice, &bob] {
                let found = world.other.connection_of(user.id).await.unwrap().unwrap();
                assert_eq!((found.problem.as_ref(), found.due_at), (Some(&refused), due));
            }
        }
        let account = world.store.account(connection.account_id).await.unwrap().unwrap();
        assert_eq!(account.saved_refusals, 2);
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 2);
    }

    async fn a_late_refusal_of_an_old_password_does_not_stop_the_new_one(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let old = world.store.account(connection.account_id).await.unwrap().unwrap();
        world.connect_with(&alice, SERVICE, "Changed-2026!").await;
        let refused = Problem::PasswordRefused { taken_before: false,  proxy: None, changed: None };
        world.store.stop_account(&old, place(world).await, &refused, Some(NOW), NOW).await.unwrap();
        let account = world.store.account(connection.account_id).await.unwrap().unwrap();
        assert_eq!((account.saved_refusals, account.stopped_until), (0, None));
        assert_eq!(world.store.connection_of(alice.id).await.unwrap().unwrap().problem, None);
        assert_eq!(world.number("SELECT COUNT(*) FROM refusals").await, 1, "it still counts as a refusal");
    }

    async fn an_accepted_password_lets_all_its_connections_go_on_at_once(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let account = world.store.account(connection.account_id).await.unwrap().unwrap();
        let refused = Problem::PasswordRefused { taken_before: false,  proxy: None, changed: None };
        let probe = NOW + Duration::from_mins(15);
        world.store.stop_account(&account, place(world).await, &refused, Some(probe), NOW).await.unwrap();
        world.store.resume_account(&account, probe).await.unwrap();
        let account = world.store.account(connection.account_id).await.unwrap().unwrap();
        assert_eq!((account.saved_refusals, account.stopped_until), (0, None));
        assert_eq!(world.store.connection_of(alice.id).await.unwrap().unwrap().due_at, Some(probe));
    }
}
