//! People who sign in.

use crate::{
    engines::on_both_engines,
    world::{NOW, new_user},
};
use futures::future::join_all;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    preferences::{FirstDay, HourClock, Preferences},
};
use kalends_store::{SessionRow, StoreError};
use std::time::Duration;

on_both_engines! {
    async fn an_address_that_has_an_account_is_named_and_nothing_is_added(world) {
        let alice = world.user("alice").await;
        let again = world.other.create_user(new_user("Alice"), NOW).await;
        assert!(matches!(again, Err(StoreError::EmailTaken(email)) if email == "alice@example.test"));
        assert_eq!(world.store.users().await.unwrap(), [alice]);
    }

    async fn a_person_is_found_by_id_and_by_address(world) {
        let alice = world.user("alice").await;
        world.user("bob").await;
        assert_eq!(world.other.user(alice.id).await.unwrap().as_ref(), Some(&alice));
        let found = world.other.user_by_email(&"ALICE@example.test".parse().unwrap()).await.unwrap();
        assert_eq!(found, Some(alice));
        assert_eq!(world.store.user_by_email(&"charlie@example.test".parse().unwrap()).await.unwrap(), None);
    }

    async fn the_first_person_is_made_only_while_there_is_nobody(world) {
        assert!(!world.store.has_users().await.unwrap());
        let first = world.store.create_first_user(new_user("alice"), NOW).await.unwrap();
        assert!(first.is_some());
        assert!(world.other.has_users().await.unwrap());
        assert_eq!(world.other.create_first_user(new_user("bob"), NOW).await.unwrap(), None);
        assert_eq!(world.store.users().await.unwrap().len(), 1);
    }

    async fn of_many_who_want_to_be_first_at_the_same_moment_one_is(world) {
        let attempts = (0..12).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { world.other.clone() };
            tokio::spawn(async move {
                store.create_first_user(new_user(&format!("first{number}")), NOW).await.unwrap()
            })
        });
        let made = join_all(attempts).await.into_iter().filter_map(Result::unwrap).count();
        assert_eq!(made, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
    }

    async fn people_are_listed_by_name_whatever_its_case(world) {
        for name in ["charlie", "Bob", "alice", "Ämilie"] {
            let user = world.user(&format!("{}x", name.to_lowercase().replace('ä', "ae"))).await;
            world.store.update_profile(user.id, name, "UTC").await.unwrap();
        }
        let users = world.other.users().await.unwrap();
        let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["alice", "Bob", "charlie", "Ämilie"]);
        assert!(users.iter().all(|user| user.time_zone == "UTC"));
    }

    async fn how_a_person_reads_calendars_is_their_own(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        assert_eq!(alice.calendar, Preferences::default());
        for first_day in FirstDay::ALL {
            for clock in HourClock::ALL {
                let preferences = Preferences { first_day, clock };
                world.store.set_preferences(alice.id, preferences).await.unwrap();
                assert_eq!(world.other.user(alice.id).await.unwrap().unwrap().calendar, preferences);
            }
        }
        assert_eq!(world.other.user(bob.id).await.unwrap().unwrap().calendar, Preferences::default());
    }

    async fn a_new_password_ends_every_session_of_that_person_and_is_written_down(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        for (id_hash, user) in [("a1", &alice), ("a2", &alice), ("b1", &bob)] {
            let session = SessionRow {
                id_hash: id_hash.to_owned(),
                user_id: Some(user.id),
                data: "{}".to_owned(),
                idle_expires_at: NOW + Duration::from_mins(1),
                absolute_expires_at: NOW + Duration::from_hours(1),
                touched_at: NOW,
                device: None,
                network: None,
            };
            world.store.save_session(&session).await.unwrap();
        }
        let entry = AuditEntry::by(alice.id, AuditAction::PasswordChanged);
        world.store.set_password_hash(alice.id, "$new$", &entry, NOW).await.unwrap();
        assert_eq!(world.other.user(alice.id).await.unwrap().unwrap().password_hash, "$new$");
        assert_eq!(world.other.user(bob.id).await.unwrap().unwrap().password_hash, "$argon2id$");
        assert_eq!(world.other.session("a1", NOW).await.unwrap(), None);
        assert_eq!(world.other.session("a2", NOW).await.unwrap(), None);
        assert!(world.other.session("b1", NOW).await.unwrap().is_some());
        assert_eq!(world.other.audit_counts().await.unwrap()["password-changed"], 1);
    }
}
