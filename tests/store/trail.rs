//! The chain of the audit trail: whatever is done to a line is found.

use crate::{World, engines::on_both_engines, world::NOW};
use kalends::{
    accounts::custody::TrailComparison,
    audit::{Break, TrailVerdict, anchor, follow, verify},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    random::Random,
};
use kalends_store::Store;
use std::time::Duration;

async fn spoil(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(world.store.pool()).await.unwrap();
}

async fn broken(world: &World) -> Break {
    match verify(&world.store, &world.vault).await.unwrap() {
        TrailVerdict::Broken(broken) => broken,
        whole @ TrailVerdict::Whole { .. } => panic!("{whole:?}"),
    }
}

/// Ten lines, that of Alice's account the first; most of them already seen in their place.
async fn trail(world: &World) {
    let alice = world.user("alice").await;
    for number in 1..10 {
        let entry = AuditEntry::by(alice.id, AuditAction::SyncRequested)
            .about(format!("bob{number}@example.test"));
        world.store.audit(&entry, NOW).await.unwrap();
        if number == 7 {
            anchor(&world.store, &world.vault, NOW).await.unwrap();
        }
    }
    let whole = verify(&world.store, &world.vault).await.unwrap();
    assert!(
        matches!(whole, TrailVerdict::Whole { lines: 10, .. }),
        "{whole:?}"
    );
}

async fn adopt(world: &World) {
    let locked = world.locked().await;
    let adopted = world.custody().adopt(&locked, &Random::from_system()).await;
    adopted.unwrap();
}

