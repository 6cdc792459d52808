//! The admin's list: every user with the state of the connection, broken first.

use crate::{
    AppError,
    component::{Frame, StateBadge, StateView, When, loaded},
    moment::Moment,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ConnectionsView {
    rows: Vec<Row>,
    /// How many there are by filter code, the empty one for all.
    counts: Vec<(String, i64)>,
    filter: String,
    page: i64,
    pages: i64,
    /// Certificates that end soon.
    warnings: Vec<String>,
    flash: Option<String>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    email: String,
    state: StateView,
    /// Address of the connection's page; `None` if not connected.
    link: Option<String>,
    mailbox: String,
    mode: String,
    account: String,
    endpoint: String,
    reason: Option<String>,
    owner: Option<String>,
    since: Option<Moment>,
    last_sync: Option<Moment>,
    next_sync: Option<Moment>,
    entries: Option<i64>,
}

#[server(endpoint = "connections")]
async fn connections(filter: String, page: String) -> Result<ConnectionsView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let filter = parse_filter(&filter);
    let store = request::services().store;
    let mut counts = Vec::new();
    for shown in FILTERS {
        let count = store
            .count_connections(shown)
            .await
            .map_err(request::internal)?;
        counts.push((filter_code(shown).to_owned(), count));
    }
    let code = filter_code(filter).to_owned();
    let total = counts
        .iter()
        .find(|(name, _)| *name == code)
        .map_or(0, |(_, count)| *count);
    let pages = ((total + kalends::store::PAGE - 1) / kalends::store::PAGE).max(1);
    let page = page.parse().unwrap_or(1).clamp(1, pages);
    let found = store
        .list_connections(filter, page)
        .await
        .map_err(request::internal)?;
    let rows = found
        .into_iter()
        .map(|item| {
            let connection = item.connection.as_ref();
            let advice = connection.and_then(|it| request::advice_for(it, &words));
            Row {
                name: item.user.name.clone(),
                email: item.user.email.to_string(),
                state: connection.map_or(StateView::NotConnected, |c| StateView::Is(c.state)),
                link: connection.map(|c| format!("/connections/{}", c.id)),
                mailbox: connection
                    .map(|c| c.mailbox.to_string())
                    .unwrap_or_default(),
                mode: connection
                    .map(|c| request::mode_words(c.mode).to_owned())
                    .unwrap_or_default(),
                account: connection
                    .map(|c| c.account.to_string())
                    .unwrap_or_default(),
                endpoint: connection
                    .map(|c| c.endpoint.to_string())
                    .unwrap_or_default(),
                reason: advice.as_ref().map(|advice| advice.title.clone()),
                owner: advice
                    .as_ref()
                    .map(|advice| crate::component::owner_short(advice.owner).to_owned()),
                since: connection.map(|c| words.appointment(c.since, false)),
                last_sync: connection
                    .and_then(|c| c.last_synced_at)
                    .map(|at| words.moment(at)),
                next_sync: connection
                    .and_then(|c| c.due_at)
                    .map(|at| words.upcoming(at)),
                entries: connection.map(|c| c.entries),
            }
        })
        .collect();
    Ok(ConnectionsView {
        rows,
        counts,
        filter: code,
        page,
        pages,
        warnings: request::ending_certificates(None).await?,
        flash: request::take_flash().await?,
    })
}

/// The filters in the order in which they are offered: who needs somebody comes first.
#[cfg(feature = "ssr")]
const FILTERS: [kalends::store::Filter; 6] = {
    use kalends::{connection::ConnectionState, store::Filter};
    [
        Filter::Everyone,
        Filter::Is(ConnectionState::ActionNeeded),
        Filter::Is(ConnectionState::Delayed),
        Filter::Is(ConnectionState::Paused),
        Filter::Is(ConnectionState::Connected),
        Filter::NotConnected,
    ]
};

#[cfg(feature = "ssr")]
fn filter_code(filter: kalends::store::Filter) -> &'static str {
    use kalends::store::Filter;
    match filter {
        Filter::Everyone => "",
        Filter::NotConnected => "not_connected",
        Filter::Is(state) => state.code(),
    }
}

/// A code that is none shows everyone.
#[cfg(feature = "ssr")]
fn parse_filter(code: &str) -> kalends::store::Filter {
    FILTERS
        .into_iter()
        .find(|filter| filter_code(*filter) == code)
        .unwrap_or(kalends::store::Filter::Everyone)
}

