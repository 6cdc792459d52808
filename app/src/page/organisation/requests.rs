//! Mailboxes that are not somebody's own: people ask with a reason, admins decide, and both can read where it stands.

mod ask;
mod line;

pub use ask::AskPage;

use crate::{
    AppError,
    component::{EmptyState, Frame, When, loaded},
    request,
};
use kalends_core::audit::{AuditAction, AuditEntry};
use kalends_store::RequestState;
use leptos::{prelude::*, server_fn::ServerFn};
use line::{MAX_TEXT, RequestLine, line_of};

#[derive(Debug, Clone, PartialEq)]
struct RequestsView {
    waiting: Vec<RequestLine>,
    decided: Vec<RequestLine>,
    flash: Option<String>,
}

async fn requests() -> Result<RequestsView, AppError> {
    let admin = request::user_with(request::Right::Requests).await?;
    let words = request::formatter(&admin).await?;
    let store = request::services().store;
    let mut view = RequestsView {
        waiting: Vec::new(),
        decided: Vec::new(),
        flash: request::take_flash().await?,
    };
    for it in store.requests(true).await.map_err(request::internal)? {
        view.waiting.push(line_of(it, &words, true).await?);
    }
    for it in store.requests(false).await.map_err(request::internal)? {
        view.decided.push(line_of(it, &words, true).await?);
    }
    Ok(view)
}

/// What an admin does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Approve,
    Refuse,
    Revoke,
}

impl Decision {
    /// What is audited, how the request changes, and what its admin is told.
    const fn effect(self) -> (AuditAction, (RequestState, RequestState), &'static str) {
        match self {
            Self::Approve => (
                AuditAction::RequestApproved,
                (RequestState::Waiting, RequestState::Approved),
                "Approved. It can be connected now.",
            ),
            Self::Refuse => (
                AuditAction::RequestRefused,
                (RequestState::Waiting, RequestState::Refused),
                "Refused.",
            ),
            Self::Revoke => (
                AuditAction::ApprovalRevoked,
                (RequestState::Approved, RequestState::Revoked),
                "The approval is taken back, and the connection that it allowed is ended.",
            ),
        }
    }
}

#[server(endpoint = "decide_request")]
async fn decide_request(
    id: String,
    decision: Decision,
    #[server(default)] answer: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Requests).await?;
    let services = request::services();
    let found = match id.parse() {
        Ok(id) => services
            .store
            .request(id)
            .await
            .map_err(request::internal)?,
        Err(_) => None,
    };
    let Some(found) = found else {
        request::set_not_found();
        return Err(AppError::NotYours);
    };
    let (action, change, done) = decision.effect();
    let person = services.store.user(found.user_id).await;
    let person = person.map_err(request::internal)?;
    let who = person.as_ref().map(|user| user.email.to_string());
    let subject = format!("{} for {}", found.mailbox, who.unwrap_or_default());
    let entry = AuditEntry::by(admin.id, action).about(subject);
    let answer: String = answer.trim().chars().take(MAX_TEXT).collect();
    let now = services.clock.now();
    let told = person.as_ref().and_then(|person| {
        kalends::notify::decision(&services, &admin, person, &found, (change.1, &answer))
    });
    let decided = services
        .store
        .decide_request(found.id, change, &answer, (&entry, told.as_ref()), now)
        .await
        .map_err(request::internal)?;
    if decided
        && decision == Decision::Revoke
        && let Some(person) = &person
    {
        kalends::connect::end_if_not_allowed(&services, &admin, person)
            .await
            .map_err(request::internal)?;
    }
    request::flash(if decided {
        done
    } else {
        "Somebody else had decided it already."
    })
    .await?;
    request::see_other("/organisation/requests");
    Ok(())
}

#[component]
pub fn RequestsPage() -> impl IntoView {
    loaded(requests, |view| {
        let none = view.waiting.is_empty();
        let no_past = view.decided.is_empty();
        view! {
            <Frame title="Requests for mailboxes">
                <p class="back"><a href="/organisation">"Organisation"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                {none
                    .then(|| {
                        view! {
                            <EmptyState lead="No request waits.">
                                <p>"People ask for mailboxes that are not their own: a room, or somebody they work for. You decide here."</p>
                            </EmptyState>
                        }
                    })}
                {view.waiting.into_iter().map(|line| view! { <Waiting line /> }).collect_view()}
                {(!no_past)
                    .then(|| {
                        view! {
                            <section class="panel" aria-labelledby="past">
                                <h2 id="past">"Decided"</h2>
                                {view.decided.into_iter().map(|line| view! { <Decided line /> }).collect_view()}
                            </section>
                        }
                    })}
            </Frame>
        }
    })
}

#[component]
fn Waiting(line: RequestLine) -> impl IntoView {
    let id = format!("answer-{}", line.id);
    let holders = line.holders.join(", ");
    view! {
        <section class="panel">
            <h2>{line.person.clone()} " asks for " {line.mailbox}</h2>
            <p>"“" {line.reason} "”"</p>
            <p class="field-hint"><When moment=line.when /></p>
            {(!holders.is_empty()).then(|| view! { <p class="notice notice-waiting">"Connected already by " {holders} "."</p> })}
            <form class="form" method="post" action=DecideRequest::url()>
                <input type="hidden" name="id" value=line.id />
                <div class="field">
                    <label for=id.clone()>"Answer " <span class="field-aside">"optional"</span></label>
                    <input id=id name="answer" maxlength="500" autocomplete="off" />
                </div>
                <div class="form-actions">
                    <button class="button button-primary" name="decision" value="approve">"Approve"</button>
                    <button class="button" name="decision" value="refuse">"Refuse"</button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Decided(line: RequestLine) -> impl IntoView {
    view! {
        <div class="row">
            <div class="row-main">
                <p><strong>{line.person}</strong> ", " {line.mailbox}</p>
                <p class="field-hint">{line.state} ", " <When moment=line.when /></p>
                {(!line.answer.is_empty()).then(|| view! { <p class="field-hint">"“" {line.answer} "”"</p> })}
            </div>
            {line
                .is_approved
                .then(|| {
                    view! {
                        <form class="row-actions" method="post" action=DecideRequest::url()>
                            <input type="hidden" name="id" value=line.id />
                            <button class="button" name="decision" value="revoke">"Take back"</button>
                        </form>
                    }
                })}
        </div>
    }
}
