//! The worker's loops: none waits for another, whatever is due and however slow somebody answers.

use crate::{
    World,
    engines::on_both_engines,
    hook_server::HookServer,
    world::{MINUTE, SERVICE},
};
use kalends::{
    accounts::organisation,
    mailbox_scope::{self, Addresses},
    notify::{self, Channels, Mailer, NewHook},
    services::Services,
    worker::{self, Loop, Silent},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    bulk_action::{BulkAction, BulkLine},
    check::{Check, Outcome, TestSteps, Typed},
    connection::Mode,
    id::{CheckId, JobId},
    job::{JobKind, JobState},
    problem::Problem,
};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use kalends_simulator::{
    fault::{FaultKind, Plan},
    world::{account::DomainAccount, practice::SERVICE_PASSWORD},
};
use kalends_store::{OrganisationAccount, SessionRow};
use std::{net::TcpListener, time::Duration};
use strum::VariantArray as _;
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(20);
/// How long a test waits in all for something that the loops do.
const PATIENCE: Duration = Duration::from_secs(20);

/// The worker, until the test has seen what it wants.
struct Working {
    stop: CancellationToken,
    loops: tokio::task::JoinHandle<()>,
}

impl Working {
    fn begin(services: &Services) -> Self {
        let stop = CancellationToken::new();
        let loops = tokio::spawn(worker::run(services.clone(), stop.clone()));
        Self { stop, loops }
    }

    async fn end(self) {
        self.stop.cancel();
        self.loops.await.unwrap();
    }
}

/// Lets time pass until something is so.
async fn until(world: &World, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            world.pass(Duration::from_secs(1));
            tokio::time::sleep(TICK).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    assert!(waited.is_ok(), "{what} does not happen");
}

