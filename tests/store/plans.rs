//! No page of a large organisation reads a table from end to end.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends_core::{
    calendar::Window,
    connection::ConnectionState,
    id::{ConnectionId, EventId},
};
use kalends_store::{
    AccountKind, ConnectionFilter, Cursor, ListQuery, PAGE, PeopleFilter, PlannedQuery, Sort,
    database::Engine,
};
use std::time::Duration;

/// So many copies of one person, most of them with a connection of ten entries, one of eight in trouble.
const PEOPLE: &str = "10000";

/// Postgres scans small tables whatever their indexes and chooses by its statistics, so it gets many rows. Each is a
/// copy of one that the store wrote, save what must differ.
const MULTIPLY: [&str; 6] = [
    "INSERT INTO users SELECT (jsonb_populate_record(u, jsonb_build_object('id', 'u' || n, 'email', n || '@example.test', \
     'name_key', md5(n::text)))).* FROM users u, generate_series(1, $n) n",
    "INSERT INTO search_words SELECT md5(k || '-' || n), 'u' || n FROM generate_series(1, 4) k, generate_series(1, $n) n",
    "INSERT INTO search_words SELECT encode('example.test', 'hex'), 'u' || n FROM generate_series(1, $n) n",
    "INSERT INTO connections SELECT (jsonb_populate_record(c, jsonb_build_object('id', 'c' || n, 'user_id', 'u' || n, \
     'user_name_key', md5(n::text), 'since', n, 'domain', 'branch' || n % 40 || '.test', \
     'state', CASE WHEN n % 8 = 0 THEN 'action_needed' ELSE 'connected' END, \
     'problem_code', CASE WHEN n % 8 = 0 THEN 'mailbox-not-found' END))).* FROM connections c, generate_series(1, $n) n WHERE n % 20 > 0",
    "INSERT INTO calendars SELECT (jsonb_populate_record(k, jsonb_build_object('id', 'k' || n, 'connection_id', 'c' || n))).* \
     FROM calendars k, generate_series(1, $n) n WHERE n % 20 > 0",
    "INSERT INTO events (id, calendar_id, item_id, change_key, starts_at, ends_at, free_busy, sensitivity, details) \
     SELECT n || '-' || e, 'k' || n, 'i' || e, 'c', e * 100000, e * 100000 + 1, 'Busy', 'Normal', '{}' \
     FROM generate_series(1, $n) n, generate_series(1, 10) e WHERE n % 20 > 0",
];

async fn large(world: &World) -> ConnectionId {
    let bob = world.user("bob").await;
    let connection = world.connect(&bob, SERVICE).await;
    if world.store.engine() == Engine::Postgres {
        for sql in MULTIPLY {
            let sql = sqlx::AssertSqlSafe(sql.replace("$n", PEOPLE));
            sqlx::query(sql).execute(world.store.pool()).await.unwrap();
        }
        let sql = "VACUUM ANALYZE";
        sqlx::query(sql).execute(world.store.pool()).await.unwrap();
    }
    connection.id
}

/// An index may be read from end to end; a table never is.
fn scans_a_table(engine: Engine, step: &str) -> bool {
    match engine {
        Engine::Sqlite => {
            step.starts_with("SCAN ") && !step.contains("INDEX") && !step.contains("page")
        }
        // Of accounts and pauses there are a few.
        Engine::Postgres => [
            "users",
            "connections",
            "search_words",
            "calendars",
            "events",
        ]
        .iter()
        .any(|table| step.contains(&format!("Seq Scan on {table} "))),
    }
}

/// Where the second page of each list begins, if it has one.
async fn places(world: &World, lists: &[ListQuery]) -> Vec<Option<Cursor>> {
    let mut places = Vec::new();
    for wanted in lists {
        let page = world.store.list_connections(wanted, PAGE, None);
        places.push(page.await.unwrap().next);
    }
    places
}

