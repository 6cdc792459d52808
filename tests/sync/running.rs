//! Tests of connections that one person has under way, started at the same moment through two instances.

use crate::{
    engines::on_both_engines,
    world::{World, new_form},
};
use futures::future::join_all;
use kalends::{
    accounts::permission::{Forbidden, Refusal},
    analysis::{self, Analysis, AnalysisEnd},
    connect,
    services::Services,
};
use kalends_core::{check::Verdict, id::CheckId};
use kalends_simulator::{fault::FaultKind, world::practice::SERVICE_PASSWORD};
use std::time::Duration;
use tokio::time::timeout;

/// Longer than anything takes here.
const LIMIT: Duration = Duration::from_secs(30);

async fn started(world: &World, services: &Services, name: &str) -> Result<CheckId, Forbidden> {
    let user = world.user(name).await;
    let request = new_form(name, SERVICE_PASSWORD).parse().unwrap();
    connect::start(services, &user, request).await
}

fn is_too_many(started: &Result<CheckId, Forbidden>) -> bool {
    matches!(started, Err(Forbidden::Refused(Refusal::TooMany)))
}

on_both_engines! {
    async fn of_many_tests_at_the_same_moment_five_run_and_a_cancelled_one_makes_room(world) {
        world.user("bob").await;
        world.always(FaultKind::Slow { milliseconds: 6_000 });
        let other = world.another_instance().await;
        let clicks = (0..60).map(|number| {
            let services = if number % 2 == 0 { &world.services } else { &other };
            started(world, services, "bob")
        });
        let clicks = join_all(clicks).await;
        let running: Vec<CheckId> = clicks.iter().filter_map(|it| it.as_ref().ok().copied()).collect();
        assert_eq!(running.len(), 5);
        assert_eq!(clicks.iter().filter(|it| is_too_many(it)).count(), 55);
        assert!(started(world, &other, "charlie").await.is_ok(), "others are not kept waiting");
        for id in &running {
            connect::cancel(&world.services, *id).await.unwrap();
            world.ended(*id).await;
        }
        // No password was on its way yet: their places are free again.
        let again = async {
            while is_too_many(&started(world, &other, "bob").await) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), again).await.unwrap();
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }

    async fn an_analysis_is_read_and_cancelled_on_another_instance(world) {
        let alice = world.user("alice").await;
        world.always(FaultKind::Slow { milliseconds: 60_000 });
        let other = world.another_instance().await;
        let request = new_form("bob", SERVICE_PASSWORD).parse().unwrap();
        let id = analysis::start(&world.services, &alice, request).await.unwrap();
        let until = async |is_there: fn(&Analysis) -> bool| {
            loop {
                let found = analysis::read(&other, id, alice.id).await.unwrap().unwrap();
                if is_there(&found) {
                    break found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let running = timeout(LIMIT, until(|it| it.parts[0].ladder.is_begun())).await.unwrap();
        assert_eq!((running.end, running.parts.len()), (None, 2));
        let bob = world.user("bob").await;
        assert!(analysis::read(&other, id, bob.id).await.unwrap().is_none());
        analysis::cancel(&other, id, bob.id).await.unwrap();
        analysis::cancel(&other, id, alice.id).await.unwrap();
        let ended = timeout(LIMIT, until(|it| it.end.is_some())).await.unwrap();
        assert_eq!(ended.end, Some(AnalysisEnd::Cancelled));
        assert!(ended.parts[0].ladder.steps().iter().all(|step| step.verdict != Verdict::Running));

        // What a process that ends was at cannot go on: the password is gone with it.
        let request = new_form("bob", SERVICE_PASSWORD).parse().unwrap();
        let id = analysis::start(&world.services, &alice, request).await.unwrap();
        world.services.stopping.cancel();
        world.services.tasks.close();
        timeout(LIMIT, world.services.tasks.wait()).await.unwrap();
        let ended = analysis::read(&other, id, alice.id).await.unwrap().unwrap();
        assert_eq!(ended.end, Some(AnalysisEnd::Interrupted));
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }
}
