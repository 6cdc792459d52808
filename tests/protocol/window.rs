//! Whole windows through one client, compared with what the practice Exchange holds.

use crate::office::{NOW, Office, service};
use kalends_core::{
    calendar::{EntryKind, Window},
    clock::Timestamp,
};
use kalends_exchange::{
    auth::{Credentials, Gate},
    ews::{Client, EwsError, MailboxAccess, read_window},
};
use kalends_simulator::world::{practice, view};
use std::{sync::Arc, time::Duration};

const DAY: Duration = Duration::from_hours(24);

async fn client(office: &Office) -> Result<Client, EwsError> {
    let request = service();
    let credentials = Credentials {
        account: request.account,
        password: request.password,
    };
    let gate: Arc<dyn Gate> = Arc::new(crate::office::Gatekeeper(Arc::clone(&office.gate)));
    let tools = &office.tools;
    Client::open(
        &tools.outbound,
        &tools.random,
        request.endpoint.unwrap(),
        credentials,
        gate,
    )
    .await
}

fn jiff_at(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap()
}

#[tokio::test]
async fn a_year_is_read_as_the_server_holds_it_although_one_answer_holds_ten_entries() {
    let office = Office::open().await;
    {
        let mut world = office.exchange.world();
        world.settings.find_limit = 10;
        practice::add_unpaired_surrogate_subject(&mut world, jiff_at(NOW)).unwrap();
    }
    let mut client = client(&office).await.unwrap();
    let window = Window {
        start: NOW - DAY * 60,
        end: NOW + DAY * 300,
    };
    let zone = service().fallback_zone;
    for address in [
        "alice@example.test",
        "bob@example.test",
        "charlie@example.test",
    ] {
        let whose = MailboxAccess::impersonated(address.parse().unwrap());
        let events = read_window(
            &mut client,
            &whose,
            window,
            kalends_core::policy::PrivacyLevel::Everything,
            &zone,
        )
        .await
        .unwrap()
        .events;
        let held = view::ViewRange {
            start: jiff_at(window.start),
            end: jiff_at(window.end),
        };
        let truth = office
            .exchange
            .world()
            .expected_items(address, held)
            .unwrap();
        assert!(truth.len() > 20, "{address}: {}", truth.len());

        let mut read: Vec<_> = events.iter().map(|event| event.item_id.as_str()).collect();
        let mut expected: Vec<_> = truth.iter().map(|truth| truth.id.as_str()).collect();
        read.sort_unstable();
        expected.sort_unstable();
        assert_eq!(read, expected, "{address}");
        for event in &events {
            let truth = truth
                .iter()
                .find(|truth| truth.id == event.item_id)
                .unwrap();
            assert_eq!(
                (jiff_at(event.start), jiff_at(event.end)),
                (truth.start, truth.end),
                "{truth:?}"
            );
            assert_eq!(event.change_key, truth.change_key);
            assert_eq!(event.uid.as_deref(), Some(truth.uid.as_str()));
            assert_eq!(event.cancelled, truth.cancelled);
            assert_ne!(event.kind, EntryKind::RecurringMaster);
            if event.sensitivity.hides_content() {
                assert_eq!(
                    (&event.subject, &event.location, &event.organizer),
                    (&None, &None, &None)
                );
            } else {
                assert_eq!(event.subject, truth.subject);
            }
            let zone = jiff::tz::TimeZone::get(&truth.zone).unwrap();
            let first = truth.start.to_zoned(zone.clone()).date();
            let end = truth.end.to_zoned(zone).date();
            let days = event.all_day.map(|days| (days.first, days.end));
            let expected = truth.all_day.then(|| (day_number(first), day_number(end)));
            assert_eq!(days, expected, "{truth:?}");
        }
    }
    assert_eq!(
        office.heard().len(),
        2,
        "one password serves all calls: {:?}",
        office.heard()
    );
}

fn day_number(date: jiff::civil::Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = (date - epoch).get_days();
    assert_eq!((date - epoch).get_months(), 0);
    days
}

#[tokio::test]
async fn a_client_survives_a_connection_that_broke() {
    let office = Office::open().await;
    let mut client = client(&office).await.unwrap();
    let whose = MailboxAccess::impersonated("bob@example.test".parse().unwrap());
    client.get_calendar(&whose).await.unwrap();
    office.fault(kalends_simulator::fault::Plan::once(
        kalends_simulator::fault::FaultKind::ResetMidBody,
    ));
    assert!(client.get_calendar(&whose).await.is_err());
    client.get_calendar(&whose).await.unwrap();
}

#[tokio::test]
async fn a_refused_password_is_not_sent_again_by_the_same_client() {
    let office = Office::open().await;
    let mut client = client(&office).await.unwrap();
    office
        .exchange
        .world()
        .account_mut("svc-kalends@example.test")
        .unwrap()
        .password = "Changed-2026!".to_owned();
    let whose = MailboxAccess::impersonated("bob@example.test".parse().unwrap());
    for _ in 0..3 {
        assert!(client.get_calendar(&whose).await.is_err());
    }
    assert_eq!(office.exchange.world().counters().refused(), 1);
    assert_eq!(
        office.heard().last().unwrap(),
        "refused svc-kalends@example.test at mail.example.test"
    );
}