/// Makes every connection due again and again, without end.
fn supply(world: &World) -> tokio::task::JoinHandle<()> {
    let pool = world.services.store.pool().clone();
    tokio::spawn(async move {
        loop {
            let due = sqlx::query("UPDATE connections SET due_at = 0 WHERE due_at > 0");
            due.execute(&pool).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
}

/// A check whose process is gone.
async fn dead_check(world: &World) -> CheckId {
    let (now, services) = (world.clock.now(), &world.services);
    let check = Check {
        id: CheckId::new(now, services.random.bytes()),
        user_id: world.user("bob").await.id,
        mode: Mode::ServiceAccount,
        typed: Typed::default(),
        account_id: None,
        ladder: TestSteps::new(),
        outcome: None,
        waiting: None,
        started_at: now - MINUTE * 60,
        finished_at: None,
    };
    let entry = AuditEntry::by_kalends(AuditAction::CheckStarted);
    services.store.start_check(&check, &entry).await.unwrap();
    check.id
}

/// An action for many connections that a process which is gone left undone.
async fn abandoned_bulk(world: &World) -> JobId {
    let at = world.clock.now() - MINUTE * 60;
    let connection = world.connection("bob").await;
    let line = BulkLine {
        connection: connection.id,
        user: connection.user_id,
        name: "Bob".to_owned(),
        mailbox: "bob@example.test".to_owned(),
    };
    let made = (world.promote("alice").await.id, at);
    let (kind, state) = (JobKind::BulkAction, JobState::Waiting);
    let store = &world.services.store;
    let added = store
        .add_job(kind, state, &BulkAction::Sync, &[line], made)
        .await;
    let id = added.unwrap();
    sqlx::query("UPDATE jobs SET leased_until = $2, instance_id = 'gone', fence = 1 WHERE id = $1")
        .bind(id.to_string())
        .bind((at + MINUTE).millis())
        .execute(store.pool())
        .await
        .unwrap();
    id
}

/// Adds another account of the organisation than the practice one.
async fn another(world: &World, name: &str) -> OrganisationAccount {
    let mut account = DomainAccount::new(name, "example.test", SERVICE_PASSWORD);
    account.role = true;
    world.exchange.world().add_account(account);
    let alice = world.user("alice").await;
    let mut form = crate::organisation::form(SERVICE_PASSWORD);
    form.account = format!("{name}@example.test");
    name.clone_into(&mut form.label);
    form.domains = format!("{name}.test");
    let (terms, request) = form.parse(world.clock.now()).unwrap();
    let id = organisation::add(&world.services, &alice, terms, request).await;
    let Outcome::AccountSaved { account_id } = world.ended(id.unwrap()).await else {
        panic!("{name} was not saved")
    };
    let held = world.services.store.held_account(account_id).await.unwrap();
    held.unwrap()
}

async fn start_scope(
    world: &World,
    held: &OrganisationAccount,
    addresses: &[&str],
) -> kalends_core::id::ScopeId {
    let alice = world.user("alice").await;
    let all = addresses.iter().map(|it| Ok(it.parse().unwrap())).collect();
    let addresses = Addresses {
        doubles: 0,
        without: 0,
        all,
    };
    let started = mailbox_scope::start(&world.services, &alice, &held.account, &addresses).await;
    started.unwrap()
}

async fn is_finished(world: &World, scope: kalends_core::id::ScopeId) -> bool {
    let scope = world
        .services
        .store
        .mailbox_scope(scope)
        .await
        .unwrap()
        .unwrap();
    scope.finished_at.is_some()
}

async fn sync_runs(world: &World) -> i64 {
    world.sync_runs().await.iter().sum()
}

on_both_engines! {
    async fn with_work_due_all_the_time_every_other_loop_goes_on(world) {
        for number in 0..3 {
            let name = format!("svc{number}");
            let mut account = DomainAccount::new(&name, "example.test", SERVICE_PASSWORD);
            account.role = true;
            world.exchange.world().add_account(account);
        }
        for (number, name) in ["alice", "bob", "charlie"].iter().enumerate() {
            world.save(name, &format!("svc{number}@example.test")).await;
        }
        let (services, store) = (&world.services, &world.services.store);
        let supply = supply(world);
        let working = Working::begin(services);
        until(world, "a round", async || sync_runs(world).await > 6).await;

        let (check, bulk) = (dead_check(world).await, abandoned_bulk(world).await);
        let old = world.clock.now() - MINUTE * 60 * 24 * 400;
        let before = sync_runs(world).await;
        sqlx::query("INSERT INTO state_changes (connection_id, at, state) SELECT id, $1, 'old' FROM connections LIMIT 1")
            .bind(old.millis()).execute(store.pool()).await.unwrap();
        let (end, _) = store.audit_head().await.unwrap();
        until(world, "the vault's memory of the trail", async || {
            services.vault.anchor().await.unwrap().is_some_and(|anchor| anchor.seq >= end)
        }).await;
        until(world, "the end of a dead check", async || {
            store.check(check).await.unwrap().unwrap().outcome.is_some()
        }).await;
        until(world, "an abandoned action", async || {
            store.job(bulk).await.unwrap().unwrap().state == JobState::Done
        }).await;
        until(world, "forgetting", async || {
            world.pass(MINUTE * 10);
            let found = sqlx::query("SELECT at FROM state_changes WHERE state = 'old'");
            found.fetch_optional(store.pool()).await.unwrap().is_none()
        }).await;
        assert!(sync_runs(world).await > before, "work was due all the while");
        supply.abort();
        working.end().await;
        let ended = store.check(check).await.unwrap().unwrap().outcome.unwrap();
        assert!(matches!(ended, Outcome::Failed { problem, .. } if *problem == Problem::Interrupted));
    }

    async fn a_slow_map_and_a_silent_mail_server_hold_up_nothing_else(world) {
        let alice = world.user("alice").await;
        let (slow, quick) = (crate::organisation::held(world).await, another(world, "svc-quick").await);
        world.save("bob", "svc-quick@example.test").await;
        // It takes connections and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let hooks = HookServer::start(folder.path()).await;
        let mut services = world.services.clone();
        let rule = format!("chat.example.test:443={}", hooks.address);
        let config = OutboundConfig::parse("", &rule, Some(hooks.ca.clone())).unwrap();
        let outbound = Outbound::new(config, world.clock.clone()).unwrap();
        let address = format!("smtp://{}", silent.local_addr().unwrap());
        let mailer = Mailer::new(&address, "Kalends <kalends@example.test>", None).unwrap();
        services.channels = Channels::new(Some(mailer), outbound, "https://kalends.example.test".to_owned());
        let store = &services.store;
        let entry = AuditEntry::by_kalends(AuditAction::RoleChanged);
        store.set_role(alice.id, kalends_core::rights::Role::Admin, &entry, world.clock.now()).await.unwrap();
        let hook = NewHook::parse("Chat", "https://chat.example.test/hooks/1").unwrap();
        notify::add(&services, &alice, hook).await.unwrap();

        // The first scope's mailbox takes longer than the test has patience.
        let only = Some("charlie@example.test".to_owned());
        let plan = Plan { only_mailbox: only, ..Plan::always(FaultKind::Slow { milliseconds: 60_000 }) };
        world.exchange.world().faults.plan(plan);
        let one = start_scope(world, &slow, &["charlie@example.test", "alice@example.test"]).await;
        let two = start_scope(world, &quick, &["alice@example.test", "bob@example.test"]).await;
        // Requests that wait are told at once, by mail and webhook.
        let waiting = sqlx::query("INSERT INTO mailbox_requests (id, user_id, mailbox, reason, state, asked_at) VALUES ($1, $2, 'charlie@example.test', '', 'waiting', 0)");
        waiting.bind(CheckId::new(world.clock.now(), services.random.bytes()).to_string())
            .bind(alice.id.to_string()).execute(store.pool()).await.unwrap();

        let working = Working::begin(&services);
        until(world, "the quick scope", async || is_finished(world, two).await).await;
        until(world, "a webhook", async || {
            let told = store.notices(10, 0).await.unwrap();
            told.iter().any(|notice| notice.state == JobState::Done)
        }).await;
        let before = sync_runs(world).await;
        until(world, "a round", async || { world.pass(MINUTE); sync_runs(world).await > before + 1 }).await;
        assert!(!is_finished(world, one).await);
        let told = store.notices(10, 0).await.unwrap();
        assert!(told.iter().any(|notice| notice.state == JobState::Waiting), "the mail is still under way");
        working.end().await;
    }

    async fn accounts_of_slow_servers_leave_room_for_everybody_else(world) {
        const SLOW: [&str; 2] = ["slow.test", "slower.test"];
        crate::organisation::held(world).await;
        crate::organisation::connected(world, &["bob"]).await;
        for number in 0..20 {
            for host in SLOW {
                let name = format!("{}{number:02}", host.trim_end_matches(".test"));
                world.save_at(host, &name, &format!("{name}@example.test")).await;
            }
        }
        let slow = world.another_server().await;
        slow.world().faults.plan(Plan::always(FaultKind::Slow { milliseconds: 90_000 }));
        let services = world.reaching_all(&SLOW, slow.ews_addr).await;
        // These have waited less.
        world.pass(MINUTE * 6);
        world.save("charlie", SERVICE).await;
        let began = world.clock.now();
        let working = Working::begin(&services);
        for name in ["bob", "charlie"] {
            until(world, name, async || {
                world.connection(name).await.last_run_at.is_some_and(|at| at > began)
            }).await;
        }
        working.end().await;
        slow.shutdown().await;
    }

    async fn a_database_that_takes_no_changes_shows_within_half_a_minute(world) {
        let services = &world.services;
        let recent = || services.heartbeats.recent(&world.clock);
        assert_eq!(recent(), Err(Silent::Main), "nothing was written yet");
        for (pool, silent) in [(services.store.pool(), Silent::Main), (services.vault.pool(), Silent::Vault)] {
            let Ok(()) = worker::beat(services).await;
            assert_eq!(recent(), Ok(()));
            sqlx::query("ALTER TABLE heartbeats RENAME TO elsewhere").execute(pool).await.unwrap();
            for _ in 0..2 {
                world.pass(Duration::from_secs(14));
                let Ok(()) = worker::beat(services).await;
                assert_eq!(recent(), Ok(()));
            }
            // A clock that is set hides nothing.
            world.clock.set_ahead(-3_600_000);
            world.pass(Duration::from_secs(2));
            let Ok(()) = worker::beat(services).await;
            assert_eq!(recent(), Err(silent));
            sqlx::query("ALTER TABLE elsewhere RENAME TO heartbeats").execute(pool).await.unwrap();
            let Ok(()) = worker::beat(services).await;
            assert_eq!(recent(), Ok(()));
            // Nor does it tell what is not so.
            world.clock.set_ahead(40 * 24 * 3_600_000);
            assert_eq!(recent(), Ok(()));
        }
    }

    async fn each_loop_writes_its_heartbeat(world) {
        let services = &world.services;
        let working = Working::begin(services);
        until(world, "the heartbeat of every loop", async || {
            let found = sqlx::query("SELECT loop FROM heartbeats WHERE instance = $1").bind(&*services.instance);
            found.fetch_all(services.store.pool()).await.unwrap().len() == Loop::VARIANTS.len() + 1
        }).await;
        assert_eq!(services.heartbeats.recent(&world.clock), Ok(()));
        working.end().await;
    }

    async fn after_a_clock_that_ran_ahead_everything_goes_on(world) {
        const AHEAD: i64 = 40 * 24 * 3_600_000;
        let (services, store) = (&world.services, &world.services.store);
        world.save("bob", SERVICE).await;
        world.save("charlie", SERVICE).await;
        world.run_due().await;
        worker::watch_clock(services).await.unwrap();
        world.always(FaultKind::Unavailable { retry_after: None });
        world.clock.set_ahead(AHEAD);
        world.pass(MINUTE * 6);
        world.run_due().await;
        world.exchange.world().faults.clear();
        world.save("alice", SERVICE).await;
        world.run_due().await;
        sqlx::query("UPDATE accounts SET leased_until = $1, lease_token = 'gone', wanted_until = $1")
            .bind(world.clock.now().millis()).execute(store.pool()).await.unwrap();
        world.clock.set_ahead(-AHEAD);
        let before = sync_runs(world).await;
        let working = Working::begin(services);
        until(world, "a round of each", async || sync_runs(world).await >= before + 3).await;
        working.end().await;
        for name in ["alice", "bob", "charlie"] {
            let connection = world.connection(name).await;
            let now = world.clock.now();
            for at in [Some(connection.since), connection.last_run_at, connection.last_synced_at, Some(connection.connected_at)] {
                assert!(at.is_none_or(|at| at <= now), "{connection:?}");
            }
            assert!(connection.due_at.unwrap() <= now + MINUTE * 60, "{connection:?}");
        }
    }

    async fn a_clock_that_ran_ahead_makes_nobody_forget_anything(world) {
        const AHEAD: i64 = 40 * 24 * 3_600_000;
        let (services, store) = (&world.services, &world.services.store);
        world.save("bob", SERVICE).await;
        world.run_due().await;
        let kept = async || {
            let mut kept = Vec::new();
            for table in ["sync_runs", "calls", "sync_run_hours", "sessions", "announced_secrets"] {
                let sql = format!("SELECT 1 AS found FROM {table}");
                let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(store.pool()).await;
                kept.push((table, found.unwrap().len()));
            }
            kept
        };
        let now = world.clock.now();
        let of = |name: &str, user_id| SessionRow {
            id_hash: name.to_owned(),
            user_id,
            data: "{}".to_owned(),
            idle_expires_at: now + MINUTE * 60 * 24 * 7,
            absolute_expires_at: now + MINUTE * 60 * 24 * 30,
            touched_at: now,
            device: None,
            network: None,
        };
        store.save_session(&of("bob", Some(world.user("bob").await.id))).await.unwrap();
        let custody = services.custody();
        store.announce_secret(now).await.unwrap();
        let before = kept().await;
        assert!(before.iter().all(|(_, rows)| *rows > 0), "{before:?}");
        worker::watch_clock(services).await.unwrap();
        let working = Working::begin(services);
        let jumps = async || store.clock_jumps(world.clock.now()).await.unwrap();
        world.clock.set_ahead(AHEAD);
        until(world, "a jump ahead", async || jumps().await.iter().any(|jump| jump.seconds > 0)).await;
        let strangers = of("stranger", None);
        store.save_session(&strangers).await.unwrap();
        // Housekeeping works every hour.
        for _ in 0..65 {
            world.pass(MINUTE);
            tokio::time::sleep(TICK).await;
        }
        until(world, "the stranger's session to go", async || store.session("stranger", now).await.unwrap().is_none()).await;
        world.clock.set_ahead(-AHEAD);
        until(world, "a jump back", async || jumps().await.iter().any(|jump| jump.seconds < 0)).await;
        working.end().await;
        for ((table, had), (_, has)) in before.iter().zip(kept().await) {
            assert!(has >= *had, "{table}: {has} of {had}");
        }
        assert_eq!(store.session("stranger", now).await.unwrap(), None);
        // By the right clock, what is old enough goes.
        world.pass(MINUTE * 60 * 25);
        custody.list_old().await.unwrap();
        assert_eq!(kept().await.last().unwrap().1, 0);
    }
}
