//! People from a table: how far inviting them is, and what came of each line.

use crate::{
    AppError,
    component::{Follow, Frame, LookAgain, TableHead, When, loaded},
    moment::Moment,
    request,
};
use kalends::{notify::Mailer, people, services::Services};
use kalends_core::{
    import::{ImportOutcome, ImportRow},
    job::{Job, JobError, JobKind, JobState},
    topic::Topic,
};
use kalends_store::{JobItem, StoreError};
use leptos::prelude::*;

/// How many lines are shown that invited nobody.
const MAX_LINES: usize = 200;

#[derive(Debug, Clone, PartialEq)]
struct ImportedView {
    begun: Moment,
    state: JobState,
    error: Option<JobError>,
    done: i64,
    total: i64,
    invited: usize,
    /// Name, address, line and reason of those who were not invited.
    left: Vec<(String, String, usize, String)>,
    more: usize,
    has_links: bool,
    mailed: Mailed,
}

/// What became of the links by mail.
#[derive(Debug, Clone, PartialEq)]
enum Mailed {
    /// There is no mail server, or the way to it is not private.
    NoWay,
    Counted(Vec<String>),
}

type Line = JobItem<ImportRow, ImportOutcome>;

async fn imported(id: String) -> Result<ImportedView, AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let words = request::formatter(&admin).await?;
    let services = request::services();
    let found = request::job(&id).await?;
    let found = found.filter(|job| job.kind == JobKind::Import && job.state != JobState::Draft);
    let Some(job) = found else {
        return Err(request::not_there());
    };
    let lines = services.store.job_items(job.id).await;
    let lines: Vec<Line> = lines.map_err(request::internal)?;
    let invited = lines.iter();
    let invited = invited.filter(|line| line.result == Some(ImportOutcome::Invited));
    let invited = invited.count();
    let mut left: Vec<_> = lines.into_iter().filter_map(left_out).collect();
    let more = left.len().saturating_sub(MAX_LINES);
    left.truncate(MAX_LINES);
    let has_links = people::one_time_links::has_any(&services, admin.id).await;
    Ok(ImportedView {
        begun: words.moment(job.made_at),
        state: job.state,
        error: job.error.clone(),
        done: job.done,
        total: job.total,
        invited,
        left,
        more,
        has_links: has_links.map_err(request::internal)?,
        mailed: mailed(&services, &job).await.map_err(request::internal)?,
    })
}

fn left_out(line: Line) -> Option<(String, String, usize, String)> {
    let row = line.item;
    let why = match line.result? {
        ImportOutcome::Invited => return None,
        ImportOutcome::Mistake => row.mistake.unwrap_or_default(),
        ImportOutcome::Taken => "Has an account already.".to_owned(),
        ImportOutcome::NotTheirs(whose) => {
            format!("One of the addresses is the one that {whose} signs in with.")
        }
        ImportOutcome::Failed => "Not done: an error in Kalends, see its log.".to_owned(),
    };
    Some((row.name, row.email, row.line, why))
}

/// What became of the links that were mailed since it began.
async fn mailed(services: &Services, job: &Job) -> Result<Mailed, StoreError> {
    if !services.channels.mail().is_some_and(Mailer::is_private) {
        return Ok(Mailed::NoWay);
    }
    let (mut sent, mut waiting, mut failed) = (0, 0, 0);
    for (state, number) in services.store.links_mailed(job.made_at).await? {
        match state {
            JobState::Done => sent += number,
            JobState::Draft | JobState::Waiting => waiting += number,
            JobState::Failed | JobState::Cancelled => failed += number,
        }
    }
    let parts = [
        (sent, "were mailed"),
        (waiting, "wait to be mailed"),
        (failed, "could not be mailed"),
    ];
    let counted = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"));
    Ok(Mailed::Counted(counted.collect()))
}

#[component]
pub fn ImportedPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(move || imported(id()), |view| view! { <Imported view /> })
}

fn summary(view: &ImportedView) -> String {
    let invited = match view.invited {
        0 => "Nobody was invited".to_owned(),
        1 => "1 person has an account now, with a link to set a password".to_owned(),
        many => format!("{many} people have accounts now, each with a link to set a password"),
    };
    match view.state {
        JobState::Draft | JobState::Waiting => {
            format!("{} of {} lines done.", view.done, view.total)
        }
        JobState::Done => format!("{invited}."),
        JobState::Failed => format!(
            "Given up after {} of {} lines: {}. {invited}.",
            view.done,
            view.total,
            request::given_up_because(view.error.as_ref())
        ),
        JobState::Cancelled => format!(
            "Cancelled after {} of {} lines. {invited}.",
            view.done, view.total
        ),
    }
}

#[component]
fn Imported(view: ImportedView) -> impl IntoView {
    let summary = summary(&view);
    let is_running = view.state == JobState::Waiting;
    let title = match view.state {
        JobState::Draft | JobState::Waiting => "Inviting people",
        JobState::Done => "People invited",
        JobState::Failed => "Import given up",
        JobState::Cancelled => "Import cancelled",
    };
    let ImportedView {
        begun,
        done,
        total,
        left,
        more,
        has_links,
        mailed,
        ..
    } = view;
    let left_out = left.len() + more;
    view! {
        <Frame title=title>
            <p class="back"><a href="/people">"All people"</a></p>
            <Follow topics=vec![Topic::Organisation] />
            {is_running.then(|| view! { <LookAgain seconds=2 /> })}
            <div id="imported" class="spaced" data-live="">
                <p class="freshness" role="status"><span>{summary.clone()}</span> <span>"Begun " <When moment=begun /></span></p>
                {is_running.then(|| view! { <progress max=total value=done aria-label=summary></progress> })}
                {match mailed {
                    Mailed::NoWay => view! { <p>"Kalends mails no links here: hand them over yourself."</p> }.into_any(),
                    Mailed::Counted(counted) if counted.is_empty() => ().into_any(),
                    Mailed::Counted(counted) => view! {
                        <p>
                            {format!("Of the links made since then {}. ", counted.join(", "))}
                            <a href="/organisation/notices">"See the alerts"</a>
                        </p>
                    }.into_any(),
                }}
                {has_links
                    .then(|| {
                        view! {
                            <p class="form-actions page-actions">
                                <a class="button" href="/people/links.csv" download="links.csv" rel="external">"Download the links of the last 15 minutes"</a>
                            </p>
                        }
                    })}
                {(left_out > 0)
                    .then(|| {
                        view! {
                            <h2>{if left_out == 1 { "1 line invited nobody".to_owned() } else { format!("{left_out} lines invited nobody") }}</h2>
                            <LeftOut left />
                        }
                    })}
                {(more > 0).then(|| view! { <p class="panel-hint">{format!("And {more} more.")}</p> })}
            </div>
        </Frame>
    }
}

#[component]
fn LeftOut(left: Vec<(String, String, usize, String)>) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label="Lines that invited nobody" tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Person", "Line", "Why"] />
                <tbody role="rowgroup">
                    {left
                        .into_iter()
                        .map(|(name, email, line, why)| {
                            view! {
                                <tr role="row">
                                    <th role="rowheader" scope="row">{name} <span class="cell-detail">{email}</span></th>
                                    <td role="cell" data-label="Line">{line}</td>
                                    <td role="cell" data-label="Why"><span class="cell-bad">{why}</span></td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
}
