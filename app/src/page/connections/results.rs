//! What came of an action for many connections, for each of them.

use crate::{
    AppError,
    component::{Follow, Frame, LookAgain, TableHead, When, loaded},
    moment::{Formatter, Moment},
    request,
};
use kalends_core::{
    bulk_action::{BulkAction, BulkLine, BulkOutcome},
    check::Outcome,
    connection::Connection,
    id::{CheckId, ConnectionId},
    job::{Job, JobKind, JobState},
    topic::Topic,
};
use kalends_store::{JobItem, Store, StoreError};
use leptos::prelude::*;
use std::collections::HashMap;

/// How many results the page shows; the others are counted.
const MAX_LINES: usize = 500;

const LOOKS_AGAIN: &str = "This page looks again by itself.";

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
struct BulkView {
    title: String,
    ended_early: Option<String>,
    begun: Moment,
    done: usize,
    bad: usize,
    total: usize,
    lines: Vec<LineView>,
}

#[derive(Debug, Clone, PartialEq)]
struct LineView {
    name: String,
    link: String,
    mailbox: String,
    result: String,
    is_bad: bool,
}

async fn bulk(id: String) -> Result<BulkView, AppError> {
    let admin = request::user_with(request::Right::Connections).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let found = match id.parse() {
        Ok(id) => store.job_with_payload(JobKind::BulkAction, id).await,
        Err(_) => Ok(None),
    };
    let Some((job, action)) = found.map_err(request::internal)? else {
        return Err(request::not_there());
    };
    let items = store.job_items(job.id).await;
    let items = items.map_err(request::internal)?;
    let results = all(&store, (&job, &items), &words).await;
    let results = results.map_err(request::internal)?;
    let total = results.len();
    let (done, bad) = (
        results.iter().filter(|it| it.is_done()).count(),
        results.iter().filter(|it| it.is_bad()).count(),
    );
    let mut lines: Vec<_> = items.iter().map(|it| &it.item).zip(results).collect();
    // What went wrong first, then what is still to come.
    lines.sort_by_key(|(_, result)| (!result.is_bad(), result.is_done()));
    let lines = lines
        .into_iter()
        .take(MAX_LINES)
        .map(|(line, result)| LineView {
            name: line.name.clone(),
            link: format!("/connections/{}", line.connection),
            mailbox: line.mailbox.clone(),
            is_bad: result.is_bad(),
            result: result.words(),
        });
    let lines = lines.collect();
    let ended_early = match job.state {
        JobState::Cancelled => Some("Cancelled before it was through.".to_owned()),
        JobState::Failed => {
            let why = request::given_up_because(job.error.as_ref());
            Some(format!("Given up before it was through: {why}."))
        }
        JobState::Draft | JobState::Waiting | JobState::Done => None,
    };
    let is_over = done == total || ended_early.is_some();
    Ok(BulkView {
        title: title(action, is_over.then_some(bad == done)).to_owned(),
        ended_early,
        begun: words.moment(job.made_at),
        done,
        bad,
        total,
        lines,
    })
}

/// What is being done, or was: `failed` once it is over, true if it came about for none.
const fn title(action: BulkAction, failed: Option<bool>) -> &'static str {
    match (action, failed) {
        (BulkAction::Check, None) => "Checking connections",
        (BulkAction::Check, Some(_)) => "Connections checked",
        (BulkAction::Sync, None) => "Syncing connections",
        (BulkAction::Sync, Some(false)) => "Connections synced",
        (BulkAction::Sync, Some(true)) => "No connection synced",
        (BulkAction::Pause, None) => "Pausing connections",
        (BulkAction::Pause, Some(false)) => "Connections paused",
        (BulkAction::Pause, Some(true)) => "No connection paused",
        (BulkAction::Resume, None) => "Resuming connections",
        (BulkAction::Resume, Some(false)) => "Connections resumed",
        (BulkAction::Resume, Some(true)) => "No connection resumed",
        (BulkAction::Disconnect, None) => "Disconnecting calendars",
        (BulkAction::Disconnect, Some(false)) => "Calendars disconnected",
        (BulkAction::Disconnect, Some(true)) => "No calendar disconnected",
    }
}

/// What came of one line, in words.
enum LineResult {
    ToCome(&'static str),
    Well(String),
    Bad(String),
}

impl LineResult {
    pub const fn is_done(&self) -> bool {
        !matches!(self, Self::ToCome(_))
    }

    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad(_))
    }

    pub fn words(self) -> String {
        match self {
            Self::ToCome(words) => words.to_owned(),
            Self::Well(words) | Self::Bad(words) => words,
        }
    }
}

type Line = JobItem<BulkLine, BulkOutcome>;

/// What came of each line.
async fn all(
    store: &Store,
    (job, lines): (&Job, &[Line]),
    words: &Formatter,
) -> Result<Vec<LineResult>, StoreError> {
    let due = lines.iter();
    let due = due.filter(|line| line.result == Some(BulkOutcome::Due));
    let due: Vec<_> = due.map(|line| line.item.connection).collect();
    let found = store.listed(&due).await?.into_iter();
    let found = found.filter_map(|item| item.connection.map(|it| (it.id, it)));
    let connections: HashMap<ConnectionId, Connection> = found.collect();
    let mut results = Vec::with_capacity(lines.len());
    for line in lines {
        results.push(match line.result {
            Some(BulkOutcome::Due) => synced(connections.get(&line.item.connection), job, words),
            Some(BulkOutcome::Checking(id)) => checked(store, id, &line.item, words).await?,
            None if job.ended_at.is_some() => LineResult::ToCome("Not done"),
            done => plain(done),
        });
    }
    Ok(results)
}