#[component]
pub fn ConnectionsPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        query.with(|query| {
            (
                query.get("state").unwrap_or_default(),
                query.get("page").unwrap_or_default(),
            )
        })
    };
    loaded(
        Resource::new(wanted, |(filter, page)| connections(filter, page)),
        |view| view! { <Connections view /> },
    )
}

#[component]
fn Connections(view: ConnectionsView) -> impl IntoView {
    let ConnectionsView {
        rows,
        counts,
        filter,
        page,
        pages,
        warnings,
        flash,
    } = view;
    let none = rows.is_empty();
    view! {
        <Frame title="Connections" wide=true>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            {warnings.into_iter().map(|warning| view! { <p class="notice notice-waiting">{warning}</p> }).collect_view()}
            <p class="back"><a href="/connections/check-exchange">"Check Exchange"</a></p>
            <nav class="filters" aria-label="Filter by state">
                {counts
                    .into_iter()
                    .map(|(code, count)| {
                        let current = (code == filter).then_some("page");
                        view! {
                            <a class="filter" href=list_link(&code, 1) aria-current=current>
                                {filter_label(&code)}
                                <span class="filter-count">{count}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            {if none {
                view! { <p class="empty">"Nobody is in this state."</p> }.into_any()
            } else {
                view! { <Table rows /> }.into_any()
            }}
            {(pages > 1).then(|| view! { <Pages filter=filter.clone() page pages /> })}
        </Frame>
    }
}

#[component]
fn Table(rows: Vec<Row>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Connections" tabindex="0">
            <table class="table table-stack" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Person"</th>
                        <th role="columnheader" scope="col">"State"</th>
                        <th role="columnheader" scope="col">"Mailbox"</th>
                        <th role="columnheader" scope="col">"Account"</th>
                        <th role="columnheader" scope="col">"Last sync"</th>
                        <th role="columnheader" scope="col" class="number">"Entries"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.into_iter().map(|row| view! { <RowView row /> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn RowView(row: Row) -> impl IntoView {
    let name = row.name;
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                {match row.link {
                    Some(link) => view! { <a href=link>{name}</a> }.into_any(),
                    None => name.into_any(),
                }}
                <span class="cell-detail">{row.email}</span>
            </th>
            <td role="cell" data-label="State">
                <StateBadge state=row.state />
                {row.reason.map(|reason| view! { <span class="cell-reason">{reason}</span> })}
                {row.owner.map(|owner| view! { <span class="cell-detail">{owner}</span> })}
                {row.since.map(|since| view! { <span class="cell-detail">"since " <When moment=since /></span> })}
            </td>
            <td role="cell" data-label="Mailbox">{two_lines(row.mailbox, row.mode)}</td>
            <td role="cell" data-label="Account">{two_lines(row.account, row.endpoint)}</td>
            <td role="cell" data-label="Last sync">
                {row.last_sync.map(|moment| view! { <When moment /> })}
                {row.next_sync.map(|moment| view! { <span class="cell-detail">"next " <When moment /></span> })}
            </td>
            <td role="cell" data-label="Entries" class="number">{row.entries}</td>
        </tr>
    }
}

/// A value above what it comes with; nothing for somebody without a connection.
fn two_lines(value: String, detail: String) -> impl IntoView {
    (!value.is_empty()).then(|| view! { {value} <span class="cell-detail">{detail}</span> })
}

#[component]
fn Pages(filter: String, page: i64, pages: i64) -> impl IntoView {
    view! {
        <nav class="pager" aria-label="Pages">
            {(page > 1).then(|| view! { <a class="button" href=list_link(&filter, page - 1)>"Previous"</a> })}
            <span>{format!("Page {page} of {pages}")}</span>
            {(page < pages).then(|| view! { <a class="button" href=list_link(&filter, page + 1)>"Next"</a> })}
        </nav>
    }
}

fn list_link(filter: &str, page: i64) -> String {
    match (filter, page) {
        ("", 1) => "/connections".to_owned(),
        ("", page) => format!("/connections?page={page}"),
        (filter, 1) => format!("/connections?state={filter}"),
        (filter, page) => format!("/connections?state={filter}&page={page}"),
    }
}

fn filter_label(code: &str) -> &'static str {
    match code {
        "" => "Everyone",
        "not_connected" => StateView::NotConnected.label(),
        code => kalends::connection::ConnectionState::from_code(code)
            .map_or("", |state| StateView::Is(state).label()),
    }
}
