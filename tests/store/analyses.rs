//! Analyses: rows that their owner reads on every instance, ended once, and forgotten soon.

use crate::{World, engines::on_both_engines, world::NOW};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::{CheckId, UserId},
    topic::Topic,
};
use kalends_store::{AnalysisEnd, StoredAnalysis};
use std::time::Duration;

async fn started(world: &World, user: UserId, at: Timestamp, number: u8) -> StoredAnalysis {
    let new = StoredAnalysis {
        id: CheckId::new(at, [number; 10]),
        user_id: user,
        content: "{}".to_owned(),
        started_at: at,
        ended: None,
    };
    world.store.start_analysis(&new).await.unwrap();
    new
}

on_both_engines! {
    async fn an_analysis_is_read_by_its_owner_on_every_instance(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let begun = started(world, alice.id, NOW, 1).await;
        assert_eq!(world.other.analysis(begun.id, alice.id, NOW).await.unwrap().as_ref(), Some(&begun));
        assert_eq!(world.other.analysis(begun.id, bob.id, NOW).await.unwrap(), None);
        let follower = world.store.announcements().follow([Topic::Analysis(begun.id)], Duration::ZERO);
        world.store.update_analysis(begun.id, "{\"parts\":1}", NOW).await.unwrap();
        let told = tokio::time::timeout(Duration::from_secs(2), follower.changed()).await.unwrap();
        assert!(told.contains(&Topic::Analysis(begun.id)));
        let shown = world.other.analysis(begun.id, alice.id, NOW).await.unwrap().unwrap();
        assert_eq!(shown.content, "{\"parts\":1}");
    }

    async fn an_analysis_ends_once_and_stays_as_it_ended(world) {
        let alice = world.user("alice").await;
        let begun = started(world, alice.id, NOW, 1).await;
        let later = NOW + Duration::from_secs(2);
        world.store.finish_analysis(begun.id, "ended", AnalysisEnd::Finished, later).await.unwrap();
        world.other.finish_analysis(begun.id, "again", AnalysisEnd::Cancelled, NOW).await.unwrap();
        world.other.update_analysis(begun.id, "again", NOW).await.unwrap();
        world.other.end_interrupted_analyses(later + Duration::from_hours(1), later).await.unwrap();
        let ended = world.store.analysis(begun.id, alice.id, NOW).await.unwrap().unwrap();
        assert_eq!((ended.content.as_str(), ended.ended), ("ended", Some((AnalysisEnd::Finished, later))));
    }

    async fn an_analysis_is_cancelled_by_its_owner_through_another_instance(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let begun = started(world, alice.id, NOW, 1).await;
        world.other.cancel_analysis(begun.id, bob.id).await.unwrap();
        assert!(!world.store.is_analysis_to_stop(begun.id).await.unwrap());
        world.other.cancel_analysis(begun.id, alice.id).await.unwrap();
        assert!(world.store.is_analysis_to_stop(begun.id).await.unwrap());
        assert!(world.store.is_analysis_to_stop(CheckId::new(NOW, [9; 10])).await.unwrap(), "it is gone");
    }

    async fn analyses_of_somebody_who_is_disabled_stop(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        sqlx::query("UPDATE users SET role = 'admin'").execute(world.store.pool()).await.unwrap();
        let begun = started(world, bob.id, NOW, 1).await;
        let entry = AuditEntry::by(alice.id, AuditAction::PersonDisabled);
        assert!(world.other.set_disabled(bob.id, true, &entry, NOW).await.unwrap());
        assert!(world.store.is_analysis_to_stop(begun.id).await.unwrap());
    }

    async fn analyses_whose_process_is_gone_are_ended_as_interrupted(world) {
        let alice = world.user("alice").await;
        let silent = started(world, alice.id, NOW, 1).await;
        let working = started(world, alice.id, NOW, 2).await;
        let now = NOW + Duration::from_mins(9);
        world.store.update_analysis(working.id, "{}", now).await.unwrap();
        world.other.end_interrupted_analyses(NOW + Duration::from_mins(1), now).await.unwrap();
        let end = async |id: CheckId| world.store.analysis(id, alice.id, now).await.unwrap().unwrap().ended;
        assert_eq!(end(silent.id).await, Some((AnalysisEnd::Interrupted, now)));
        assert_eq!(end(working.id).await, None);
        assert!(world.store.is_analysis_to_stop(silent.id).await.unwrap());
        let follower = world.store.announcements().follow([Topic::Analysis(working.id)], Duration::ZERO);
        world.store.process_ends(now).await.unwrap();
        assert_eq!(end(working.id).await, Some((AnalysisEnd::Interrupted, now)));
        let told = tokio::time::timeout(Duration::from_secs(2), follower.changed()).await.unwrap();
        assert!(told.contains(&Topic::Analysis(working.id)));
    }

    async fn few_analyses_are_kept_and_none_for_long(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let running = started(world, alice.id, NOW, 0).await;
        let of_bob = started(world, bob.id, NOW, 100).await;
        world.store.finish_analysis(of_bob.id, "{}", AnalysisEnd::Finished, NOW).await.unwrap();
        for number in 1..=25 {
            let one = started(world, alice.id, NOW + Duration::from_secs(number.into()), number).await;
            world.store.finish_analysis(one.id, "{}", AnalysisEnd::Finished, NOW).await.unwrap();
        }
        let kept = world.store.analyses_of(alice.id).await.unwrap();
        assert_eq!(kept.len(), 21, "twenty, and one that runs");
        assert_eq!(kept.last(), Some(&running));
        assert_eq!(world.store.analyses_of(bob.id).await.unwrap().len(), 1);

        let before = NOW + Duration::from_mins(30) - Duration::from_millis(1);
        let after = NOW + Duration::from_mins(30);
        assert!(world.store.analysis(of_bob.id, bob.id, before).await.unwrap().is_some());
        assert_eq!(world.store.analysis(of_bob.id, bob.id, after).await.unwrap(), None);
        world.store.forget_analyses(before).await.unwrap();
        assert_eq!(world.store.analyses_of(bob.id).await.unwrap().len(), 1);
        world.store.forget_analyses(after).await.unwrap();
        assert_eq!(world.store.analyses_of(bob.id).await.unwrap(), []);
        assert_eq!(world.store.analyses_of(alice.id).await.unwrap(), [running]);
        let entry = AuditEntry::by(alice.id, AuditAction::DataPurged);
        let ended = started(world, alice.id, after, 101).await;
        world.store.finish_analysis(ended.id, "{}", AnalysisEnd::Finished, after).await.unwrap();
        world.store.purge(alice.id, &entry, after).await.unwrap();
        assert_eq!(world.store.analyses_of(alice.id).await.unwrap().len(), 1);
    }
}
