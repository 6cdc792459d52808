//! Databases whose tables this program did not make are left alone.

use crate::{World, engines::on_both_engines};
use kalends_store::{
    Store, StoreError,
    database::DatabaseError,
    vault::{LockedVault, VaultError},
};
use sqlx::AnyPool;

/// Makes the migrations those of a build from before the first release: one with the present number and another text,
/// and one that this program does not know.
async fn was_made_by_an_older_build(pool: &AnyPool) {
    for sql in [
        "UPDATE _sqlx_migrations SET description = 'create people and connections', checksum = $1",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (2, 'add control mailbox', TRUE, $1, 1)",
    ] {
        let changed = sqlx::query(sql).bind(vec![7_u8; 48]);
        changed.execute(pool).await.unwrap();
    }
}

fn why_main(opened: Result<Store, StoreError>) -> DatabaseError {
    match opened {
        Err(StoreError::Database(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn why_vault(opened: Result<LockedVault, VaultError>) -> DatabaseError {
    match opened {
        Err(VaultError::Database(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn refusals(world: &World) -> Vec<DatabaseError> {
    let mut told: Vec<_> = world.open_main_again().await.map(why_main).into();
    told.extend(world.open_vault_again().await.map(why_vault));
    told
}

on_both_engines! {
    async fn a_database_of_an_older_build_is_refused_and_left_as_it_is(world) {
        for pool in [world.store.pool(), world.vault.pool()] {
            was_made_by_an_older_build(pool).await;
        }
        for why in refusals(world).await {
            assert!(matches!(why, DatabaseError::TooOld), "{why:?}");
            assert!(why.to_string().contains("made before 0.1"), "{why}");
        }
        // Nothing was added to what was there.
        for pool in [world.store.pool(), world.vault.pool()] {
            let found = sqlx::query("SELECT version FROM _sqlx_migrations").fetch_all(pool).await.unwrap();
            assert_eq!(found.len(), 2);
        }
    }

    async fn another_programs_database_is_not_called_an_old_one(world) {
        for (pool, own_table) in [
            (world.store.pool(), "DROP TABLE account_domains"),
            (world.vault.pool(), "DROP TABLE secrets"),
        ] {
            was_made_by_an_older_build(pool).await;
            sqlx::query(own_table).execute(pool).await.unwrap();
        }
        for why in refusals(world).await {
            assert!(matches!(why, DatabaseError::Foreign), "{why:?}");
        }
    }
}