on_both_engines! {
    async fn a_line_that_was_changed_is_found(world) {
        trail(world).await;
        for (sql, back) in [
            ("UPDATE audit SET subject = 'x' WHERE seq = 4", "UPDATE audit SET subject = 'bob3@example.test' WHERE seq = 4"),
            ("UPDATE audit SET at = at + 1 WHERE seq = 4", "UPDATE audit SET at = at - 1 WHERE seq = 4"),
            ("UPDATE audit SET actor_email = NULL WHERE seq = 4", "UPDATE audit SET actor_email = 'alice@example.test' WHERE seq = 4"),
            ("UPDATE audit SET action = 'connected' WHERE seq = 4", "UPDATE audit SET action = 'sync-requested' WHERE seq = 4"),
        ] {
            spoil(world, sql).await;
            assert!(matches!(broken(world).await, Break::Changed { seq: 4, .. }), "{sql}");
            spoil(world, back).await;
        }
        // The last one, too, and two in each other's place.
        spoil(world, "UPDATE audit SET subject = 'x' WHERE seq = 10").await;
        assert!(matches!(broken(world).await, Break::Changed { seq: 10, .. }));
        spoil(world, "UPDATE audit SET subject = 'bob9@example.test' WHERE seq = 10").await;
        for sql in ["UPDATE audit SET seq = 99 WHERE seq = 2", "UPDATE audit SET seq = 2 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 99"] {
            spoil(world, sql).await;
        }
        assert!(matches!(broken(world).await, Break::Changed { seq: 2, .. }));
    }

    async fn endings_that_were_taken_away_changed_or_put_in_are_found_until_an_adoption(world) {
        let alice = world.user("alice").await;
        for name in ["bob", "charlie"] {
            let ended = AuditEntry::by(alice.id, AuditAction::Disconnected).about(format!("{name}@example.test"));
            world.store.audit(&ended, NOW).await.unwrap();
        }
        anchor(&world.store, &world.vault, NOW).await.unwrap();
        adopt(world).await;
        let is_whole = async || matches!(verify(&world.store, &world.vault).await.unwrap(), TrailVerdict::Whole { .. });
        assert!(is_whole().await);
        assert_eq!(world.vault.endings().await.unwrap().len(), 2);
        for sql in [
            "DELETE FROM tombstones WHERE seq = (SELECT MIN(seq) FROM tombstones)",
            "UPDATE tombstones SET sealed = 'AAAA'",
            "UPDATE tombstones SET at = at + 1",
            "INSERT INTO tombstones (seq, at, key_id, sealed) VALUES (99, 1, 'unknown', 'AAAA')",
            "DELETE FROM tombstones",
        ] {
            sqlx::query(sql).execute(world.vault.pool()).await.unwrap();
            assert_eq!(broken(world).await, Break::EndingsChanged, "{sql}");
            assert_eq!(world.custody().standing().await.unwrap().memory, TrailComparison::Lost, "{sql}");
            // Neither going on nor forgetting makes it good.
            let line = AuditEntry::by(alice.id, AuditAction::SyncRequested).about("bob@example.test");
            world.store.audit(&line, NOW).await.unwrap();
            follow(&world.store, &world.vault, NOW).await.unwrap();
            world.vault.forget_endings(NOW).await.unwrap();
            assert_eq!(broken(world).await, Break::EndingsChanged, "{sql}");
            // A row with a key that nobody has stops no start and no command.
            world.start(&["k1"]).await.unwrap().pool().close().await;
            adopt(world).await;
            assert!(is_whole().await, "{sql}");
        }
    }

    async fn what_is_forgotten_or_sealed_anew_stays_signed(world) {
        let alice = world.user("alice").await;
        for at in [NOW, NOW + Duration::from_mins(2)] {
            let ended = AuditEntry::by(alice.id, AuditAction::Disconnected).about("bob@example.test");
            world.store.audit(&ended, at).await.unwrap();
        }
        anchor(&world.store, &world.vault, NOW).await.unwrap();
        world.vault.forget_endings(NOW + Duration::from_mins(1)).await.unwrap();
        assert_eq!(world.vault.endings().await.unwrap().len(), 1);
        let verdict = verify(&world.store, &world.vault).await.unwrap();
        assert!(matches!(verdict, TrailVerdict::Whole { .. }), "{verdict:?}");
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        both.rotate_memory().await.unwrap();
        let new = world.vault_with(&["k2"]).await.unwrap();
        assert_eq!(new.endings().await.unwrap().len(), 1);
        let verdict = verify(&world.store, &new).await.unwrap();
        assert!(matches!(verdict, TrailVerdict::Whole { .. }), "{verdict:?}");
        for vault in [both, new] {
            vault.pool().close().await;
        }
    }

    async fn a_line_that_was_removed_is_found(world) {
        trail(world).await;
        spoil(world, "DELETE FROM audit WHERE seq = 4").await;
        assert_eq!(broken(world).await, Break::Removed { seq: 4 });
    }

    async fn lines_removed_from_the_end_are_found_even_with_the_head_set_back(world) {
        trail(world).await;
        spoil(world, "DELETE FROM audit WHERE seq > 6").await;
        assert_eq!(broken(world).await, Break::Removed { seq: 7 });
        spoil(world, "UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM audit WHERE seq = 6)").await;
        assert_eq!(broken(world).await, Break::CutOff { seq: 6, anchored: 8 });
    }

    async fn a_line_that_was_put_in_is_found(world) {
        trail(world).await;
        spoil(world, "INSERT INTO audit (id, at, action, subject, seq, hash) VALUES ('x', 1, 'connected', 'x', 0, '')").await;
        assert_eq!(broken(world).await, Break::Inserted { lines: 1 });
        spoil(world, "DELETE FROM audit WHERE id = 'x'").await;
        spoil(world, "INSERT INTO audit (id, at, action, subject, seq, hash) VALUES ('x', 1, 'connected', 'x', 11, 'y')").await;
        assert!(matches!(broken(world).await, Break::BehindTheEnd { seq: 11, .. }));
        // With a hash that is right for its place, but without the head.
        let lines = world.store.lines_after(0).await.unwrap();
        let hash = lines[10].chained_to(&lines[9].hash);
        let put_right = sqlx::query("UPDATE audit SET hash = $1 WHERE id = 'x'").bind(hash);
        put_right.execute(world.store.pool()).await.unwrap();
        assert!(matches!(broken(world).await, Break::BehindTheEnd { seq: 11, .. }));
    }

    async fn a_trail_written_anew_as_a_whole_is_found(world) {
        trail(world).await;
        spoil(world, "UPDATE audit SET subject = 'x' WHERE seq = 4").await;
        let mut before = String::new();
        for line in world.store.lines_after(0).await.unwrap() {
            before = line.chained_to(&before);
            let written = sqlx::query("UPDATE audit SET hash = $1 WHERE seq = $2").bind(before.clone()).bind(line.seq);
            written.execute(world.store.pool()).await.unwrap();
        }
        let head = sqlx::query("UPDATE audit_head SET hash = $1").bind(before);
        head.execute(world.store.pool()).await.unwrap();
        assert_eq!(broken(world).await, Break::Rewritten { seq: 8 });
        // A broken trail is not remembered as whole.
        let kept = world.vault.anchor().await.unwrap();
        anchor(&world.store, &world.vault, NOW).await.unwrap();
        assert_eq!(world.vault.anchor().await.unwrap(), kept);
    }

    async fn what_the_vault_remembers_is_signed_and_its_absence_is_told(world) {
        trail(world).await;
        let pool = world.vault.pool();
        sqlx::query("CREATE TABLE before AS SELECT * FROM audit_anchors").execute(pool).await.unwrap();
        for change in [
            "UPDATE audit_anchors SET seq = 3",
            "UPDATE audit_anchors SET hash = 'x'",
            "UPDATE audit_anchors SET at = at + 1",
            "UPDATE audit_anchors SET mac = ''",
            "UPDATE audit_anchors SET key_id = 'another'",
        ] {
            sqlx::query(change).execute(pool).await.unwrap();
            let told = if change.contains("key_id") {
                Break::KeyElsewhere { key_id: "another".to_owned() }
            } else {
                Break::Forged
            };
            assert_eq!(broken(world).await, told, "{change}");
            anchor(&world.store, &world.vault, NOW).await.unwrap();
            assert_eq!(broken(world).await, told, "{change}: nothing heals it");
            for back in ["DELETE FROM audit_anchors", "INSERT INTO audit_anchors SELECT * FROM before"] {
                sqlx::query(back).execute(pool).await.unwrap();
            }
        }
        // The chain written anew, and what knew better taken away.
        sqlx::query("DELETE FROM audit_anchors").execute(pool).await.unwrap();
        assert_eq!(broken(world).await, Break::Forgotten);
        anchor(&world.store, &world.vault, NOW).await.unwrap();
        follow(&world.store, &world.vault, NOW).await.unwrap();
        assert_eq!(broken(world).await, Break::Forgotten, "it stays to be found");
    }

    async fn two_instances_write_one_chain(world) {
        let alice = world.user("alice").await;
        let line = |store: Store| async move {
            store.audit(&AuditEntry::by(alice.id, AuditAction::SignedIn), NOW).await.unwrap();
        };
        let (one, two) = (world.store.clone(), world.other.clone());
        let all = (0..40).map(|n| line(if n % 2 == 0 { one.clone() } else { two.clone() }));
        futures::future::join_all(all).await;
        let whole = verify(&world.store, &world.vault).await.unwrap();
        assert!(matches!(whole, TrailVerdict::Whole { lines: 41, .. }), "{whole:?}");
    }
}

#[test]
fn no_source_changes_or_deletes_a_line_of_the_trail() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("crates"), root.join("server")];
    let (mut added, mut changes) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|kind| kind != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            added += source.matches("INSERT INTO audit ").count();
            let found = source.lines().filter(|line| {
                line.contains("UPDATE audit SET") || line.contains("DELETE FROM audit")
            });
            changes.extend(found.map(|line| line.trim().to_owned()));
        }
    }
    assert_eq!(
        added, 1,
        "the one place that adds lines is among what was read"
    );
    assert_eq!(changes, [""; 0]);
}
