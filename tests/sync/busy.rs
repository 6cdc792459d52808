//! Servers that ask to be left alone: how long, by whom, and that nothing is stored on the way that is not true.

use crate::{
    World,
    engines::on_both_engines,
    organisation,
    world::{MINUTE, SERVICE},
};
use kalends::mailbox_scope;
use kalends_core::{connection::ConnectionState, job::JobKind};
use kalends_simulator::fault::{FaultKind, Plan};
use std::time::Duration;

const FINE: (ConnectionState, Option<&str>) = (ConnectionState::Connected, None);
const BUSY: (ConnectionState, Option<&str>) = (ConnectionState::Delayed, Some("throttled"));
const NAMES: [&str; 3] = ["alice", "bob", "charlie"];
const SECOND: Duration = Duration::from_secs(1);

fn busy_for(back_off: &str) -> FaultKind {
    FaultKind::DetailedFault {
        code: "ErrorServerBusy".to_owned(),
        values: [("BackOffMilliseconds".to_owned(), back_off.to_owned())].into(),
        nested: false,
    }
}

fn retry_later(status: u16, retry_after: &str) -> FaultKind {
    FaultKind::RetryLater {
        status,
        retry_after: retry_after.to_owned(),
    }
}

async fn all_connected(world: &World) {
    for name in NAMES {
        world.save(name, SERVICE).await;
    }
    world.run_due().await;
    for name in NAMES {
        assert_eq!(world.state(name).await, FINE);
    }
}

/// How often the server had to refuse something while so many steps of time went by.
async fn refused_within(world: &World, steps: u32, step: Duration) -> u64 {
    let refused = || world.exchange.world().counters().faults();
    let before = refused();
    for _ in 0..steps {
        world.pass(step);
        world.run_due().await;
    }
    refused() - before
}

async fn heals(world: &World) {
    world.exchange.world().faults.clear();
    for _ in 0..5 {
        world.pass(MINUTE * 15);
        world.run_due().await;
    }
    for name in NAMES {
        assert_eq!(world.state(name).await, FINE, "{name}");
    }
}

