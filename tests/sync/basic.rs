//! A password that was proven by NTLM is never handed over by Basic because a server, or whoever stands before it, offers
//! less than before.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, SERVICE},
};
use kalends_core::{
    advice::advice,
    check::Outcome,
    connection::{ConnectionState, SignInMethod},
    problem::Owner,
};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::practice::SERVICE_PASSWORD,
};

const HELD_BACK: (ConnectionState, Option<&str>) =
    (ConnectionState::ActionNeeded, Some("basic-withheld"));
const WORKS: (ConnectionState, Option<&str>) = (ConnectionState::Connected, None);

/// Passwords and proofs that have reached the practice Exchange.
fn sent(world: &World) -> u64 {
    let exchange = world.exchange.world();
    exchange.counters().accepted() + exchange.counters().refused()
}

fn is_connected(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Connected { .. })
}

fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Failed { problem, .. } => problem.code(),
        other => panic!("{other:?}"),
    }
}

async fn method(world: &World, name: &str) -> SignInMethod {
    let account = world.connection(name).await.account_id;
    let account = world.services.store.account(account).await.unwrap();
    account.unwrap().sign_in
}

on_both_engines! {
    async fn a_saved_password_is_kept_back_from_a_host_that_offers_less_than_before(world) {
        assert!(is_connected(&world.click("bob", SERVICE_PASSWORD).await));
        world.run_due().await;
        assert_eq!(world.state("bob").await, WORKS);
        let before = sent(world);

        // Another certificate, another offer: somebody stands between.
        world.exchange.world().settings.tls_proxy = true;
        world.offer(true, false);
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        for _ in 0..5 {
            world.pass(MINUTE * 20);
            world.run_due().await;
        }
        assert_eq!(world.state("bob").await, HELD_BACK);
        assert_eq!(sent(world), before, "no password went out");
        let problem = world.connection("bob").await.problem.unwrap();
        assert_eq!(problem.owner(), Owner::ExchangeAdmin);

        // It heals by itself.
        world.exchange.world().settings.tls_proxy = false;
        world.offer(true, true);
        world.pass(MINUTE * 20);
        world.run_due().await;
        assert_eq!(world.state("bob").await, WORKS);
    }

    async fn a_typed_password_is_kept_back_where_ntlm_is_spoilt_beside_basic(world) {
        world.exchange.world().settings.garbled_challenge = true;
        let outcome = world.click("bob", SERVICE_PASSWORD).await;
        assert_eq!(code(&outcome), "basic-withheld");
        // What was offered then counts later too.
        world.offer(true, false);
        let outcome = world.click("bob", SERVICE_PASSWORD).await;
        assert_eq!(code(&outcome), "basic-withheld");
        assert_eq!(sent(world), 0);
    }

    async fn a_host_that_never_offered_better_is_taken_at_its_word(world) {
        world.offer(true, false);
        assert!(is_connected(&world.click("bob", SERVICE_PASSWORD).await));
        assert_eq!(method(world, "bob").await, SignInMethod::Automatic);
        world.pass(MINUTE * 20);
        world.run_due().await;
        assert_eq!(world.state("bob").await, WORKS);
        // Once it offers better, that is used, and there is no way back.
        world.offer(true, true);
        world.pass(MINUTE * 20);
        world.run_due().await;
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        world.offer(true, false);
        world.pass(MINUTE * 20);
        world.run_due().await;
        assert_eq!(world.state("bob").await, HELD_BACK);
    }

    async fn an_offer_of_ntlm_beside_a_refusal_by_basic_is_remembered(world) {
        world.offer(true, false);
        assert_eq!(code(&world.click("bob", "wrong").await), "sign-in-refused");
        world.offer(true, true);
        assert_eq!(code(&world.click("bob", "wrong").await), "sign-in-refused");
        world.offer(true, false);
        let before = sent(world);
        assert_eq!(code(&world.click("bob", SERVICE_PASSWORD).await), "basic-withheld");
        assert_eq!(sent(world), before);
    }

    async fn a_members_word_holds_for_an_account_that_nobody_else_uses(world) {
        assert!(is_connected(&world.click("bob", SERVICE_PASSWORD).await));
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        world.offer(true, false);
        assert!(is_connected(&world.click_by_basic("bob").await));
        assert_eq!(method(world, "bob").await, SignInMethod::Basic);
        world.pass(MINUTE * 20);
        world.run_due().await;
        assert_eq!(world.state("bob").await, WORKS);

        // Charlie is not bound by it, and once both use the account no member's word holds for it.
        let before = sent(world);
        assert_eq!(code(&world.click("charlie", SERVICE_PASSWORD).await), "basic-withheld");
        assert_eq!(sent(world), before);
        assert!(is_connected(&world.click_by_basic("charlie").await));
        assert_eq!(method(world, "bob").await, SignInMethod::Automatic);
        let before = sent(world);
        world.pass(MINUTE * 20);
        world.run_due().await;
        assert_eq!(world.state("bob").await, HELD_BACK);
        assert_eq!(world.state("charlie").await, HELD_BACK);
        assert_eq!(sent(world), before);
        assert_eq!(world.connection("bob").await.account.to_string(), SERVICE);
    }

    async fn an_administrators_word_holds_for_everybody_who_uses_the_account(world) {
        assert!(is_connected(&world.click("bob", SERVICE_PASSWORD).await));
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        world.offer(true, false);
        world.promote("alice").await;
        assert!(is_connected(&world.click_by_basic("alice").await));
        assert_eq!(method(world, "bob").await, SignInMethod::Basic);
        assert!(is_connected(&world.click("charlie", SERVICE_PASSWORD).await));
        assert_eq!(method(world, "bob").await, SignInMethod::Basic);
        world.pass(MINUTE * 20);
        world.run_due().await;
        for name in ["alice", "bob", "charlie"] {
            assert_eq!(world.state(name).await, WORKS, "{name}");
        }
    }

    async fn a_password_that_was_taken_and_then_refused_is_hardly_wrong(world) {
        world.save("bob", SERVICE).await;
        world.offer(true, false);
        let plan = Plan { after: 3, ..Plan::always(FaultKind::Unauthorized) };
        world.exchange.world().faults.plan(plan);
        world.run_due().await;
        let connection = world.connection("bob").await;
        let told = advice(&connection.problem.clone().unwrap(), &connection.names(None));
        assert_eq!(told.title, "Exchange took the saved password a moment ago, and then refused it.");
        assert_eq!(connection.problem.unwrap().code(), "password-refused");
        // It is stopped like any other, and not sent in a loop.
        world.exchange.world().faults.clear();
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.state("bob").await.0, ConnectionState::ActionNeeded);
    }
}
