//! Activity: what is being done, waits, was given up or ended lately, with the way to end it or try it again.

mod words;

use crate::{
    AppError,
    component::{Follow, Frame, TableHead, When, loaded},
    request,
};
use kalends::jobs;
use kalends_core::{job::JobState, topic::Topic};
use kalends_store::Store;
use leptos::{prelude::*, server_fn::ServerFn};
use words::{Button, Line, Told, line};

/// How many lines of each part are shown.
const MAX_LINES: i64 = 50;
/// How many that are over.
const MAX_ENDED: i64 = 20;

#[derive(Debug, Clone, PartialEq)]
struct ActivityView {
    waiting: Vec<Line>,
    all_waiting: i64,
    failed: Vec<Line>,
    all_failed: i64,
    ended: Vec<Line>,
    flash: Option<String>,
}

async fn activity() -> Result<ActivityView, AppError> {
    let admin = request::user_with(request::Right::Organisation).await?;
    let formatter = request::formatter(&admin).await?;
    let services = request::services();
    let store = &services.store;
    let told = Told {
        formatter: &formatter,
        mail: words::mail_standing(&services),
        now: services.clock.now(),
    };
    let listed = async |state, limit| -> Result<Vec<Line>, AppError> {
        let found = store.listed_jobs(state, limit).await;
        let found = found.map_err(request::internal)?;
        Ok(found.into_iter().map(|job| line(job, &told)).collect())
    };
    let mut ended = store.listed_jobs(JobState::Done, MAX_ENDED).await;
    if let Ok(ended) = &mut ended {
        let cancelled = store.listed_jobs(JobState::Cancelled, MAX_ENDED).await;
        ended.extend(cancelled.map_err(request::internal)?);
        ended.sort_by_key(|job| std::cmp::Reverse(job.job.ended_at));
        ended.truncate(usize::try_from(MAX_ENDED).unwrap_or(0));
    }
    let ended = ended.map_err(request::internal)?;
    let count = async |state| store.count_jobs(state).await.map_err(request::internal);
    Ok(ActivityView {
        waiting: listed(JobState::Waiting, MAX_LINES).await?,
        all_waiting: count(JobState::Waiting).await?,
        failed: listed(JobState::Failed, MAX_LINES).await?,
        all_failed: count(JobState::Failed).await?,
        ended: ended.into_iter().map(|job| line(job, &told)).collect(),
        flash: request::take_flash().await?,
    })
}

/// How much runs or waits, and how much was given up.
pub async fn summary(store: &Store) -> Result<String, AppError> {
    let waiting = store.count_jobs(JobState::Waiting).await;
    let failed = store.count_jobs(JobState::Failed).await;
    let waiting = match waiting.map_err(request::internal)? {
        0 => "Nothing runs or waits".to_owned(),
        1 => "1 piece of work runs or waits".to_owned(),
        many => format!("{many} pieces of work run or wait"),
    };
    Ok(match failed.map_err(request::internal)? {
        0 => format!("{waiting}."),
        1 => format!("{waiting}; 1 was given up."),
        many => format!("{waiting}; {many} were given up."),
    })
}

/// Ends what waits or is being done, or tries again what was given up or ended.
#[server(endpoint = "end_or_retry")]
async fn end_or_retry(
    #[server(default)] id: String,
    #[server(default)] retry: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Organisation).await?;
    let services = request::services();
    let found = match id.parse() {
        Ok(id) => services.store.listed_job(id).await,
        Err(_) => Ok(None),
    };
    let Some(found) = found.map_err(request::internal)? else {
        request::flash("There is no such work any more.").await?;
        request::see_other("/organisation/activity");
        return Ok(());
    };
    let name = words::title(&found);
    let done = if retry {
        jobs::retry(&services, &admin, found.job.id, &name).await
    } else {
        jobs::cancel(&services, &admin, found.job.id, &name).await
    };
    let flash = match (done.map_err(request::internal)?, retry) {
        (true, true) => format!("Tried again: {name}."),
        (true, false) => format!("Cancelled: {name}. What was done until then stays."),
        (false, _) => format!(
            "Nothing was changed: it is over already, or being sent at this moment. ({name})"
        ),
    };
    request::flash(&flash).await?;
    request::see_other("/organisation/activity");
    Ok(())
}

