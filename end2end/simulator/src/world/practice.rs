//! The world of the practice start: example.test with its people and plausible office calendars.
//! All dates are relative to today in Berlin.

mod calendars;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{World, WorldError, account::DomainAccount, zone};

/// Password of both service accounts.
pub const SERVICE_PASSWORD: &str = "Practice-2026!";

/// The ordinary people: local part, name, password of their own account.
const PEOPLE: [(&str, &str, &str); 3] = [
    ("alice", "Alice Albers", "Alice-2026!"),
    ("bob", "Bob Brandt", "Bob-2026!"),
    ("charlie", "Charlie Cordes", "Charlie-2026!"),
];

/// The practice world at `now`.
pub fn world(now: Timestamp) -> Result<World, WorldError> {
    let mut world = World::empty("example.test", "EXAMPLE");
    let mut service = DomainAccount::new("svc-kalends", "example.test", SERVICE_PASSWORD);
    service.role = true;
    world.add_account(service);
    world.add_account(DomainAccount::new(
        "svc-norole",
        "example.test",
        SERVICE_PASSWORD,
    ));
    let today = today(now);
    for (user, name, password) in PEOPLE {
        let address = format!("{user}@example.test");
        world.add_mailbox(&address, name, now)?;
        let mut account = DomainAccount::new(user, "example.test", password);
        account.mailbox = Some(address);
        world.add_account(account);
    }
    world.add_alias("bob@example.test", "robert@example.test")?;
    calendars::alice(&mut world, today, now)?;
    calendars::bob(&mut world, today, now)?;
    calendars::charlie(&mut world, today, now)?;
    world.add_mailbox("dora@example.test", "Dora Dietz", now)?;
    calendars::colleague(&mut world, "dora@example.test", 0, today, now)?;
    world.scope.exclude.insert("dora@example.test".to_owned());
    let erik = world.add_mailbox("erik@example.test", "Erik Ebert", now)?;
    erik.moved_to = Some("erik@example.mail.onmicrosoft.com".to_owned());
    for number in 1..=30 {
        let address = format!("colleague{number:02}@example.test");
        world.add_mailbox(&address, &format!("Colleague {number:02}"), now)?;
        calendars::colleague(&mut world, &address, number, today, now)?;
    }
    Ok(world)
}

/// Adds an entry to Alice's calendar whose subject holds half of a surrogate pair.
pub fn add_unpaired_surrogate_subject(world: &mut World, now: Timestamp) -> Result<(), WorldError> {
    let draft = calendars::unpaired_surrogate(today(now));
    world.add_entry("alice@example.test", draft, now).map(drop)
}

fn today(now: Timestamp) -> Date {
    let berlin = zone::by_iana("Europe/Berlin").unwrap_or(TimeZone::UTC);
    now.to_zoned(berlin).date()
}
