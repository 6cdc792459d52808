//! One run of the connection test: followed by the stream where script runs, loaded again and again where none does.

use crate::{
    AppError,
    component::{Follow, Frame, LadderView, LookAgain, When, loaded},
    page::connect::replace::{self, ReplacePassword, ReplaceView},
    request,
};
use kalends::services::Services;
use kalends_core::{
    check::{Check, Outcome, Step, TestSteps, Verdict},
    topic::Topic,
};
use leptos::{prelude::*, server_fn::ServerFn};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use view::{CheckEnd, CheckView, WaitingView};

mod ended;
mod fix;
mod lookup;
mod view;

pub use ended::Ended;
pub use lookup::check_for;
pub use view::Fix;

const FIRST_ANSWER_LIMIT: Duration = Duration::from_secs(15);

#[server(endpoint = "cancel_check")]
async fn cancel_check(id: String) -> Result<(), AppError> {
    let user = request::user().await?;
    let check = lookup::check_for(&user, &id).await?;
    kalends::connect::cancel(&request::services(), check.id)
        .await
        .map_err(request::internal)?;
    if request::is_plain() {
        request::see_other(&format!("/profile/exchange/checks/{}", check.id));
    }
    Ok(())
}

/// The check for its page, with the form for another password where that is what it needs. Most end within a moment;
/// after the limit the page shows how far it is, and follows by itself until the end. Below the form that it came
/// from it is told at once.
async fn check_page(
    (id, in_place): (String, bool),
) -> Result<(CheckView, Option<ReplaceView>), AppError> {
    let user = request::user().await?;
    let mut check = lookup::check_for(&user, &id).await?;
    // A page that follows is told of each step, and shows it at once.
    if !in_place && !request::is_follow_up() {
        check = ended_within_moments(check).await?;
    }
    if matches!(check.outcome, Some(Outcome::AccountSaved { .. })) {
        // What was typed is saved: the next account begins with an empty form.
        request::take_draft("account").await?;
    }
    // In its place the form still stands below, with everything that was typed.
    let replace = if in_place {
        None
    } else {
        replace::of_check(&user, &check).await?
    };
    Ok((lookup::seen(&user, check).await?, replace))
}

/// Waits for the end of a check, up to the limit.
async fn ended_within_moments(mut check: Check) -> Result<Check, AppError> {
    let Services {
        store,
        clock,
        stopping,
        ..
    } = request::services();
    // A page that looks again does not wait once more.
    let limit = FIRST_ANSWER_LIMIT.saturating_sub(clock.now().since(check.started_at));
    let started = Instant::now();
    let cancelled = store
        .is_cancelled(check.id)
        .await
        .map_err(request::internal)?;
    while check.outcome.is_none()
        && (check.waiting.is_none() || cancelled)
        && started.elapsed() < limit
        && !stopping.is_cancelled()
    {
        sleep(Duration::from_millis(150)).await;
        match store.check(check.id).await {
            Ok(Some(later)) => check = later,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(%error, check.id = %check.id, "a running check could not be read");
                break;
            }
        }
    }
    Ok(check)
}

#[component]
pub fn CheckPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let query = leptos_router::hooks::use_query_map();
    let wanted = move || {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        (id, query.with(|query| query.get("in_place").is_some()))
    };
    loaded(
        move || check_page(wanted()),
        move |(check, replace)| {
            let (_, in_place) = wanted();
            view! { <CheckBody check replace in_place /> }
        },
    )
}

#[component]
fn CheckBody(
    check: CheckView,
    #[prop(optional_no_strip)] replace: Option<ReplaceView>,
    /// It is shown below the form that it came from, with everything still typed.
    in_place: bool,
) -> impl IntoView {
    let (title, state) = match check.end {
        Some(CheckEnd::Connected { .. }) => ("Connected", "connected"),
        Some(CheckEnd::Saved { .. }) => ("Tested and saved", "ended"),
        Some(CheckEnd::Failed { .. }) => ("Connection test", "ended"),
        Some(CheckEnd::Cancelled) => ("Connection test cancelled", "ended"),
        None if check.waiting.is_some() => ("Kalends keeps trying", "waiting"),
        None => ("Connection test running", "running"),
    };
    let part_of = ["/organisation", "/connections"]
        .into_iter()
        .find(|part| check.back.starts_with(part))
        .unwrap_or("/profile");
    let (back, label) = match part_of {
        "/organisation" => (part_of.to_owned(), "Organisation"),
        "/connections" => (check.back.clone(), "The connection"),
        _ => (part_of.to_owned(), "Profile Settings"),
    };
    let endpoint = check.endpoint.clone();
    let id = check.id.parse().ok().filter(|_| !in_place);
    let topics: Vec<Topic> = id.into_iter().map(Topic::Check).collect();
    let pause = if check.waiting.is_some() { 20 } else { 3 };
    let goes_on = check.end.is_none() && !in_place;
    view! {
        <Frame title part_of>
            <p class="back"><a href=back>{label}</a></p>
            <Follow topics />
            {goes_on.then(|| view! { <LookAgain seconds=pause /> })}
            <div id="check" data-live="" data-state=state data-endpoint=endpoint>
                {match (check.end.is_some(), in_place) {
                    (true, _) => {
                        view! { <Ended check in_place>{replace.map(|view| view! { <ReplacePassword view /> })}</Ended> }
                            .into_any()
                    }
                    (false, true) => {
                        view! { <LadderView ladder=check.ladder running=check.waiting.is_none() /> }.into_any()
                    }
                    (false, false) => view! { <Running check /> }.into_any(),
                }}
            </div>
        </Frame>
    }
}

/// A check that has not ended.
#[component]
fn Running(check: CheckView) -> impl IntoView {
    view! {
        <section class="progress">
            {match check.waiting.clone() {
                Some(waiting) => view! { <Keeping waiting mailbox=check.mailbox /> }.into_any(),
                None => {
                    view! { <p class="lead">{waits_for(&check.ladder)} " The page looks again by itself."</p> }.into_any()
                }
            }}
            <form method="post" action=CancelCheck::url()>
                <input type="hidden" name="id" value=check.id />
                <button class="button">"Cancel"</button>
            </form>
            <LadderView ladder=check.ladder running=check.waiting.is_none() />
        </section>
    }
}

/// What a check that keeps trying is waiting for.
#[component]
fn Keeping(waiting: WaitingView, mailbox: String) -> impl IntoView {
    view! {
        <section class="notice notice-waiting" role="status">
            <p class="notice-title">{waiting.title}</p>
            <p>
                "Kalends tries to connect " {mailbox} " again " <When moment=waiting.next /> ", and every five minutes up to "
                <When moment=waiting.until /> ". You may leave this page: once it works, the calendar is connected."
            </p>
            <p>{format!("Tries so far: {}.", waiting.attempts)}</p>
        </section>
    }
}

/// What a running check waits for.
fn waits_for(ladder: &TestSteps) -> String {
    let mut steps = ladder.steps().iter();
    let running = steps.find(|report| report.verdict == Verdict::Running);
    match running.map(|report| report.step) {
        Some(
            Step::Autodiscover
            | Step::SignIn
            | Step::Impersonation
            | Step::Calendar
            | Step::Entries,
        ) => "The test waits for Exchange, which may take up to 100 seconds for an answer."
            .to_owned(),
        Some(step) => format!(
            "The test is at “{}”, which takes a few seconds.",
            step.label()
        ),
        None => "The test begins as soon as the account is free.".to_owned(),
    }
}
