//! How trouble shows, that the last copy stays, and that it heals by itself once its cause is gone.

use crate::{
    World,
    engines::on_both_engines,
    world::{MINUTE, SERVICE},
};
use kalends::{connect, sync};
use kalends_core::{
    advice::{Names, advice},
    check::Outcome,
    connection::ConnectionState,
    problem::Problem,
};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::{
        practice::SERVICE_PASSWORD,
        settings::{ExtendedProtection, ReverseProxy},
    },
};
use std::time::Duration;

const FINE: (ConnectionState, Option<&str>) = (ConnectionState::Connected, None);
const BOB: &str = "bob@example.test";

/// Bob's calendar is read; then something breaks, shows as `code` with the copy kept, is mended, and is found healed a
/// quarter of an hour later, no sooner.
async fn breaks_and_heals(
    world: &World,
    code: &str,
    breaks: impl Fn(&World),
    heals: impl Fn(&World),
) {
    world.save("bob", SERVICE).await;
    world.run_due().await;
    let copy = world.stored("bob").await;
    assert!(!copy.is_empty());
    let synced = world.connection("bob").await.last_synced_at;

    breaks(world);
    world.pass(MINUTE * 6);
    assert_eq!(world.run_due().await, 1);
    assert_eq!(
        world.state("bob").await,
        (ConnectionState::ActionNeeded, Some(code))
    );
    assert_eq!(world.stored("bob").await, copy);
    assert_eq!(world.connection("bob").await.last_synced_at, synced);

    heals(world);
    world.pass(MINUTE * 14);
    assert_eq!(world.run_due().await, 0);
    world.pass(MINUTE);
    assert_eq!(world.run_due().await, 1);
    assert_eq!(world.state("bob").await, FINE);
    assert_eq!(world.stored("bob").await, copy);
    assert_eq!(world.refused(), 0);
}

/// As [`breaks_and_heals`], for trouble that is expected to pass within `minutes`, and does not before `none_before`.
async fn passes(world: &World, code: &str, kind: FaultKind, none_before: u32, minutes: u32) {
    world.save("bob", SERVICE).await;
    world.run_due().await;
    let copy = world.stored("bob").await;

    world.always(kind);
    world.pass(MINUTE * 6);
    world.run_due().await;
    assert_eq!(
        world.state("bob").await,
        (ConnectionState::Delayed, Some(code))
    );
    assert_eq!(world.stored("bob").await, copy);

    world.exchange.world().faults.clear();
    world.pass(MINUTE * none_before);
    assert_eq!(world.run_due().await, 0);
    world.pass(MINUTE * (minutes - none_before));
    assert_eq!(world.run_due().await, 1);
    assert_eq!(world.state("bob").await, FINE);
}

fn set_role(world: &World, role: bool) {
    world.exchange.world().account_mut(SERVICE).unwrap().role = role;
}

fn clear(world: &World) {
    world.exchange.world().faults.clear();
}

