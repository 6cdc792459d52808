//! One map of mailboxes: how far it is, what was found, and connecting what is in scope.

mod rows;

use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
};
use leptos::{prelude::*, server_fn::ServerFn};
use rows::{Pages, RowView, Rows};
use serde::{Deserialize, Serialize};

/// How many addresses a page holds.
#[cfg(feature = "ssr")]
const PAGE: i64 = 50;

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct MapView {
    id: String,
    label: String,
    started: Moment,
    total: i64,
    done: i64,
    /// What looked like an address and is none: nobody was asked about it.
    no_addresses: i64,
    is_running: bool,
    is_cancelled: bool,
    /// Why it waits or ended early.
    problem: Option<String>,
    waits_until: Option<Moment>,
    /// Codes, labels and counts of what was found.
    counts: Vec<(String, String, i64)>,
    filter: String,
    rows: Vec<RowView>,
    page: i64,
    pages: i64,
    chosen: i64,
    connected: i64,
    connectable: i64,
    flash: Option<String>,
}

#[cfg(feature = "ssr")]
pub use words::{place_words, result_words};

#[cfg(feature = "ssr")]
mod words {
    use kalends_store::{ScopeConnection, ScopePlace};

    /// The codes of the filter, in the order of the page.
    pub const PLACES: [(ScopePlace, &str); 7] = [
        (ScopePlace::InScope, "in-scope"),
        (ScopePlace::Outside, "outside"),
        (ScopePlace::NotFound, "not-found"),
        (ScopePlace::Alias, "alias"),
        (ScopePlace::Moved, "moved"),
        (ScopePlace::NotAnAddress, "not-an-address"),
        (ScopePlace::Failed, "failed"),
    ];

    pub const fn place_words(place: Option<ScopePlace>) -> &'static str {
        match place {
            None => "Not asked yet",
            Some(ScopePlace::InScope) => "In scope",
            Some(ScopePlace::Outside) => "Outside the scope",
            Some(ScopePlace::NotFound) => "No such mailbox",
            Some(ScopePlace::Alias) => "Alias",
            Some(ScopePlace::Moved) => "Moved",
            Some(ScopePlace::NotAnAddress) => "Not an address",
            Some(ScopePlace::Failed) => "Other trouble",
        }
    }

    pub const fn result_words(
        result: Option<ScopeConnection>,
        chosen: bool,
    ) -> Option<&'static str> {
        match result {
            None if chosen => Some("Waits to be connected"),
            None => None,
            Some(ScopeConnection::Connected) => Some("Connected"),
            Some(ScopeConnection::HadOne) => Some("Had a connection already"),
            Some(ScopeConnection::Taken) => Some("Somebody else reads it"),
            Some(ScopeConnection::Nobodys) => Some("Nobody has this address"),
            Some(ScopeConnection::Failed) => Some("Could not be read"),
        }
    }
}

#[cfg(feature = "ssr")]
fn names_for(mailbox: &str, words: &crate::moment::Formatter) -> kalends_core::advice::Names {
    kalends_core::advice::Names {
        mailbox: mailbox.to_owned(),
        held: true,
        utc_offset: Some(words.utc_offset()),
        tells_addresses: true,
        ..Default::default()
    }
}

/// Whether the words for a place say all that is known.
#[cfg(feature = "ssr")]
const fn says_it_all(place: Option<kalends_store::ScopePlace>) -> bool {
    use kalends_store::ScopePlace;
    matches!(place, Some(ScopePlace::Outside | ScopePlace::NotFound))
}

#[cfg(feature = "ssr")]
async fn scope_by_id(id: &str) -> Result<kalends_store::MailboxScope, AppError> {
    use crate::request;
    let found = match id.parse() {
        Ok(id) => {
            let store = request::services().store;
            store.map(id).await.map_err(request::internal)?
        }
        Err(_) => None,
    };
    found.ok_or_else(|| {
        request::set_not_found();
        AppError::NotYours
    })
}

