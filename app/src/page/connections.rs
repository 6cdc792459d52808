//! The admin's list: every user with the state of the connection, broken first; filtered, searched, sorted, and worked
//! on many at a time.

pub mod filter;
pub mod many;
pub mod results;
mod rows;

use crate::{
    AppError,
    component::{AllPaused, EmptyState, Follow, Frame, Pager, PagerView, loaded, state_label},
    request,
};
use filter::ConnectionsQuery;
use kalends_core::topic::Topic;
use kalends_store::ConnectionFilter;
use leptos::{prelude::*, server_fn::ServerFn as _};
use many::ActOnMany;
use rows::{ConnectionRow, Table};

/// One page of the list.
#[derive(Debug, Clone, PartialEq)]
struct ConnectionsView {
    wanted: ConnectionsQuery,
    rows: Vec<ConnectionRow>,
    /// How many there are by the code of a state, the empty one for all.
    counts: Vec<(String, i64)>,
    /// What can be chosen: values with their labels.
    causes: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
    domains: Vec<(String, String)>,
    /// How many connections the whole list has.
    connections: i64,
    pager: PagerView,
    is_paused: bool,
    /// Certificates that end soon.
    warnings: Vec<String>,
    flash: Option<String>,
}

async fn connections(wanted: ConnectionsQuery) -> Result<ConnectionsView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let asked = filter::asked(&wanted);
    let counts = store.count_connections(&asked).await;
    let counts = counts.map_err(request::internal)?;
    let total = counts.of(asked.state);
    let cursor = wanted.page.parse().ok();
    let found = store.connections_page(&asked, cursor.as_ref()).await;
    let found = found.map_err(request::internal)?;
    let held_up = store.held_up().await.map_err(request::internal)?;
    let accounts = store.accounts().await.map_err(request::internal)?;
    let domains = store.mail_domains().await.map_err(request::internal)?;
    Ok(ConnectionsView {
        pager: PagerView::new(&found, total, "in this list"),
        rows: found
            .items
            .iter()
            .map(|item| rows::row(item, &words))
            .collect(),
        counts: filter::STATES
            .iter()
            .map(|state| (filter::code(*state).to_owned(), counts.of(*state)))
            .collect(),
        causes: filter::cause_choices(&held_up, wanted.cause.trim()),
        accounts: filter::account_choices(&accounts, wanted.account.trim()),
        domains: domains
            .into_iter()
            .map(|(domain, number)| (domain.clone(), format!("{domain} ({number})")))
            .collect(),
        connections: match asked.state {
            ConnectionFilter::Everyone => counts.connections(),
            ConnectionFilter::NotConnected => 0,
            ConnectionFilter::Is(_) => total,
        },
        wanted,
        is_paused: store
            .global_pause()
            .await
            .map_err(request::internal)?
            .is_some(),
        warnings: request::ending_certificates(None).await?,
        flash: request::take_flash().await?,
    })
}

#[component]
pub fn ConnectionsPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || query.with(ConnectionsQuery::of_query);
    loaded(
        move || connections(wanted()),
        |view| view! { <Connections view /> },
    )
}

#[component]
fn Connections(view: ConnectionsView) -> impl IntoView {
    let ConnectionsView {
        wanted,
        rows,
        counts,
        causes,
        accounts,
        domains,
        connections,
        pager,
        is_paused,
        warnings,
        flash,
    } = view;
    let none = rows.is_empty();
    let file = format!("/connections.csv{}", wanted.query(""));
    let narrowed = wanted.is_narrowed();
    let pages = wanted.clone();
    view! {
        <Frame title="Connections" wide=true>
            {flash.map(|flash| view! { <p class="notice" role="status">{flash}</p> })}
            {is_paused.then(|| view! { <AllPaused /> })}
            {warnings.into_iter().map(|warning| view! { <p class="notice notice-waiting">{warning}</p> }).collect_view()}
            <Follow topics=vec![Topic::Connections] />
            <States counts wanted=wanted.clone() />
            <filter::Form wanted=wanted.clone() causes accounts domains />
            {if none {
                view! { <Empty narrowed /> }.into_any()
            } else {
                let all = connections.to_string();
                view! {
                    <form method="post" action=ActOnMany::url()>
                        <many::Hidden wanted />
                        <Table rows />
                        <div id="actions" data-live="">
                            {(connections > 0).then(|| view! { <many::Actions all connections /> })}
                        </div>
                    </form>
                }
                    .into_any()
            }}
            <Pager view=pager to=move |page| format!("/connections{}", pages.query(page)) />
            <p class="list-links">
                <a href=file download="connections.csv" rel="external">"Download this list (CSV)"</a>
                <a href="/connections/check-exchange">"Check Exchange"</a>
            </p>
        </Frame>
    }
}

#[component]
fn Empty(narrowed: bool) -> impl IntoView {
    view! {
        <EmptyState lead="Nobody here.">
            {if narrowed {
                view! { <a class="button" href="/connections">"Show everyone"</a> }.into_any()
            } else {
                view! { <p>"Nobody is in this state at present."</p> }.into_any()
            }}
        </EmptyState>
    }
}

/// The states with how many are in each.
#[component]
fn States(counts: Vec<(String, i64)>, wanted: ConnectionsQuery) -> impl IntoView {
    view! {
        <nav class="filters" id="states" data-live="" aria-label="Filter by state">
            {counts
                .into_iter()
                .map(|(code, count)| {
                    let current = (code == wanted.state).then_some("page");
                    let link = format!("/connections{}", wanted.with_state(&code).query(""));
                    view! {
                        <a class="filter" href=link aria-current=current>
                            {state_label(&code)}
                            <span class="filter-count">{count}</span>
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}
