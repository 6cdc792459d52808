//! Second factors: codes that are taken once, keys that are forgotten, and rotation.

use crate::{World, engines::on_both_engines, world::NOW};
use futures::future::join_all;
use kalends::accounts::custody::Custody;
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    clock::Clock,
    id::UserId,
};
use kalends_store::{SecondFactor, vault::Destination};
use std::time::Duration;

/// Turns a second factor on, with the recovery codes "one" and "two" and a first code of step 100.
async fn turn_on(world: &World, user: UserId) -> SecondFactor {
    let custody = world.custody();
    let both = Password::from("KEY one two".to_owned());
    custody.begin_enrolment(user, &both).await.unwrap();
    let pending = world
        .store
        .pending_second_factor(user, NOW - Duration::from_mins(1))
        .await;
    let pending = pending.unwrap().unwrap();
    let hashes = ["one".to_owned(), "two".to_owned()];
    let key = Password::from("KEY".to_owned());
    let entry = AuditEntry::by(user, AuditAction::SecondFactorOn);
    let place = (pending, 100);
    assert!(
        custody
            .confirm_enrolment(user, &key, place, &hashes, &entry)
            .await
            .unwrap()
    );
    assert!(
        !custody
            .confirm_enrolment(user, &key, place, &hashes, &entry)
            .await
            .unwrap()
    );
    world.other.second_factor(user).await.unwrap().unwrap()
}

on_both_engines! {
    async fn a_confirmed_key_lies_in_the_vault_alone_and_without_the_codes(world) {
        let alice = world.user("alice").await;
        assert_eq!(world.store.second_factor(alice.id).await.unwrap(), None);
        let factor = turn_on(world, alice.id).await;
        assert_eq!((factor.since, factor.codes_left), (NOW, 2));
        assert_eq!(world.vault.ids().await.unwrap(), [factor.secret_id]);
        assert_eq!(world.store.secret_ids().await.unwrap(), [factor.secret_id]);
        let to = Destination::second_factor_of(alice.id);
        assert_eq!(world.vault.open_secret(factor.secret_id, &to).await.unwrap().reveal(), "KEY");
        let bob = world.user("bob").await;
        let to = Destination::second_factor_of(bob.id);
        assert!(world.vault.open_secret(factor.secret_id, &to).await.is_err());
        assert_eq!(world.store.audit_counts().await.unwrap()["second-factor-on"], 1);
    }

    async fn a_step_is_taken_once_whoever_is_first_and_none_before_it(world) {
        let alice = world.user("alice").await;
        let factor = turn_on(world, alice.id).await;
        let entry = AuditEntry::by(alice.id, AuditAction::SignedIn);
        for (step, taken) in [(100, false), (99, false), (102, true), (102, false), (101, false)] {
            let now = world.store.take_step(&factor, step, Some(&entry), NOW).await.unwrap();
            assert_eq!(now, taken, "{step}");
        }
        let attempts = (0..8).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            let (factor, entry) = (factor.clone(), entry.clone());
            tokio::spawn(async move { store.take_step(&factor, 200, Some(&entry), NOW).await.unwrap() })
        });
        let taken = join_all(attempts).await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
        assert_eq!(taken, 1);
        assert_eq!(world.store.audit_counts().await.unwrap()["signed-in"], 2);
    }

    async fn a_step_that_a_clock_which_ran_ahead_left_behind_keeps_nobody_out(world) {
        let alice = world.user("alice").await;
        let factor = turn_on(world, alice.id).await;
        for (step, taken) in [(1_000_000, true), (200, true), (200, false), (199, false), (201, true)] {
            let now = world.store.take_step(&factor, step, None, NOW).await.unwrap();
            assert_eq!(now, taken, "{step}");
        }
    }

    async fn a_recovery_code_is_taken_once_and_is_one_persons(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        turn_on(world, alice.id).await;
        let entries = [AuditEntry::by(alice.id, AuditAction::RecoveryCodeUsed), AuditEntry::by(alice.id, AuditAction::SignedIn)];
        assert!(!world.store.take_recovery_code(bob.id, "one", &entries, NOW).await.unwrap());
        assert!(world.store.take_recovery_code(alice.id, "one", &entries, NOW).await.unwrap());
        assert!(!world.other.take_recovery_code(alice.id, "one", &entries, NOW).await.unwrap());
        assert_eq!(world.store.second_factor(alice.id).await.unwrap().unwrap().codes_left, 1);
        let counts = world.store.audit_counts().await.unwrap();
        assert_eq!((counts["recovery-code-used"], counts["signed-in"]), (1, 1));
    }

    async fn what_was_begun_is_forgotten_by_another_beginning_by_the_sweep_and_by_the_end(world) {
        let alice = world.user("alice").await;
        let custody = world.custody();
        let sealed = Password::from("KEY one two".to_owned());
        for _ in 0..2 {
            custody.begin_enrolment(alice.id, &sealed).await.unwrap();
            assert_eq!(world.secrets().await, 1);
        }
        assert_eq!(world.store.pending_second_factor(alice.id, NOW).await.unwrap(), None, "begun too long ago");
        custody.list_old().await.unwrap();
        custody.delete_listed().await.unwrap();
        assert_eq!(world.secrets().await, 1);
        let later = Custody { clock: Clock::held(NOW + Duration::from_hours(2)), ..world.custody() };
        later.list_old().await.unwrap();
        later.delete_listed().await.unwrap();
        assert_eq!(world.secrets().await, 0);
        custody.begin_enrolment(alice.id, &sealed).await.unwrap();
        custody.cancel_enrolment(alice.id).await.unwrap();
        assert_eq!(world.secrets().await, 0);
        let entry = AuditEntry::by_kalends(AuditAction::SecondFactorReset);
        assert!(!custody.turn_off_second_factor(alice.id, &entry).await.unwrap());

        turn_on(world, alice.id).await;
        custody.begin_enrolment(alice.id, &sealed).await.unwrap();
        assert!(custody.turn_off_second_factor(alice.id, &entry).await.unwrap());
        assert!(!custody.turn_off_second_factor(alice.id, &entry).await.unwrap());
        assert_eq!(world.secrets().await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
        assert_eq!(world.store.audit_counts().await.unwrap()["second-factor-reset"], 1);
    }

    async fn rotation_seals_the_keys_of_second_factors_anew(world) {
        let alice = world.user("alice").await;
        let before = turn_on(world, alice.id).await;
        let pending = Password::from("KEY one".to_owned());
        world.custody().begin_enrolment(alice.id, &pending).await.unwrap();
        let both = world.vault_with(&["k1", "k2"]).await.unwrap();
        let custody = Custody { vault: both.clone(), ..world.custody() };
        assert_eq!(custody.rotate().await.unwrap().sealed, 1);
        assert_eq!(custody.rotate().await.unwrap().sealed, 0);
        let after = world.store.second_factor(alice.id).await.unwrap().unwrap();
        assert_ne!(after.secret_id, before.secret_id);
        let new = world.vault_with(&["k2"]).await.unwrap();
        let to = Destination::second_factor_of(alice.id);
        assert_eq!(new.open_secret(after.secret_id, &to).await.unwrap().reveal(), "KEY");
        both.pool().close().await;
        new.pool().close().await;
    }
}
