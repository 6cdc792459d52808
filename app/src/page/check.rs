//! One run of the connection test: followed live when hydrated, waited for without JavaScript.

use crate::{
    AppError,
    component::{Frame, LadderView, Notice, When, loaded},
    moment::Moment,
    send::send_field,
};
use kalends::{advice::Advice, check::Ladder};
use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the page shows of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckView {
    pub id: String,
    pub mailbox: String,
    pub account: String,
    /// As completed; empty when Autodiscover was to find it.
    pub endpoint: String,
    pub ladder: Ladder,
    pub end: Option<End>,
    /// Where the reader goes from here.
    pub back: String,
}

/// How a check ended, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum End {
    Connected {
        proof: Vec<ProofView>,
    },
    Failed {
        advice: Advice,
        step: Option<String>,
        request_id: Option<String>,
        primary: Option<String>,
    },
    Cancelled,
}

/// One calendar entry as proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofView {
    pub subject: String,
    pub when: Moment,
}

impl CheckView {
    pub const fn is_connected(&self) -> bool {
        matches!(self.end, Some(End::Connected { .. }))
    }
}

/// The check as it stands.
#[server(endpoint = "check")]
pub async fn check(id: String) -> Result<CheckView, AppError> {
    let user = crate::request::user().await?;
    let check = crate::request::check_for(&user, &id).await?;
    let words = crate::request::words(&user);
    Ok(crate::request::check_view(&user, &words, check))
}

/// The check once it has ended, or as it stands after the longest time that a check may take.
#[server(endpoint = "ended_check")]
async fn ended_check(id: String) -> Result<CheckView, AppError> {
    use crate::request;
    let user = request::user().await?;
    let words = request::words(&user);
    let found = request::check_for(&user, &id).await?;
    let store = request::services().store;
    let limit = Duration::from_secs(40);
    let started = tokio::time::Instant::now();
    let mut check = found;
    while check.outcome.is_none() && started.elapsed() < limit {
        tokio::time::sleep(Duration::from_millis(150)).await;
        match store.check(check.id).await {
            Ok(Some(later)) => check = later,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(%error, check.id = %check.id, "a running check could not be read");
                break;
            }
        }
    }
    Ok(request::check_view(&user, &words, check))
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

/// Fills the connect form with the primary address that Exchange named.
#[server(endpoint = "correct_mailbox")]
async fn correct_mailbox(id: String) -> Result<(), AppError> {
    use crate::request;
    let user = request::user().await?;
    let check = request::check_for(&user, &id).await?;
    if let Some(primary) = request::primary_address(&check) {
        let mut draft = request::take_draft("connect").await?;
        for field in ["mailbox", "email"] {
            if draft
                .value(field)
                .eq_ignore_ascii_case(&check.typed.mailbox)
            {
                draft.values.insert(field.to_owned(), primary.clone());
            }
        }
        request::keep_draft("connect", draft).await?;
    }
    request::see_other("/profile/exchange/connect");
    Ok(())
}

#[component]
pub fn CheckPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(Resource::new(id, ended_check), |check| {
        let title = match check.end {
            Some(End::Connected { .. }) => "Connected",
            Some(End::Failed { .. }) => "Connection test",
            Some(End::Cancelled) => "Connection test cancelled",
            None => "Connection test running",
        };
        view! {
            <Frame title>
                {if check.end.is_some() {
                    view! { <Ended check /> }.into_any()
                } else {
                    view! {
                        <p>"The test still runs. Load this page again to see how it ended."</p>
                        <CancelForm id=check.id />
                        <LadderView ladder=check.ladder />
                    }
                        .into_any()
                }}
            </Frame>
        }
    })
}

/// Follows a running check until it ends.
#[component]
pub fn CheckProgress(id: String, on_end: Callback<CheckView>) -> impl IntoView {
    let shown = RwSignal::new(None::<CheckView>);
    let lost = RwSignal::new(false);
    let follow = {
        let id = id.clone();
        move || {
            let id = id.clone();
            leptos::task::spawn_local(async move {
                match send_field::<CheckView>(Check::url(), "id", &id).await {
                    Ok(view) if view.end.is_some() => on_end.run(view),
                    Ok(view) => {
                        lost.set(false);
                        shown.set(Some(view));
                    }
                    Err(_) => lost.set(true),
                }
            });
        }
    };
    Effect::new(move |_| {
        let follow = follow.clone();
        if let Ok(handle) = set_interval_with_handle(follow, Duration::from_millis(300)) {
            on_cleanup(move || handle.clear());
        }
    });
    view! {
        <section class="progress" aria-live="polite">
            <p class="lead">"Testing the connection. This takes a few seconds."</p>
            <CancelForm id />
            {move || lost.get().then(|| view! { <p class="notice notice-waiting">"Kalends cannot be reached. Trying again…"</p> })}
            {move || view! { <LadderView ladder=shown.get().map(|view| view.ladder).unwrap_or_default() /> }}
        </section>
    }
}

