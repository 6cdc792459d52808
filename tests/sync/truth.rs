//! What a round stores, compared with what the practice Exchange holds.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, NOW, SERVICE, jiff_at},
};
use jiff::{civil::date, tz::TimeZone};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    calendar::Event,
    policy::{Policy, PrivacyLevel},
};
use kalends_simulator::world::{
    entry::EntryDraft,
    view::{ExpectedItem, ViewRange},
};
use kalends_store::Changes;
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// What must be stored of a mailbox: from 30 days back to a year ahead, in whole days.
fn truth(world: &World, name: &str) -> Vec<ExpectedItem> {
    let today = NOW - Duration::from_hours(8);
    let window = ViewRange {
        start: jiff_at(today - DAY * 30),
        end: jiff_at(today + DAY * 365),
    };
    let exchange = world.exchange.world();
    exchange
        .expected_items(&format!("{name}@example.test"), window)
        .unwrap()
}

fn days(truth: &ExpectedItem) -> Option<(i32, i32)> {
    let number = |at: jiff::Timestamp| {
        let day = at.to_zoned(TimeZone::get(&truth.zone).unwrap()).date();
        day.since((jiff::Unit::Day, date(1970, 1, 1)))
            .unwrap()
            .get_days()
    };
    truth
        .all_day
        .then(|| (number(truth.start), number(truth.end)))
}

fn is_like(event: &Event, truth: &ExpectedItem) {
    assert_eq!(event.item_id, truth.id);
    assert_eq!(event.change_key, truth.change_key);
    assert_eq!(event.uid.as_ref(), Some(&truth.uid));
    assert_eq!(
        (jiff_at(event.start), jiff_at(event.end)),
        (truth.start, truth.end),
        "{truth:?}"
    );
    assert_eq!(
        event.all_day.map(|days| (days.first, days.end)),
        days(truth),
        "{truth:?}"
    );
    assert_eq!(event.status.as_str(), format!("{:?}", truth.free_busy));
    assert_eq!(
        event.sensitivity.as_str(),
        format!("{:?}", truth.sensitivity)
    );
    assert_eq!(event.kind.as_str(), format!("{:?}", truth.kind));
    assert_eq!(event.cancelled, truth.cancelled);
    assert_eq!(event.last_modified.map(jiff_at), Some(truth.last_modified));
    if event.sensitivity.hides_content() {
        assert_eq!(
            (&event.subject, &event.location, &event.organizer),
            (&None, &None, &None)
        );
    } else {
        assert_eq!(event.subject, truth.subject);
    }
}

async fn copy_is_true(world: &World, name: &str) {
    let (mut stored, mut truth) = (world.stored(name).await, truth(world, name));
    stored.sort_by(|a, b| a.item_id.cmp(&b.item_id));
    truth.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(stored.len(), truth.len(), "{name}");
    for (event, truth) in stored.iter().zip(&truth) {
        is_like(event, truth);
    }
    let entries = world.connection(name).await.entries;
    assert_eq!(usize::try_from(entries).unwrap(), truth.len());
}

async fn last_changes(world: &World, name: &str) -> Changes {
    let id = world.connection(name).await.id;
    world.services.store.last_runs(id, 1).await.unwrap()[0].changes
}

const fn changes(inserted: i64, updated: i64, deleted: i64) -> Changes {
    Changes {
        inserted,
        updated,
        deleted,
    }
}

