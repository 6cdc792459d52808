//! The mailbox scope and connecting from it: what each address is, stopping, going on after a restart, and thousands.

use crate::{World, engines::on_both_engines, organisation::held, world::MINUTE};
use kalends::{
    accounts::organisation,
    jobs,
    mailbox_scope::{self, Addresses, read_addresses},
};
use kalends_core::{audit::AuditAction, id::ScopeId, job::JobKind};
use kalends_store::{OrganisationAccount, Probe, ScopeConnection, ScopePlace};
use std::collections::BTreeMap;

async fn start(world: &World, held: &OrganisationAccount, text: &str) -> ScopeId {
    let alice = world.user("alice").await;
    let addresses = read_addresses(text).unwrap();
    mailbox_scope::start(&world.services, &alice, &held.account, &addresses)
        .await
        .unwrap()
}

async fn through(world: &World) {
    world.run_jobs(JobKind::MailboxScope).await;
}

async fn found(
    world: &World,
    scope: ScopeId,
) -> BTreeMap<String, (Option<ScopePlace>, Option<ScopeConnection>)> {
    let rows = world
        .services
        .store
        .scope_rows(scope, None, (10_000, 0))
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| (row.address, (row.place, row.result)))
        .collect()
}

fn set_scope(world: &World, include: &[&str]) {
    let include = include
        .iter()
        .map(|name| format!("{name}@example.test"))
        .collect();
    world.exchange.world().scope.include = Some(include);
}