#[component]
fn CancelForm(id: String) -> impl IntoView {
    let cancel = {
        let id = id.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let id = id.clone();
            leptos::task::spawn_local(async move {
                // Whether it was heard shows in the check itself.
                let _ = send_field::<()>(CancelCheck::url(), "id", &id).await;
            });
        }
    };
    view! {
        <form method="post" action=CancelCheck::url() on:submit=cancel>
            <input type="hidden" name="id" value=id />
            <button class="button">"Cancel"</button>
        </form>
    }
}

/// How a check ended: proof or advice, then the ladder.
#[component]
pub fn Ended(
    check: CheckView,
    /// Below it stands the form it came from, with everything still typed.
    #[prop(optional)]
    in_place: bool,
) -> impl IntoView {
    let CheckView {
        id,
        mailbox,
        account,
        endpoint,
        ladder,
        end,
        back,
    } = check;
    let tested = mailbox.clone();
    let failed = matches!(end, Some(End::Failed { .. } | End::Cancelled));
    view! {
        {match end {
            Some(End::Connected { proof }) => view! { <Connected mailbox proof /> }.into_any(),
            Some(End::Failed { advice, step, request_id, primary }) => {
                view! {
                    <Notice advice heading=Some(crate::page::connect::FAILED.to_owned()) step request_id alert=true />
                    <div class="form-actions">
                        {primary.map(|primary| view! { <UsePrimary id primary in_place /> })}
                        {in_place.then(|| view! { <a class="button" href="#connect-form">"Change and try again"</a> })}
                    </div>
                }
                    .into_any()
            }
            Some(End::Cancelled) => view! { <p class="notice">"The test was cancelled. Nothing was saved."</p> }.into_any(),
            None => ().into_any(),
        }}
        <details class="ladder-box" open=failed>
            <summary>"What was tested"</summary>
            <dl class="facts">
                <div><dt>"Mailbox"</dt><dd>{tested}</dd></div>
                <div><dt>"Account"</dt><dd>{account}</dd></div>
                {(!endpoint.is_empty()).then(|| view! { <div><dt>"Endpoint"</dt><dd>{endpoint}</dd></div> })}
            </dl>
            <LadderView ladder />
        </details>
        {(failed && !in_place).then(|| view! { <p><a class="button" href=back>"Back to the form"</a></p> })}
    }
}

#[component]
fn Connected(mailbox: String, proof: Vec<ProofView>) -> impl IntoView {
    view! {
        <section class="notice notice-good" role="status">
            <p class="notice-title">{mailbox} " is connected and syncing."</p>
            {if proof.is_empty() {
                view! { <p>"The calendar can be read. It has no entries in the next 30 days."</p> }.into_any()
            } else {
                view! {
                    <p>"The next entries in the calendar:"</p>
                    <ul class="proof">
                        {proof
                            .into_iter()
                            .map(|entry| view! { <li>{entry.subject} ", " <When moment=entry.when /></li> })
                            .collect_view()}
                    </ul>
                }
                    .into_any()
            }}
            <p class="form-actions">
                <a class="button button-primary" href="/calendar" rel="external">"Open the calendar"</a>
                <a class="button" href="/profile" rel="external">"Done"</a>
            </p>
        </section>
    }
}

/// One click to the address that Exchange calls the right one.
#[component]
fn UsePrimary(id: String, primary: String, in_place: bool) -> impl IntoView {
    let label = format!("Use {primary}");
    let resubmit = move |event: leptos::ev::MouseEvent| {
        if in_place && crate::page::connect::resubmit_with(&primary) {
            event.prevent_default();
        }
    };
    view! {
        <form method="post" action=CorrectMailbox::url()>
            <input type="hidden" name="id" value=id />
            <button class="button button-primary" on:click=resubmit>{label}</button>
        </form>
    }
}
