//! Runs of the connection test.

use crate::{World, engines::on_both_engines, world::NOW};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Check, Outcome, Step, StepReport, TestSteps, Typed, Verdict},
    clock::Timestamp,
    connection::Mode,
    id::CheckId,
    problem::Problem,
};
use kalends_store::User;
use std::time::Duration;

async fn started(world: &World, user: &User, at: Timestamp, number: u8) -> Check {
    let check = Check {
        id: CheckId::new(at, [number; 10]),
        user_id: user.id,
        mode: Mode::Personal,
        typed: Typed {
            mailbox: user.email.to_string(),
            account: "EXAMPLE\\alice".to_owned(),
            ..Typed::default()
        },
        account_id: None,
        ladder: TestSteps::new(),
        outcome: None,
        waiting: None,
        started_at: at,
        finished_at: None,
    };
    let entry = AuditEntry::by(user.id, AuditAction::CheckStarted);
    world.store.start_check(&check, &entry).await.unwrap();
    check
}

fn with(step: Step, verdict: Verdict) -> TestSteps {
    let mut ladder = TestSteps::new();
    ladder.set(StepReport {
        warns: false,
        details: vec!["a line".to_owned()],
        step,
        verdict,
        millis: Some(12),
        seen: Some("127.0.0.1".to_owned()),
    });
    ladder
}

fn failed() -> Outcome {
    Outcome::Failed {
        problem: Box::new(Problem::ImpersonationDenied),
        request_id: Some("0d3e".to_owned()),
    }
}

on_both_engines! {
    async fn a_check_is_followed_step_by_step_from_any_instance(world) {
        let alice = world.user("alice").await;
        let check = started(world, &alice, NOW, 1).await;
        assert_eq!(world.other.check(check.id).await.unwrap().as_ref(), Some(&check));
        let ladder = with(Step::Dns, Verdict::Running);
        world.store.update_ladder(check.id, &ladder).await.unwrap();
        let expected = Check { ladder, ..check };
        assert_eq!(world.other.check(expected.id).await.unwrap(), Some(expected));
        assert_eq!(world.store.audit_counts().await.unwrap()["check-started"], 1);
    }

    async fn a_check_ends_once_and_stays_as_it_ended(world) {
        let alice = world.user("alice").await;
        let begun = started(world, &alice, NOW, 1).await;
        let (ladder, later) = (with(Step::Impersonation, Verdict::Failed), NOW + Duration::from_secs(2));
        world.store.finish_check(begun.id, &ladder, &failed(), later).await.unwrap();
        let expected = Check { ladder, outcome: Some(failed()), finished_at: Some(later), ..begun };

        let much_later = NOW + Duration::from_hours(1);
        world.other.finish_check(expected.id, &TestSteps::new(), &Outcome::Cancelled, much_later).await.unwrap();
        world.other.update_ladder(expected.id, &TestSteps::new()).await.unwrap();
        world.other.cancel_check(expected.id).await.unwrap();
        world.other.end_interrupted_checks(much_later, much_later).await.unwrap();
        assert!(!world.store.is_cancelled(expected.id).await.unwrap());
        assert_eq!(world.store.check(expected.id).await.unwrap(), Some(expected));
    }

    async fn a_check_is_cancelled_through_another_instance(world) {
        let alice = world.user("alice").await;
        let (one, two) = (started(world, &alice, NOW, 1).await, started(world, &alice, NOW, 2).await);
        assert!(!world.store.is_cancelled(one.id).await.unwrap());
        world.other.cancel_check(one.id).await.unwrap();
        assert!(world.store.is_cancelled(one.id).await.unwrap());
        assert!(!world.store.is_cancelled(two.id).await.unwrap());
    }

    async fn checks_whose_process_is_gone_are_ended_as_interrupted(world) {
        let alice = world.user("alice").await;
        let gone = started(world, &alice, NOW, 1).await;
        let young = started(world, &alice, NOW + Duration::from_secs(1), 2).await;
        let now = NOW + Duration::from_mins(2);
        world.store.end_interrupted_checks(NOW + Duration::from_secs(1), now).await.unwrap();
        let interrupted = Outcome::Failed { problem: Box::new(Problem::Interrupted), request_id: None };
        let ended = world.store.check(gone.id).await.unwrap().unwrap();
        assert_eq!((ended.outcome, ended.finished_at), (Some(interrupted), Some(now)));
        assert_eq!(world.store.check(young.id).await.unwrap().unwrap().outcome, None);
    }

    async fn the_last_check_of_a_person_is_theirs_and_the_latest(world) {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        assert_eq!(world.store.last_check(alice.id).await.unwrap(), None);
        started(world, &alice, NOW, 9).await;
        let latest = started(world, &alice, NOW + Duration::from_secs(1), 1).await;
        started(world, &bob, NOW + Duration::from_secs(2), 5).await;
        assert_eq!(world.store.last_check(alice.id).await.unwrap(), Some(latest));
    }
}
