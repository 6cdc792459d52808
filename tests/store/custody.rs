//! Secrets and their pointers together: rotation, the sweep, and a vault that needs its keys.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE, Typed},
};
use kalends::{
    clock::Clock,
    connection::{ConnectionState, Mode},
    custody::Custody,
    database::{Engine, Unready},
    vault::{Destination, Vault},
};
use std::time::Duration;

fn custody_with(world: &World, vault: Vault) -> Custody {
    Custody {
        vault,
        ..world.custody()
    }
}

async fn all_open(world: &World, vault: &Vault) {
    for account in world.store.accounts().await.unwrap() {
        let to = Destination::new(&account.host, &account.name);
        let opened = vault.open_secret(account.secret_id, &to).await.unwrap();
        assert_eq!(opened.reveal(), "Practice-2026!");
    }
}

on_both_engines! {
    async fn rotation_seals_every_password_anew_and_the_old_key_may_go(world) {
        for (name, mode) in [("alice", Mode::ServiceAccount), ("bob", Mode::Personal), ("charlie", Mode::Personal)] {
            let user = world.user(name).await;
            world.connect(&user, Typed { mode, ..SERVICE }).await;
        }
        let before = world.store.secret_ids().await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let custody = custody_with(world, both.clone());
        assert_eq!(custody.rotate().await.unwrap(), 3);
        assert_eq!(custody.rotate().await.unwrap(), 0);
        let after = world.store.secret_ids().await.unwrap();
        assert!(before.iter().all(|id| !after.contains(id)), "a secret was changed in place");
        assert_eq!(world.secrets().await, 3);
        all_open(world, &both).await;
        let new = world.vault_with(&["k2"]).await.unwrap();
        all_open(world, &new).await;
        both.pool().close().await;
        new.pool().close().await;
    }

    async fn a_vault_without_a_key_that_it_needs_does_not_open(world) {
        let alice = world.user("alice").await;
        world.connect(&alice, SERVICE).await;
        let told = world.vault_with(&["k2"]).await.unwrap_err().to_string();
        assert!(told.contains("sealed with the key k1"), "{told}");
        let told = world.vault_with(&[]).await.unwrap_err().to_string();
        assert!(told.contains("this vault needs its keys"), "{told}");
    }

    async fn an_empty_vault_gets_keys_of_its_own_only_beside_sqlite(world) {
        let opened = world.vault_with(&[]).await;
        assert_eq!(opened.is_ok(), world.store.engine() == Engine::Sqlite);
        if let Ok(vault) = opened {
            vault.pool().close().await;
        }
    }

    async fn the_sweep_takes_old_rows_that_nothing_points_to_and_no_others(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let to = Destination::new(SERVICE.host, &connection.account);
        let seal = async |at| world.vault.seal(&"Forgotten".to_owned().into(), &to, at).await.unwrap();
        let old = seal(NOW - Duration::from_mins(61)).await;
        let young = seal(NOW - Duration::from_mins(59)).await;
        assert_eq!(world.custody().sweep().await.unwrap(), 1);
        let left = world.vault.ids(None).await.unwrap();
        assert!(!left.contains(&old) && left.contains(&young));
        let later = Custody { clock: Clock::held(NOW + Duration::from_hours(2)), ..world.custody() };
        assert_eq!(later.sweep().await.unwrap(), 1);
        assert_eq!(world.vault.ids(None).await.unwrap(), world.store.secret_ids().await.unwrap());
    }

    async fn a_database_is_ready_while_it_answers_and_has_every_migration(world) {
        assert_eq!((world.store.ready().await, world.vault.ready().await), (Ok(()), Ok(())));
        for pool in [world.other.pool(), world.vault.pool()] {
            let latest = "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
            sqlx::query(latest).execute(pool).await.unwrap();
        }
        let outdated = (world.store.ready().await, world.vault.ready().await);
        assert_eq!(outdated, (Err(Unready::Outdated), Err(Unready::Outdated)));
        world.other.pool().close().await;
        assert_eq!(world.other.ready().await, Err(Unready::Silent));
    }

    async fn everything_is_counted_by_state(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        world.user("charlie").await;
        for user in [&alice, &bob] {
            world.connect(user, SERVICE).await;
        }
        let counted = world.store.counted(NOW).await.unwrap();
        assert_eq!((counted.people, counted.sessions, counted.second_factors), (3, 0, 0));
        let connected = counted.connections.iter().filter(|(_, count)| *count > 0);
        let connected: Vec<_> = connected.collect();
        assert_eq!(connected, [&(ConnectionState::Connected, 2)]);
        assert_eq!(counted.connections.len(), ConnectionState::ALL.len());
    }
}
