//! Work of the queue that is cut off: nothing of it is lost, nothing is done twice, and it goes on where it was.

use crate::{
    engines::on_both_engines,
    hook_server::HookServer,
    mail_server::MailServer,
    office::{BOTH, Office},
    points,
    victim::{Deed, World},
};
use kalends::{
    bulk_actions, mailbox_scope,
    notify::{self, Channels, Mailer, NewHook},
    people,
    services::Services,
    worker,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    bulk_action::{BulkAction, BulkLine, BulkOutcome},
    connection::Mode,
    id::JobId,
    import::{ImportOutcome, ImportRow},
    job::{Job, JobState},
    random::Random,
    rights::Role,
};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use kalends_simulator::{
    Options, RunningSimulator, SimulatedClock, Simulator,
    world::practice::{self, SERVICE_PASSWORD},
};
use kalends_store::{JobItem, ScopeConnection, ScopePlace, User};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// What stands around a process: an Exchange or a webhook's server, and a mail server.
#[derive(Debug, Default)]
pub struct Reach {
    /// The rule by which hosts are found, and the certificate that they show.
    hosts: Option<(String, PathBuf)>,
    mail: Option<String>,
}

const HOSTS: &str = "KALENDS_TEST_HOSTS";
const CA: &str = "KALENDS_TEST_CA";
const MAIL: &str = "KALENDS_TEST_MAIL";

impl Reach {
    pub fn from_environment() -> Self {
        let named = |name: &str| std::env::var(name).ok();
        Self {
            hosts: named(HOSTS).zip(named(CA).map(PathBuf::from)),
            mail: named(MAIL),
        }
    }

    pub fn to_environment(&self) -> Vec<(&'static str, String)> {
        let hosts = self.hosts.iter();
        let hosts = hosts
            .flat_map(|(rule, ca)| [(HOSTS, rule.clone()), (CA, ca.to_str().unwrap().to_owned())]);
        hosts
            .chain(self.mail.iter().map(|mail| (MAIL, mail.clone())))
            .collect()
    }
}

impl Office {
    fn services(&self, reach: &Reach) -> Services {
        let custody = &self.custody;
        let (rule, ca) = match &reach.hosts {
            Some((rule, ca)) => (rule.as_str(), Some(ca.clone())),
            None => ("", None),
        };
        let config = OutboundConfig::parse("mail.example.test", rule, ca).unwrap();
        let mut services = Services::new(
            custody.store.clone(),
            custody.vault.clone(),
            Outbound::new(config, custody.clock.clone()).unwrap(),
            custody.clock.clone(),
            Random::from_system(),
        );
        let mailer = reach
            .mail
            .as_ref()
            .map(|url| Mailer::new(url, "Kalends <kalends@example.test>", None).unwrap());
        let origin = "https://kalends.example.test".to_owned();
        services.channels = Channels::new(mailer, services.outbound.clone(), origin);
        services
    }

    /// Works on whatever is due.
    pub async fn work(&self, reach: &Reach) {
        worker::run_due_jobs(&self.services(reach)).await;
    }

    async fn admin(&self) -> User {
        let alice = self.user("alice").await;
        let entry = AuditEntry::by_kalends(AuditAction::RoleChanged);
        let (store, now) = (&self.custody.store, self.custody.clock.now());
        store
            .set_role(alice.id, Role::Admin, &entry, now)
            .await
            .unwrap();
        self.user("alice").await
    }

    async fn lines(&self, action: &str) -> usize {
        let counts = self.custody.store.audit_counts().await.unwrap();
        counts
            .get(action)
            .map_or(0, |count| usize::try_from(*count).unwrap())
    }

    async fn only_job(&self) -> Job {
        let row =
            sqlx::query("SELECT MIN(id) AS id FROM jobs WHERE kind NOT IN ('mail', 'webhook')");
        let row = row.fetch_one(self.custody.store.pool()).await.unwrap();
        let id: JobId = sqlx::Row::get::<String, _>(&row, "id").parse().unwrap();
        self.custody.store.job(id).await.unwrap().unwrap()
    }
}

