//! Power cuts: a process of its own is killed at every named point of a save, a disconnect, a round, a switch
//! of passwords, a rotation of keys, a prune, an adoption and each kind of job; what it leaves in both databases must be whole, and
//! everything must go on.

#![cfg(debug_assertions)] // a release has no such points
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/engines.rs"]
mod engines;
#[expect(dead_code, reason = "other tests ask more of it")]
#[path = "support/hook_server.rs"]
mod hook_server;
#[path = "crash/jobs.rs"]
mod jobs;
#[expect(dead_code, reason = "other tests ask more of it")]
#[path = "support/mail_server.rs"]
mod mail_server;
#[path = "crash/office.rs"]
mod office;
#[path = "crash/victim.rs"]
mod victim;

use engines::on_both_engines;
use kalends_core::connection::Mode;
use kalends_store::fail_point;
use office::{BOTH, Office, new_entries, old_entries};
use victim::{Deed, World};

/// The points whose name begins with a word.
fn points(of: &str) -> Vec<&'static str> {
    let points: Vec<&str> = fail_point::ALL
        .into_iter()
        .filter(|point| point.starts_with(of))
        .collect();
    assert!(points.len() >= 3, "{points:?}");
    points
}

#[test]
fn every_point_belongs_to_something_that_is_cut_off() {
    let groups = [
        "save-", "forget-", "run-", "switch-", "rotate-", "prune-", "adopt-", "job-",
    ];
    let known: usize = groups.iter().map(|of| points(of).len()).sum();
    assert_eq!(known, fail_point::ALL.len());
}

