//! The audit trail.

use crate::{
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends_core::audit::{AuditAction, AuditEntry};
use sqlx::Row;

on_both_engines! {
    async fn a_line_tells_who_did_what_to_what_and_when(world) {
        let alice = world.user("alice").await;
        world.store.audit(&AuditEntry::by(alice.id, AuditAction::SignedIn).about("it's \"quoted\" ü"), NOW).await.unwrap();
        world.store.audit(&AuditEntry::by_kalends(AuditAction::SecretOpened), NOW).await.unwrap();
        let rows = sqlx::query("SELECT actor, action, subject, at FROM audit WHERE action <> 'user-created' ORDER BY action DESC")
            .fetch_all(world.store.pool())
            .await
            .unwrap();
        let lines: Vec<(Option<String>, String, String, i64)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
        let at = NOW.millis();
        assert_eq!(lines, [
            (Some(alice.id.to_string()), "signed-in".to_owned(), "it's \"quoted\" ü".to_owned(), at),
            (None, "secret-opened".to_owned(), String::new(), at),
        ]);
    }

    async fn connecting_opening_syncing_and_disconnecting_are_each_on_record(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        world.store.audit_opened(&connection.account, &connection.mailbox, NOW).await.unwrap();
        let asked = AuditEntry::by(alice.id, AuditAction::SyncRequested);
        world.store.make_due(connection.id, &asked, NOW).await.unwrap();
        world.disconnect(alice.id).await;
        let counts = world.store.audit_counts().await.unwrap();
        let actions: Vec<&str> = counts.keys().map(String::as_str).collect();
        assert_eq!(actions, ["connected", "disconnected", "secret-opened", "sync-requested", "user-created"]);
        assert!(counts.values().all(|lines| *lines == 1));
    }

    async fn a_disconnect_of_nothing_is_not_on_record(world) {
        let alice = world.user("alice").await;
        assert!(!world.disconnect(alice.id).await);
        let counts = world.store.audit_counts().await.unwrap();
        assert_eq!(counts.keys().collect::<Vec<_>>(), ["user-created"]);
    }

    async fn nobody_is_made_whose_line_cannot_be_written(world) {
        let pool = world.store.pool();
        sqlx::query("ALTER TABLE audit RENAME TO elsewhere").execute(pool).await.unwrap();
        let new = || crate::world::new_user("Alice");
        assert!(world.store.create_first_user(new(), NOW).await.is_err());
        assert!(world.store.create_user(new(), NOW).await.is_err());
        sqlx::query("ALTER TABLE elsewhere RENAME TO audit").execute(pool).await.unwrap();
        assert!(!world.store.has_users().await.unwrap());
        let alice = world.store.create_first_user(new(), NOW).await.unwrap().unwrap();
        let counts = world.store.audit_counts().await.unwrap();
        assert_eq!((counts["user-created"], alice.name), (1, "Alice".to_owned()));
    }

    async fn the_code_of_one_instance_is_good_at_another_until_somebody_is_made(world) {
        world.store.keep_setup_code("one", NOW).await.unwrap();
        world.other.keep_setup_code("two", NOW).await.unwrap();
        for store in [&world.store, &world.other] {
            assert!(store.is_setup_code("one").await.unwrap() && store.is_setup_code("two").await.unwrap());
            assert!(!store.is_setup_code("three").await.unwrap());
        }
        world.store.create_first_user(crate::world::new_user("Alice"), NOW).await.unwrap();
        assert!(!world.other.is_setup_code("one").await.unwrap());
    }
}