#[server(endpoint = "map")]
async fn map(id: String, place: String, page: String) -> Result<MapView, AppError> {
    use crate::request;
    use kalends_core::advice::advice;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let services = request::services();
    let store = &services.store;
    let found = scope_by_id(&id).await?;
    let held = store.held_account(found.account_id).await;
    let held = held.map_err(request::internal)?;
    let counts = store.scope_counts(found.id).await;
    let counts = counts.map_err(request::internal)?;
    let count = |place| {
        let found = counts.iter().find(|(it, _)| *it == place);
        found.map_or(0, |(_, count)| *count)
    };
    let filter = words::PLACES.iter().find(|(_, code)| *code == place);
    let shown = filter.map_or(found.total, |(place, _)| count(Some(*place)));
    let pages = ((shown + PAGE - 1) / PAGE).max(1);
    let page = page.parse().unwrap_or(1).clamp(1, pages);
    let rows = store
        .scope_rows(
            found.id,
            filter.map(|(place, _)| *place),
            (PAGE, (page - 1) * PAGE),
        )
        .await
        .map_err(request::internal)?;
    let choices = store.scope_choices(found.id).await;
    let (chosen, connected, connectable) = choices.map_err(request::internal)?;
    let is_running = found.finished_at.is_none();
    if is_running {
        request::look_again_in(2);
    }
    let names = |mailbox: &str| names_for(mailbox, &words);
    let now = services.clock.now();
    Ok(MapView {
        label: held.map(|held| held.account.label).unwrap_or_default(),
        started: words.appointment(found.started_at, false),
        total: found.total,
        done: found.total - count(None),
        no_addresses: count(Some(kalends_store::ScopePlace::NotAnAddress)),
        is_running,
        is_cancelled: found.is_cancelled,
        problem: found.problem.as_ref().map(|problem| {
            let told = advice(problem, &names(""));
            format!("{} {}", told.title, told.meaning)
        }),
        waits_until: (is_running && found.due_at > now).then(|| words.upcoming(found.due_at)),
        counts: words::PLACES
            .iter()
            .map(|(place, code)| {
                let label = place_words(Some(*place)).to_owned();
                ((*code).to_owned(), label, count(Some(*place)))
            })
            .filter(|(_, _, count)| *count > 0)
            .collect(),
        filter: filter.map_or(String::new(), |(_, code)| (*code).to_owned()),
        rows: rows
            .into_iter()
            .map(|row| RowView {
                position: row.position,
                place: place_words(row.place).to_owned(),
                is_bad: row
                    .place
                    .is_some_and(|it| it != kalends_store::ScopePlace::InScope),
                detail: match (&row.primary, &row.problem) {
                    (Some(primary), _) => format!("The primary address is {primary}."),
                    (None, Some(problem)) if !says_it_all(row.place) => {
                        advice(problem, &names(&row.address)).title
                    }
                    (None, _) => String::new(),
                },
                // While it runs the page is drawn anew, and ticks would be lost.
                can_choose: !is_running
                    && row.place == Some(kalends_store::ScopePlace::InScope)
                    && row.person.is_some()
                    && !row.is_disabled
                    && !row.has_connection
                    && !row.is_chosen,
                result: if row.has_connection && row.result.is_none() {
                    Some("Connected".to_owned())
                } else if row.is_disabled && row.result.is_none() {
                    Some("May not sign in".to_owned())
                } else {
                    result_words(row.result, row.is_chosen).map(str::to_owned)
                },
                person: row.person.map(|(_, name)| name),
                address: row.address,
            })
            .collect(),
        page,
        pages,
        chosen,
        connected,
        connectable,
        flash: request::take_flash().await?,
        id,
    })
}

#[server(endpoint = "cancel_map")]
async fn cancel_scope(id: String) -> Result<(), AppError> {
    use crate::request;
    request::admin().await?;
    let services = request::services();
    let found = scope_by_id(&id).await?;
    let ended = services
        .store
        .finish_scope(found.id, true, None, services.clock.now())
        .await;
    ended.map_err(request::internal)?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

/// Lets a stopped map go on with what is left.
#[server(endpoint = "go_on_with_map")]
async fn resume_scope(id: String) -> Result<(), AppError> {
    use crate::request;
    request::admin().await?;
    let services = request::services();
    let found = scope_by_id(&id).await?;
    let going = services
        .store
        .reopen_scope(found.id, services.clock.now())
        .await;
    going.map_err(request::internal)?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

#[server(endpoint = "connect_mailboxes")]
async fn connect_mailboxes(
    id: String,
    #[server(default)] all: bool,
    #[server(default)] chosen: Vec<i64>,
) -> Result<(), AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let services = request::services();
    let found = scope_by_id(&id).await?;
    let positions = (!all).then_some(chosen.as_slice());
    let count = kalends::mailbox_scope::choose(&services, &admin, &found, positions)
        .await
        .map_err(request::internal)?;
    let text = match count {
        0 => "Nothing was chosen that could be connected.".to_owned(),
        1 => "1 mailbox is being connected.".to_owned(),
        many => format!("{many} mailboxes are being connected."),
    };
    request::flash(&text).await?;
    request::see_other(&format!("/organisation/mailboxes/{id}"));
    Ok(())
}

#[component]
pub fn MapPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        query.with(|query| {
            let place = query.get("place").unwrap_or_default();
            (id, place, query.get("page").unwrap_or_default())
        })
    };
    loaded(
        Resource::new(wanted, |(id, place, page)| map(id, place, page)),
        |view| view! { <Map view /> },
    )
}

