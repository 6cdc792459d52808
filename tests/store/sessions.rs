//! Sessions and their two ends.

use crate::{engines::on_both_engines, world::NOW};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::UserId,
};
use kalends_store::SessionRow;
use std::time::Duration;

const IDLE: Duration = Duration::from_mins(30);
const DAY: Duration = Duration::from_hours(24);

fn session(id_hash: &str, user_id: Option<UserId>, at: Timestamp) -> SessionRow {
    SessionRow {
        id_hash: id_hash.to_owned(),
        user_id,
        data: r#"{"typed":"bob@example.test"}"#.to_owned(),
        idle_expires_at: at + IDLE,
        absolute_expires_at: at + DAY,
        touched_at: at,
        device: Some("Firefox on Linux".to_owned()),
        network: None,
    }
}

on_both_engines! {
    async fn a_session_is_kept_as_it_was_written_by_any_instance(world) {
        let alice = world.user("alice").await;
        for row in [session("anonymous", None, NOW), session("alice", Some(alice.id), NOW)] {
            world.store.save_session(&row).await.unwrap();
            assert_eq!(world.other.session(&row.id_hash, NOW).await.unwrap(), Some(row));
        }
        assert_eq!(world.store.session("ALICE", NOW).await.unwrap(), None);
    }

    async fn an_idle_session_has_ended(world) {
        world.store.save_session(&session("a", None, NOW)).await.unwrap();
        let last = NOW + IDLE - Duration::from_millis(1);
        assert!(world.store.session("a", last).await.unwrap().is_some());
        assert_eq!(world.store.session("a", NOW + IDLE).await.unwrap(), None);
    }

    async fn use_pushes_the_idle_end_on_but_never_the_absolute_one(world) {
        world.store.save_session(&session("a", None, NOW)).await.unwrap();
        let mut at = NOW;
        while at < NOW + DAY - IDLE {
            at = at + Duration::from_mins(20);
            world.store.touch_session("a", at, at + IDLE).await.unwrap();
            let found = world.other.session("a", at).await.unwrap().unwrap();
            assert_eq!((found.touched_at, found.idle_expires_at), (at, at + IDLE));
        }
        let again = SessionRow { absolute_expires_at: at + DAY * 2, ..session("a", None, at) };
        world.store.save_session(&again).await.unwrap();
        let end = NOW + DAY;
        world.store.touch_session("a", at, end + IDLE).await.unwrap();
        assert!(world.store.session("a", end - Duration::from_millis(1)).await.unwrap().is_some());
        assert_eq!(world.store.session("a", end).await.unwrap(), None);
    }

    async fn ended_sessions_are_cleared_away_whichever_end_came_first(world) {
        let short = SessionRow { absolute_expires_at: NOW + IDLE / 2, ..session("short", None, NOW) };
        for row in [short, session("old", None, NOW), session("new", None, NOW + IDLE)] {
            world.store.save_session(&row).await.unwrap();
        }
        for (at, left) in [(NOW, 3), (NOW + IDLE / 2, 2), (NOW + IDLE, 1), (NOW + IDLE * 2, 0)] {
            world.other.forget_sessions(true, at).await.unwrap();
            assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, left);
        }
    }

    async fn signing_out_everywhere_leaves_the_sessions_of_others(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        for (id, user) in [("a1", &alice), ("a2", &alice), ("b1", &bob), ("b2", &bob)] {
            world.store.save_session(&session(id, Some(user.id), NOW)).await.unwrap();
        }
        let entry = AuditEntry::by(alice.id, AuditAction::SignedOutEverywhere);
        world.store.delete_sessions_of(alice.id, &entry, NOW).await.unwrap();
        world.store.delete_session("b1").await.unwrap();
        world.store.delete_session("unknown").await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 1);
        assert_eq!(world.store.audit_counts().await.unwrap()["signed-out-everywhere"], 1);
        assert!(world.store.session("b2", NOW).await.unwrap().is_some());
    }

    async fn a_session_that_was_ended_from_elsewhere_does_not_come_back(world) {
        let alice = world.user("alice").await;
        let row = session("a1", Some(alice.id), NOW);
        world.store.save_session(&row).await.unwrap();
        let entry = AuditEntry::by(alice.id, AuditAction::DeviceSignedOut);
        assert!(world.other.delete_session_of(alice.id, "a1", &entry, NOW).await.unwrap());
        assert!(!world.other.delete_session_of(alice.id, "a1", &entry, NOW).await.unwrap());
        world.store.update_session(&row).await.unwrap();
        assert_eq!(world.store.session("a1", NOW).await.unwrap(), None);
        assert_eq!(world.store.audit_counts().await.unwrap()["device-signed-out"], 1);
    }

    async fn devices_are_those_of_one_person_the_last_used_first(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        for (id, user) in [("a1", &alice), ("a2", &alice), ("a3", &alice), ("b1", &bob)] {
            world.store.save_session(&session(id, Some(user.id), NOW)).await.unwrap();
        }
        let later = NOW + Duration::from_mins(10);
        world.store.touch_session("a2", later, later + IDLE).await.unwrap();
        let devices = world.other.devices_of(alice.id, later).await.unwrap();
        let ids: Vec<&str> = devices.iter().map(|device| device.id_hash.as_str()).collect();
        assert_eq!(ids, ["a2", "a1", "a3"]);
        assert_eq!((devices[0].since, devices[0].last_used), (Some(NOW), later));
        assert_eq!(devices[0].name.as_deref(), Some("Firefox on Linux"));
        let entry = AuditEntry::by(bob.id, AuditAction::DeviceSignedOut);
        assert!(!world.store.delete_session_of(bob.id, "a1", &entry, NOW).await.unwrap());
        assert_eq!(world.store.delete_other_sessions_of(bob.id, "b1", &entry, NOW).await.unwrap(), 0);
        assert_eq!(world.store.delete_other_sessions_of(alice.id, "a2", &entry, NOW).await.unwrap(), 2);
        assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 2);
    }
}
