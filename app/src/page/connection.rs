//! One connection as an admin sees it: its state, the last check's ladder, the last rounds.

use crate::{
    AppError,
    component::{Frame, LadderView, Notice, StateBadge, StateView, When, loaded},
    moment::Moment,
};
use kalends::{advice::Advice, check::Ladder};
use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ConnectionView {
    id: String,
    person: String,
    email: String,
    state: StateView,
    since: Moment,
    facts: Vec<(String, String)>,
    last_sync: Option<Moment>,
    next_sync: Option<Moment>,
    advice: Option<Advice>,
    /// Its certificate, if that ends soon.
    warnings: Vec<String>,
    check: Option<CheckLine>,
    /// The end of the last round, if it found nothing to change and so is not among the rounds below.
    quiet_round: Option<Moment>,
    rounds: Vec<RoundView>,
    flash: Option<String>,
}

/// The last connection test, whoever ran it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CheckLine {
    started: Moment,
    ended: String,
    /// What was tested, if that is not the saved connection.
    other: Option<String>,
    ladder: Ladder,
}

/// One pass over the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RoundView {
    started: Moment,
    millis: i64,
    /// What came of it, in words.
    outcome: String,
    ok: bool,
}

#[server(endpoint = "connection")]
async fn connection(id: String) -> Result<ConnectionView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let store = request::services().store;
    let found = request::connection_by_id(&id).await?;
    let user = store
        .user(found.user_id)
        .await
        .map_err(request::internal)?
        .ok_or(AppError::NotYours)?;
    let check = store
        .last_check(found.user_id)
        .await
        .map_err(request::internal)?;
    let rounds = store
        .last_rounds(found.id, 20)
        .await
        .map_err(request::internal)?;
    let flash = request::take_flash().await?;
    if flash.is_some() {
        // What the flash tells of has come about by then.
        request::look_again_in(3);
    }
    Ok(ConnectionView {
        id: found.id.to_string(),
        person: user.name,
        email: user.email.to_string(),
        state: StateView::Is(found.state),
        since: words.appointment(found.since, false),
        facts: vec![
            ("Mailbox".to_owned(), found.mailbox.to_string()),
            (
                "Mode".to_owned(),
                request::mode_words(found.mode).to_owned(),
            ),
            ("Account".to_owned(), found.account.to_string()),
            ("Endpoint".to_owned(), found.endpoint.to_string()),
            ("Entries".to_owned(), found.entries.to_string()),
        ],
        last_sync: found.last_synced_at.map(|at| words.moment(at)),
        next_sync: found.due_at.map(|at| words.upcoming(at)),
        advice: request::advice_for(&found, &words),
        warnings: request::ending_certificates(Some(found.endpoint.host())).await?,
        check: check.map(|check| CheckLine {
            started: words.moment(check.started_at),
            ended: ended_words(check.outcome.as_ref()).to_owned(),
            other: {
                let typed = &check.typed;
                let same = typed.mailbox == found.mailbox.as_str()
                    && typed
                        .account
                        .eq_ignore_ascii_case(&found.account.to_string());
                (!same).then(|| format!("{} through {}", typed.mailbox, typed.account))
            },
            ladder: check.ladder,
        }),
        quiet_round: found
            .last_round_at
            .filter(|at| rounds.first().is_none_or(|round| round.ended_at() < *at))
            .map(|at| words.moment(at)),
        rounds: rounds
            .iter()
            .map(|round| round_view(round, &found, &words))
            .collect(),
        flash,
    })
}

#[cfg(feature = "ssr")]
const fn ended_words(outcome: Option<&kalends::check::Outcome>) -> &'static str {
    use kalends::check::Outcome;
    match outcome {
        None => "running",
        Some(Outcome::Connected { .. } | Outcome::AccountSaved { .. }) => "passed",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Cancelled) => "cancelled",
    }
}

#[cfg(feature = "ssr")]
fn round_view(
    round: &kalends::store::Round,
    connection: &kalends::connection::Connection,
    words: &crate::moment::Words,
) -> RoundView {
    let changes = round.changes;
    let outcome = match &round.problem {
        Some(problem) => {
            kalends::advice::advice(problem, &crate::request::names_of(connection, words)).title
        }
        None => format!(
            "{} new, {} changed, {} gone",
            changes.inserted, changes.updated, changes.deleted
        ),
    };
    RoundView {
        started: words.moment(round.started_at),
        millis: round.millis,
        outcome,
        ok: round.problem.is_none(),
    }
}

