//! The panels of a connection's page.

use super::timeline::{Timeline, TimelineLine};
use crate::{
    component::{LadderView, When},
    moment::Moment,
};
use kalends_core::check::TestSteps;
use leptos::prelude::*;

/// The last connection test, whoever ran it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckLine {
    pub started: Moment,
    pub ended: String,
    pub has_failed: bool,
    /// What was tested, if that is not the saved connection.
    pub other: Option<String>,
    pub ladder: TestSteps,
}

#[component]
pub fn Facts(
    facts: Vec<(String, String)>,
    account_page: Option<String>,
    last_sync: Option<Moment>,
    next_sync: Result<Moment, String>,
    /// What can be done with the connection.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="connection">
            <h2 id="connection">"Connection"</h2>
            <dl class="facts" id="facts" data-live="">
                {facts
                    .into_iter()
                    .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                    .collect_view()}
                {account_page
                    .map(|page| view! { <div><dt>"Held as"</dt><dd><a href=page>"The organisation’s account"</a></dd></div> })}
                <div>
                    <dt>"Last sync"</dt>
                    <dd>{last_sync.map_or_else(|| "not yet".into_any(), |moment| view! { <When moment exact=true /> }.into_any())}</dd>
                </div>
                <div>
                    <dt>"Next sync"</dt>
                    <dd>{next_sync.map_or_else(IntoAny::into_any, |moment| view! { <When moment /> }.into_any())}</dd>
                </div>
            </dl>
            {children()}
        </section>
    }
}

#[component]
pub fn LastCheck(check: Option<CheckLine>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="check">
            <h2 id="check">"Last check"</h2>
            {match check {
                Some(CheckLine { started, ended, has_failed, other, ladder }) => view! {
                    <p class="panel-hint"><When moment=started /> ", " {ended}</p>
                    {other.map(|other| view! { <p class="notice">"Not this connection was tested, but " {other} "."</p> })}
                    <details class="more" open=has_failed>
                        <summary>"What was tested"</summary>
                        <LadderView ladder />
                    </details>
                }.into_any(),
                None => view! { <p class="empty">"Not checked yet."</p> }.into_any(),
            }}
        </section>
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the props of a component own what they are given"
)]
#[component]
pub fn Happened(
    id: String,
    last_run: Option<Moment>,
    lines: Vec<TimelineLine>,
    has_more: bool,
) -> impl IntoView {
    view! {
        <section class="panel" id="happened" data-live="" aria-labelledby="timeline">
            <h2 id="timeline">"What happened"</h2>
            <p class="panel-hint">
                {last_run.map(|moment| view! { "The last sync ended " <When moment /> ". " })}
                "Syncs that found nothing new are not listed. Exchange’s logs know each call by the id below it."
            </p>
            <Timeline lines />
            {has_more.then(|| view! { <p><a href=format!("/connections/{id}?all=1#timeline")>"Show more"</a></p> })}
        </section>
    }
}
