//! People, for admins: the list, with who was invited and who may not sign in.

pub mod import;
pub mod imported;
pub mod invite;
pub mod person;

use crate::{
    AppError,
    component::{EmptyState, Frame, Pager, PagerView, StateBadge, StateView, TableHead, loaded},
    request,
};
use kalends_store::PeopleFilter;
use leptos::prelude::*;

/// One page of the list.
#[derive(Debug, Clone, PartialEq)]
struct PeopleView {
    q: String,
    which: String,
    /// Codes and labels of the filters, with how many people each shows.
    tabs: Vec<(String, String, i64)>,
    rows: Vec<PeopleRow>,
    pager: PagerView,
    flash: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct PeopleRow {
    link: String,
    name: String,
    email: String,
    is_admin: bool,
    /// Why they cannot sign in at present.
    note: Option<String>,
    state: StateView,
}

const TABS: [(&str, &str, kalends_store::PeopleFilter); 4] = {
    [
        ("", "Everyone", PeopleFilter::All),
        ("admins", "Administrators", PeopleFilter::Admins),
        ("invited", "Invited", PeopleFilter::Invited),
        ("disabled", "Disabled", PeopleFilter::Disabled),
    ]
};

async fn people(which: String, q: String, page: String) -> Result<PeopleView, AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let counts = store.count_people(TABS.map(|(.., which)| which), &q).await;
    let counts = counts.map_err(request::internal)?;
    let chosen = TABS
        .iter()
        .position(|(code, ..)| *code == which)
        .unwrap_or(0);
    let cursor = page.parse().ok();
    let found = store.people_page(TABS[chosen].2, &q, cursor.as_ref()).await;
    let found = found.map_err(request::internal)?;
    Ok(PeopleView {
        q,
        which: TABS[chosen].0.to_owned(),
        tabs: TABS
            .into_iter()
            .zip(counts)
            .map(|((code, label, _), count)| (code.to_owned(), label.to_owned(), count))
            .collect(),
        pager: PagerView::new(&found, counts[chosen], "in this list"),
        rows: found.items.iter().map(|line| row(line, &words)).collect(),
        flash: request::take_flash().await?,
    })
}

fn row(line: &kalends_store::PersonLine, words: &crate::moment::Formatter) -> PeopleRow {
    let user = &line.user;
    PeopleRow {
        link: format!("/people/{}", user.id),
        name: user.name.clone(),
        email: user.email.to_string(),
        is_admin: user.role == kalends_core::rights::Role::Admin,
        note: note(user, line.link_until, words),
        state: line.state.map_or(StateView::NotConnected, StateView::Is),
    }
}

/// Why somebody cannot sign in at present.
fn note(
    user: &kalends_store::User,
    link_until: Option<kalends_core::clock::Timestamp>,
    words: &crate::moment::Formatter,
) -> Option<String> {
    if user.disabled_at.is_some() {
        return Some("Disabled".to_owned());
    }
    if !user.is_invited() {
        return None;
    }
    Some(match link_until {
        Some(until) if until > words.now => {
            format!(
                "Invited, link works until {}",
                words.appointment(until, false).text
            )
        }
        _ => "Invited, link has run out".to_owned(),
    })
}

#[component]
pub fn PeoplePage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        query.with(|query| {
            let get = |name: &str| query.get(name).unwrap_or_default();
            (get("which"), get("q"), get("page"))
        })
    };
    loaded(
        move || {
            let (which, q, page) = wanted();
            people(which, q, page)
        },
        |view| view! { <People view /> },
    )
}

#[component]
fn People(view: PeopleView) -> impl IntoView {
    let PeopleView {
        q,
        which,
        tabs,
        rows,
        pager,
        flash,
    } = view;
    let link = {
        let (which, q) = (which.clone(), q.clone());
        move |page: &str| {
            format!(
                "/people{}",
                crate::percent::query(&[("which", &which), ("q", &q)], page)
            )
        }
    };
    let none = rows.is_empty();
    view! {
        <Frame title="People" wide=true>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            <p class="form-actions page-actions">
                <a class="button button-primary" href="/people/invite">"Invite somebody"</a>
                <a class="button" href="/people/import">"Import a table"</a>
            </p>
            <Filters which q tabs />
            {if none {
                view! { <EmptyState lead="Nobody here."><a class="button" href="/people">"Show everyone"</a></EmptyState> }.into_any()
            } else {
                view! { <Table rows /> }.into_any()
            }}
            <Pager view=pager to=link />
        </Frame>
    }
}

#[component]
fn Table(rows: Vec<PeopleRow>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="People" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Person", "Role", "Sign-in", "Calendar"] />
                <tbody role="rowgroup">
                    {rows
                        .into_iter()
                        .map(|row| {
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row">
                                        <a href=row.link>{row.name}</a>
                                        <span class="cell-detail">{row.email}</span>
                                    </th>
                                    <td role="cell" data-label="Role">{if row.is_admin { "Administrator" } else { "Member" }}</td>
                                    <td role="cell" data-label="Sign-in">{row.note.unwrap_or_else(|| "Can sign in".to_owned())}</td>
                                    <td role="cell" data-label="Calendar"><StateBadge state=row.state /></td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Filters(which: String, q: String, tabs: Vec<(String, String, i64)>) -> impl IntoView {
    let search = q.clone();
    view! {
        <nav class="filters" aria-label="Filter people">
            {tabs
                .into_iter()
                .map(|(code, label, count)| {
                    let current = (code == which).then_some("page");
                    let to = format!("/people{}", crate::percent::query(&[("which", &code), ("q", &q)], ""));
                    view! {
                        <a class="filter" href=to aria-current=current>{label} <span class="filter-count">{count}</span></a>
                    }
                })
                .collect_view()}
        </nav>
        <form class="list-search" method="get" action="/people" role="search" aria-label="People">
            {(!which.is_empty()).then(|| view! { <input type="hidden" name="which" value=which /> })}
            <div class="field">
                <label class="sr-only" for="people-q">"Search"</label>
                <input id="people-q" name="q" type="search" value=search.clone() autocomplete="off" spellcheck="false" placeholder="Name or address" />
            </div>
            <button class="button">"Search"</button>
            {(!search.is_empty()).then(|| view! { <a class="button button-quiet" href="/people">"Reset"</a> })}
        </form>
    }
}