on_both_engines! {
    async fn a_pause_of_no_length_is_some_seconds_and_grows_for_the_whole_account(world) {
        all_connected(world).await;
        for back_off in ["1", "0", "-1"] {
            world.always(busy_for(back_off));
            world.pass(MINUTE * 6);
            world.run_due().await;
            let soon = refused_within(world, 20, SECOND).await;
            assert!(soon <= 2, "{back_off}: {soon} in 20 s");
            let within_an_hour = refused_within(world, 360, SECOND * 10).await;
            assert!((1..=20).contains(&within_an_hour), "{back_off}: {within_an_hour} in an hour");
            heals(world).await;
        }
    }

    async fn retry_after_zero_is_some_seconds_and_grows_for_the_whole_account(world) {
        all_connected(world).await;
        for (status, retry_after) in [(503, "0"), (429, "0"), (429, "-1"), (429, "now")] {
            world.always(retry_later(status, retry_after));
            world.pass(MINUTE * 6);
            world.run_due().await;
            let soon = refused_within(world, 20, SECOND).await;
            assert!(soon <= 2, "{status} {retry_after}: {soon} in 20 s");
            let within_an_hour = refused_within(world, 360, SECOND * 10).await;
            assert!((1..=20).contains(&within_an_hour), "{status} {retry_after}: {within_an_hour} in an hour");
            heals(world).await;
        }
    }

    async fn a_pause_asked_for_holds_for_the_colleagues_too(world) {
        all_connected(world).await;
        world.exchange.world().faults.plan(Plan {
            only_mailbox: Some("bob@example.test".to_owned()),
            ..Plan::always(busy_for("540000"))
        });
        let id = world.connection("bob").await.id;
        world.services.store.make_due_now(id, world.clock.now()).await.unwrap();
        world.run_due().await;
        assert_eq!(world.state("bob").await, BUSY);
        let alice = || world.exchange.world().counters().calls("alice@example.test", "FindItem");
        let before = alice();
        assert_eq!(refused_within(world, 53, SECOND * 10).await, 0);
        assert_eq!(alice(), before);
        world.pass(MINUTE * 3);
        world.run_due().await;
        assert!(alice() > before);
        assert_eq!(world.state("alice").await, FINE);
        assert_eq!(world.state("bob").await, BUSY);
        heals(world).await;
    }

    async fn a_mailbox_scope_waits_as_sync_runs_do(world) {
        let held = organisation::held(world).await;
        let alice = world.user("alice").await;
        let addresses = mailbox_scope::read_addresses("alice@example.test bob@example.test charlie@example.test").unwrap();
        let scope = mailbox_scope::start(&world.services, &alice, &held.account, &addresses).await.unwrap();
        world.always(busy_for("1"));
        let refused = || world.exchange.world().counters().faults();
        for (steps, step, most) in [(20, SECOND, 2), (360, SECOND * 10, 20)] {
            let before = refused();
            for _ in 0..steps {
                world.run_jobs(JobKind::MailboxScope).await;
                world.pass(step);
            }
            let refused = refused() - before;
            assert!((1..=most).contains(&refused), "{refused}");
        }
        world.exchange.world().faults.clear();
        world.pass(MINUTE * 31);
        world.run_jobs(JobKind::MailboxScope).await;
        let ended = world.services.store.mailbox_scope(scope).await.unwrap().unwrap();
        assert!(ended.finished_at.is_some() && ended.problem.is_none(), "{ended:?}");
    }

    async fn colleagues_kept_waiting_for_long_are_shown_as_delayed(world) {
        all_connected(world).await;
        world.always(busy_for("1500000"));
        world.pass(MINUTE * 6);
        world.run_due().await;
        for name in NAMES {
            assert_eq!(world.state(name).await, BUSY, "{name}");
        }
        heals(world).await;
    }

    async fn a_date_in_retry_after_is_waited_for(world) {
        all_connected(world).await;
        // It is 08:06 when the sync runs begin.
        world.always(retry_later(503, "Mon, 02 Mar 2026 08:26:00 GMT"));
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(refused_within(world, 19, MINUTE).await, 0);
        assert!(refused_within(world, 6, MINUTE).await > 0);
        heals(world).await;
    }

    async fn a_property_that_a_server_does_not_know_is_remembered_by_mailbox(world) {
        all_connected(world).await;
        world.exchange.world().faults.plan(Plan {
            only_mailbox: Some("bob@example.test".to_owned()),
            ..Plan::always(FaultKind::RefusedProperty {
                code: "ErrorInvalidPropertyRequest".to_owned(),
                property: "calendar:StartWallClock".to_owned(),
            })
        });
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(refused_within(world, 10, MINUTE * 6).await, 0, "each on a connection of its own");
        assert_eq!(world.state("bob").await, FINE);
        let exchange = world.exchange.world();
        let asked = exchange.counters().last_request("alice@example.test", "FindItem");
        assert!(asked.is_some_and(|asked| asked.contains("StartWallClock")));
    }

    async fn the_schema_of_an_older_server_is_remembered_by_mailbox(world) {
        all_connected(world).await;
        world.exchange.world().faults.plan(Plan {
            only_mailbox: Some("bob@example.test".to_owned()),
            ..Plan::always(FaultKind::OldSchema {
                code: "ErrorInvalidSchemaVersionForMailboxVersion".to_owned(),
                newest: "Exchange2010_SP2".to_owned(),
                as_fault: false,
            })
        });
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(refused_within(world, 10, MINUTE * 6).await, 0, "each on a connection of its own");
        assert_eq!(world.state("bob").await, FINE);
        // The server was renewed: in time the newer schema is tried again.
        world.exchange.world().faults.clear();
        for _ in 0..4 {
            world.pass(Duration::from_hours(48));
            world.run_due().await;
        }
        let exchange = world.exchange.world();
        let asked = exchange.counters().last_request("bob@example.test", "FindItem").unwrap();
        assert!(asked.contains("Exchange2013_SP1"));
    }
}
