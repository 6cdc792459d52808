//! Which mailboxes an account reaches: how far the questions are, what was found, and connecting what is in scope.

mod found;
mod progress;
mod rows;
mod view;

use crate::{
    AppError,
    component::{Follow, Frame, LookAgain, loaded},
    request,
};
use kalends_core::topic::Topic;
use leptos::{prelude::*, server_fn::ServerFn};
use progress::ScopeProgress;
use rows::{Pages, Rows};
use view::ScopeView;

async fn scope(id: String, place: String, page: String) -> Result<ScopeView, AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let words = request::formatter(&admin).await?;
    let found = found::scope_by_id(&id).await?;
    found::view_of(found, &place, &page, &words).await
}

#[component]
pub fn ScopePage() -> impl IntoView {
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
        move || {
            let (id, place, page) = wanted();
            scope(id, place, page)
        },
        |view| view! { <Scope view /> },
    )
}

#[component]
fn Scope(view: ScopeView) -> impl IntoView {
    let link = format!("/organisation/mailboxes/{}", view.id);
    let has_outside = view
        .counts
        .iter()
        .any(|(code, _, count)| code == "outside" && *count > 0);
    let can_tick = view.connectable > 0 && view.rows.iter().any(|row| row.can_choose);
    view! {
        <Frame title=format!("Mailboxes that {} reaches", view.label) wide=true>
            <p class="back"><a href="/organisation/mailboxes">"Map mailboxes"</a></p>
            {view.flash.clone().map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            <Follow topics=vec![Topic::Organisation] />
            {view.is_running.then(|| view! { <LookAgain seconds=2 /> })}
            <div id="scope-progress" data-live=""><ScopeProgress view=view.clone() link=link.clone() /></div>
            {has_outside
                .then(|| {
                    view! {
                        <p class="notice notice-waiting">
                            "Mailboxes outside the scope: an Exchange administrator widens the management scope of the account. "
                            <a href="/help/service-account#scope">"The commands"</a>
                        </p>
                    }
                })}
            <div id="scope-filters" data-live=""><Filters link=link.clone() total=view.total counts=view.counts filter=view.filter.clone() /></div>
            <form method="post" action=progress::ConnectMailboxes::url()>
                <input type="hidden" name="id" value=view.id />
                <div id="scope-rows" data-live=""><Rows rows=view.rows /></div>
                {can_tick.then(|| view! { <p class="form-actions"><button class="button">"Connect those ticked"</button></p> })}
            </form>
            {(view.pages > 1).then(|| view! { <Pages link filter=view.filter page=view.page pages=view.pages /> })}
        </Frame>
    }
}

#[component]
fn Filters(
    link: String,
    total: i64,
    counts: Vec<(String, String, i64)>,
    filter: String,
) -> impl IntoView {
    view! {
        <nav class="filters" aria-label="Filter by what was found">
            <a class="filter" href=link.clone() aria-current=filter.is_empty().then_some("page")>
                "All" <span class="filter-count">{total}</span>
            </a>
            {counts
                .into_iter()
                .map(|(code, label, count)| {
                    let current = (code == filter).then_some("page");
                    view! {
                        <a class="filter" href=format!("{link}?place={code}") aria-current=current>
                            {label} <span class="filter-count">{count}</span>
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}