fn addresses(number: i64) -> String {
    match number {
        1 => "1 address".to_owned(),
        many => format!("{many} addresses"),
    }
}

#[component]
fn Map(view: MapView) -> impl IntoView {
    let link = format!("/organisation/mailboxes/{}", view.id);
    let connecting = view.chosen > 0;
    let running = view.is_running;
    let can_choose = view.connectable > 0;
    let (total, done) = if connecting && view.done == view.total {
        (view.chosen, view.connected)
    } else {
        (view.total, view.done)
    };
    let none = view.no_addresses;
    let state = match (running, connecting && view.done == view.total) {
        (true, true) => format!("{done} of {total} chosen mailboxes dealt with"),
        (true, false) => format!("{} of {} asked", done - none, addresses(total - none)),
        (false, true) => format!("{done} of {total} chosen mailboxes dealt with. Complete."),
        (false, false) if view.is_cancelled => {
            format!(
                "Stopped after {} of {}.",
                done - none,
                addresses(total - none)
            )
        }
        (false, false) => format!("{} asked. Complete.", addresses(total - none)),
    };
    let has_outside = view
        .counts
        .iter()
        .any(|(code, _, count)| code == "outside" && *count > 0);
    let can_tick = can_choose && view.rows.iter().any(|row| row.can_choose);
    let can_go_on = !running && view.is_cancelled;
    view! {
        <Frame title=format!("Mailboxes that {} reaches", view.label) wide=true>
            <p class="back"><a href="/organisation/mailboxes">"Map mailboxes"</a></p>
            {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            <section class="panel" aria-labelledby="progress">
                <h2 id="progress">"Started " <When moment=view.started /></h2>
                <p role="status">{state.clone()}</p>
                {running.then(|| view! { <progress max=total value=done aria-label=state></progress> })}
                {view
                    .problem
                    .map(|problem| {
                        let class = if running { "notice notice-waiting" } else { "notice notice-bad" };
                        view! {
                            <p class=class>
                                {problem}
                                {view.waits_until.map(|until| view! { " It goes on " <When moment=until /> "." })}
                            </p>
                        }
                    })}
                <div class="form-actions">
                    {running
                        .then(|| {
                            view! {
                                <form method="post" action=CancelScope::url()>
                                    <input type="hidden" name="id" value=view.id.clone() />
                                    <button class="button">"Stop"</button>
                                </form>
                            }
                        })}
                    {can_go_on
                        .then(|| {
                            view! {
                                <form method="post" action=ResumeScope::url()>
                                    <input type="hidden" name="id" value=view.id.clone() />
                                    <button class="button">"Go on"</button>
                                </form>
                            }
                        })}
                    {can_choose
                        .then(|| {
                            view! {
                                <form method="post" action=ConnectMailboxes::url()>
                                    <input type="hidden" name="id" value=view.id.clone() />
                                    <input type="hidden" name="all" value="true" />
                                    <button class="button button-primary">{match view.connectable {
                                        1 => "Connect the one in scope".to_owned(),
                                        many => format!("Connect all {many} in scope"),
                                    }}</button>
                                </form>
                            }
                        })}
                    {(!running && view.connected > 0)
                        .then(|| view! { <a class="button" href="/connections">"See the connections"</a> })}
                    <a class="button" href=format!("{link}/addresses.csv") rel="external" download="">"Download as CSV"</a>
                </div>
                {can_choose
                    .then(|| {
                        view! {
                            <p class="field-hint">"Connected in the organisation’s name. People see on their profile that it was done, how to lower what is kept, and how to leave."</p>
                        }
                    })}
            </section>
            {has_outside
                .then(|| {
                    view! {
                        <p class="notice notice-waiting">
                            "Mailboxes outside the scope: an Exchange administrator widens the management scope of the account. "
                            <a href="/help/service-account#scope">"The commands"</a>
                        </p>
                    }
                })}
            <nav class="filters" aria-label="Filter by what was found">
                <a class="filter" href=link.clone() aria-current=view.filter.is_empty().then_some("page")>
                    "All" <span class="filter-count">{view.total}</span>
                </a>
                {view
                    .counts
                    .into_iter()
                    .map(|(code, label, count)| {
                        let current = (code == view.filter).then_some("page");
                        view! {
                            <a class="filter" href=format!("{link}?place={code}") aria-current=current>
                                {label} <span class="filter-count">{count}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            <form method="post" action=ConnectMailboxes::url()>
                <input type="hidden" name="id" value=view.id />
                <Rows rows=view.rows />
                {can_tick.then(|| view! { <p class="form-actions"><button class="button">"Connect those ticked"</button></p> })}
            </form>
            {(view.pages > 1).then(|| view! { <Pages link filter=view.filter page=view.page pages=view.pages /> })}
        </Frame>
    }
}
