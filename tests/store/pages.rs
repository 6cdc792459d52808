//! Pages of long lists: who turns them meets everybody once, whoever is added meanwhile.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry, AuditFilter},
    connection::ConnectionState,
    problem::Problem,
};
use kalends_store::{ConnectionFilter, Cursor, Failed, ListQuery, Page, PeopleFilter, Sort};
use std::time::Duration;

/// Smaller than a page of the list, so that few people fill several.
const LIMIT: i64 = 5;

/// Somebody, in one of the states of a list by their number.
async fn add(world: &World, name: &str, number: u64) {
    let user = world.user(name).await;
    let (problem, state) = match number % 4 {
        0 => return,
        1 => (Problem::ImpersonationDenied, ConnectionState::ActionNeeded),
        2 => (Problem::Interrupted, ConnectionState::Delayed),
        _ => {
            world.connect(&user, SERVICE).await;
            return;
        }
    };
    let connection = world.connect(&user, SERVICE).await;
    let at = NOW + Duration::from_mins(number);
    let failed = Failed {
        problem: &problem,
        request_id: None,
        calls: &[],
        state,
        started_at: at,
        now: at,
        next: None,
    };
    world.store.fail_run(&connection, &failed).await.unwrap();
}

async fn turn(world: &World, wanted: &ListQuery, at: Option<&Cursor>) -> (Vec<String>, Page<()>) {
    let page = world.store.list_connections(wanted, LIMIT, at).await;
    let page = page.unwrap();
    let names = page.items.into_iter().map(|item| item.user.name).collect();
    let beside = Page {
        items: Vec::new(),
        previous: page.previous,
        next: page.next,
    };
    (names, beside)
}

fn each_sort() -> [ListQuery; 5] {
    let by = |sort| ListQuery {
        sort,
        ..ListQuery::default()
    };
    let none = ListQuery {
        state: ConnectionFilter::NotConnected,
        ..ListQuery::default()
    };
    [
        by(Sort::State),
        by(Sort::Name),
        by(Sort::Since),
        by(Sort::LastSync),
        none,
    ]
}

/// A cursor as an address brings it.
fn through_an_address(cursor: Option<Cursor>) -> Option<Cursor> {
    cursor.map(|cursor| cursor.to_string().parse().unwrap())
}

