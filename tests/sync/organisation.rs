//! Accounts that admins hold: connected with one click, renewed without a refused sign-in, paused, and ended with proof.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, SERVICE},
};
use kalends::{
    accounts::{
        organisation::{self, AccountForm},
        permission::{Forbidden, Refusal},
    },
    connect, sync,
};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    check::Outcome,
    connection::ConnectionState,
    policy::{Policy, TypedPasswords},
    problem::Problem,
};
use kalends_simulator::{fault::FaultKind, world::practice::SERVICE_PASSWORD};
use kalends_store::{OrganisationAccount, Probe, RequestState};
use std::time::Duration;

const NEW: &str = "Changed-2026!";
const FINE: (ConnectionState, Option<&str>) = (ConnectionState::Connected, None);

pub fn form(password: &str) -> AccountForm {
    AccountForm {
        label: "Head office".to_owned(),
        account: SERVICE.to_owned(),
        password: Password::from(password.to_owned()),
        control: "alice@example.test".to_owned(),
        endpoint: "mail.example.test".to_owned(),
        ..AccountForm::default()
    }
}

/// Adds the account as Alice.
pub async fn held(world: &World) -> OrganisationAccount {
    let alice = world.user("alice").await;
    let (terms, request) = form(SERVICE_PASSWORD).parse(world.clock.now()).unwrap();
    let id = organisation::add(&world.services, &alice, terms, request).await;
    let outcome = world.ended(id.unwrap()).await;
    let Outcome::AccountSaved { account_id } = outcome else {
        panic!("{outcome:?}")
    };
    let held = world.services.store.held_account(account_id).await.unwrap();
    held.unwrap()
}

async fn again(world: &World, held: &OrganisationAccount) -> OrganisationAccount {
    let found = world.services.store.held_account(held.account.id).await;
    found.unwrap().unwrap()
}

async fn one_click(world: &World, name: &str) -> Outcome {
    let user = world.user(name).await;
    let id = connect::connect_through(&world.services, &user, &user.email).await;
    world.ended(id.unwrap()).await
}

pub async fn connected(world: &World, names: &[&str]) {
    for name in names {
        let outcome = one_click(world, name).await;
        assert!(
            matches!(outcome, Outcome::Connected { .. }),
            "{name}: {outcome:?}"
        );
    }
    assert_eq!(world.run_due().await, names.len());
}

async fn secrets(world: &World) -> usize {
    world.services.vault.ids().await.unwrap().len()
}

