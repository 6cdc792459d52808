//! The list of connections: order, filters and pages.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    connection::ConnectionState,
    problem::Problem,
    rights::Role,
};
use kalends_store::{AccountKind, ConnectionFilter, Failed, ListQuery, PAGE, Sort};

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
                calls: &[],
                state,
                started_at: NOW,
                now: NOW,
                next: None,
            };
            world.store.fail_run(&connection, &failed).await.unwrap();
        }
    }
}

async fn page(
    world: &World,
    filter: ConnectionFilter,
    page: i64,
) -> Vec<(Option<ConnectionState>, String)> {
    let wanted = ListQuery {
        state: filter,
        ..ListQuery::default()
    };
    let mut found = world.store.connections_page(&wanted, None).await.unwrap();
    for _ in 1..page {
        let next = found.next.unwrap();
        found = world
            .store
            .connections_page(&wanted, Some(&next))
            .await
            .unwrap();
    }
    let items = found.items;
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
        for (number, length) in [(1, PAGE), (2, PAGE), (3, 20)] {
            let shown = page(world, ConnectionFilter::Everyone, number).await;
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
        for (filter, count) in [
            (ConnectionFilter::Everyone, 120),
            (ConnectionFilter::NotConnected, 30),
            (ConnectionFilter::Is(ConnectionState::ActionNeeded), 30),
            (ConnectionFilter::Is(ConnectionState::Delayed), 30),
            (ConnectionFilter::Is(ConnectionState::Connected), 30),
            (ConnectionFilter::Is(ConnectionState::Paused), 0),
        ] {
            let counts = world.store.count_connections(&ListQuery::default()).await.unwrap();
            assert_eq!(counts.of(filter), count, "{filter:?}");
            let shown = page(world, filter, 1).await;
            assert_eq!(i64::try_from(shown.len()).unwrap(), count.min(PAGE), "{filter:?}");
            let wanted = |state: Option<ConnectionState>| match filter {
                ConnectionFilter::Everyone => true,
                ConnectionFilter::NotConnected => state.is_none(),
                ConnectionFilter::Is(wanted) => state == Some(wanted),
            };
            assert!(shown.iter().all(|(state, _)| wanted(*state)), "{filter:?}");
        }
    }

    async fn the_list_is_narrowed_searched_and_sorted(world) {
        office(world).await;
        let names = async |wanted: ListQuery| -> Vec<String> {
            let items = world.store.list_connections(&wanted, PAGE, None).await.unwrap().items;
            items.into_iter().map(|item| item.user.name).collect()
        };
        let search = |search: &str| ListQuery { search: search.to_owned(), ..ListQuery::default() };
        assert_eq!(names(search("person00")).await.len(), 10);
        assert_eq!(names(search("PERSON007")).await, ["person007"]);
        assert_eq!(names(search("person007@example.test")).await, ["person007"]);
        assert_eq!(names(search("person person007 example.test")).await, ["person007"]);
        assert!(names(search("erson007")).await.is_empty());
        assert!(names(search("person007 nobody")).await.is_empty());
        for nobodys in ["' OR 1=1 --", "%", "_", "!?"] {
            assert_eq!(names(search(nobodys)).await, Vec::<String>::new(), "{nobodys}");
        }

        let broken = ListQuery { causes: vec!["impersonation-denied".to_owned()], ..ListQuery::default() };
        assert_eq!(names(broken.clone()).await.len(), 30);
        let counts = world.store.count_connections(&broken).await.unwrap();
        assert_eq!((counts.action_needed, counts.connections(), counts.not_connected), (30, 30, 0));
        let domain = |domain: &str| ListQuery { domain: domain.to_owned(), ..ListQuery::default() };
        assert_eq!(names(domain("example.test")).await.len(), 50);
        assert!(names(domain("elsewhere.test")).await.is_empty());
        let account = world.store.accounts().await.unwrap().remove(0);
        let several = ["impersonation-denied", "interrupted"].map(str::to_owned).to_vec();
        let through = AccountKind::Host(account.host.clone());
        assert_eq!(names(ListQuery { causes: several, through, ..ListQuery::default() }).await.len(), 50);
        assert!(names(ListQuery { through: AccountKind::Host("elsewhere.test".to_owned()), ..ListQuery::default() }).await.is_empty());
        let account = account.id;
        let one = ListQuery { through: AccountKind::Account(account), search: "person005".to_owned(), ..ListQuery::default() };
        assert_eq!(names(one).await, ["person005"]);

        let by_name = ListQuery { sort: Sort::Name, ..ListQuery::default() };
        assert_eq!(names(by_name).await[..2], ["person001", "person002"]);
        let held_up = world.store.held_up().await.unwrap();
        let held_up: Vec<_> = held_up.iter().map(|it| (it.problem.code(), it.people)).collect();
        assert_eq!(held_up, [("impersonation-denied", 30), ("interrupted", 30)]);
        assert_eq!(world.store.mail_domains().await.unwrap(), [("example.test".to_owned(), 90)]);
    }

    async fn a_paused_connection_stands_among_the_paused_and_is_not_due(world) {
        let bob = world.user("bob").await;
        let connection = world.connect(&bob, SERVICE).await;
        let entry = |action| AuditEntry::by(bob.id, action).about(connection.mailbox.as_str());
        let later = NOW + std::time::Duration::from_mins(1);
        let due = async || world.store.next_due(connection.account_id, later, 10).await.unwrap().len();
        let paused = async || {
            let wanted = ListQuery { state: ConnectionFilter::Is(ConnectionState::Paused), ..ListQuery::default() };
            world.store.list_connections(&wanted, PAGE, None).await.unwrap().items.len()
        };
        assert_eq!((due().await, paused().await), (1, 0));
        world.store.pause_connection(connection.id, true, &entry(AuditAction::ConnectionPaused), NOW).await.unwrap();
        assert_eq!((due().await, paused().await), (0, 1));
        let now = world.store.connection(connection.id).await.unwrap().unwrap();
        assert_eq!((now.state, now.paused_at), (ConnectionState::Paused, Some(NOW)));
        world.store.pause_connection(connection.id, false, &entry(AuditAction::ConnectionResumed), NOW).await.unwrap();
        assert_eq!((due().await, paused().await), (1, 0));

        // Of somebody disabled it goes on with them alone.
        let alice = world.user("alice").await;
        assert!(world.store.set_role(alice.id, Role::Admin, &entry(AuditAction::RoleChanged), NOW).await.unwrap());
        assert!(world.store.set_disabled(bob.id, true, &entry(AuditAction::PersonDisabled), NOW).await.unwrap());
        let resumed = world.store.pause_connection(connection.id, false, &entry(AuditAction::ConnectionResumed), NOW).await;
        assert!(!resumed.unwrap());
        assert_eq!((due().await, paused().await), (0, 1));
        // Nor does a connection that is made for them.
        let again = world.connect(&bob, SERVICE).await;
        assert_eq!(again.paused_at, Some(NOW));
        assert_eq!((due().await, paused().await), (0, 1));
        assert!(world.store.set_disabled(bob.id, false, &entry(AuditAction::PersonEnabled), NOW).await.unwrap());
        assert_eq!((due().await, paused().await), (1, 0));
    }

    async fn a_new_name_and_a_new_mailbox_are_found_and_the_old_ones_are_not(world) {
        let bob = world.user("bob").await;
        let found = async |search: &str| {
            let wanted = ListQuery { search: search.to_owned(), ..ListQuery::default() };
            world.store.list_connections(&wanted, PAGE, None).await.unwrap().items.len()
        };
        assert_eq!(found("bob").await, 1);
        world.store.update_profile(bob.id, "Robert Žižka", "UTC").await.unwrap();
        assert_eq!((found("robert").await, found("ŽIŽ").await, found("bob@").await), (1, 1, 1));
        world.connect(&bob, SERVICE).await;
        let wanted = ListQuery { sort: Sort::Name, ..ListQuery::default() };
        let items = world.store.list_connections(&wanted, PAGE, None).await.unwrap().items;
        assert_eq!(items[0].user.name, "Robert Žižka");
    }
}
