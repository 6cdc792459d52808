//! What goes wrong below the store harms only what it concerns, and is over when its cause is.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE, new_user},
};
use kalends_store::{ListQuery, Store, StoreError, database::Engine};
use std::time::Duration;

async fn break_row(store: &Store, sql: &'static str) {
    let broken = sqlx::query(sql).execute(store.pool()).await.unwrap();
    assert_eq!(broken.rows_affected(), 1, "{sql}");
}

on_both_engines! {
    async fn a_connection_that_cannot_be_read_holds_up_no_other(world) {
        let mut connections = Vec::new();
        for name in ["alice", "bob", "charlie"] {
            let user = world.user(name).await;
            connections.push(world.connect(&user, SERVICE).await);
        }
        let store = &world.store;
        let later = NOW + Duration::from_mins(30);
        let account = connections[0].account_id;
        assert_eq!(store.next_due(account, later, 10).await.unwrap().len(), 3);
        break_row(store, "UPDATE connections SET mailbox = 'nonsense', due_at = 0 WHERE mailbox = 'bob@example.test'").await;
        // It comes first, and is set aside.
        assert_eq!(store.next_due(account, later, 1).await.unwrap().len(), 0);
        assert_eq!(store.next_due(account, later, 10).await.unwrap().len(), 2);
        let listed = store.list_connections(&ListQuery::default(), 50, None).await.unwrap().items;
        assert_eq!(listed.len(), 2);
        let told = store.unreadable().await.unwrap();
        assert_eq!(told, [("connections", connections[1].id.to_string())]);
        assert!(matches!(store.connection(connections[1].id).await, Err(StoreError::Corrupt(_))));
        break_row(store, "UPDATE connections SET mailbox = 'bob@example.test' WHERE mailbox = 'nonsense'").await;
        assert_eq!(store.unreadable().await.unwrap(), []);
    }

    async fn a_person_or_an_account_that_cannot_be_read_is_left_out(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let connection = world.connect(&alice, SERVICE).await;
        let store = &world.store;
        break_row(store, "UPDATE users SET role = 'god' WHERE email = 'bob@example.test'").await;
        assert_eq!(store.users().await.unwrap().len(), 1);
        break_row(store, "UPDATE accounts SET name = 'nonsense'").await;
        assert_eq!(store.accounts().await.unwrap(), []);
        let told = store.unreadable().await.unwrap();
        assert_eq!(told, [("accounts", connection.account_id.to_string()), ("users", bob.id.to_string())]);
    }
}

#[tokio::test]
async fn a_disk_that_was_full_leaves_no_connection_behind_on_which_nothing_can_begin() {
    let world = World::open(Engine::Sqlite).await;
    // The limit holds for the one connection that is open, as a full disk does for all.
    let full = "PRAGMA max_page_count = 1";
    sqlx::query(full).execute(world.store.pool()).await.unwrap();
    let mut refused = 0;
    for number in 0..200 {
        let user = new_user(&format!("{number}{}", "x".repeat(60)));
        refused += usize::from(world.store.create_user(user, NOW).await.is_err());
    }
    assert!(refused > 0, "the disk was never full");
    assert!(refused < 10, "{refused} of 200 were refused");
    world.close().await;
}