on_both_engines! {
    async fn the_first_round_stores_exactly_what_the_server_holds(world) {
        for name in ["alice", "bob", "charlie"] {
            world.save(name, SERVICE).await;
        }
        assert_eq!(world.run_due().await, 3);
        for name in ["alice", "bob", "charlie"] {
            assert!(truth(world, name).len() > 20, "{name}");
            copy_is_true(world, name).await;
        }
    }

    async fn place_and_organizer_are_stored_as_typed(world) {
        world.save("charlie", SERVICE).await;
        world.run_due().await;
        let stored = world.stored("charlie").await;
        let exchange = world.exchange.world();
        let mailbox = exchange.mailbox("charlie@example.test").unwrap();
        let mut compared = 0;
        for event in stored.iter().filter(|event| !event.sensitivity.hides_content()) {
            let Some(entry) = mailbox.entry(&event.item_id) else {
                continue;
            };
            assert_eq!(event.location, entry.draft.location);
            if let Some(organizer) = &entry.draft.organizer {
                assert_eq!(event.organizer.as_ref(), Some(&organizer.name));
            }
            compared += 1;
        }
        assert!(compared > 0);
    }

    async fn the_next_round_follows_what_was_added_moved_and_deleted(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        let address = "bob@example.test";
        let at = |hour| date(2026, 3, 10).at(hour, 0, 0, 0);
        let draft = EntryDraft::new("Interview", at(9), at(10));
        let add = || world.exchange.world().add_entry(address, draft.clone(), jiff_at(world.clock.now()));

        let (one, two) = (add().unwrap(), add().unwrap());
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 1);
        assert_eq!(last_changes(world, "bob").await, changes(2, 0, 0));
        copy_is_true(world, "bob").await;

        let moved = EntryDraft::new("Interview, moved", at(14), at(15));
        world.pass(MINUTE * 6);
        let now = jiff_at(world.clock.now());
        world.exchange.world().replace_entry(address, &one, moved, now).unwrap();
        world.exchange.world().remove_entry(address, &two, now).unwrap();
        assert_eq!(world.run_due().await, 1);
        assert_eq!(last_changes(world, "bob").await, changes(0, 1, 1));
        copy_is_true(world, "bob").await;
        assert!(world.stored("bob").await.iter().any(|event| event.subject.as_deref() == Some("Interview, moved")));
    }

    async fn two_entries_whose_ids_differ_in_case_are_both_kept(world) {
        let address = "bob@example.test";
        let now = jiff_at(NOW);
        let draft = EntryDraft::new("Twin", date(2026, 3, 10).at(9, 0, 0, 0), date(2026, 3, 10).at(10, 0, 0, 0));
        let id = world.exchange.world().add_entry(address, draft.clone(), now).unwrap();
        world.exchange.world().add_entry_differing_in_case(address, &id, draft, now).unwrap();
        world.save("bob", SERVICE).await;
        world.run_due().await;
        copy_is_true(world, "bob").await;
        let twins = world.stored("bob").await.iter().filter(|event| event.item_id.eq_ignore_ascii_case(&id)).count();
        assert_eq!(twins, 2);
    }

    async fn nothing_is_read_before_it_is_due_and_an_unchanged_calendar_is_noted_in_a_counter_alone(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 4);
        assert_eq!(world.run_due().await, 0);
        for _ in 0..5 {
            world.pass(MINUTE * 6);
            assert_eq!(world.run_due().await, 1);
        }
        assert_eq!(world.sync_runs().await, [6]);
        let id = world.connection("bob").await.id;
        assert_eq!(world.services.store.last_runs(id, 10).await.unwrap().len(), 1);
        assert_eq!(world.connection("bob").await.last_synced_at, Some(world.clock.now()));
    }

    async fn where_the_owners_zone_cannot_be_read_nothing_is_stored_by_another_one(world) {
        world.save("bob", SERVICE).await;
        let pool = world.services.store.pool();
        sqlx::query("ALTER TABLE users RENAME COLUMN time_zone TO elsewhere").execute(pool).await.unwrap();
        world.run_due().await;
        sqlx::query("ALTER TABLE users RENAME COLUMN elsewhere TO time_zone").execute(pool).await.unwrap();
        assert_eq!(world.state("bob").await.1, Some("interrupted"));
        assert!(world.stored("bob").await.is_empty());
        world.pass(MINUTE * 6);
        world.run_due().await;
        copy_is_true(world, "bob").await;
    }

    async fn what_is_read_anew_is_no_change_of_its_own(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        let (store, since) = (&world.services.store, NOW - DAY);
        let counted = async || store.delay_hours(since).await.unwrap().iter().map(|(_, _, entries)| entries).sum::<i64>();
        assert_eq!(counted().await, 0, "the first round brings everything, however old");
        for privacy in [PrivacyLevel::FreeBusy, PrivacyLevel::Everything] {
            let policy = Policy { privacy, ..Policy::default() };
            store.set_policy(&policy, &AuditEntry::by_kalends(AuditAction::PolicyChanged), world.clock.now()).await.unwrap();
            world.pass(MINUTE * 6);
            world.run_due().await;
        }
        assert!(last_changes(world, "bob").await.updated > 20, "the entries were stored anew");
        assert_eq!(counted().await, 0);
        // Days that come into the window were changed long ago as well.
        world.pass(DAY * 30);
        world.run_due().await;
        assert_eq!(counted().await, 0);
    }
}