#[server(endpoint = "check_now")]
async fn check_now(#[server(default)] id: String) -> Result<(), AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let found = request::connection_by_id(&id).await?;
    match kalends::connect::check_again(&request::services(), &admin, &found).await {
        Ok(check) => request::see_other(&format!("/profile/exchange/checks/{check}")),
        Err(error) => return Err(request::internal(error)),
    }
    Ok(())
}

#[server(endpoint = "sync_now")]
async fn sync_now(#[server(default)] id: String) -> Result<(), AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let found = request::connection_by_id(&id).await?;
    let started = kalends::sync::soon(&request::services(), &admin, &found)
        .await
        .map_err(request::internal)?;
    request::flash(if started {
        "A round starts within a second. This page looks again by itself."
    } else {
        "The account's password was refused: reconnect with the right one. Until then no round starts on request."
    })
    .await?;
    request::see_other(&format!("/connections/{}", found.id));
    Ok(())
}

#[component]
pub fn ConnectionPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        Resource::new(id, connection),
        |view| view! { <Connection view /> },
    )
}

#[component]
fn Connection(view: ConnectionView) -> impl IntoView {
    let ConnectionView {
        id,
        person,
        email,
        state,
        since,
        facts,
        last_sync,
        next_sync,
        advice,
        warnings,
        check,
        quiet_round,
        rounds,
        flash,
    } = view;
    view! {
        <Frame title=person>
            <p class="back"><a href="/connections">"← All connections"</a></p>
            {flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
            <p class="freshness">
                <StateBadge state />
                <span>"since " <When moment=since /></span>
                <span>{email}</span>
            </p>
            {advice.map(|advice| view! { <Notice advice /> })}
            {warnings.into_iter().map(|warning| view! { <p class="notice notice-waiting">{warning}</p> }).collect_view()}
            <section class="panel" aria-labelledby="connection">
                <h2 id="connection">"Connection"</h2>
                <dl class="facts">
                    {facts
                        .into_iter()
                        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                        .collect_view()}
                    <div>
                        <dt>"Last sync"</dt>
                        <dd>{last_sync.map_or_else(|| "not yet".into_any(), |moment| view! { <When moment /> }.into_any())}</dd>
                    </div>
                    <div>
                        <dt>"Next sync"</dt>
                        <dd>{next_sync.map_or_else(|| "none planned".into_any(), |moment| view! { <When moment /> }.into_any())}</dd>
                    </div>
                </dl>
                <div class="form-actions">
                    <form method="post" action=CheckNow::url()>
                        <input type="hidden" name="id" value=id.clone() />
                        <button class="button">"Check now"</button>
                    </form>
                    <form method="post" action=SyncNow::url()>
                        <input type="hidden" name="id" value=id />
                        <button class="button">"Sync now"</button>
                    </form>
                </div>
            </section>
            <section class="panel" aria-labelledby="check">
                <h2 id="check">"Last check"</h2>
                {match check {
                    Some(CheckLine { started, ended, other, ladder }) => view! {
                        <p class="panel-hint"><When moment=started /> ", " {ended}</p>
                        {other.map(|other| view! { <p class="notice">"Not this connection was tested, but " {other} "."</p> })}
                        <LadderView ladder />
                    }.into_any(),
                    None => view! { <p class="empty">"No check was run yet."</p> }.into_any(),
                }}
            </section>
            <section class="panel" aria-labelledby="rounds">
                <h2 id="rounds">"Last rounds"</h2>
                {quiet_round
                    .map(|moment| view! { <p class="panel-hint">"The last round ended " <When moment /> " and found nothing new."</p> })}
                <Rounds rounds />
            </section>
        </Frame>
    }
}

#[component]
fn Rounds(rounds: Vec<RoundView>) -> impl IntoView {
    if rounds.is_empty() {
        return view! { <p class="empty">"No round has changed anything or failed yet."</p> }
            .into_any();
    }
    view! {
        <p class="panel-hint">"Rounds that changed something or failed, newest first."</p>
        <div class="table-box" role="region" aria-label="Rounds, newest first" tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Started"</th>
                        <th scope="col" class="number">"Took"</th>
                        <th scope="col">"Outcome"</th>
                    </tr>
                </thead>
                <tbody>
                    {rounds
                        .into_iter()
                        .map(|round| {
                            view! {
                                <tr>
                                    <td><When moment=round.started /></td>
                                    <td class="number">{format!("{} ms", round.millis)}</td>
                                    <td class=if round.ok { "" } else { "cell-bad" }>{round.outcome}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}
