//! Notices: one for each cause to whoever must act, again while it lasts, one when it is over, and none lost.

use crate::{
    World,
    engines::on_both_engines,
    mail_server::MailServer,
    organisation::held,
    world::{MINUTE, SERVICE},
};
use jiff::{ToSpan as _, tz::TimeZone};
use kalends::{
    accounts::organisation::{self as accounts, AccountForm, Endings},
    mailbox_scope::{self, Addresses},
    notify::{self, Channels, Mailer, current_problems::troubles},
    reports::connection_list::csv_page,
    services::Services,
    worker,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    connection::ConnectionState,
    job::{JobKind, JobState},
    notice::NoticeKind,
    problem::Owner,
    rights::Role,
};
use kalends_simulator::fault::{FaultKind, Plan};
use kalends_store::ListQuery;
use std::time::Duration;

pub const ORIGIN: &str = "https://kalends.example.test";
const NEW: &str = "Changed-2026!";
const HOUR: Duration = Duration::from_hours(1);

/// The services of a world that writes mail, and the server that takes it.
fn telling(world: &World) -> (Services, MailServer) {
    let (server, address) = MailServer::start(None);
    (with_mail(world, &format!("smtp://{address}")), server)
}

fn with_mail(world: &World, url: &str) -> Services {
    let mut services = world.services.clone();
    let mailer = Mailer::new(url, "Kalends <kalends@example.test>", None).unwrap();
    let outbound = services.outbound.clone();
    services.channels = Channels::new(Some(mailer), outbound, ORIGIN.to_owned());
    services
}

pub async fn make_admin(world: &World, name: &str) -> kalends_store::User {
    let user = world.user(name).await;
    let entry = AuditEntry::by_kalends(AuditAction::RoleChanged);
    let (store, now) = (&world.services.store, world.clock.now());
    let set = store.set_role(user.id, Role::Admin, &entry, now).await;
    assert!(set.unwrap());
    world.user(name).await
}

pub async fn tell(services: &Services) -> usize {
    notify::update_incidents(services).await.unwrap();
    deliver_due(services).await
}

/// Hands over what is due, and returns how many attempts that took.
async fn deliver_due(services: &Services) -> usize {
    let posted = worker::run_due_jobs_of(services, JobKind::Webhook).await;
    posted + worker::run_due_jobs_of(services, JobKind::Mail).await
}

fn subjects(mail: &MailServer) -> Vec<String> {
    let mails = mail.mails();
    mails.iter().map(|mail| mail.header("Subject")).collect()
}

/// Connects so many people through the organisation's account.
async fn connect_many(world: &World, held: &kalends_store::OrganisationAccount, count: usize) {
    for number in 0..count {
        let name = format!("person{number}");
        let now = crate::world::jiff_at(world.clock.now());
        let address = format!("{name}@example.test");
        let exchange = &world.exchange;
        exchange.world().add_mailbox(&address, &name, now).unwrap();
        world.user(&name).await;
    }
    let addresses = (0..count).map(|n| format!("person{n}@example.test"));
    let all = Addresses {
        doubles: 0,
        without: 0,
        all: addresses.map(|it| Ok(it.parse().unwrap())).collect(),
    };
    let alice = world.user("alice").await;
    let services = &world.services;
    let scope = mailbox_scope::start(services, &alice, &held.account, &all).await;
    worker::run_due_jobs_of(services, JobKind::MailboxScope).await;
    let scope = services.store.mailbox_scope(scope.unwrap()).await;
    let scope = scope.unwrap().unwrap();
    let chosen = mailbox_scope::choose(services, &alice, &scope, None).await;
    assert_eq!(chosen.unwrap(), count as u64);
    worker::run_due_jobs_of(services, JobKind::MailboxScope).await;
    assert_eq!(world.run_due().await, count);
}