/// Prepares an office, kills a process that works on what is due in it at a point, and comes back a day later to go on.
async fn gone_on(
    world: &World,
    reach: &Reach,
    point: &str,
    prepare: impl AsyncFnOnce(&Office),
) -> Office {
    let databases = world
        .cut_off_reaching(reach, point, Deed::Work, prepare)
        .await;
    let mut office = Office::open(&databases.main, &databases.vault, &BOTH).await;
    office.a_day_later().await;
    // Nothing is done before somebody goes on with it.
    office.is_in_step(point).await;
    office.work(reach).await;
    office.custody.clock.advance(Duration::from_hours(13));
    office.work(reach).await;
    office.is_in_step(point).await;
    office.databases = Some(databases);
    office
}

async fn begin_bulk(office: &Office, action: BulkAction) {
    let admin = office.admin().await;
    let mut lines = Vec::new();
    for name in ["alice", "bob"] {
        office
            .connect(name, Mode::ServiceAccount, "Practice-2025!")
            .await;
        let connection = office.connection(name).await.unwrap();
        lines.push(BulkLine {
            connection: connection.id,
            user: connection.user_id,
            name: name.to_owned(),
            mailbox: connection.mailbox.to_string(),
        });
    }
    let services = office.services(&Reach::default());
    bulk_actions::start(&services, &admin, action, lines, JobState::Waiting)
        .await
        .unwrap();
}

async fn exchange(folder: &tempfile::TempDir) -> (RunningSimulator, Reach) {
    let now = jiff::Timestamp::from_second(1_772_438_400).unwrap();
    let exchange = Simulator::start(Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        control: "127.0.0.1:0".parse().unwrap(),
        folder: folder.path().to_owned(),
        world: practice::world(now).unwrap(),
        clock: SimulatedClock::fixed(now),
    });
    let exchange = exchange.await.unwrap();
    let rule = format!("mail.example.test:443={}", exchange.ews_addr);
    let reach = Reach {
        hosts: Some((rule, exchange.ca_pem_path.clone())),
        mail: None,
    };
    (exchange, reach)
}

fn import_row(line: usize, name: &str) -> ImportRow {
    ImportRow {
        line,
        name: name.to_owned(),
        email: format!("{name}@example.test"),
        is_admin: false,
        addresses: String::new(),
        mistake: None,
    }
}