on_both_engines! {
    async fn pages_hold_everybody_once_while_others_are_added(world) {
        for number in 0..24 {
            add(world, &format!("person{number:02}"), number).await;
        }
        for (round, wanted) in each_sort().into_iter().enumerate() {
            let expected = world.store.list_connections(&wanted, 1000, None).await.unwrap();
            assert_eq!((&expected.previous, &expected.next), (&None, &None));
            let expected: Vec<String> = expected.items.into_iter().map(|item| item.user.name).collect();
            let mut seen = Vec::new();
            let mut at = None;
            for turned in 0..40 {
                let (names, beside) = turn(world, &wanted, at.as_ref()).await;
                assert_eq!(beside.previous.is_some(), turned > 0);
                seen.extend(names);
                at = through_an_address(beside.next);
                if at.is_none() {
                    break;
                }
                // One before everybody and one behind, by name.
                for (place, number) in [("aaa", 0), ("zzz", 1)] {
                    add(world, &format!("{place}{round}{turned:02}"), number + turned).await;
                }
            }
            assert_eq!(at, None, "the list ends");
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{wanted:?}: {seen:?}");
            let old: Vec<&String> = seen.iter().filter(|name| expected.contains(name)).collect();
            assert_eq!(old, expected.iter().collect::<Vec<_>>(), "{wanted:?}");
        }
    }

    async fn the_way_back_shows_the_same_rows(world) {
        for number in 0..24 {
            add(world, &format!("person{number:02}"), number).await;
        }
        for wanted in each_sort() {
            let mut there = Vec::new();
            let (names, mut beside) = turn(world, &wanted, None).await;
            there.push(names);
            while let Some(next) = through_an_address(beside.next) {
                let (names, page) = turn(world, &wanted, Some(&next)).await;
                there.push(names);
                assert!(there.len() < 10, "{wanted:?}: the list ends");
                beside = page;
            }
            assert!(there.len() > 1, "{wanted:?}");
            let mut back = vec![there.last().unwrap().clone()];
            while let Some(previous) = through_an_address(beside.previous) {
                let (names, page) = turn(world, &wanted, Some(&previous)).await;
                assert!(page.next.is_some());
                back.push(names);
                assert!(back.len() < 10, "{wanted:?}: the list begins");
                beside = page;
            }
            back.reverse();
            assert_eq!(back, there, "{wanted:?}");
        }
    }

    async fn a_place_of_another_list_is_no_error(world) {
        for number in 0..24 {
            add(world, &format!("person{number:02}"), number).await;
        }
        for wanted in each_sort() {
            let (.., beside) = turn(world, &wanted, None).await;
            for other in each_sort() {
                turn(world, &other, beside.next.as_ref()).await;
            }
        }
        // A name is no time.
        let (.., by_name) = turn(world, &each_sort()[1], None).await;
        let (first, _) = turn(world, &each_sort()[2], None).await;
        assert_eq!(turn(world, &each_sort()[2], by_name.next.as_ref()).await.0, first);
    }

    async fn people_are_paged_by_name_both_ways(world) {
        for number in 0..12 {
            world.user(&format!("person{number:02}")).await;
        }
        let turn = async |at: Option<Cursor>| {
            let page = world.store.people(PeopleFilter::All, "person", at.as_ref(), LIMIT).await.unwrap();
            let names: Vec<String> = page.items.iter().map(|line| line.user.name.clone()).collect();
            (names, through_an_address(page.previous), through_an_address(page.next))
        };
        let (first, previous, next) = turn(None).await;
        assert_eq!((first[0].as_str(), first.len(), previous), ("person00", 5, None));
        world.user("person00a").await;
        let (second, previous, next) = turn(next).await;
        assert_eq!((second[0].as_str(), second[4].as_str()), ("person05", "person09"));
        let (third, _, end) = turn(next).await;
        assert_eq!((third, end), (vec!["person10".to_owned(), "person11".to_owned()], None));
        let (back, ..) = turn(previous.clone()).await;
        assert_eq!(back, ["person00a", "person01", "person02", "person03", "person04"]);
        // A page of the list shows the beginning whole.
        let page = world.store.people_page(PeopleFilter::All, "person", previous.as_ref()).await.unwrap();
        assert_eq!((page.items.len(), page.previous), (13, None));
        let filters = [PeopleFilter::All, PeopleFilter::Admins, PeopleFilter::Invited, PeopleFilter::Disabled];
        assert_eq!(world.store.count_people(filters, "person").await.unwrap(), [13, 0, 0, 0]);
    }

    async fn the_audit_trail_is_paged_while_lines_are_added(world) {
        let bob = world.user("bob").await;
        let note = async |subject: String| {
            let entry = AuditEntry::by(bob.id, AuditAction::ConnectionPaused).about(&subject);
            world.store.audit(&entry, NOW).await.unwrap();
        };
        for number in 0..120 {
            note(format!("line {number}")).await;
        }
        let filter = AuditFilter { about: "line".to_owned(), ..AuditFilter::default() };
        let mut seen = Vec::new();
        let mut page = world.store.audit_page(&filter, None).await.unwrap();
        assert_eq!(page.previous, None);
        loop {
            seen.extend(page.items.iter().map(|line| line.subject.clone()));
            let Some(next) = through_an_address(page.next.clone()) else { break };
            note("line of later".to_owned()).await;
            page = world.store.audit_page(&filter, Some(&next)).await.unwrap();
        }
        let expected: Vec<String> = (0..120).rev().map(|number| format!("line {number}")).collect();
        assert_eq!(seen, expected);
        let back = world.store.audit_page(&filter, page.previous.as_ref()).await.unwrap();
        assert_eq!((back.items[0].subject.as_str(), back.items.len()), ("line 69", 50));
    }
}
