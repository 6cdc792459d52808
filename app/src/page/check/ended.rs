//! How a check ended: proof or advice, then the steps that were tested.

use super::{
    fix::ApplyFix,
    view::{CheckEnd, CheckView, PasswordUse, ProofView},
};
use crate::component::{LadderView, Notice, When};
use kalends_core::check::TestSteps;
use leptos::prelude::*;

/// The heading of every failed attempt.
const FAILURE_HEADING: &str = "Failed to connect exchange calendar";

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
        FAILURE_HEADING
    } else {
        "Nothing was tried yet"
    };
    let tested = mailbox.clone();
    let failed = matches!(end, Some(CheckEnd::Failed { .. } | CheckEnd::Cancelled));
    let open = matches!(end, Some(CheckEnd::Failed { .. })) || failed && !in_place;
    view! {
        {match end {
            Some(CheckEnd::Connected { proof }) => view! { <Connected mailbox proof is_own back=back.clone() /> }.into_any(),
            Some(CheckEnd::Saved { link, used }) => view! { <Saved account=account.clone() mailbox link used /> }.into_any(),
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
        <Tested mailbox=tested account endpoint ladder open />
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

#[component]
fn Saved(account: String, mailbox: String, link: String, used: PasswordUse) -> impl IntoView {
    view! {
        <section class="notice notice-good" role="status">
            <p class="notice-title">{account} " reads " {mailbox} "."</p>
            <p>{used.words()}</p>
            <p class="form-actions"><a class="button button-primary" href=link rel="external">"Go on"</a></p>
        </section>
    }
}

#[component]
fn Tested(
    mailbox: String,
    account: String,
    endpoint: String,
    ladder: TestSteps,
    open: bool,
) -> impl IntoView {
    view! {
        <details class="ladder-box" open=open>
            <summary>"What was tested"</summary>
            <dl class="facts">
                <div><dt>"Mailbox"</dt><dd>{mailbox}</dd></div>
                <div><dt>"Account"</dt><dd>{account}</dd></div>
                {(!endpoint.is_empty()).then(|| view! { <div><dt>"Endpoint"</dt><dd>{endpoint}</dd></div> })}
            </dl>
            <LadderView ladder />
        </details>
    }
}
