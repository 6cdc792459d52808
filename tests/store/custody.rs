//! Secrets and their pointers together: rotation, the sweep, and a vault that needs its keys.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE, Typed, new_connection},
};
use kalends::{
    accounts::custody::{Custody, DatabaseComparison, TrailComparison, holds_every_key},
    audit::{Break, TrailVerdict, follow, verify},
};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    clock::Clock,
    connection::{ConnectionState, Mode},
    id::{InstallationId, SecretId},
    random::Random,
};
use kalends_store::{
    Instance, StoreError,
    database::{Engine, Unready},
    vault::{Destination, Vault},
};
use sqlx::Row as _;
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

/// The trail as it was when it ended at this line.
async fn set_back_to(world: &World, seq: i64, hash: &str) {
    let cut = sqlx::query("DELETE FROM audit WHERE seq > $1").bind(seq);
    cut.execute(world.store.pool()).await.unwrap();
    let head = sqlx::query("UPDATE audit_head SET seq = $1, hash = $2")
        .bind(seq)
        .bind(hash);
    head.execute(world.store.pool()).await.unwrap();
}

/// Whether everything is accounted for.
fn is_in_order(standing: &DatabaseComparison) -> bool {
    standing.memory == TrailComparison::InStep
        && standing.missing.is_empty()
        && standing.unclaimed.is_empty()
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
        assert_eq!(custody.rotate().await.unwrap().sealed, 3);
        assert_eq!(custody.rotate().await.unwrap().sealed, 0);
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
        let held = world.vault.key_ids().pop().unwrap();
        assert!(told.contains(&format!("sealed with the key {held}")), "{told}");
        let told = world.vault_with(&[]).await.unwrap_err().to_string();
        assert!(told.contains("this vault needs its keys"), "{told}");
    }

    async fn an_empty_vault_gets_keys_of_its_own_only_beside_sqlite(world) {
        sqlx::query("DELETE FROM audit_anchors").execute(world.vault.pool()).await.unwrap();
        let opened = world.vault_with(&[]).await;
        assert_eq!(opened.is_ok(), world.store.engine() == Engine::Sqlite);
        if let Ok(vault) = opened {
            vault.pool().close().await;
        }
    }

    async fn what_was_announced_and_never_pointed_to_goes_after_a_day(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let to = Destination::new(SERVICE.host, &connection.account);
        let seal = async |at| {
            let id = world.store.announce_secret(at).await.unwrap();
            world.vault.seal(id, &"Forgotten".to_owned().into(), &to).await.unwrap();
            id
        };
        let old = seal(NOW - Duration::from_hours(25)).await;
        let young = seal(NOW - Duration::from_hours(23)).await;
        world.custody().list_old().await.unwrap();
        assert_eq!(world.custody().delete_listed().await.unwrap(), 1);
        let left = world.vault.ids().await.unwrap();
        assert!(!left.contains(&old) && left.contains(&young));
        // Nobody can point to it any more.
        let entry = AuditEntry::by_kalends(AuditAction::Connected);
        let new = new_connection(&alice, SERVICE, old);
        let late = world.store.save_connection(&new, &entry, NOW).await;
        assert!(matches!(late, Err(StoreError::SecretNotAnnounced)));
        let later = Custody { clock: Clock::held(NOW + Duration::from_hours(2)), ..world.custody() };
        later.list_old().await.unwrap();
        assert_eq!(later.delete_listed().await.unwrap(), 1);
        assert_eq!(world.vault.ids().await.unwrap(), world.store.secret_ids().await.unwrap());
        assert_eq!(world.number("SELECT COUNT(*) FROM announced_secrets").await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM secrets_to_delete").await, 0);
    }

    async fn rows_that_nothing_answers_for_are_told_and_stay_until_they_are_pruned(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let to = Destination::new(SERVICE.host, &connection.account);
        let stranger = SecretId::new(NOW, [7; 10]);
        world.vault.seal(stranger, &"Unknown".to_owned().into(), &to).await.unwrap();
        let later = Custody { clock: Clock::held(NOW + Duration::from_hours(24 * 400)), ..world.custody() };
        later.list_old().await.unwrap();
        assert_eq!(later.delete_listed().await.unwrap(), 0);
        assert!(world.vault.ids().await.unwrap().contains(&stranger));
        let standing = world.custody().standing().await.unwrap();
        assert_eq!((&standing.unclaimed[..], standing.missing.len()), (&[stranger][..], 0));
        assert!(standing.findings().concat().contains("kalends vault prune"));
        later.prune(&standing.unclaimed).await.unwrap();
        assert_eq!(world.vault.ids().await.unwrap(), world.store.secret_ids().await.unwrap());
        assert_eq!(world.store.audit_counts().await.unwrap()["vault-pruned"], 1);
        assert!(is_in_order(&world.custody().standing().await.unwrap()));
    }

    async fn a_missing_row_is_told_and_comes_back_with_its_vault(world) {
        let alice = world.user("alice").await;
        world.connect(&alice, SERVICE).await;
        let pool = world.vault.pool();
        for sql in ["CREATE TABLE backup AS SELECT * FROM secrets", "DELETE FROM secrets"] {
            sqlx::query(sql).execute(pool).await.unwrap();
        }
        let standing = world.custody().standing().await.unwrap();
        assert_eq!(standing.missing.len(), 1);
        world.custody().list_old().await.unwrap();
        world.custody().delete_listed().await.unwrap();
        sqlx::query("INSERT INTO secrets SELECT * FROM backup").execute(pool).await.unwrap();
        assert!(is_in_order(&world.custody().standing().await.unwrap()));
        all_open(world, &world.vault).await;
    }

    async fn a_vault_that_is_older_stays_so_until_it_is_adopted(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        world.connect(&alice, SERVICE).await;
        follow(&world.store, &world.vault, NOW).await.unwrap();
        let pool = world.vault.pool();
        let later = Custody { clock: Clock::held(NOW + Duration::from_mins(10)), ..world.custody() };
        sqlx::query("CREATE TABLE backup AS SELECT * FROM secrets").execute(pool).await.unwrap();
        world.connect(&bob, Typed { account: "svc-other@example.test", ..SERVICE }).await;
        let entry = AuditEntry::by_kalends(AuditAction::Connected);
        world.store.audit(&entry, NOW + Duration::from_mins(5)).await.unwrap();
        for sql in ["DELETE FROM secrets", "INSERT INTO secrets SELECT * FROM backup"] {
            sqlx::query(sql).execute(pool).await.unwrap();
        }
        for _ in 0..2 {
            assert!(later.standing().await.unwrap().vault_is_older());
            later.remember_trail().await.unwrap();
        }
        let locked = world.locked().await;
        later.adopt(&locked, &Random::from_system()).await.unwrap();
        assert!(!later.standing().await.unwrap().vault_is_older());
    }

    async fn an_adoption_that_is_run_twice_lists_each_ending_once(world) {
        let bob = world.user("bob").await;
        let (seq, hash) = world.store.audit_head().await.unwrap();
        let entry = AuditEntry::by(bob.id, AuditAction::PersonDisabled).about("bob@example.test");
        world.store.audit(&entry, NOW).await.unwrap();
        follow(&world.store, &world.vault, NOW).await.unwrap();
        set_back_to(world, seq, &hash).await;
        let custody = world.custody();
        let endings = custody.lost_endings().await.unwrap();
        assert_eq!(endings.len(), 1);
        for _ in 0..2 {
            // As far as it comes when it is cut off between the two databases.
            let id = InstallationId::new(NOW, [7; 10]);
            let entry = AuditEntry::by_kalends(AuditAction::VaultAdopted);
            world.store.adopt(id, &endings, &entry, NOW).await.unwrap();
        }
        assert_eq!(world.store.endings_to_review(10).await.unwrap(), endings);
    }

    async fn what_was_only_begun_keeps_no_old_key_alive(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let to = Destination::new(SERVICE.host, &connection.account);
        let begun = world.store.announce_secret(NOW).await.unwrap();
        world.vault.seal(begun, &"Begun".to_owned().into(), &to).await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let rotated = custody_with(world, both.clone()).rotate().await.unwrap();
        // Others may be about to point to it where instances share a server.
        let left = usize::from(world.store.engine() == Engine::Postgres);
        assert_eq!((rotated.sealed, rotated.left), (1, left));
        assert_eq!(world.secrets().await, 1 + left);
        let new = world.vault_with(&["k2"]).await;
        assert_eq!(new.is_err(), left == 1);
        both.pool().close().await;
        if let Ok(new) = new {
            new.pool().close().await;
        }
    }

    async fn what_a_silent_instance_began_keeps_no_old_key_alive(world) {
        let alice = world.user("alice").await;
        let connection = world.connect(&alice, SERVICE).await;
        let to = Destination::new(SERVICE.host, &connection.account);
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        // One that runs, and one that was killed two hours ago.
        let mut begun = Vec::new();
        for (store, silent) in [(&world.store, 0), (&world.other, 2)] {
            let id = store.announce_secret(NOW).await.unwrap();
            world.vault.seal(id, &"Begun".to_owned().into(), &to).await.unwrap();
            begun.push(id);
            let instance = Instance {
                id: store.instance().to_string(),
                name: "mill, process 7".to_owned(),
                key_ids: both.key_ids(),
                seen_at: NOW - Duration::from_hours(silent),
            };
            store.instance_runs(&instance, NOW - Duration::from_hours(24)).await.unwrap();
        }
        let rotated = custody_with(world, both.clone()).rotate().await.unwrap();
        let left = world.vault.ids().await.unwrap();
        assert!(!left.contains(&begun[1]));
        // A file is held alone.
        let is_shared = world.store.engine() == Engine::Postgres;
        assert_eq!((left.contains(&begun[0]), rotated.left), (is_shared, usize::from(is_shared)));
        both.pool().close().await;
    }

    async fn a_main_database_set_back_is_told_and_nothing_goes_by_age_until_it_is_adopted(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        world.connect(&bob, Typed { account: "svc-other@example.test", ..SERVICE }).await;
        let half_saved = world.store.announce_secret(NOW).await.unwrap();
        let to = Destination::new(SERVICE.host, &AccountName::parse(SERVICE.account, "").unwrap());
        world.vault.seal(half_saved, &"Practice-2026!".to_owned().into(), &to).await.unwrap();
        let entry = AuditEntry::by(alice.id, AuditAction::PolicyChanged);
        world.store.audit(&entry, NOW).await.unwrap();
        // The line about Bob's end is seen, then the database goes back to before it.
        let (seq, hash) = world.store.audit_head().await.unwrap();
        let ending = AuditEntry::by(alice.id, AuditAction::PersonDisabled).about("bob@example.test");
        world.store.audit(&ending, NOW).await.unwrap();
        follow(&world.store, &world.vault, NOW).await.unwrap();
        set_back_to(world, seq, &hash).await;
        let standing = world.custody().standing().await.unwrap();
        assert!(matches!(standing.memory, TrailComparison::MainIsOlder { .. }), "{standing:?}");
        let later = NOW + Duration::from_hours(48);
        let custody = Custody { clock: Clock::held(later), ..world.custody() };
        custody.list_old().await.unwrap();
        custody.delete_listed().await.unwrap();
        assert!(world.vault.ids().await.unwrap().contains(&half_saved));

        // Other lines in the place of the seen ones hide nothing.
        for _ in 0..3 {
            world.store.audit(&entry, NOW).await.unwrap();
            follow(&world.store, &world.vault, NOW).await.unwrap();
            assert!(custody.standing().await.unwrap().is_set_back());
        }
        set_back_to(world, seq, &hash).await;
        let locked = world.locked().await;
        let adopted = custody.adopt(&locked, &Random::from_system()).await.unwrap();
        assert_eq!(adopted.endings.len(), 1);
        let back = world.store.endings_to_review(10).await.unwrap();
        assert_eq!((&*back[0].subject, &*back[0].action), ("bob@example.test", "person-disabled"));
        let standing = custody.standing().await.unwrap();
        assert_eq!(standing.memory, TrailComparison::InStep);
        // What was announced before the adoption may be in use in the lost state.
        assert_eq!(standing.unclaimed, [half_saved]);
        custody.list_old().await.unwrap();
        custody.delete_listed().await.unwrap();
        assert!(world.vault.ids().await.unwrap().contains(&half_saved));
        custody.prune(&standing.unclaimed).await.unwrap();
        assert!(!world.vault.ids().await.unwrap().contains(&half_saved));
        assert!(matches!(verify(&world.store, &world.vault).await.unwrap(), TrailVerdict::Whole { .. }));
        let review = AuditEntry::by(alice.id, AuditAction::EndingsReviewed);
        world.store.endings_are_reviewed(&review, later).await.unwrap();
        assert_eq!(world.store.endings_to_review(10).await.unwrap(), []);
    }

    async fn a_key_that_an_instance_lacks_seals_and_signs_nothing_until_all_have_it(world) {
        let alice = world.user("alice").await;
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let [old, new] = both.key_ids().try_into().unwrap();
        let instance = |id: &str, key_ids: &[String]| Instance {
            id: id.to_owned(),
            name: format!("{id}, process 7"),
            key_ids: key_ids.to_vec(),
            seen_at: NOW,
        };
        let first = instance("mill", &world.vault.key_ids());
        let second = instance("barn", &both.key_ids());
        for instance in [&first, &second] {
            world.store.instance_runs(instance, NOW).await.unwrap();
        }
        let custody = custody_with(world, both.clone());
        let key_of_anchor = async || -> String {
            let row = sqlx::query("SELECT key_id FROM audit_anchors").fetch_one(world.vault.pool()).await.unwrap();
            row.get(0)
        };
        let sealed_with = async || -> Vec<String> {
            let rows = sqlx::query("SELECT DISTINCT key_id FROM secrets").fetch_all(world.vault.pool()).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        };
        let sealed = async |name: &str| {
            let account = AccountName::parse("svc-kalends@example.test", "").unwrap();
            let entry = AuditEntry::by(alice.id, AuditAction::Connected);
            let to = Destination::new(SERVICE.host, &account);
            let text = name.to_owned().into();
            custody.save(&text, |secret| new_connection(&alice, SERVICE, secret), &entry, &to).await.unwrap();
            follow(&world.store, &both, NOW).await.unwrap();
        };
        sealed("Practice-2026!").await;
        // Whoever holds a file alone needs to wait for nobody.
        let is_shared = world.store.engine() == Engine::Postgres;
        assert_eq!(sealed_with().await, [if is_shared { old.clone() } else { new.clone() }]);
        assert_eq!(key_of_anchor().await, old);
        assert!(world.vault.anchor().await.unwrap().unwrap().seq > 0);
        if is_shared {
            holds_every_key(&world.store, &world.vault).await.unwrap();
            assert!(is_in_order(&world.custody().standing().await.unwrap()));
        }

        let first = instance("mill", &both.key_ids());
        world.store.instance_runs(&first, NOW).await.unwrap();
        sealed("Practice-2027!").await;
        assert_eq!(sealed_with().await, std::slice::from_ref(&new));
        custody.rotate().await.unwrap();
        assert_eq!(key_of_anchor().await, new);
        // Whoever lacks it says so, and that nothing was changed.
        let standing = world.custody().standing().await.unwrap();
        assert_eq!(standing.memory, TrailComparison::KeyElsewhere(new.clone()));
        let told = verify(&world.store, &world.vault).await.unwrap();
        assert_eq!(told, TrailVerdict::Broken(Break::KeyElsewhere { key_id: new }));
        follow(&world.store, &world.vault, NOW).await.unwrap();
        both.pool().close().await;
    }

    async fn rotation_is_refused_while_an_instance_lacks_the_newest_key(world) {
        let alice = world.user("alice").await;
        world.connect(&alice, SERVICE).await;
        let lacking = Instance {
            id: "one".to_owned(),
            name: "mill, process 7".to_owned(),
            key_ids: world.vault.key_ids(),
            seen_at: NOW,
        };
        world.store.instance_runs(&lacking, NOW).await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let custody = custody_with(world, both.clone());
        // Whoever rotates a file holds it alone: nobody else runs there, whatever was told before.
        if world.store.engine() == Engine::Postgres {
            let before = world.store.secret_ids().await.unwrap();
            let refused = custody.rotate().await.unwrap_err();
            assert!(refused.to_string().contains("mill, process 7"), "{refused}");
            assert_eq!(world.store.secret_ids().await.unwrap(), before);
            holds_every_key(&world.store, &world.vault).await.unwrap();
        }
        // One that was silent for long does not run any more.
        let later = Custody { clock: Clock::held(NOW + Duration::from_mins(2)), ..custody };
        assert_eq!(later.rotate().await.unwrap().sealed, 1);
        assert_eq!(world.store.audit_counts().await.unwrap()["vault-rotated"], 1);
        assert!(holds_every_key(&world.store, &world.vault).await.is_err());
        follow(&world.store, &both, NOW).await.unwrap();
        let new = world.vault_with(&["k2"]).await.unwrap();
        assert!(matches!(verify(&world.store, &new).await.unwrap(), TrailVerdict::Whole { .. }));
        both.pool().close().await;
        new.pool().close().await;
    }

    async fn one_row_that_does_not_open_stops_no_rotation(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let hers = world.connect(&alice, SERVICE).await;
        world.connect(&bob, Typed { account: "svc-other@example.test", ..SERVICE }).await;
        let account = world.store.account(hers.account_id).await.unwrap().unwrap();
        let spoilt = sqlx::query("UPDATE secrets SET sealed = 'AAAA' WHERE id = $1").bind(account.secret_id.to_string());
        spoilt.execute(world.vault.pool()).await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let rotated = custody_with(world, both.clone()).rotate().await.unwrap();
        assert_eq!((rotated.sealed, rotated.unopened), (1, 1));
        both.pool().close().await;
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
