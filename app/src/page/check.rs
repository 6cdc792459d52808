//! One run of the connection test: followed live when hydrated, waited for without JavaScript.

use crate::{
    AppError,
    component::{Frame, LadderView, Notice, When, loaded},
    moment::Moment,
    page::connect::replace::{ReplacePassword, ReplaceView},
};
use kalends_core::{
    advice::Advice,
    check::{Step, TestSteps, Verdict},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

mod fix;
mod progress;
use fix::ApplyFix;
pub use fix::Fix;
use progress::CancelForm;
pub use progress::{CheckProgress, cancel};

/// What the page shows of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckView {
    pub id: String,
    pub mailbox: String,
    pub account: String,
    /// As completed; empty when Autodiscover was to find it.
    pub endpoint: String,
    pub ladder: TestSteps,
    pub end: Option<CheckEnd>,
    /// Between two tries of a check that keeps trying.
    pub waiting: Option<WaitingView>,
    /// Whether the reader is who connects; an admin looks at other people's checks too.
    pub is_own: bool,
    /// Where the reader goes from here.
    pub back: String,
}

/// A check that waits for its next try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingView {
    pub title: String,
    pub tries: u32,
    pub next: Moment,
    pub until: Moment,
}

/// How a check ended, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CheckEnd {
    Connected {
        /// Empty for anybody but the owner.
        proof: Vec<ProofView>,
    },
    /// An account of the organisation was tested and saved; where its page is.
    Saved {
        link: String,
        used: Used,
    },
    Failed {
        advice: Advice,
        step: Option<String>,
        request_id: Option<String>,
        fix: Option<Fix>,
    },
    Cancelled,
}

/// From when on a saved password of the organisation is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Used {
    ByWhoeverConnects,
    /// It is a password to come, which is not used before somebody switches to it.
    OnceSwitched,
    /// It took the place of a refused one.
    Already,
}

impl Used {
    const fn words(self) -> &'static str {
        match self {
            Self::ByWhoeverConnects => "The test has passed. The password is sealed in the vault.",
            Self::OnceSwitched => {
                "The test has passed. The new password is sealed in the vault and not used yet: switch to it on the account’s page."
            }
            Self::Already => {
                "The test has passed, and the account signs in with this password from now on. Every calendar that waited for it is due now."
            }
        }
    }
}

/// One calendar entry as proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofView {
    pub subject: String,
    pub when: Moment,
}

impl CheckView {
    pub const fn is_connected(&self) -> bool {
        matches!(self.end, Some(CheckEnd::Connected { .. }))
    }
}

/// The check as it stands.
#[server(endpoint = "check")]
pub async fn check(id: String) -> Result<CheckView, AppError> {
    let user = crate::request::user().await?;
    let check = crate::request::check_for(&user, &id).await?;
    seen(&user, check).await
}

/// What the reader sees of a check. Once it has connected, what was typed has done its work.
#[cfg(feature = "ssr")]
async fn seen(
    user: &kalends_store::User,
    check: kalends_core::check::Check,
) -> Result<CheckView, AppError> {
    let view = crate::request::check_view(user, check).await?;
    if view.is_own && view.is_connected() {
        crate::request::take_draft("connect").await?;
    }
    Ok(view)
}

#[cfg(feature = "ssr")]
const LADDER_AFTER: std::time::Duration = std::time::Duration::from_secs(15);

/// The check for its page, with the form for another password where that is what it needs: most end within a moment. After 15 seconds the page shows how far it is, and looks again by
/// itself until the end.
#[server(endpoint = "check_page")]
async fn check_page(id: String) -> Result<(CheckView, Option<ReplaceView>), AppError> {
    use crate::{page::connect::replace, request};
    let user = request::user().await?;
    let found = request::check_for(&user, &id).await?;
    let kalends::services::Services {
        store,
        clock,
        stopping,
        ..
    } = request::services();
    // A page that looks again does not wait once more.
    let limit = LADDER_AFTER.saturating_sub(clock.now().since(found.started_at));
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
    Ok((seen(&user, check).await?, replace))
}

#[server(endpoint = "cancel_check")]
async fn cancel_check(id: String) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let check = request::check_for(&user, &id).await?;
    kalends::connect::cancel(&request::services(), check.id)
        .await
        .map_err(request::internal)?;
    if request::is_plain() {
        request::see_other(&format!("/profile/exchange/checks/{}", check.id));
    }
    Ok(())
}

