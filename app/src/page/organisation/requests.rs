//! Mailboxes that are not somebody's own: people ask with a reason, admins decide, and both can read where it stands.

use crate::{
    AppError,
    component::{Field, Frame, When, loaded},
    draft::Draft,
    moment::Moment,
};
use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};

/// The longest reason or answer, in characters.
#[cfg(feature = "ssr")]
const MAX_TEXT: usize = 500;
/// How many requests of one person wait at the same time.
#[cfg(feature = "ssr")]
const MOST_WAITING: usize = 5;

/// A request as a page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestLine {
    pub id: String,
    pub person: String,
    pub mailbox: String,
    pub reason: String,
    /// Where it stands, in words.
    pub state: String,
    pub when: Moment,
    pub answer: String,
    /// Others who have connected the mailbox.
    pub holders: Vec<String>,
    pub is_waiting: bool,
    pub is_approved: bool,
}

#[cfg(feature = "ssr")]
pub async fn line(
    it: kalends::store::MailboxRequest,
    words: &crate::moment::Words,
    for_admin: bool,
) -> Result<RequestLine, AppError> {
    use crate::request;
    use kalends::store::RequestState;
    let store = request::services().store;
    let (mut person, mut holders) = (String::new(), Vec::new());
    if for_admin {
        let user = store.user(it.user_id).await.map_err(request::internal)?;
        person = user.map(|user| user.name).unwrap_or_default();
        let held = store.holders_of(&it.mailbox).await;
        let others = held.map_err(request::internal)?.into_iter();
        let others = others.filter(|user| user.id != it.user_id);
        holders = others.map(|user| user.name).collect();
    }
    let decider = match it.decided_by {
        Some(id) => store.user(id).await.map_err(request::internal)?,
        None => None,
    };
    let by = decider.map_or(String::new(), |user| format!(" by {}", user.name));
    Ok(RequestLine {
        id: it.id.to_string(),
        person,
        mailbox: it.mailbox.to_string(),
        reason: it.reason,
        state: match it.state {
            RequestState::Waiting => "Waits for an administrator".to_owned(),
            RequestState::Approved => format!("Approved{by}"),
            RequestState::Refused => format!("Refused{by}"),
            RequestState::Withdrawn => "Withdrawn".to_owned(),
            RequestState::Revoked => format!("Approval taken back{by}"),
        },
        when: words.moment(it.decided_at.unwrap_or(it.asked_at)),
        answer: it.answer,
        holders,
        is_waiting: it.state == RequestState::Waiting,
        is_approved: it.state == RequestState::Approved,
    })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RequestsView {
    waiting: Vec<RequestLine>,
    decided: Vec<RequestLine>,
    flash: Option<String>,
}

#[server(endpoint = "requests")]
async fn requests() -> Result<RequestsView, AppError> {
    use crate::request;
    let admin = request::admin().await?;
    let words = request::words(&admin);
    let store = request::services().store;
    let mut view = RequestsView {
        waiting: Vec::new(),
        decided: Vec::new(),
        flash: request::take_flash().await?,
    };
    for it in store.requests(true).await.map_err(request::internal)? {
        view.waiting.push(line(it, &words, true).await?);
    }
    for it in store.requests(false).await.map_err(request::internal)? {
        view.decided.push(line(it, &words, true).await?);
    }
    Ok(view)
}

/// What an admin does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Approve,
    Refuse,
    Revoke,
}

