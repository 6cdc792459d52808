//! The rows of the list, each with a box to choose it.

use crate::{
    component::{StateBadge, StateView, TableHead, When},
    moment::Moment,
    request,
};
use leptos::prelude::*;

/// One user.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionRow {
    name: String,
    email: String,
    state: StateView,
    /// The connection's id; `None` if not connected.
    id: Option<String>,
    mailbox: String,
    /// By which account, and where; `None` if not connected.
    through: Option<(String, String)>,
    reason: Option<String>,
    owner: Option<String>,
    since: Option<Moment>,
    last_sync: Option<Moment>,
    next_sync: Option<Moment>,
    entries: Option<i64>,
}

pub fn row(item: &kalends_store::ListItem, words: &crate::moment::Formatter) -> ConnectionRow {
    let connection = item.connection.as_ref();
    // The badge says that it is paused.
    let advice = connection
        .filter(|it| it.state != kalends_core::connection::ConnectionState::Paused)
        .and_then(|it| request::advice_for(it, words));
    ConnectionRow {
        name: item.user.name.clone(),
        email: item.user.email.to_string(),
        state: connection.map_or(StateView::NotConnected, |c| StateView::Is(c.state)),
        id: connection.map(|c| c.id.to_string()),
        mailbox: connection
            .map(|c| c.mailbox.to_string())
            .unwrap_or_default(),
        through: connection.map(|c| {
            let place = format!("{} at {}", request::mode_words(c.mode), c.endpoint.host());
            (c.account.to_string(), place)
        }),
        reason: advice.as_ref().map(|advice| advice.title.clone()),
        owner: advice
            .as_ref()
            .map(|advice| crate::component::owner_short(advice.owner).to_owned()),
        since: connection.map(|c| words.appointment(c.since, false)),
        last_sync: connection
            .and_then(|c| c.last_synced_at)
            .map(|at| words.moment(at)),
        next_sync: connection
            .filter(|c| c.paused_at.is_none())
            .and_then(|c| crate::component::next_sync(c, words).ok()),
        entries: connection.map(|c| c.entries),
    }
}

#[component]
pub fn Table(rows: Vec<ConnectionRow>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Connections" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Person", "State", "Mailbox and account", "Last sync", "Entries"] numbers=&["Entries"] />
                <tbody role="rowgroup" id="rows" data-live="">
                    {rows.into_iter().map(|row| view! { <RowView row /> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn RowView(row: ConnectionRow) -> impl IntoView {
    let name = row.name;
    // While the page follows, a row is the same one wherever it is sorted to.
    let row_id = row.id.as_ref().map(|id| format!("row-{id}"));
    view! {
        <tr role="row" id=row_id>
            <th role="rowheader" scope="row">
                {match row.id {
                    Some(id) => {
                        let label = format!("Choose {name}");
                        let link = format!("/connections/{id}");
                        view! {
                            <span class="tick">
                                <input type="checkbox" name="chosen[]" value=id aria-label=label />
                                <a href=link>{name}</a>
                            </span>
                        }
                            .into_any()
                    }
                    None => view! { <span class="tick tick-none">{name}</span> }.into_any(),
                }}
                <span class="cell-detail tick-detail">{row.email}</span>
            </th>
            <td role="cell" data-label="State">
                <StateBadge state=row.state />
                {row.reason.map(|reason| view! { <span class="cell-reason">{reason}</span> })}
                {row.owner.map(|owner| view! { <span class="cell-detail">{owner}</span> })}
                {row.since.map(|since| view! { <span class="cell-detail">"since " <When moment=since /></span> })}
            </td>
            <td role="cell" data-label="Mailbox">
                {row.through.map(|(account, place)| view! { {row.mailbox} <span class="cell-detail">{account}</span> <span class="cell-detail">{place}</span> })}
            </td>
            <td role="cell" data-label="Last sync">
                {row.last_sync.map(|moment| view! { <When moment /> })}
                {row.next_sync.map(|moment| view! { <span class="cell-detail">"next " <When moment /></span> })}
            </td>
            <td role="cell" data-label="Entries" class="number">{row.entries}</td>
        </tr>
    }
}