/// Mends the connect form as the failed check suggests.
#[server(endpoint = "mend_form")]
async fn mend_form(id: String) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let check = request::check_for(&user, &id).await?;
    let (form, page) = request::form_of(&check);
    if let Some(fix) = request::fix(&check) {
        let mut draft = request::take_draft(&form).await?;
        if check.typed.goal == kalends_core::check::Goal::Connection {
            crate::page::connect::mend(&mut draft, fix);
        } else {
            crate::page::organisation::mend(&mut draft, fix);
        }
        request::keep_draft(&form, draft).await?;
    }
    request::see_other(&page);
    Ok(())
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

/// What a running check waits for.
pub(super) fn waits_for(ladder: &TestSteps) -> String {
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
            <p>{format!("Tries so far: {}.", waiting.tries)}</p>
        </section>
    }
}

/// How a check ended: proof or advice, then the ladder.
#[component]
pub fn Ended(
    check: CheckView,
    /// Below it stands the form it came from, with everything still typed.
    #[prop(optional)]
    in_place: bool,
    /// What stands right below advice.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let CheckView {
        id,
        mailbox,
        account,
        endpoint,
        ladder,
        end,
        waiting: _,
        is_own,
        back,
    } = check;
    let heading = if ladder.is_begun() {
        crate::page::connect::FAILED
    } else {
        "Nothing was tried yet"
    };
    let tested = mailbox.clone();
    let failed = matches!(end, Some(CheckEnd::Failed { .. } | CheckEnd::Cancelled));
    let open = matches!(end, Some(CheckEnd::Failed { .. })) || failed && !in_place;
    view! {
        {match end {
            Some(CheckEnd::Connected { proof }) => view! { <Connected mailbox proof is_own back=back.clone() /> }.into_any(),
            Some(CheckEnd::Saved { link, used }) => view! {
                <section class="notice notice-good" role="status">
                    <p class="notice-title">{account.clone()} " reads " {mailbox} "."</p>
                    <p>{used.words()}</p>
                    <p class="form-actions"><a class="button button-primary" href=link rel="external">"Go on"</a></p>
                </section>
            }
                .into_any(),
            Some(CheckEnd::Failed { advice, step, request_id, fix }) => {
                view! {
                    <Notice advice heading=Some(heading.to_owned()) step request_id just_tried=true />
                    {children.map(|children| children())}
                    <div class="form-actions">
                        {fix.map(|fix| view! { <ApplyFix id fix in_place /> })}
                        {in_place.then(|| view! { <a class="button" href="#connect-form">"Change and try again"</a> })}
                    </div>
                }
                    .into_any()
            }
            Some(CheckEnd::Cancelled) => view! {
                <p class="notice">"The test was cancelled. Nothing was saved."</p>
                {in_place.then(|| view! { <p><a class="button" href="#connect-form">"Change and try again"</a></p> })}
            }
                .into_any(),
            None => ().into_any(),
        }}
        <details class="ladder-box" open=open>
            <summary>"What was tested"</summary>
            <dl class="facts">
                <div><dt>"Mailbox"</dt><dd>{tested}</dd></div>
                <div><dt>"Account"</dt><dd>{account}</dd></div>
                {(!endpoint.is_empty()).then(|| view! { <div><dt>"Endpoint"</dt><dd>{endpoint}</dd></div> })}
            </dl>
            <LadderView ladder />
        </details>
        {(failed && !in_place)
            .then(|| {
                let label = if is_own { "Back to the form" } else { "Back to the connection" };
                view! { <p><a class="button" href=back>{label}</a></p> }
            })}
    }
}

#[component]
fn Connected(mailbox: String, proof: Vec<ProofView>, is_own: bool, back: String) -> impl IntoView {
    let proof = match (is_own, proof.is_empty()) {
        (false, _) => {
            view! { <p>"The calendar can be read. Its entries are shown to its owner alone."</p> }
                .into_any()
        }
        (true, true) => {
            view! { <p>"The calendar can be read. It has no entries in the next 30 days."</p> }
                .into_any()
        }
        (true, false) => view! {
            <p>"The next entries in the calendar:"</p>
            <ul class="proof">
                {proof
                    .into_iter()
                    .map(|entry| view! { <li>{entry.subject} ", " <When moment=entry.when /></li> })
                    .collect_view()}
            </ul>
        }
        .into_any(),
    };
    let ways = if is_own {
        view! {
            <a class="button button-primary" href="/calendar" rel="external">"Open the calendar"</a>
            <a class="button" href="/profile" rel="external">"Done"</a>
        }
        .into_any()
    } else {
        view! { <a class="button button-primary" href=back>"Back to the connection"</a> }.into_any()
    };
    view! {
        <section class="notice notice-good" role="status">
            <p class="notice-title">{mailbox} " is connected and syncing."</p>
            {proof}
            <p class="form-actions">{ways}</p>
        </section>
    }
}