on_both_engines! {
    async fn people_connect_with_one_click_and_leave_the_account_behind(world) {
        let held = held(world).await;
        assert_eq!(held.domains, ["example.test"]);
        connected(world, &["bob", "charlie"]).await;
        assert_eq!(world.state("bob").await, FINE);
        assert_eq!(again(world, &held).await.connections, 2);
        let (bob, charlie) = (world.user("bob").await, world.user("charlie").await);
        for user in [&bob, &charlie] {
            let ended = connect::disconnect(&world.services, user).await.unwrap().unwrap();
            assert!(!ended.is_secret_deleted);
        }
        assert_eq!((again(world, &held).await.connections, secrets(world).await), (0, 1));
    }

    async fn a_password_is_changed_in_two_slots_without_a_refusal_or_a_failed_round(world) {
        let held = held(world).await;
        let names = ["alice", "bob", "charlie"];
        connected(world, &names).await;
        let alice = world.user("alice").await;
        let services = &world.services;
        organisation::hold(services, &alice, &held.account).await.unwrap();
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        // All are due, and nothing is sent; a click is told why.
        assert_eq!(world.run_due().await, 0);
        let outcome = one_click(world, "bob").await;
        assert!(
            matches!(&outcome, Outcome::Failed { problem, .. } if matches!(**problem, Problem::PasswordChanging { .. })),
            "{outcome:?}"
        );
        let wanted = form(NEW).sign_in().unwrap();
        let id = organisation::test_next(services, &alice, &held, wanted, None).await.unwrap();
        let outcome = world.ended(id).await;
        assert!(matches!(outcome, Outcome::AccountSaved { .. }), "{outcome:?}");
        let filled = again(world, &held).await;
        assert_eq!(secrets(world).await, 2);
        assert!(organisation::switch(services, &alice, &filled.account).await.unwrap());
        assert_eq!(secrets(world).await, 1);
        assert_eq!(world.run_due().await, names.len());
        for name in names {
            assert_eq!(world.state(name).await, FINE);
        }
        assert_eq!(world.refused(), 0);
        let failed = sqlx::query("SELECT COUNT(*) FROM sync_runs WHERE problem IS NOT NULL");
        let row = failed.fetch_one(services.store.pool()).await.unwrap();
        assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), 0);
        // A second switch finds nothing to switch to.
        let now = again(world, &held).await;
        assert!(!organisation::switch(services, &alice, &now.account).await.unwrap());
    }

    async fn a_wrong_new_password_is_refused_once_and_changes_nothing(world) {
        let held = held(world).await;
        connected(world, &["bob"]).await;
        let alice = world.user("alice").await;
        let wanted = form("wrong").sign_in().unwrap();
        let id = organisation::test_next(&world.services, &alice, &held, wanted, None).await;
        let outcome = world.ended(id.unwrap()).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        assert_eq!((world.refused(), secrets(world).await), (1, 1));
        assert!(again(world, &held).await.account.next.is_none());
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 1);
        assert_eq!(world.state("bob").await, FINE);
    }

    async fn a_hold_ends_by_itself(world) {
        let held = held(world).await;
        connected(world, &["bob"]).await;
        let alice = world.user("alice").await;
        organisation::hold(&world.services, &alice, &held.account).await.unwrap();
        world.pass(organisation::HOLD_DURATION);
        assert_eq!(world.run_due().await, 1);
    }

    async fn a_pause_stops_sync_runs_under_way_in_every_instance_and_resuming_goes_on(world) {
        let held = held(world).await;
        let names = ["alice", "bob", "charlie"];
        connected(world, &names).await;
        let alice = world.user("alice").await;
        let other = world.another_instance().await;
        world.pass(MINUTE * 6);
        world.always(kalends_simulator::fault::FaultKind::Slow { milliseconds: 20_000 });
        let begun = tokio::time::Instant::now();
        let (sync_runs, ()) = tokio::join!(world.run_due(), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            organisation::pause(&other, &alice, &held.account, true).await.unwrap();
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(sync_runs, 0);
        for name in names {
            assert_eq!(world.state(name).await.0, ConnectionState::Paused);
        }
        world.exchange.world().faults.clear();
        world.pass(MINUTE * 30);
        assert_eq!(world.run_due().await + sync::run_due(&other).await.unwrap(), 0);
        organisation::pause(&other, &alice, &held.account, false).await.unwrap();
        assert_eq!(world.run_due().await, names.len());
        assert_eq!(world.state("bob").await, FINE);

        organisation::pause_everything(&world.services, &alice, true).await.unwrap();
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 0);
        let bob = world.user("bob").await;
        let refused = connect::connect_through(&world.services, &bob, &bob.email).await;
        assert!(matches!(refused, Err(Forbidden::Refused(Refusal::Paused))), "{refused:?}");
        assert_eq!(world.state("bob").await.0, ConnectionState::Paused);
        organisation::pause_everything(&other, &alice, false).await.unwrap();
        assert_eq!(world.run_due().await, names.len());
    }

    async fn an_account_ends_with_a_proof_of_what_its_password_could_still_do(world) {
        let held = held(world).await;
        connected(world, &["bob", "charlie"]).await;
        let alice = world.user("alice").await;
        let ended = organisation::end(&world.services, &alice, &held).await.unwrap();
        assert_eq!((ended.probe.clone(), ended.users), (Probe::Open, 2));
        assert!(ended.entries > 0);
        assert_eq!(world.services.store.revocation(ended.id).await.unwrap(), Some(ended));
        assert_eq!(secrets(world).await, 0);
        for table in ["connections", "calendars", "events", "accounts", "account_domains"] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
            let row = sqlx::query(sql).fetch_one(world.services.store.pool()).await.unwrap();
            assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), 0, "{table}");
        }
    }

    async fn the_probe_tells_closed_from_open_and_never_sends_a_refused_password_again(world) {
        let first = held(world).await;
        connected(world, &["bob"]).await;
        let alice = world.user("alice").await;
        world.set_password(SERVICE, NEW);
        organisation::pause(&world.services, &alice, &first.account, true).await.unwrap();
        let ended = organisation::end(&world.services, &alice, &first).await.unwrap();
        assert!(matches!(ended.probe, Probe::Closed { .. }), "{:?}", ended.probe);
        assert_eq!(world.refused(), 1);

        world.set_password(SERVICE, SERVICE_PASSWORD);
        let second = held(world).await;
        connected(world, &["bob"]).await;
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.refused(), 2);
        let stopped = again(world, &second).await;
        let ended = organisation::end(&world.services, &alice, &stopped).await.unwrap();
        assert_eq!((ended.probe, world.refused()), (Probe::RefusedBefore, 2));
    }

    async fn a_control_mailbox_out_of_scope_is_no_proof_for_the_others(world) {
        let first = held(world).await;
        connected(world, &["bob"]).await;
        let alice = world.user("alice").await;
        world.exchange.world().scope.exclude.insert(alice.email.to_string());
        let ended = organisation::end(&world.services, &alice, &first).await.unwrap();
        assert_eq!(ended.probe, Probe::Open);
        assert_eq!(ended.mailbox.unwrap().as_str(), "bob@example.test");
        assert!(world.user("bob").await.ended_at.is_some());

        world.exchange.world().scope.exclude.remove(alice.email.as_str());
        let second = held(world).await;
        connected(world, &["bob"]).await;
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        let ended = organisation::end(&world.services, &alice, &second).await.unwrap();
        assert!(matches!(ended.probe, Probe::Denied { tried: 2, .. }), "{:?}", ended.probe);
        assert_eq!(world.refused(), 0);
    }

    async fn a_mailbox_that_is_not_ones_own_needs_an_admins_word(world) {
        held(world).await;
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let charlie = world.user("charlie").await;
        let services = &world.services;
        let wanted = charlie.email.clone();
        let refused = connect::connect_through(services, &bob, &wanted).await;
        assert!(matches!(refused, Err(Forbidden::Refused(Refusal::NotYours { .. }))), "{refused:?}");

        let now = world.clock.now();
        let asked = AuditEntry::by(bob.id, AuditAction::MailboxRequested);
        services.store.ask_for_mailbox(bob.id, &wanted, "His assistant", &asked, now).await.unwrap();
        let request = services.store.requests(true).await.unwrap().remove(0);
        let approve = (RequestState::Waiting, RequestState::Approved);
        let entry = AuditEntry::by(alice.id, AuditAction::RequestApproved);
        assert!(services.store.decide_request(request.id, approve, "", (&entry, None), now).await.unwrap());
        assert!(!services.store.decide_request(request.id, approve, "", (&entry, None), now).await.unwrap());
        let id = connect::connect_through(services, &bob, &wanted).await.unwrap();
        assert!(matches!(world.ended(id).await, Outcome::Connected { .. }));
        // The admin's word for Bob is one for the owner beside him.
        assert!(matches!(one_click(world, "charlie").await, Outcome::Connected { .. }));

        let revoke = (RequestState::Approved, RequestState::Revoked);
        assert!(services.store.decide_request(request.id, revoke, "", (&entry, None), now).await.unwrap());
        connect::end_if_not_allowed(services, &alice, &bob).await.unwrap();
        assert_eq!(services.store.connection_of(bob.id).await.unwrap(), None);
        connect::end_if_not_allowed(services, &alice, &charlie).await.unwrap();
        assert!(services.store.connection_of(charlie.id).await.unwrap().is_some());
    }

    async fn what_is_taken_back_while_a_connection_is_tested_does_not_connect(world) {
        held(world).await;
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        let services = &world.services;
        let wanted = world.user("charlie").await.email;
        let now = world.clock.now();
        let asked = AuditEntry::by(bob.id, AuditAction::MailboxRequested);
        services.store.ask_for_mailbox(bob.id, &wanted, "Holiday", &asked, now).await.unwrap();
        let request = services.store.requests(true).await.unwrap().remove(0);
        let decide = async |from, to| {
            let entry = AuditEntry::by(alice.id, AuditAction::RequestApproved);
            assert!(services.store.decide_request(request.id, (from, to), "", (&entry, None), now).await.unwrap());
        };
        decide(RequestState::Waiting, RequestState::Approved).await;
        world.always(FaultKind::Slow { milliseconds: 700 });
        let id = connect::connect_through(services, &bob, &wanted).await.unwrap();
        decide(RequestState::Approved, RequestState::Revoked).await;
        connect::end_if_not_allowed(services, &alice, &bob).await.unwrap();
        let gone = |outcome| match outcome {
            Outcome::Failed { problem, .. } => assert_eq!(*problem, Problem::PermissionGone),
            other => panic!("{other:?}"),
        };
        gone(world.ended(id).await);
        assert_eq!(services.store.connection_of(bob.id).await.unwrap(), None);

        // The same with the rules for typed passwords.
        let id = world.start("bob", SERVICE_PASSWORD).await;
        let policy = Policy { typed: TypedPasswords::Off, ..services.store.policy().await.unwrap() };
        let entry = AuditEntry::by(alice.id, AuditAction::PolicyChanged);
        services.store.set_policy(&policy, &entry, now).await.unwrap();
        gone(world.ended(id).await);
        assert_eq!(services.store.connection_of(bob.id).await.unwrap(), None);
    }

    async fn two_accounts_never_serve_one_domain(world) {
        held(world).await;
        let alice = world.user("alice").await;
        for (label, said) in [("Head office", "is called"), ("Branch", "is served by")] {
            let typed = AccountForm { label: label.to_owned(), ..form(SERVICE_PASSWORD) };
            let (terms, request) = typed.parse(world.clock.now()).unwrap();
            let refused = organisation::add(&world.services, &alice, terms, request).await;
            let said_so = refused.unwrap_err().to_string();
            assert!(said_so.contains(said), "{said_so}");
        }
    }
}
