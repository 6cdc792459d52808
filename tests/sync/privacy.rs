//! What is kept at each level of privacy: stored rows and captured requests side by side.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, SERVICE},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    calendar::{Event, Sensitivity},
    check::Outcome,
    policy::{Policy, PrivacyLevel},
};
use kalends_store::CompletedRun;

async fn set_organisations(world: &World, privacy: PrivacyLevel) {
    let policy = Policy {
        privacy,
        ..Policy::default()
    };
    let entry = AuditEntry::by_kalends(AuditAction::PolicyChanged);
    world
        .services
        .store
        .set_policy(&policy, &entry, world.clock.now())
        .await
        .unwrap();
}

async fn set_own(world: &World, name: &str, own: Option<PrivacyLevel>) {
    let user = world.user(name).await;
    let entry = AuditEntry::by(user.id, AuditAction::PrivacyChanged);
    world
        .services
        .store
        .set_privacy(user.id, own, &entry, world.clock.now())
        .await
        .unwrap();
}

async fn again(world: &World) {
    world.pass(MINUTE * 6);
    world.run_due().await;
}

fn request(world: &World, name: &str) -> String {
    let mailbox = format!("{name}@example.test");
    let exchange = world.exchange.world();
    exchange
        .counters()
        .last_request(&mailbox, "FindItem")
        .unwrap()
        .to_owned()
}

/// How many entries have a title, a place and an organizer.
fn told(events: &[Event]) -> (usize, usize, usize) {
    let count = |has: fn(&Event) -> bool| events.iter().filter(|event| has(event)).count();
    (
        count(|event| event.subject.is_some()),
        count(|event| event.location.is_some()),
        count(|event| event.organizer.is_some()),
    )
}

/// Everything that the tables hold as text about entries and checks.
async fn rows(world: &World) -> String {
    let mut all = String::new();
    for sql in [
        "SELECT COALESCE(uid, '') || COALESCE(series_uid, '') || COALESCE(subject, '') || COALESCE(location, '') \
         || COALESCE(organizer, '') || free_busy || sensitivity || details AS text FROM events",
        "SELECT outcome AS text FROM checks WHERE outcome IS NOT NULL",
    ] {
        for row in sqlx::query(sql)
            .fetch_all(world.services.store.pool())
            .await
            .unwrap()
        {
            all.push_str(&sqlx::Row::get::<String, _>(&row, 0));
        }
    }
    all
}

on_both_engines! {
    async fn each_level_asks_for_and_stores_what_it_says_and_nothing_else(world) {
        world.save("charlie", SERVICE).await;
        let mut times = None;
        for level in [PrivacyLevel::Everything, PrivacyLevel::TimesAndTitles, PrivacyLevel::FreeBusy] {
            set_organisations(world, level).await;
            again(world).await;
            let (stored, asked) = (world.stored("charlie").await, request(world, "charlie"));
            assert!(stored.len() > 20);
            let (titles, places, organizers) = told(&stored);
            let has = |field: &str| asked.contains(&format!("FieldURI=\"{field}\""));
            assert_eq!(titles > 0, level >= PrivacyLevel::TimesAndTitles, "{level:?}");
            assert_eq!(has("item:Subject"), level >= PrivacyLevel::TimesAndTitles, "{level:?}");
            assert_eq!(places > 0 && organizers > 0, level == PrivacyLevel::Everything, "{level:?}");
            assert_eq!(places + organizers == 0, level < PrivacyLevel::Everything, "{level:?}");
            for field in ["calendar:Location", "calendar:Organizer"] {
                assert_eq!(has(field), level == PrivacyLevel::Everything, "{level:?}");
            }
            // When and how busy is the same at every level.
            let now: Vec<_> = stored.iter().map(|it| (it.item_id.clone(), it.start, it.end, it.all_day, it.status.clone())).collect();
            assert_eq!(times.get_or_insert_with(|| now.clone()), &now, "{level:?}");
            // Private entries are told in time alone.
            for event in stored.iter().filter(|event| event.sensitivity.hides_content()) {
                assert_eq!((&event.subject, &event.location, &event.organizer), (&None, &None, &None));
            }
        }
    }

    async fn lowering_erases_at_once_and_raising_brings_it_back(world) {
        world.save("charlie", SERVICE).await;
        world.save("bob", SERVICE).await;
        world.click("alice", kalends_simulator::world::practice::SERVICE_PASSWORD).await;
        world.run_due().await;
        let before = told(&world.stored("charlie").await);
        assert!(before.0 > 0 && before.1 > 0 && before.2 > 0);

        set_own(world, "charlie", Some(PrivacyLevel::TimesAndTitles)).await;
        assert_eq!(told(&world.stored("charlie").await), (before.0, 0, 0));
        set_own(world, "charlie", Some(PrivacyLevel::FreeBusy)).await;
        let stored = world.stored("charlie").await;
        assert_eq!(told(&stored), (0, 0, 0));
        assert!(stored.iter().all(|event| event.sensitivity == Sensitivity::Normal && event.uid.is_none()));
        // Nobody else's are touched, and a higher wish than the organisation's has no effect.
        assert!(told(&world.stored("bob").await).0 > 0);
        set_organisations(world, PrivacyLevel::TimesAndTitles).await;
        set_own(world, "charlie", Some(PrivacyLevel::Everything)).await;
        again(world).await;
        assert_eq!(told(&world.stored("charlie").await), (before.0, 0, 0));
        set_organisations(world, PrivacyLevel::Everything).await;
        again(world).await;
        assert_eq!(told(&world.stored("charlie").await), before);

        // For everybody, with the proofs of finished checks.
        let subject = world.stored("bob").await.into_iter().find_map(|event| event.subject).unwrap();
        assert!(rows(world).await.contains(&subject));
        set_organisations(world, PrivacyLevel::FreeBusy).await;
        let left = rows(world).await;
        assert!(!left.contains(&subject) && !left.contains("\"proof\":[{"), "{left}");
    }

    async fn a_test_at_the_lowest_level_shows_how_busy_and_never_that_it_is_private(world) {
        let proof = || async {
            let ended = world.click("charlie", kalends_simulator::world::practice::SERVICE_PASSWORD).await;
            let Outcome::Connected { proof, .. } = ended else { panic!("{ended:?}") };
            assert!(!proof.is_empty());
            proof
        };
        for entry in proof().await {
            assert_ne!(entry.subject.as_deref(), Some("Busy"));
        }
        set_organisations(world, PrivacyLevel::FreeBusy).await;
        for entry in proof().await {
            let words = ["Busy", "Free", "Tentative", "Away", "Out of office", "Working elsewhere"];
            assert!(entry.subject.as_deref().is_some_and(|told| words.contains(&told)), "{entry:?}");
        }
    }

    async fn a_round_that_began_before_does_not_write_back_what_was_erased(world) {
        world.save("charlie", SERVICE).await;
        world.run_due().await;
        let (read, connection) = (world.stored("charlie").await, world.connection("charlie").await);
        assert!(told(&read).0 > 0);
        set_own(world, "charlie", Some(PrivacyLevel::FreeBusy)).await;
        let now = world.clock.now();
        let round = CompletedRun { events: &read, calls: &[], started_at: now, now, next: now };
        world.services.store.save_run(&connection, &round).await.unwrap();
        assert_eq!(told(&world.stored("charlie").await), (0, 0, 0));
    }
}