on_both_engines! {
    async fn a_first_save_that_is_cut_off_leaves_a_connection_or_nothing(world) {
        for point in points("save-") {
            let office = world.fresh(point, Deed::Save, async |_: &Office| {}).await;
            let saved = office.connection("alice").await.is_some();
            assert_eq!(saved, point == "save-after-main", "{point}");
            office.is_in_step(point).await;
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }

    async fn a_new_password_that_is_cut_off_leaves_the_old_or_the_new_one_for_everybody(world) {
        for point in points("save-") {
            let office = world.fresh(point, Deed::Save, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.connect("bob", Mode::ServiceAccount, "Practice-2025!").await;
            }).await;
            office.is_in_step(point).await;
            let expected = if point == "save-after-main" { victim::PASSWORD } else { "Practice-2025!" };
            for name in ["alice", "bob"] {
                assert_eq!(office.opened(name).await, expected, "{point}");
            }
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }

    async fn a_move_to_another_account_that_is_cut_off_leaves_one_of_the_two(world) {
        for point in points("save-") {
            let office = world.fresh(point, Deed::Save, async |office: &Office| {
                office.connect("alice", Mode::Personal, "Alice-2026!").await;
            }).await;
            office.is_in_step(point).await;
            let moved = point == "save-after-main";
            let mode = office.connection("alice").await.unwrap().mode;
            assert_eq!(mode == Mode::ServiceAccount, moved, "{point}");
            assert_eq!(office.opened("alice").await, if moved { victim::PASSWORD } else { "Alice-2026!" });
            office.goes_on("alice", Mode::Personal).await;
        }
    }

    async fn a_disconnect_that_is_cut_off_happened_or_not_and_its_secret_goes(world) {
        for point in points("forget-") {
            let office = world.fresh(point, Deed::Forget, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.round("alice", &old_entries()).await;
            }).await;
            office.is_in_step(point).await;
            let gone = point != "forget-before-main";
            assert_eq!(office.connection("alice").await.is_none(), gone, "{point}");
            assert_eq!(office.secrets().await.is_empty(), gone, "{point}");
            assert_eq!(office.number("SELECT COUNT(*) FROM events").await == 0, gone, "{point}");
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }

    async fn a_disconnect_that_is_cut_off_leaves_a_colleague_connected(world) {
        for point in points("forget-") {
            let office = world.fresh(point, Deed::Forget, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.connect("bob", Mode::ServiceAccount, "Practice-2025!").await;
            }).await;
            office.is_in_step(point).await;
            assert_eq!(office.opened("bob").await, "Practice-2025!", "{point}");
            office.goes_on("bob", Mode::ServiceAccount).await;
        }
    }

    async fn a_switch_that_is_cut_off_leaves_the_old_or_the_new_password(world) {
        for point in points("switch-") {
            let office = world.fresh(point, Deed::Switch, async |office: &Office| {
                office.hold("alice", "Practice-2025!", "Practice-2026!").await;
            }).await;
            let switched = point != "switch-before-main";
            let expected = if switched { "Practice-2026!" } else { "Practice-2025!" };
            assert_eq!(office.opened("alice").await, expected, "{point}");
            assert_eq!(office.secrets().await.len(), if switched { 1 } else { 2 }, "{point}");
            office.switch().await;
            assert_eq!(office.opened("alice").await, "Practice-2026!", "{point}");
            office.is_in_step(point).await;
            office.close().await;
        }
    }

    async fn a_rotation_that_is_cut_off_goes_on_with_the_next(world) {
        for point in points("rotate-") {
            let office = world.fresh(point, Deed::Rotate, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.connect("bob", Mode::Personal, "Bob-2026!").await;
            }).await;
            office.is_in_step(point).await;
            for (name, password) in [("alice", "Practice-2025!"), ("bob", "Bob-2026!")] {
                assert_eq!(office.opened(name).await, password, "{point}");
            }
            office.rotate().await;
            office.is_in_step(point).await;
            office.needs_the_newest_key_alone().await;
        }
    }

    async fn a_prune_that_is_cut_off_happened_or_not_and_is_told_once(world) {
        for point in points("prune-") {
            let office = world.fresh(point, Deed::Prune, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.add_strangers(3).await;
            }).await;
            let before = point == "prune-before-main";
            assert_eq!(office.strangers().await, if before { 3 } else { 0 }, "{point}");
            office.prune().await;
            office.is_in_step(point).await;
            let lines = "SELECT COUNT(*) FROM audit WHERE action = 'vault-pruned'";
            assert_eq!(office.number(lines).await, 1, "{point}");
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }

    async fn an_adoption_that_is_cut_off_deletes_nothing_and_lists_each_ending_once(world) {
        for point in points("adopt-") {
            let databases = world.cut_off(point, Deed::Adopt, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.add_strangers(2).await;
                office.set_back().await;
            }).await;
            // Cut off between the two databases, the pair does not start before it is adopted once more.
            let started = Office::start(&databases.main, &databases.vault, &BOTH).await;
            assert_eq!(started.is_err(), point == "adopt-after-main", "{point}");
            if let Ok(started) = started {
                assert_eq!(started.is_set_back().await, point != "adopt-after-memory", "{point}");
                started.a_day_later().await;
                assert_eq!(started.secrets().await.len(), 3, "{point}");
                started.close().await;
            }
            let office = Office::open_unpaired(&databases.main, &databases.vault, &BOTH).await;
            let both = ["charlie@example.test", "dora@example.test"];
            let listed: &[&str] = if point == "adopt-before-main" { &[] } else { &both };
            assert_eq!(office.to_review().await, listed, "{point}");
            office.adopt().await;
            assert_eq!(office.to_review().await, both, "{point}");
            office.close().await;
            let mut office = Office::open(&databases.main, &databases.vault, &BOTH).await;
            office.databases = Some(databases);
            assert!(!office.is_set_back().await && office.trail_is_whole().await, "{point}");
            assert_eq!((office.strangers().await, office.secrets().await.len()), (2, 3), "{point}");
            office.prune().await;
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }

    async fn a_round_that_is_cut_off_leaves_the_old_entries_or_the_new_ones(world) {
        for point in points("run-") {
            let office = world.fresh(point, Deed::Round, async |office: &Office| {
                office.connect("alice", Mode::ServiceAccount, "Practice-2025!").await;
                office.round("alice", &old_entries()).await;
            }).await;
            office.is_in_step(point).await;
            let kept = point == "run-after-commit";
            let expected = if kept { new_entries() } else { old_entries() };
            assert_eq!(office.entries("alice").await, expected, "{point}");
            assert_eq!(office.number("SELECT COUNT(*) FROM sync_runs").await, 1 + i64::from(kept), "{point}");
            assert_eq!(office.number("SELECT run_count FROM connections").await, 1 + i64::from(kept), "{point}");
            office.goes_on("alice", Mode::ServiceAccount).await;
        }
    }
}