#[server(endpoint = "decide_request")]
async fn decide_request(
    id: String,
    decision: Decision,
    #[server(default)] answer: String,
) -> Result<(), AppError> {
    use crate::request;
    use kalends::audit::{Action, Entry};
    use kalends::store::RequestState;
    let admin = request::admin().await?;
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
    let (action, change, done) = match decision {
        Decision::Approve => (
            Action::RequestApproved,
            (RequestState::Waiting, RequestState::Approved),
            "Approved. It can be connected now.",
        ),
        Decision::Refuse => (
            Action::RequestRefused,
            (RequestState::Waiting, RequestState::Refused),
            "Refused.",
        ),
        Decision::Revoke => (
            Action::ApprovalRevoked,
            (RequestState::Approved, RequestState::Revoked),
            "The approval is taken back, and the connection that it allowed is ended.",
        ),
    };
    let person = services.store.user(found.user_id).await;
    let person = person.map_err(request::internal)?;
    let who = person.as_ref().map(|user| user.email.to_string());
    let subject = format!("{} for {}", found.mailbox, who.unwrap_or_default());
    let entry = Entry::by(admin.id, action).about(subject);
    let answer: String = answer.trim().chars().take(MAX_TEXT).collect();
    let now = services.clock.now();
    let decided = services
        .store
        .decide_request(found.id, change, &answer, &entry, now)
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
    loaded(Resource::new(|| (), |()| requests()), |view| {
        let none = view.waiting.is_empty();
        let no_past = view.decided.is_empty();
        view! {
            <Frame title="Requests for mailboxes">
                <p class="back"><a href="/organisation">"Organisation"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                {none
                    .then(|| {
                        view! { <p class="empty">"No request waits. People ask here for mailboxes that are not their own: a room, or somebody they work for."</p> }
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

/// What a person who asks sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct AskView {
    draft: Draft,
    mine: Vec<RequestLine>,
    flash: Option<String>,
}

#[server(endpoint = "ask_form")]
async fn ask_form(mailbox: String) -> Result<AskView, AppError> {
    use crate::request;
    let user = request::user().await?;
    let words = request::words(&user);
    let mut draft = request::take_draft("ask").await?;
    if draft.values.is_empty() {
        draft.values.insert("mailbox".to_owned(), mailbox);
    }
    let mut mine = Vec::new();
    let found = request::services().store.requests_of(user.id).await;
    for it in found.map_err(request::internal)? {
        mine.push(line(it, &words, false).await?);
    }
    Ok(AskView {
        draft,
        mine,
        flash: request::take_flash().await?,
    })
}

#[server(endpoint = "ask_for_mailbox")]
async fn ask_for_mailbox(
    #[server(default)] mailbox: String,
    #[server(default)] reason: String,
) -> Result<(), AppError> {
    use crate::request;
    use kalends::{
        audit::{Action, Entry},
        store::RequestState,
    };
    let user = request::user().await?;
    let services = request::services();
    let mut errors = crate::error::FieldErrors::new();
    let address = mailbox
        .parse::<kalends::mailbox::SmtpAddress>()
        .map_err(|error| errors.insert("mailbox".to_owned(), error.to_string()));
    let text = reason.trim();
    if text.is_empty() {
        let message = "Say in a few words why you need it.".to_owned();
        errors.insert("reason".to_owned(), message);
    } else if text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
        let message = format!("Say it in at most {MAX_TEXT} characters, in one line.");
        errors.insert("reason".to_owned(), message);
    }
    if let Ok(address) = &address {
        let own = services.store.owns(user.id, address).await;
        if own.map_err(request::internal)? {
            let message =
                "This is your own address: connect it on your profile, nobody has to approve it.";
            errors.insert("mailbox".to_owned(), message.to_owned());
        }
        let asked = services.store.requests_of(user.id).await;
        let asked = asked.map_err(request::internal)?;
        let waits = |it: &&kalends::store::MailboxRequest| it.state == RequestState::Waiting;
        let others = asked
            .iter()
            .filter(waits)
            .filter(|it| it.mailbox != *address);
        if others.count() >= MOST_WAITING {
            let message = format!(
                "{MOST_WAITING} of your requests wait already. Withdraw one, or wait for an answer."
            );
            errors.insert(String::new(), message);
        }
    }
    match address {
        Ok(address) if errors.is_empty() => {
            let subject = address.to_string();
            let entry = Entry::by(user.id, Action::MailboxRequested).about(subject);
            let now = services.clock.now();
            let asked = services
                .store
                .ask_for_mailbox(user.id, &address, text, &entry, now)
                .await;
            asked.map_err(request::internal)?;
            request::flash(
                "Your request is with the administrators. You see here what they decide.",
            )
            .await?;
        }
        _ => {
            let values = [
                ("mailbox".to_owned(), mailbox),
                ("reason".to_owned(), reason),
            ]
            .into();
            request::keep_draft("ask", Draft { values, errors }).await?;
        }
    }
    request::see_other("/profile/exchange/request");
    Ok(())
}

#[server(endpoint = "withdraw_request")]
async fn withdraw_request(id: String) -> Result<(), AppError> {
    use crate::request;
    use kalends::audit::{Action, Entry};
    use kalends::store::RequestState;
    let user = request::user().await?;
    let services = request::services();
    let found = match id.parse() {
        Ok(id) => services
            .store
            .request(id)
            .await
            .map_err(request::internal)?,
        Err(_) => None,
    };
    let Some(found) = found.filter(|found| found.user_id == user.id) else {
        request::set_not_found();
        return Err(AppError::NotYours);
    };
    let entry = Entry::by(user.id, Action::RequestWithdrawn).about(found.mailbox.as_str());
    let now = services.clock.now();
    let change = (RequestState::Waiting, RequestState::Withdrawn);
    let withdrawn = services
        .store
        .decide_request(found.id, change, "", &entry, now)
        .await;
    withdrawn.map_err(request::internal)?;
    request::see_other("/profile/exchange/request");
    Ok(())
}

#[component]
pub fn AskPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let mailbox = move || query.with(|query| query.get("mailbox").unwrap_or_default());
    loaded(Resource::new(mailbox, ask_form), |view| {
        let errors = Signal::stored(view.draft.errors.clone());
        let none = view.mine.is_empty();
        view! {
            <Frame title="Ask for another mailbox">
                <p class="back"><a href="/profile">"Profile Settings"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                {(!none)
                    .then(|| {
                        view! {
                            <section class="panel" aria-labelledby="mine">
                                <h2 id="mine">"Your requests"</h2>
                                {view.mine.into_iter().map(|line| view! { <Mine line /> }).collect_view()}
                            </section>
                        }
                    })}
                <div class="panel">
                    <p class="panel-hint">"An administrator decides. You need this for a room, or for somebody you work for; not for your own mailbox."</p>
                    <form class="form" method="post" action=AskForMailbox::url() novalidate>
                        <Field
                            label="Mailbox"
                            name="mailbox"
                            kind="email"
                            inputmode="email"
                            value=view.draft.value("mailbox")
                            errors
                        />
                        <Field
                            label="Reason"
                            name="reason"
                            value=view.draft.value("reason")
                            hint="Such as: I plan the meetings of the board in this room."
                            errors
                        />
                        <div class="form-actions form-end">
                            <button class="button button-primary">"Ask"</button>
                        </div>
                    </form>
                </div>
            </Frame>
        }
    })
}

#[component]
fn Mine(line: RequestLine) -> impl IntoView {
    view! {
        <div class="row">
            <div class="row-main">
                <p><strong>{line.mailbox}</strong></p>
                <p class="field-hint">{line.state} ", " <When moment=line.when /></p>
                {(!line.answer.is_empty()).then(|| view! { <p>"“" {line.answer} "”"</p> })}
            </div>
            {line
                .is_waiting
                .then(|| {
                    view! {
                        <form class="row-actions" method="post" action=WithdrawRequest::url()>
                            <input type="hidden" name="id" value=line.id.clone() />
                            <button class="button button-quiet">"Withdraw"</button>
                        </form>
                    }
                })}
            {line.is_approved.then(|| view! { <a class="button" href="/profile/exchange/connect">"Connect it"</a> })}
        </div>
    }
}
