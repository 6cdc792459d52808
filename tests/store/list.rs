//! The list of connections: order, filters and pages.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends::{
    connection::ConnectionState,
    problem::Problem,
    store::{Failed, Filter, PAGE},
};

/// 120 people, named so that no state comes first by name; every fourth is not connected.
async fn office(world: &World) {
    for number in 0..120 {
        let user = world.user(&format!("person{number:03}")).await;
        let problem = match number % 4 {
            0 => continue,
            1 => None,
            2 => Some((Problem::ImpersonationDenied, ConnectionState::ActionNeeded)),
            _ => Some((Problem::Interrupted, ConnectionState::Delayed)),
        };
        let connection = world.connect(&user, SERVICE).await;
        if let Some((problem, state)) = problem {
            let failed = Failed {
                problem: &problem,
                request_id: None,
                state,
                started_at: NOW,
                now: NOW,
                next: None,
            };
            world.store.fail_round(&connection, &failed).await.unwrap();
        }
    }
}

async fn page(world: &World, filter: Filter, page: i64) -> Vec<(Option<ConnectionState>, String)> {
    let items = world.store.list_connections(filter, page).await.unwrap();
    let shown = items.into_iter().map(|item| {
        let state = item.connection.map(|connection| {
            assert_eq!(connection.user_id, item.user.id);
            connection.state
        });
        (state, item.user.name)
    });
    shown.collect()
}

on_both_engines! {
    async fn a_hundred_and_twenty_people_are_listed_broken_first_in_pages_of_fifty(world) {
        office(world).await;
        let mut all = Vec::new();
        for (number, length) in [(1, PAGE), (2, PAGE), (3, 20), (4, 0)] {
            let shown = page(world, Filter::Everyone, number).await;
            assert_eq!(i64::try_from(shown.len()).unwrap(), length);
            all.extend(shown);
        }
        let rank = |state: Option<ConnectionState>| match state {
            Some(ConnectionState::ActionNeeded) => 0,
            Some(ConnectionState::Delayed) => 1,
            Some(ConnectionState::Paused) => 2,
            Some(ConnectionState::Connected) => 3,
            None => 4,
        };
        assert!(all.is_sorted_by_key(|(state, name)| (rank(*state), name.clone())), "{all:?}");
        let mut names: Vec<&String> = all.iter().map(|(_, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 120);
        assert_eq!(page(world, Filter::Everyone, -5).await, page(world, Filter::Everyone, 1).await);
        assert!(page(world, Filter::Everyone, i64::MAX).await.is_empty());

        for (filter, count) in [
            (Filter::Everyone, 120),
            (Filter::NotConnected, 30),
            (Filter::Is(ConnectionState::ActionNeeded), 30),
            (Filter::Is(ConnectionState::Delayed), 30),
            (Filter::Is(ConnectionState::Connected), 30),
            (Filter::Is(ConnectionState::Paused), 0),
        ] {
            assert_eq!(world.store.count_connections(filter).await.unwrap(), count, "{filter:?}");
            let shown = page(world, filter, 1).await;
            assert_eq!(i64::try_from(shown.len()).unwrap(), count.min(PAGE), "{filter:?}");
            let wanted = |state: Option<ConnectionState>| match filter {
                Filter::Everyone => true,
                Filter::NotConnected => state.is_none(),
                Filter::Is(wanted) => state == Some(wanted),
            };
            assert!(shown.iter().all(|(state, _)| wanted(*state)), "{filter:?}");
        }
    }
}