on_both_engines! {
    async fn one_password_change_with_240_people_is_one_mail_to_the_admin_and_one_when_it_is_over(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        let held = held(world).await;
        connect_many(world, &held, 240).await;
        assert_eq!((tell(&services).await, mail.mails().len()), (0, 0), "nothing is wrong yet");

        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        assert_eq!(world.refused(), 1);
        // Single refusals happen under load: nothing is said before the second look.
        world.pass(MINUTE * 10);
        world.run_due().await;
        assert_eq!(tell(&services).await, 0);
        world.pass(MINUTE * 8);
        world.run_due().await;
        assert_eq!((world.refused(), tell(&services).await), (2, 1));
        let told = mail.mails();
        assert_eq!((told.len(), told[0].to.as_slice()), (1, ["alice@example.test".to_owned()].as_slice()));
        assert!(told[0].header("Subject").contains("240 people"), "{}", told[0].raw);
        let text = told[0].text();
        for part in [SERVICE, "240 calendars", "/connections?cause=password&account=", ORIGIN, "Change the password"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(told[0].header("Auto-Submitted"), "auto-generated");
        // The overview and the list say the same, and who must act: whoever holds the password, not those who wait.
        let wrong = troubles(&services.store).await.unwrap();
        let wrong: Vec<_> = wrong.iter().map(|it| (it.problem.code(), it.people, it.owner)).collect();
        assert_eq!(wrong, [("password-refused", 240, Owner::Operator)]);
        let (table, _) = csv_page(&services.store, &ListQuery::default(), None).await.unwrap();
        let table = String::from_utf8(table).unwrap();
        assert_eq!(table.matches("A Kalends administrator").count(), 240, "{table}");

        // Told once, however often it is looked at and by however many instances.
        for _ in 0..20 {
            world.pass(MINUTE * 30);
            world.run_due().await;
            assert_eq!(tell(&services).await, 0);
        }
        // Probes after 1 hour and 4 hours met the same.
        assert_eq!(world.refused(), 4);

        // The right password is entered and switched to: everything works, which is told once.
        let user = world.user("alice").await;
        let wanted = crate::organisation::form(NEW).sign_in().unwrap();
        let id = accounts::test_next(&services, &user, &held, wanted, None).await.unwrap();
        world.ended(id).await;
        let current = services.store.held_account(held.account.id).await.unwrap().unwrap();
        assert!(accounts::switch(&services, &user, &current.account).await.unwrap());
        world.pass(MINUTE);
        assert_eq!(world.run_due().await, 240);
        assert_eq!(tell(&services).await, 1);
        let told = mail.mails();
        assert_eq!((told.len(), told[1].to.as_slice()), (2, ["alice@example.test".to_owned()].as_slice()));
        assert!(told[1].header("Subject").starts_with("Over: "), "{}", told[1].raw);
        world.pass(HOUR * 30);
        assert_eq!((tell(&services).await, mail.mails().len()), (0, 2));
    }

    async fn what_lasts_is_told_again_after_1_3_and_7_days_and_no_more(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        for name in ["bob", "charlie"] {
            world.save(name, SERVICE).await;
        }
        let mut days = Vec::new();
        for hour in 0..24 * 12 {
            world.run_due().await;
            if tell(&services).await > 0 {
                days.push(hour / 24);
            }
            world.pass(HOUR);
        }
        assert_eq!(days, [0, 1, 3, 7]);
        let subjects: Vec<String> = mail.mails().iter().map(|mail| mail.header("Subject")).collect();
        assert!(subjects[0].contains("2 people") && !subjects[0].contains("since"), "{subjects:?}");
        assert!(subjects[1].contains("since yesterday") && subjects[3].contains("for 7 days"), "{subjects:?}");
        let open = services.store.open_incidents().await.unwrap();
        assert_eq!((open.len(), open[0].reminders, open[0].next_at), (1, 3, None));
    }

    async fn a_pause_is_no_recovery_and_what_passes_is_not_told_before_it_has_lasted(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        world.save("bob", SERVICE).await;
        world.always(FaultKind::Unavailable { retry_after: None });
        world.run_due().await;
        assert_eq!(world.state("bob").await.0, ConnectionState::Delayed);
        for _ in 0..5 {
            world.pass(HOUR);
            world.run_due().await;
            assert_eq!(tell(&services).await, 0);
        }
        world.pass(HOUR * 2);
        world.run_due().await;
        assert_eq!((tell(&services).await, mail.mails().len()), (1, 1));
        let alice = world.user("alice").await;
        accounts::pause_everything(&services, &alice, true).await.unwrap();
        world.pass(HOUR);
        assert_eq!(tell(&services).await, 0);
        accounts::pause_everything(&services, &alice, false).await.unwrap();
        world.exchange.world().faults.clear();
        world.run_due().await;
        assert_eq!((tell(&services).await, mail.mails().len()), (1, 2));
    }

    async fn people_are_told_of_their_own_mailbox_and_nobody_else_is(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        for name in ["bob", "charlie"] {
            world.save(name, SERVICE).await;
        }
        let mut full = Plan::always(FaultKind::ResponseCode { code: "ErrorQuotaExceeded".to_owned(), message: None });
        full.only_mailbox = Some("bob@example.test".to_owned());
        world.exchange.world().faults.plan(full);
        world.run_due().await;
        world.pass(MINUTE * 6);
        tell(&services).await;
        let told = mail.mails();
        assert_eq!((told.len(), told[0].to.as_slice()), (1, ["bob@example.test".to_owned()].as_slice()));
        let text = told[0].text();
        assert!(text.contains(&format!("{ORIGIN}/profile")) && !text.contains("/profile/"), "{text}");
    }

    async fn the_end_of_a_password_is_told_ahead_with_its_last_day(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        let held = held(world).await;
        let today = crate::world::jiff_at(world.clock.now()).to_zoned(TimeZone::UTC).date();
        let last = today.checked_add(2.days()).unwrap();
        let form = AccountForm { expires: last.to_string(), label: "Head office".to_owned(), ..AccountForm::default() };
        let endings = Endings { now: world.clock.now(), on_record: None };
        let terms = form.terms("alice@example.test", endings).unwrap();
        let alice = world.user("alice").await;
        accounts::rename(&services, &alice, &held, terms).await.unwrap();
        assert_eq!(tell(&services).await, 1);
        let told = mail.mails().remove(0);
        assert_eq!(told.header("Subject"), "The password of Head office ends in 2 days");
        assert!(told.text().contains(&format!("It ends on {}.", last.strftime("%-d %B %Y"))), "{}", told.raw);
        assert_eq!(tell(&services).await, 0);
    }

    async fn what_is_not_taken_is_tried_again_with_growing_pauses_and_cancelled_when_it_is_over(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        mail.refuse(Some((451, "greylisted")));
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 6);
        assert_eq!(tell(&services).await, 1);
        let mut waits = Vec::new();
        for minute in 1..40 {
            world.pass(MINUTE);
            if deliver_due(&services).await > 0 {
                waits.push(minute);
            }
        }
        assert_eq!(waits, [1, 6, 36]);
        let sent = services.store.notices(10, 0).await.unwrap();
        assert_eq!((sent.len(), sent[0].state, sent[0].attempts), (1, JobState::Waiting, 4));
        let attempts = services.store.attempts(&sent[0]).await.unwrap();
        assert!(attempts.len() == 4 && attempts[0].outcome.contains("greylisted"), "{attempts:?}");
        // Over before anybody could be told: nobody is told of either.
        world.exchange.world().account_mut(SERVICE).unwrap().role = true;
        world.run_due().await;
        mail.refuse(None);
        world.pass(HOUR * 12);
        assert_eq!((tell(&services).await, mail.mails().len()), (0, 0));
        assert_eq!(services.store.notices(10, 0).await.unwrap()[0].state, JobState::Cancelled);
    }

    async fn a_refused_mail_password_is_not_sent_again_by_itself(world) {
        let alice = make_admin(world, "alice").await;
        let (mail, address) = MailServer::start(Some("right"));
        let services = with_mail(world, &format!("smtp://kalends:wrong@{address}"));
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 6);
        assert_eq!((tell(&services).await, mail.sign_ins()), (1, 1));
        for _ in 0..5 {
            world.pass(HOUR);
            assert_eq!(tell(&services).await, 0);
        }
        assert_eq!(mail.sign_ins(), 1);
        // A person looks whether it goes now: one try for each click.
        let said = notify::test_mail(&services, &alice).await.unwrap().unwrap_err();
        assert!(said.contains("KALENDS_SMTP_URL") && !said.contains("wrong"), "{said}");
        assert_eq!(mail.sign_ins(), 2);
        mail.set_password("wrong");
        assert!(notify::test_mail(&services, &alice).await.unwrap().is_ok());
        assert_eq!((tell(&services).await, mail.mails().len()), (1, 2));
    }

    async fn a_test_mail_does_not_wait_behind_others_for_a_silent_mail_server(world) {
        let alice = make_admin(world, "alice").await;
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let services = with_mail(world, &format!("smtp://{}", silent.local_addr().unwrap()));
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 6);
        notify::update_incidents(&services).await.unwrap();
        let other = services.clone();
        let waiting = tokio::spawn(async move { deliver_due(&other).await });
        tokio::task::yield_now().await;
        let begun = std::time::Instant::now();
        let said = notify::test_mail(&services, &alice).await.unwrap().unwrap_err();
        assert!(begun.elapsed() < MINUTE / 4, "{:?}", begun.elapsed());
        assert!(said.contains("does not answer"), "{said}");
        waiting.abort();
    }

    async fn a_mail_refused_for_good_is_given_up_at_once(world) {
        let alice = make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        mail.refuse(Some((550, "no such user")));
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        world.save("bob", SERVICE).await;
        world.run_due().await;
        world.pass(MINUTE * 6);
        assert_eq!(tell(&services).await, 1);
        let sent = services.store.notices(10, 0).await.unwrap();
        assert_eq!((sent[0].state, sent[0].kind), (JobState::Failed, NoticeKind::Raised));
        world.pass(HOUR);
        assert_eq!(tell(&services).await, 0);
        // Counted until something reaches her again; what she only tries out is not.
        let failed = async || services.store.counted(world.clock.now()).await.unwrap().notices_failed;
        assert!(notify::test_mail(&services, &alice).await.unwrap().is_err());
        assert_eq!(failed().await, 1);
        mail.refuse(None);
        world.pass(MINUTE);
        assert!(notify::test_mail(&services, &alice).await.unwrap().is_ok());
        assert_eq!(failed().await, 0);
    }

    async fn two_instances_tell_a_cause_once(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        let mut other = world.another_instance().await;
        other.channels = services.channels.clone();
        world.exchange.world().account_mut(SERVICE).unwrap().role = false;
        for name in ["bob", "charlie"] {
            world.save(name, SERVICE).await;
        }
        world.run_due().await;
        for _ in 0..3 {
            world.pass(MINUTE * 6);
            let (one, two) = tokio::join!(notify::update_incidents(&services), notify::update_incidents(&other));
            one.unwrap();
            two.unwrap();
            tokio::join!(deliver_due(&services), deliver_due(&other));
        }
        assert_eq!(mail.mails().len(), 1);
        other.store.pool().close().await;
        other.vault.pool().close().await;
    }

    async fn what_a_wider_problem_hides_is_not_over(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        for name in ["alice", "bob", "charlie", "colleague01"] {
            world.save(name, SERVICE).await;
        }
        // One outside the scope, one without a mailbox, one with a damaged entry, one that works.
        let include = ["alice", "bob", "charlie"].map(|name| format!("{name}@example.test"));
        world.exchange.world().scope.include = Some(include.into());
        for (name, code) in [("bob", "ErrorNonExistentMailbox"), ("charlie", "ErrorCorruptData")] {
            let fault = FaultKind::ResponseCode { code: code.to_owned(), message: None };
            let only = Some(format!("{name}@example.test"));
            world.exchange.world().faults.plan(Plan { only_mailbox: only, ..Plan::always(fault) });
        }
        world.run_due().await;
        world.pass(MINUTE * 6);
        world.run_due().await;
        let causes = tell(&services).await;
        assert!(causes >= 3, "{:?}", mail.mails());
        let calm = async |why: &str| {
            assert_eq!(tell(&services).await, 0, "{why}: {:?}", subjects(&mail));
        };

        // The password is refused for a while, then the server is away, then an admin pauses the account.
        world.set_password(SERVICE, NEW);
        world.pass(MINUTE * 6);
        world.run_due().await;
        calm("refused").await;
        world.set_password(SERVICE, kalends_simulator::world::practice::SERVICE_PASSWORD);
        world.pass(MINUTE * 16);
        calm("before the probe").await;
        world.run_due().await;
        calm("after the probe").await;
        let away = Plan { only_path: Some("/".to_owned()), ..Plan::always(FaultKind::NoTls) };
        world.exchange.world().faults.plan(away);
        world.services.idle_connections.close(world.connection("bob").await.account_id);
        world.pass(MINUTE * 16);
        world.run_due().await;
        calm("away").await;
        let alice = world.user("alice").await;
        let account = world.connection("bob").await.account_id;
        let entry = AuditEntry::by(alice.id, AuditAction::AccountPaused);
        services.store.pause_account(account, true, &entry, world.clock.now()).await.unwrap();
        calm("paused").await;
        services.store.pause_account(account, false, &entry, world.clock.now()).await.unwrap();

        // All of it is put right, and told as over once for each.
        world.exchange.world().faults.clear();
        world.exchange.world().scope.include = None;
        world.pass(MINUTE * 40);
        world.run_due().await;
        assert_eq!(tell(&services).await, causes, "{:?}", subjects(&mail));
        let over = subjects(&mail).iter().filter(|it| it.starts_with("Over: ")).count();
        assert_eq!(over, causes);
    }

    async fn a_cause_of_more_people_than_are_told_one_by_one_ends_for_nobody(world) {
        make_admin(world, "alice").await;
        let (services, mail) = telling(world);
        let held = held(world).await;
        connect_many(world, &held, 12).await;
        let full = |number: usize| Plan {
            only_mailbox: Some(format!("person{number}@example.test")),
            ..Plan::always(FaultKind::ResponseCode { code: "ErrorQuotaExceeded".to_owned(), message: None })
        };
        let mut told = 0;
        for (from, to) in [(0, 10), (10, 12)] {
            for number in from..to {
                world.exchange.world().faults.plan(full(number));
            }
            world.pass(MINUTE * 16);
            world.run_due().await;
            world.pass(MINUTE * 6);
            told += tell(&services).await;
        }
        let over = |mail: &MailServer| subjects(mail).iter().filter(|it| it.starts_with("Over: ")).count();
        assert_eq!((told, over(&mail)), (11, 0), "{:?}", subjects(&mail));
        world.exchange.world().faults.clear();
        world.pass(MINUTE * 20);
        world.run_due().await;
        tell(&services).await;
        assert_eq!(over(&mail), 11, "{:?}", subjects(&mail));
    }
}
