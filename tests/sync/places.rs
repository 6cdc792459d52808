//! Who has which of the places for refused sign-ins, and until when one waits for the next.

use crate::refusals::{practice_password, problem};
use crate::{
    engines::on_both_engines,
    organisation::held,
    world::{MINUTE, SERVICE},
};
use kalends_core::{check::Outcome, connection::ConnectionState, problem::Problem};
use kalends_simulator::world::practice::SERVICE_PASSWORD;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const NEW: &str = "Changed-2026!";

on_both_engines! {
    async fn a_member_leaves_an_administrator_a_place_for_the_organisations_account(world) {
        held(world).await;
        for number in 0..5 {
            let told = problem(world.click("bob", "Wrong-2026!").await);
            assert_eq!(matches!(told, Problem::SignInPaused { .. }), number >= 2, "{told:?}");
        }
        assert_eq!(world.refused(), 2);
        assert!(matches!(problem(world.click("charlie", SERVICE_PASSWORD).await), Problem::SignInPaused { .. }));
        world.promote("alice").await;
        let outcome = world.click("alice", SERVICE_PASSWORD).await;
        assert!(matches!(outcome, Outcome::Connected { .. }), "{outcome:?}");
        // The third of an hour is the last.
        problem(world.click("alice", "Wrong-2026!").await);
        assert_eq!(world.refused(), 3);
        let told = problem(world.click("alice", SERVICE_PASSWORD).await);
        assert!(matches!(told, Problem::SignInPaused { .. }), "{told:?}");
    }

    async fn a_member_leaves_another_a_place_for_the_account_that_has_their_name(world) {
        world.user("charlie").await;
        for account in ["charlie@example.test", "EXAMPLE\\charlie", "\u{FF23}harlie", "EXAMPLE\\charlie@example.test"] {
            world.click_as("bob", account, "Wrong-2026!").await;
        }
        assert_eq!(world.refused(), 2);
        let password = practice_password(world, "charlie@example.test");
        let outcome = world.click_as("charlie", "charlie@example.test", &password).await;
        let is_paused = matches!(&outcome, Outcome::Failed { problem, .. } if matches!(**problem, Problem::SignInPaused { .. }));
        assert!(!is_paused, "{outcome:?}");
        assert_eq!(world.refused(), 2);
    }

    async fn a_stopped_password_is_sent_again_when_a_place_is_free_and_not_said_to_be_sooner(world) {
        world.promote("alice").await;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        for name in ["charlie", "charlie", "alice"] {
            problem(world.click(name, "Wrong-2026!").await);
        }
        let typed_at = world.clock.now();
        world.pass(MINUTE);
        world.run_due().await;
        assert_eq!(world.refused(), 4);
        let free = typed_at + HOUR;
        let told = |connection: &kalends_core::connection::Connection| connection.due_at;
        let bobs = world.connection("bob").await;
        assert_eq!(told(&bobs), Some(free));
        let account = world.services.store.account(bobs.account_id).await.unwrap().unwrap();
        assert_eq!(account.stopped_until, Some(free));
        assert_eq!(kalends::accounts::refusals::full_until(&world.services, &account).await.unwrap(), Some(free));
        world.set_password(SERVICE, SERVICE_PASSWORD);
        world.pass(MINUTE * 58);
        assert_eq!(world.run_due().await, 0);
        world.pass(MINUTE);
        assert_eq!(world.run_due().await, 1);
        assert_eq!(world.state("bob").await, (ConnectionState::Connected, None));
    }

    async fn refusals_after_the_stop_put_the_next_sending_off(world) {
        world.promote("alice").await;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        let stopped_at = world.clock.now();
        assert_eq!(world.connection("bob").await.due_at, Some(stopped_at + MINUTE * 15));
        for name in ["charlie", "charlie", "alice"] {
            world.pass(MINUTE);
            problem(world.click(name, "Wrong-2026!").await);
        }
        assert_eq!(world.refused(), 4);
        assert_eq!(world.connection("bob").await.due_at, Some(stopped_at + HOUR));
        let account = world.services.store.account(world.connection("bob").await.account_id).await.unwrap();
        assert_eq!(account.unwrap().stopped_until, Some(stopped_at + HOUR));
    }
}