on_both_engines! {
    async fn a_role_that_was_taken_away_is_told_and_given_back_heals(world) {
        let code = "impersonation-denied";
        breaks_and_heals(world, code, |world| set_role(world, false), |world| set_role(world, true)).await;
    }

    async fn a_scope_that_shrank_is_told_and_widened_heals(world) {
        let shrink = |world: &World| {
            world.exchange.world().scope.exclude.insert(BOB.to_owned());
        };
        let widen = |world: &World| {
            world.exchange.world().scope.exclude.remove(BOB);
        };
        breaks_and_heals(world, "impersonation-denied", shrink, widen).await;
    }

    async fn with_a_colleague_in_reach_the_scope_is_told_from_the_role(world) {
        world.save("alice", SERVICE).await;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.exchange.world().scope.exclude.insert(BOB.to_owned());
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 2);
        assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("outside-scope")));
        assert_eq!(world.state("alice").await, FINE);
        set_role(world, false);
        world.pass(MINUTE * 16);
        assert_eq!(world.run_due().await, 2);
        for name in ["alice", "bob"] {
            let told = (ConnectionState::ActionNeeded, Some("role-missing"));
            assert_eq!(world.state(name).await, told, "{name}");
        }
        let checked = world.click("bob", SERVICE_PASSWORD).await;
        assert!(matches!(checked, Outcome::Failed { problem, .. } if *problem == Problem::RoleMissing));
    }

    async fn the_second_colleague_needs_no_lookup_and_what_is_stale_is_forgotten(world) {
        let asked = || world.exchange.world().counters().autodiscover();
        for (name, lookups) in [("alice", 1), ("bob", 1)] {
            let ended = world.click_at(name, SERVICE_PASSWORD, "").await;
            assert!(matches!(ended, Outcome::Connected { .. }), "{name}: {ended:?}");
            assert_eq!(asked(), lookups, "{name}");
        }
        let store = &world.services.store;
        let stale = "https://gone.example.test/EWS/Exchange.asmx".parse().unwrap();
        store.remember_endpoint("example.test", &stale).await.unwrap();
        let ended = world.click_at("charlie", SERVICE_PASSWORD, "").await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        assert_eq!(asked(), 2);
        let found = store.remembered_endpoint("example.test").await.unwrap();
        assert_eq!(found.unwrap().host(), "mail.example.test");
    }

    async fn a_mailbox_that_moved_says_where_and_the_password_stays_where_it_was(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        let there = "https://ex02.example.test/EWS/Exchange.asmx";
        world.exchange.world().mailbox_mut(BOB).unwrap().ews_url = Some(there.to_owned());
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("mailbox-moved")));
        let problem = world.connection("bob").await.problem.unwrap();
        assert_eq!(problem, Problem::MailboxMoved { endpoint: there.parse().ok() });
        let ended = world.click_at("bob", SERVICE_PASSWORD, there).await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        world.run_due().await;
        assert_eq!(world.state("bob").await, FINE);
    }

    async fn a_role_granted_minutes_ago_is_waited_for(world) {
        set_role(world, false);
        let check = world.click_and_keep_trying("bob").await;
        let waiting = || async {
            loop {
                let found = world.services.store.check(check).await.unwrap().unwrap();
                match found.waiting {
                    Some(waiting) => return waiting,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let first = waiting().await;
        assert_eq!((first.problem, first.attempts), (Problem::ImpersonationDenied, 1));
        assert_eq!(first.next_at, world.clock.now() + MINUTE * 5);
        assert_eq!(first.until, world.clock.now() + MINUTE * 120);
        // Nobody takes it for one whose process is gone.
        world.pass(MINUTE * 4);
        connect::end_interrupted(&world.services).await.unwrap();
        set_role(world, true);
        world.pass(MINUTE);
        let ended = world.ended(check).await;
        assert!(matches!(ended, Outcome::Connected { .. }), "{ended:?}");
        assert_eq!(world.refused(), 0);

        set_role(world, false);
        let check = world.click_and_keep_trying("charlie").await;
        while world.services.store.check(check).await.unwrap().unwrap().waiting.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        connect::cancel(&world.services, check).await.unwrap();
        assert_eq!(world.ended(check).await, Outcome::Cancelled);
    }

    async fn a_refusal_behind_a_new_certificate_names_the_change(world) {
        let connected = world.click("bob", SERVICE_PASSWORD).await;
        assert!(matches!(connected, Outcome::Connected { .. }), "{connected:?}");
        let told = |outcome: Outcome| match outcome {
            Outcome::Failed { problem, .. } => match *problem {
                Problem::SignInRefused { changed, .. } => changed,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(told(world.click("bob", "wrong").await), None);
        {
            let mut exchange = world.exchange.world();
            exchange.settings.tls_proxy = true;
            exchange.settings.extended_protection = ExtendedProtection::Require;
            exchange.settings.offer.basic = false;
        }
        let changed = told(world.click("bob", SERVICE_PASSWORD).await).unwrap();
        assert_eq!(changed.before.unwrap().since, world.clock.now());
        world.exchange.world().settings.tls_proxy = false;
        let connected = world.click("bob", SERVICE_PASSWORD).await;
        assert!(matches!(connected, Outcome::Connected { .. }), "{connected:?}");
    }

    async fn a_round_and_a_check_refused_behind_a_new_certificate_name_the_change(world) {
        world.exchange.world().settings.extended_protection = ExtendedProtection::Require;
        world.exchange.world().settings.offer.basic = false;
        for name in ["alice", "bob"] {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        let since = world.clock.now();
        world.exchange.world().settings.tls_proxy = true;
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.refused(), 1);
        let names_the_change = |problem: Problem| match problem {
            Problem::PasswordRefused { changed, .. } => {
                assert_eq!(changed.unwrap().before.unwrap().since, since);
            }
            other => panic!("{other:?}"),
        };
        for name in ["alice", "bob"] {
            let told = world.connection(name).await;
            assert_eq!(told.state, ConnectionState::ActionNeeded);
            names_the_change(told.problem.unwrap());
        }
        let failed = world.services.store.last_runs(world.connection("alice").await.id, 1).await.unwrap();
        let of_bob = world.services.store.last_runs(world.connection("bob").await.id, 1).await.unwrap();
        names_the_change(failed.into_iter().chain(of_bob).find_map(|round| round.problem).unwrap());

        let check = || async {
            let (bob, connection) = (world.user("bob").await, world.connection("bob").await);
            let id = connect::check_again(&world.services, &bob, &connection, false).await.unwrap();
            let ended = world.ended(id).await;
            let check = world.services.store.check(id).await.unwrap().unwrap();
            assert_eq!(check.ladder.failed_at(), None, "nothing was sent");
            match ended {
                Outcome::Failed { problem, .. } => *problem,
                other => panic!("{other:?}"),
            }
        };
        names_the_change(check().await);
        assert_eq!(world.refused(), 1);
        // The probe meets the same.
        world.pass(MINUTE * 16);
        world.run_due().await;
        assert_eq!(world.refused(), 2);
        names_the_change(world.connection("bob").await.problem.unwrap());
        names_the_change(check().await);
        assert_eq!(world.refused(), 2);
    }

    async fn a_saved_password_refused_behind_a_proxy_names_the_proxy(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        {
            let mut exchange = world.exchange.world();
            exchange.settings.reverse_proxy = Some(ReverseProxy::ConnectionPerRequest);
            exchange.settings.reverse_proxy_headers = vec![("Via", "NS-CACHE-10.0: 180")];
        }
        world.pass(MINUTE * 6);
        world.run_due().await;
        let told = Problem::PasswordRefused { taken_before: false,
            proxy: Some("Citrix NetScaler (NS-CACHE-10.0: 180)".to_owned()),
            changed: None,
        };
        assert_eq!(world.connection("bob").await.problem, Some(told.clone()));
        let words = advice(&told, &Names::default());
        assert!(words.meaning.contains("behind a proxy: Citrix NetScaler"), "{words:?}");
        assert!(words.steps[0].contains("whoever runs the proxy"), "{words:?}");
        // The account tells it to whoever comes next, as well.
        let (bob, connection) = (world.user("bob").await, world.connection("bob").await);
        let id = connect::check_again(&world.services, &bob, &connection, false).await.unwrap();
        let ended = world.ended(id).await;
        assert!(matches!(&ended, Outcome::Failed { problem, .. } if **problem == told), "{ended:?}");
    }

    async fn a_check_of_a_saved_connection_that_is_refused_tells_of_the_saved_password(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.set_password(SERVICE, "Changed-2026!");
        world.pass(MINUTE * 3);
        let (bob, connection) = (world.user("bob").await, world.connection("bob").await);
        let id = connect::check_again(&world.services, &bob, &connection, false).await.unwrap();
        let ended = world.ended(id).await;
        let told = Problem::PasswordRefused { taken_before: false,  proxy: None, changed: None };
        assert!(matches!(&ended, Outcome::Failed { problem, .. } if **problem == told), "{ended:?}");
        assert_eq!(world.connection("bob").await.problem, Some(told));
        assert_eq!(world.refused(), 1);
    }

    async fn a_password_answered_by_a_page_is_sent_once_for_the_whole_account(world) {
        {
            let mut exchange = world.exchange.world();
            exchange.settings.offer.ntlm = false;
            exchange.settings.offer.negotiate = false;
        }
        for name in ["alice", "bob", "charlie"] {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        // What stands in front asks for the sign-in, then answers it with its own page.
        let ask_then_page = Plan { after: 1, ..Plan::always(FaultKind::LoginPage) };
        world.exchange.world().faults.plan(ask_then_page);
        world.pass(MINUTE * 12);
        assert_eq!(world.run_due().await, 1);
        for name in ["alice", "bob", "charlie"] {
            let not_ews = (ConnectionState::ActionNeeded, Some("not-ews"));
            assert_eq!(world.state(name).await, not_ews, "{name}");
        }
        world.pass(MINUTE * 29);
        assert_eq!(world.run_due().await, 0);
        clear(world);
        world.pass(MINUTE);
        assert_eq!(world.run_due().await, 3);
        for name in ["alice", "bob", "charlie"] {
            assert_eq!(world.state(name).await, FINE, "{name}");
        }
    }

    async fn a_signed_in_connection_serves_the_next_turn_without_a_password(world) {
        world.exchange.world().settings.offer.basic = false;
        let accepted = || world.exchange.world().counters().accepted();
        for name in ["alice", "bob"] {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        assert_eq!(accepted(), 1);
        world.pass(MINUTE);
        world.save("charlie", SERVICE).await;
        // Charlie's click put in a password of its own: that one signs in once more.
        world.run_due().await;
        assert_eq!(accepted(), 2);
        let soon = |name: &'static str| async move {
            let (id, now) = (world.connection(name).await.id, world.clock.now());
            world.services.store.make_due_now(id, now).await.unwrap();
            world.run_due().await;
            assert_eq!(world.state(name).await, FINE);
        };
        let opened = || async {
            let found = sqlx::query("SELECT COUNT(*) FROM audit WHERE action = 'secret-opened'");
            let row = found.fetch_one(world.services.store.pool()).await.unwrap();
            sqlx::Row::get::<i64, _>(&row, 0)
        };
        let before = opened().await;
        for name in ["alice", "bob", "charlie"] {
            world.pass(MINUTE);
            soon(name).await;
        }
        assert_eq!((accepted(), opened().await), (2, before));
        // One that was closed meanwhile, or is idle for too long, signs in anew.
        world.exchange.world().faults.plan(Plan::once(FaultKind::ResetBeforeAnswer));
        soon("alice").await;
        assert_eq!((accepted(), opened().await), (3, before + 1));
        world.pass(MINUTE * 3);
        soon("alice").await;
        assert_eq!(accepted(), 4);
        // So does one whose round somebody asked for.
        let (alice, connection) = (world.user("alice").await, world.connection("alice").await);
        assert_eq!(sync::soon(&world.services, &alice, &connection).await.unwrap(), sync::SyncRequest::Started);
        world.run_due().await;
        assert_eq!(accepted(), 5);
        assert_eq!(world.refused(), 0);
    }

    async fn a_forbidden_ews_is_told_and_heals(world) {
        breaks_and_heals(world, "forbidden", |world| world.always(FaultKind::Forbidden), clear).await;
    }

    async fn an_expired_certificate_is_told_and_a_new_one_heals(world) {
        let expire = |world: &World| world.always(FaultKind::CertificateExpired);
        breaks_and_heals(world, "certificate-expired", expire, clear).await;
    }

    async fn a_server_that_asks_for_a_pause_gets_it(world) {
        passes(world, "throttled", FaultKind::Throttled { back_off: Some(600_000) }, 9, 13).await;
    }

    async fn an_unavailable_server_is_looked_at_again_after_five_minutes(world) {
        passes(world, "server-error", FaultKind::Unavailable { retry_after: None }, 4, 6).await;
    }

    async fn a_deleted_mailbox_is_told_and_its_colleagues_are_read_on(world) {
        world.save("bob", SERVICE).await;
        world.save("charlie", SERVICE).await;
        world.run_due().await;
        let copy = world.stored("bob").await;
        world.exchange.world().remove_mailbox(BOB).unwrap();
        world.pass(MINUTE * 6);
        assert_eq!(world.run_due().await, 2);
        assert_eq!(world.state("bob").await, (ConnectionState::ActionNeeded, Some("mailbox-not-found")));
        assert_eq!(world.stored("bob").await, copy);
        assert_eq!(world.state("charlie").await, FINE);
        assert_eq!(world.connection("charlie").await.last_synced_at, Some(world.clock.now()));
    }

    async fn a_problem_lasts_since_it_began_and_not_since_the_one_before(world) {
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.pass(MINUTE * 6);
        world.run_due().await;
        let role = world.clock.now();
        assert_eq!(world.connection("bob").await.since, role);
        world.pass(MINUTE * 16);
        world.run_due().await;
        assert_eq!(world.connection("bob").await.since, role, "it is the same");
        world.set_password(SERVICE, "Changed-2026!");
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        world.pass(MINUTE * 18);
        world.run_due().await;
        let refused = world.clock.now();
        assert_eq!(world.state("bob").await.1, Some("password-refused"));
        assert_eq!(world.connection("bob").await.since, refused);
        world.pass(MINUTE * 16);
        world.run_due().await;
        assert_eq!(world.connection("bob").await.since, refused, "refused again is refused since then");
    }
}