#[component]
pub fn ActivityPage() -> impl IntoView {
    loaded(activity, |view| view! { <Activity view /> })
}

#[component]
fn Activity(view: ActivityView) -> impl IntoView {
    let ActivityView {
        waiting,
        all_waiting,
        failed,
        all_failed,
        ended,
        flash,
    } = view;
    view! {
        <Frame title="Activity" wide=true>
            <p class="back"><a href="/organisation">"Organisation"</a></p>
            <Follow topics=vec![Topic::Organisation] />
            {flash.map(|flash| view! { <p class="notice" role="status">{flash}</p> })}
            <p>"What Kalends does beside reading calendars, and what waits. It goes on after a restart, at any instance."</p>
            <div id="activity-list" data-live="">
                <Part id="waiting" title="Running and waiting" lines=waiting all=all_waiting empty="Nothing runs or waits." />
                {(all_failed > 0)
                    .then(|| view! { <Part id="failed" title="Given up" lines=failed all=all_failed empty="" /> })}
                {(!ended.is_empty())
                    .then(|| {
                        let all = i64::try_from(ended.len()).unwrap_or(0);
                        view! { <Part id="ended" title="Ended lately" lines=ended all empty="" /> }
                    })}
            </div>
            <p class="panel-hint">"What was sent stands among the " <a href="/organisation/notices">"alerts"</a> "."</p>
        </Frame>
    }
}

#[component]
fn Part(
    id: &'static str,
    title: &'static str,
    lines: Vec<Line>,
    all: i64,
    empty: &'static str,
) -> impl IntoView {
    let more = all - i64::try_from(lines.len()).unwrap_or(0);
    view! {
        <section class="panel" aria-labelledby=id>
            <h2 id=id>{title}</h2>
            {if lines.is_empty() {
                view! { <p class="empty">{empty}</p> }.into_any()
            } else {
                view! { <Lines lines label=title /> }.into_any()
            }}
            {(more > 0).then(|| view! { <p class="panel-hint">{format!("And {more} more.")}</p> })}
        </section>
    }
}

#[component]
fn Lines(lines: Vec<Line>, label: &'static str) -> impl IntoView {
    view! {
        <div class="table-box" role="region" aria-label=format!("{label}: list") tabindex="0">
            <table class="table table-stack" role="table">
                <TableHead columns=&["Work", "State", "Action"] />
                <tbody role="rowgroup">{lines.into_iter().map(|line| view! { <Row line /> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(line: Line) -> impl IntoView {
    let Line {
        id,
        link,
        title,
        by,
        begun,
        state,
        is_bad,
        next,
        progress,
        button,
    } = line;
    let row = format!("job-{id}");
    view! {
        <tr role="row" id=row>
            <th role="rowheader" scope="row">
                <a href=link>{title.clone()}</a>
                <span class="cell-detail">{by} <When moment=begun /></span>
            </th>
            <td role="cell" data-label="State">
                <span class=if is_bad { "cell-bad" } else { "" }>{state.clone()}</span>
                {progress.map(|(done, total)| view! { <progress max=total value=done aria-label=state></progress> })}
                {next.map(|next| view! { <span class="cell-detail">"Goes on " <When moment=next /></span> })}
            </td>
            <td role="cell" data-label="Action">
                {button
                    .map(|button| {
                        let (word, retry) = match button {
                            Button::Cancel => ("Cancel", false),
                            Button::Retry => ("Try again", true),
                        };
                        view! {
                            <form method="post" action=EndOrRetry::url()>
                                <input type="hidden" name="id" value=id />
                                <input type="hidden" name="retry" value=retry.to_string() />
                                <button class="button" aria-label=format!("{word}: {title}")>{word}</button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
}