on_both_engines! {
    async fn an_action_for_many_that_is_cut_off_is_done_once_for_each(world) {
        for (action, outcome, line) in [
            (BulkAction::Pause, BulkOutcome::Paused, "connection-paused"),
            (BulkAction::Disconnect, BulkOutcome::Disconnected, "disconnected"),
            (BulkAction::Sync, BulkOutcome::Due, "sync-requested"),
        ] {
            let forgetting = points("forget-").into_iter().filter(|_| action == BulkAction::Disconnect);
            for point in points("job-").into_iter().chain(forgetting) {
                let office = gone_on(world, &Reach::default(), point, async |office: &Office| begin_bulk(office, action).await).await;
                let job = office.only_job().await;
                assert_eq!((job.state, job.done, job.total), (JobState::Done, 2, 2), "{action:?} at {point}");
                let items: Vec<JobItem<BulkLine, BulkOutcome>> = office.custody.store.job_items(job.id).await.unwrap();
                assert!(items.iter().all(|item| item.result == Some(outcome)), "{point}: {items:?}");
                assert_eq!(office.lines(line).await, 2, "{action:?} at {point}");
                office.close().await;
            }
        }
    }

    async fn an_import_that_is_cut_off_invites_each_once_and_mails_every_link(world) {
        let sealing = ["save-before-announce", "save-before-seal"];
        for point in points("job-").into_iter().chain(sealing) {
            let (mail, address) = MailServer::start(None);
            let reach = Reach { mail: Some(format!("smtp://{address}")), ..Reach::default() };
            let office = gone_on(world, &reach, point, async |office: &Office| {
                let (admin, services) = (office.admin().await, office.services(&reach));
                let rows = vec![import_row(1, "charlie"), import_row(2, "dora"), import_row(3, "bob")];
                let id = people::propose(&services, &admin, rows).await.unwrap();
                assert!(people::confirm(&services, &admin, id).await.unwrap());
                assert!(!people::confirm(&services, &admin, id).await.unwrap(), "sent twice, it is one import");
            }).await;
            let job = office.only_job().await;
            assert_eq!((job.state, job.done, job.total), (JobState::Done, 3, 3), "{point}");
            let items: Vec<JobItem<ImportRow, ImportOutcome>> = office.custody.store.job_items(job.id).await.unwrap();
            let results: Vec<_> = items.into_iter().filter_map(|item| item.result).collect();
            assert_eq!(results, [ImportOutcome::Invited, ImportOutcome::Invited, ImportOutcome::Mistake], "{point}");
            assert_eq!(office.lines("person-invited").await, 2, "{point}");
            let mails = mail.mails();
            let to: BTreeSet<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
            assert_eq!(to.len(), 2, "{point}: {to:?}");
            let ids: BTreeSet<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
            assert_eq!(ids.len(), 2, "one sent twice is the same: {ids:?}");
            let tokens: BTreeSet<_> = mails.iter().map(|mail| mail.text().split("link=").nth(1).unwrap()[..64].to_owned()).collect();
            assert_eq!(tokens.len(), 2, "{point}");
            office.close().await;
        }
    }

    async fn a_notice_that_is_cut_off_arrives_and_is_known_by_its_id(world) {
        let folder = tempfile::tempdir().unwrap();
        for point in ["job-after-lease", "job-before-end", "job-after-end"] {
            let hooks = HookServer::start(folder.path()).await;
            let rule = format!("chat.example.test:443={}", hooks.address);
            let reach = Reach { hosts: Some((rule, hooks.ca.clone())), mail: None };
            let office = gone_on(world, &reach, point, async |office: &Office| {
                let (admin, services) = (office.admin().await, office.services(&reach));
                let hook = NewHook::parse("Chat", "https://chat.example.test/hooks/tok").unwrap();
                notify::add(&services, &admin, hook).await.unwrap();
                office.connect("bob", Mode::ServiceAccount, "Practice-2025!").await;
                // A password that ends soon is told at once.
                office.hold("alice", "Practice-2025!", "Practice-2026!").await;
                sqlx::query("UPDATE accounts SET expires_at = $1 WHERE kind = 'organisation'")
                    .bind((office.custody.clock.now() + Duration::from_hours(48)).millis())
                    .execute(office.custody.store.pool()).await.unwrap();
                notify::update_incidents(&services).await.unwrap();
                assert_eq!(office.number("SELECT COUNT(*) FROM notices").await, 1);
            }).await;
            let ids: BTreeSet<_> = hooks.posted().iter().map(|posted| posted.headers["webhook-id"].clone()).collect();
            assert_eq!(ids.len(), 1, "{point}");
            assert_eq!(office.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'").await, 1, "{point}");
            office.close().await;
        }
    }

    async fn a_look_at_mailboxes_that_is_cut_off_goes_on_and_connects_each_once(world) {
        let folder = tempfile::tempdir().unwrap();
        for point in ["job-after-lease", "job-after-step", "job-before-end", "job-after-end"] {
            let (_exchange, reach) = exchange(&folder).await;
            let office = gone_on(world, &reach, point, async |office: &Office| {
                office.hold("alice", SERVICE_PASSWORD, SERVICE_PASSWORD).await;
                let (admin, services) = (office.admin().await, office.services(&reach));
                let held = services.store.held_accounts().await.unwrap().remove(0);
                let addresses = mailbox_scope::read_addresses("alice@example.test bob@example.test nobody@example.test").unwrap();
                mailbox_scope::start(&services, &admin, &held.account, &addresses).await.unwrap();
            }).await;
            let store = &office.custody.store;
            let scope = store.mailbox_scopes().await.unwrap().remove(0);
            assert!(scope.finished_at.is_some() && scope.problem.is_none(), "{point}: {scope:?}");
            let job = office.only_job().await;
            assert_eq!((job.done, job.total), (3, 3), "{point}");
            let rows = store.scope_rows(scope.id, None, (10, 0)).await.unwrap();
            let places: Vec<_> = rows.iter().map(|row| row.place.unwrap()).collect();
            assert_eq!(places, [ScopePlace::InScope, ScopePlace::InScope, ScopePlace::NotFound], "{point}");
            let (admin, services) = (office.admin().await, office.services(&reach));
            assert_eq!(mailbox_scope::choose(&services, &admin, &scope, None).await.unwrap(), 1);
            office.work(&reach).await;
            let rows = store.scope_rows(scope.id, None, (10, 0)).await.unwrap();
            assert_eq!(rows[1].result, Some(ScopeConnection::Connected), "{point}");
            office.close().await;
        }
    }
}