on_both_engines! {
    async fn each_address_is_told_for_what_it_is(world) {
        let held = held(world).await;
        set_scope(world, &["alice", "bob"]);
        world.exchange.world().add_alias("bob@example.test", "bobby@example.test").unwrap();
        let scope = start(world, &held, "alice@example.test, bob@example.test, charlie@example.test, bobby@example.test, nobody@example.test, odd@@x").await;
        through(world).await;
        let places = found(world, scope).await;
        let place = |address: &str| places[address].0;
        assert_eq!(place("alice@example.test"), Some(ScopePlace::InScope));
        assert_eq!(place("bob@example.test"), Some(ScopePlace::InScope));
        assert_eq!(place("charlie@example.test"), Some(ScopePlace::Outside));
        assert_eq!(place("bobby@example.test"), Some(ScopePlace::Alias));
        assert_eq!(place("nobody@example.test"), Some(ScopePlace::NotFound));
        assert_eq!(place("odd@@x"), Some(ScopePlace::NotAnAddress));
        let ended = world.services.store.mailbox_scope(scope).await.unwrap().unwrap();
        assert!(ended.finished_at.is_some() && !ended.is_cancelled && ended.problem.is_none());
        // Nothing was connected, nothing read, nothing refused.
        let connections = sqlx::query("SELECT COUNT(*) FROM connections");
        let row = connections.fetch_one(world.services.store.pool()).await.unwrap();
        assert_eq!((sqlx::Row::get::<i64, _>(&row, 0), world.refused()), (0, 0));
        // The primary address of an alias is told.
        let rows = world.services.store.scope_rows(scope, Some(ScopePlace::Alias), (10, 0)).await.unwrap();
        assert_eq!(rows[0].primary, Some("bob@example.test".parse().unwrap()));
        let (csv, next) = mailbox_scope::csv_page(&world.services.store, scope, 0).await.unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.starts_with("address,found,primary address,problem,person,connection\nalice@example.test,in scope,"), "{csv}");
        assert_eq!((csv.lines().count(), next), (7, None));
    }

    async fn an_apostrophe_leads_to_nobody_elses_mailbox(world) {
        let held = held(world).await;
        for name in ["brien", "sean.o'brien"] {
            world.exchange.world().add_mailbox(&format!("{name}@example.test"), name, jiff::Timestamp::UNIX_EPOCH).unwrap();
        }
        set_scope(world, &["alice", "brien"]);
        let scope = start(world, &held, "Alice <alice@example.test>; \"O'Brien, Sean\" <Sean.O'Brien@example.test>").await;
        through(world).await;
        let places = found(world, scope).await;
        assert_eq!(places.len(), 2, "{places:?}");
        assert_eq!(places["sean.o'brien@example.test"].0, Some(ScopePlace::Outside));
    }

    async fn chosen_mailboxes_are_connected_in_the_organisations_name(world) {
        let held = held(world).await;
        for name in ["bob", "charlie"] {
            world.user(name).await;
        }
        let scope = start(world, &held, "alice@example.test bob@example.test charlie@example.test nobody@example.test").await;
        through(world).await;
        let (alice, store) = (world.user("alice").await, &world.services.store);
        let now = store.mailbox_scope(scope).await.unwrap().unwrap();
        assert_eq!(mailbox_scope::choose(&world.services, &alice, &now, Some(&[1, 3, 77])).await.unwrap(), 1);
        through(world).await;
        assert_eq!(found(world, scope).await["bob@example.test"].1, Some(ScopeConnection::Connected));
        assert_eq!(mailbox_scope::choose(&world.services, &alice, &now, None).await.unwrap(), 2);
        through(world).await;
        assert_eq!(store.scope_choices(scope).await.unwrap(), (3, 3, 0));
        assert_eq!(world.run_due().await, 3);
        let bob = store.connection_of(world.user("bob").await.id).await.unwrap().unwrap();
        assert_eq!((bob.made_by, bob.entries > 0), (Some(alice.id), true));
        let counts = store.audit_counts().await.unwrap();
        assert_eq!(counts.get("connected"), Some(&3), "{counts:?} {:?}", AuditAction::Connected);
    }

    async fn a_map_is_stopped_held_up_and_gone_on_with_where_it_was(world) {
        let held = held(world).await;
        let many = Addresses {
            doubles: 0,
            without: 0,
            all: (0..3000).map(|n| Ok(format!("person{n}@example.test").parse().unwrap())).collect(),
        };
        let alice = world.user("alice").await;
        let scope = mailbox_scope::start(&world.services, &alice, &held.account, &many).await.unwrap();
        let store = &world.services.store;
        let open = || async { store.scope_counts(scope).await.unwrap().iter().find(|(place, _)| place.is_none()).map_or(0, |(_, n)| *n) };
        // Broken off as by a restart: what was asked stays asked.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(400), world.run_jobs(JobKind::MailboxScope)).await;
        // A row that was on its way into the database when it was broken off.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let after = open().await;
        assert!(after > 0, "the machine is too quick for this test");
        organisation::pause(&world.services, &alice, &held.account, true).await.unwrap();
        world.pass(MINUTE * 5);
        assert_eq!((world.run_jobs(JobKind::MailboxScope).await, open().await), (0, after));
        organisation::pause(&world.services, &alice, &held.account, false).await.unwrap();
        assert!(jobs::cancel(&world.services, &alice, scope.into(), "a map").await.unwrap());
        assert_eq!((world.run_jobs(JobKind::MailboxScope).await, open().await), (0, after));
        assert!(jobs::retry(&world.services, &alice, scope.into(), "a map").await.unwrap());
        through(world).await;
        assert_eq!(open().await, 0);
        assert!(store.mailbox_scope(scope).await.unwrap().unwrap().finished_at.is_some());
    }

    async fn five_hundred_are_mapped_two_hundred_connected_the_password_changed_and_all_of_it_ended(world) {
        let held = held(world).await;
        let (services, store) = (&world.services, &world.services.store);
        let alice = world.user("alice").await;
        for number in 0..500 {
            let name = format!("person{number}");
            let address = format!("{name}@example.test");
            let now = crate::world::jiff_at(world.clock.now());
            world.exchange.world().add_mailbox(&address, &name, now).unwrap();
            if number < 200 {
                world.user(&name).await;
            }
        }
        set_scope(world, &["alice", "bob"]);
        let all = Addresses {
            doubles: 0,
            without: 0,
            all: (0..500).map(|n| Ok(format!("person{n}@example.test").parse().unwrap())).collect(),
        };
        let narrow = mailbox_scope::start(services, &alice, &held.account, &all).await.unwrap();
        through(world).await;
        assert_eq!(store.scope_counts(narrow).await.unwrap(), [(Some(ScopePlace::Outside), 500)]);

        world.exchange.world().scope.include = None;
        let scope = mailbox_scope::start(services, &alice, &held.account, &all).await.unwrap();
        through(world).await;
        assert_eq!(store.scope_counts(scope).await.unwrap(), [(Some(ScopePlace::InScope), 500)]);
        let scope = store.mailbox_scope(scope).await.unwrap().unwrap();
        assert_eq!(mailbox_scope::choose(services, &alice, &scope, None).await.unwrap(), 200);
        through(world).await;
        assert_eq!(store.scope_choices(scope.id).await.unwrap(), (200, 200, 0));
        assert_eq!(world.run_due().await, 200);

        organisation::hold(services, &alice, &held.account).await.unwrap();
        world.set_password(crate::world::SERVICE, "Changed-2026!");
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 0);
        let request = crate::organisation::form("Changed-2026!").sign_in().unwrap();
        let id = organisation::test_next(services, &alice, &held, request, None).await.unwrap();
        world.ended(id).await;
        let filled = store.held_account(held.account.id).await.unwrap().unwrap();
        assert!(organisation::switch(services, &alice, &filled.account).await.unwrap());
        assert_eq!(world.run_due().await, 200);
        let failed = sqlx::query("SELECT COUNT(*) FROM sync_runs WHERE problem IS NOT NULL");
        let failed: i64 = sqlx::Row::get(&failed.fetch_one(store.pool()).await.unwrap(), 0);
        assert_eq!((world.refused(), failed), (0, 0));

        let held = store.held_account(held.account.id).await.unwrap().unwrap();
        let ended = organisation::end(services, &alice, &held).await.unwrap();
        assert_eq!((ended.users, ended.probe, world.refused()), (200, Probe::Open, 0));
    }

    async fn a_missing_role_ends_a_map_and_says_so(world) {
        let held = held(world).await;
        world.exchange.world().account_mut(crate::world::SERVICE).unwrap().role = false;
        let scope = start(world, &held, "bob@example.test charlie@example.test").await;
        through(world).await;
        let ended = world.services.store.mailbox_scope(scope).await.unwrap().unwrap();
        assert_eq!(ended.problem.map(|problem| problem.code()), Some("role-missing"));
        assert!(ended.is_cancelled);
        assert_eq!(found(world, scope).await["bob@example.test"].0, None);
    }
}