on_both_engines! {
    async fn what_large_pages_ask_is_found_by_an_index(world) {
        let connection = large(world).await;
        let account = world.store.accounts().await.unwrap().remove(0).id;
        let lists = [
            ListQuery::default(),
            ListQuery { state: ConnectionFilter::Is(ConnectionState::ActionNeeded), ..ListQuery::default() },
            ListQuery { state: ConnectionFilter::NotConnected, ..ListQuery::default() },
            ListQuery { sort: Sort::Name, ..ListQuery::default() },
            ListQuery { sort: Sort::Since, ..ListQuery::default() },
            ListQuery { sort: Sort::LastSync, ..ListQuery::default() },
            ListQuery { causes: vec!["mailbox-not-found".to_owned()], ..ListQuery::default() },
            ListQuery { causes: ["role-missing", "outside-scope"].map(str::to_owned).to_vec(), through: AccountKind::Account(account), ..ListQuery::default() },
            ListQuery { through: AccountKind::Account(account), ..ListQuery::default() },
            ListQuery { through: AccountKind::Host("mail.example.test".to_owned()), ..ListQuery::default() },
            ListQuery { domain: "branch7.test".to_owned(), ..ListQuery::default() },
            ListQuery { search: "bob example.test".to_owned(), ..ListQuery::default() },
        ];
        let places = places(world, &lists).await;
        let week = Window { start: NOW, end: NOW + Duration::from_hours(7 * 24) };
        let mut asked: Vec<PlannedQuery> = lists.iter().map(|wanted| PlannedQuery::List(wanted, None)).collect();
        asked.extend(lists.iter().zip(&places).flat_map(|(wanted, place)| {
            place.iter().map(|place| PlannedQuery::List(wanted, Some(place)))
        }));
        // Who counts everybody reads everybody: from an index on SQLite, from the table on Postgres, whose indexes do
        // not know which rows are there.
        asked.extend(lists.iter().filter(|wanted| {
            world.store.engine() == Engine::Sqlite || !(wanted.causes.is_empty() && wanted.domain.is_empty() && wanted.search.is_empty())
        }).map(PlannedQuery::Counts));
        asked.extend([
            PlannedQuery::People(PeopleFilter::All, "", None),
            PlannedQuery::People(PeopleFilter::All, "bob", None),
            PlannedQuery::Entries(connection, week),
            PlannedQuery::Entry(connection, EventId::new(NOW, [7; 10])),
        ]);
        for asked in asked {
            let plan = world.store.plan(asked).await.unwrap();
            assert!(!plan.is_empty(), "{asked:?}");
            for step in &plan {
                assert!(!scans_a_table(world.store.engine(), step), "{asked:?}: {plan:#?}");
            }
        }
    }

    // Whatever the planner thinks of how many it finds: a word that many have was looked for once for each row.
    async fn a_search_reads_its_words_once(world) {
        large(world).await;
        for search in ["bob", "example.test", "bob example.test"] {
            let wanted = ListQuery { search: search.to_owned(), ..ListQuery::default() };
            for asked in [
                PlannedQuery::List(&wanted, None),
                PlannedQuery::Counts(&wanted),
                PlannedQuery::People(PeopleFilter::All, search, None),
            ] {
                let plan = world.store.plan(asked).await.unwrap();
                let is_by_person = |step: &String| step.contains("search_words_by_user");
                assert!(!plan.iter().any(is_by_person), "{asked:?}: {plan:#?}");
            }
        }
    }

    async fn a_page_far_back_begins_in_the_index(world) {
        large(world).await;
        let sorted = [Sort::State, Sort::Name, Sort::Since, Sort::LastSync];
        let lists = sorted.map(|sort| ListQuery { sort, state: ConnectionFilter::Everyone, ..ListQuery::default() });
        for (wanted, place) in lists.iter().zip(places(world, &lists).await) {
            // The small database has one page.
            let Some(place) = place else { continue };
            let plan = world.store.plan(PlannedQuery::List(wanted, Some(&place))).await.unwrap();
            let conditions = plan.iter().filter(|step| step.contains("Index Cond")).count();
            assert!(conditions > 0, "{wanted:?}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("OFFSET") || step.contains("Seq Scan on connections")), "{plan:#?}");
        }
        let first = world.store.people_page(PeopleFilter::All, "", None).await.unwrap();
        if let Some(place) = first.next {
            let plan = world.store.plan(PlannedQuery::People(PeopleFilter::All, "", Some(&place))).await.unwrap();
            assert!(plan.iter().any(|step| step.contains("Index Cond") && step.contains("name_key")), "{plan:#?}");
        }
    }
}