fn plain(done: Option<BulkOutcome>) -> LineResult {
    match done {
        None | Some(BulkOutcome::Due | BulkOutcome::Checking(_)) => LineResult::ToCome("Waiting"),
        Some(BulkOutcome::Paused) => LineResult::Well("Paused".to_owned()),
        Some(BulkOutcome::Resumed) => LineResult::Well("Resumed".to_owned()),
        Some(BulkOutcome::Disconnected) => LineResult::Well("Disconnected".to_owned()),
        Some(BulkOutcome::Gone) => LineResult::Well("Ended meanwhile".to_owned()),
        Some(BulkOutcome::IsDisabled) => {
            LineResult::Bad("Not resumed: this person is disabled".to_owned())
        }
        Some(BulkOutcome::IsPaused) => LineResult::Bad("Paused: resume it first".to_owned()),
        Some(BulkOutcome::AccountStopped) => {
            LineResult::Bad("Not sent: the password of its account was refused".to_owned())
        }
        Some(BulkOutcome::Failed) => {
            LineResult::Bad("Not done: an error in Kalends, see its log".to_owned())
        }
    }
}

async fn checked(
    store: &Store,
    id: CheckId,
    line: &BulkLine,
    words: &Formatter,
) -> Result<LineResult, StoreError> {
    let outcome = store.check(id).await?.and_then(|check| check.outcome);
    Ok(match outcome {
        None => LineResult::ToCome("Being checked"),
        Some(Outcome::Connected { .. } | Outcome::AccountSaved { .. }) => {
            LineResult::Well("Works".to_owned())
        }
        Some(Outcome::Cancelled) => LineResult::Bad("Cancelled".to_owned()),
        Some(Outcome::Failed { problem, .. }) => {
            let names = kalends_core::advice::Names {
                mailbox: line.mailbox.clone(),
                utc_offset: Some(words.utc_offset()),
                ..Default::default()
            };
            LineResult::Bad(kalends_core::advice::advice(&problem, &names).title)
        }
    })
}

fn synced(connection: Option<&Connection>, job: &Job, words: &Formatter) -> LineResult {
    let Some(connection) = connection else {
        return LineResult::Well("Ended meanwhile".to_owned());
    };
    let is_over = connection.last_run_at.is_some_and(|at| at >= job.made_at);
    // Its account may have been stopped by another one's sync run.
    let is_coming = connection.due_at.is_some_and(|at| at <= words.now);
    if !is_over && is_coming {
        return LineResult::ToCome("Waiting for its sync");
    }
    match request::advice_for(connection, words) {
        Some(advice) => LineResult::Bad(advice.title),
        None if !is_over => LineResult::Bad("Put off: its sync comes later".to_owned()),
        None => LineResult::Well(format!("Synced, {} entries", connection.entries)),
    }
}

#[component]
pub fn BulkPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(move || bulk(id()), |view| view! { <BulkResult view /> })
}

#[component]
fn BulkResult(view: BulkView) -> impl IntoView {
    let BulkView {
        title,
        ended_early,
        begun,
        done,
        bad,
        total,
        lines,
    } = view;
    let shown = lines.len();
    let goes_on = done < total && ended_early.is_none();
    let then = ended_early.as_deref().unwrap_or(LOOKS_AGAIN);
    let summary = match (done == total, bad) {
        (false, 0) => format!("{done} of {total} done. {then}"),
        (false, _) => format!("{done} of {total} done, {bad} of them failed. {then}"),
        (true, 0) if total == 1 => "Done.".to_owned(),
        (true, _) if total == 1 => "Failed.".to_owned(),
        (true, 0) => format!("All {total} done."),
        (true, bad) if bad == total => format!("All {total} failed."),
        (true, bad) => format!("All {total} done, {bad} of them failed."),
    };
    view! {
        <Frame title wide=true>
            <p class="back"><a href="/connections">"All connections"</a></p>
            <Follow topics=vec![Topic::Organisation, Topic::Connections] />
            {goes_on.then(|| view! { <LookAgain seconds=3 /> })}
            <div id="results" data-live="">
            <p class="freshness" role="status"><span>{summary}</span> <span>"Begun " <When moment=begun /></span></p>
            {goes_on.then(|| view! { <progress max=total value=done aria-label="Done"></progress> })}
            <div class="table-box" role="region" aria-label="Results" tabindex="0">
                <table class="table table-stack" role="table">
                    <TableHead columns=&["Person", "Mailbox", "Result"] />
                    <tbody role="rowgroup">
                        {lines
                            .into_iter()
                            .map(|line| {
                                view! {
                                    <tr role="row">
                                        <th role="rowheader" scope="row"><a href=line.link>{line.name}</a></th>
                                        <td role="cell" data-label="Mailbox">{line.mailbox}</td>
                                        <td role="cell" data-label="Result"><span class=if line.is_bad { "cell-bad" } else { "" }>{line.result}</span></td>
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
            {(shown < total).then(|| view! { <p class="panel-hint">{format!("{shown} of {total} are shown, those that failed first.")}</p> })}
            </div>
        </Frame>
    }
}
