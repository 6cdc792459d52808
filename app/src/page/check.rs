//! One run of the connection test: followed live when hydrated, waited for without JavaScript.

use crate::{
    AppError,
    component::{Frame, LadderView, When, loaded},
    page::connect::replace::{ReplacePassword, ReplaceView},
};
use kalends_core::check::{Step, TestSteps, Verdict};
use leptos::prelude::*;

mod ended;
mod fix;
mod progress;
mod view;

pub use ended::Ended;
pub use progress::{CheckProgress, cancel};
pub use view::{CheckEnd, CheckView, Fix};

#[cfg(feature = "ssr")]
mod lookup;
#[cfg(feature = "ssr")]
pub use lookup::check_for;

use progress::CancelForm;
use view::WaitingView;

#[cfg(feature = "ssr")]
const FIRST_ANSWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(15);

/// The check for its page, with the form for another password where that is what it needs. Most end
/// within a moment; after the limit the page shows how far it is, and looks again by itself until the end.
#[server(endpoint = "check_page")]
async fn check_page(id: String) -> Result<(CheckView, Option<ReplaceView>), AppError> {
    use crate::{page::connect::replace, request};
    let user = request::user().await?;
    let found = lookup::check_for(&user, &id).await?;
    let kalends::services::Services {
        store,
        clock,
        stopping,
        ..
    } = request::services();
    // A page that looks again does not wait once more.
    let limit = FIRST_ANSWER_LIMIT.saturating_sub(clock.now().since(found.started_at));
    let started = tokio::time::Instant::now();
    let mut check = found;
    let cancelled = store
        .is_cancelled(check.id)
        .await
        .map_err(request::internal)?;
    while check.outcome.is_none()
        && (check.waiting.is_none() || cancelled)
        && started.elapsed() < limit
        && !stopping.is_cancelled()
    {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        match store.check(check.id).await {
            Ok(Some(later)) => check = later,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(%error, check.id = %check.id, "a running check could not be read");
                break;
            }
        }
    }
    if check.outcome.is_none() {
        request::look_again_in(if check.waiting.is_some() { 20 } else { 3 });
    }
    if matches!(
        check.outcome,
        Some(kalends_core::check::Outcome::AccountSaved { .. })
    ) {
        // What was typed is saved: the next account begins with an empty form.
        request::take_draft("account").await?;
    }
    let replace = replace::of_check(&user, &check).await?;
    Ok((lookup::seen(&user, check).await?, replace))
}

#[component]
pub fn CheckPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(Resource::new(id, check_page), |(check, replace)| {
        let title = match check.end {
            Some(CheckEnd::Connected { .. }) => "Connected",
            Some(CheckEnd::Saved { .. }) => "Tested and saved",
            Some(CheckEnd::Failed { .. }) => "Connection test",
            Some(CheckEnd::Cancelled) => "Connection test cancelled",
            None if check.waiting.is_some() => "Kalends keeps trying",
            None => "Connection test running",
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
        view! {
            <Frame title part_of>
                <p class="back"><a href=back>{label}</a></p>
                {if check.end.is_some() {
                    view! { <Ended check>{replace.map(|view| view! { <ReplacePassword view /> })}</Ended> }.into_any()
                } else {
                    view! {
                        <section class="progress">
                            {match check.waiting.clone() {
                                Some(waiting) => view! { <Keeping waiting mailbox=check.mailbox /> }.into_any(),
                                None => view! { <p class="lead">{waits_for(&check.ladder)} " The page looks again by itself."</p> }.into_any(),
                            }}
                            <CancelForm id=check.id />
                            <LadderView ladder=check.ladder running=check.waiting.is_none() />
                        </section>
                    }
                        .into_any()
                }}
            </Frame>
        }
    })
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
