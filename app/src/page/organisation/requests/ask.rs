//! Asking for a mailbox, and where one's own requests stand.

use super::line::{MAX_TEXT, RequestLine, line_of};
use crate::{
    AppError,
    component::{Field, FormNotice, Frame, When, loaded},
    draft::FormDraft,
    request,
};
use kalends_core::audit::{AuditAction, AuditEntry};
use kalends_store::{MAX_WAITING, RequestState};
use leptos::{prelude::*, server_fn::ServerFn};

/// What a person who asks sees.
#[derive(Debug, Clone, PartialEq)]
struct AskView {
    draft: FormDraft,
    mine: Vec<RequestLine>,
    flash: Option<String>,
}

async fn ask_form(mailbox: String) -> Result<AskView, AppError> {
    let user = request::user().await?;
    let words = request::formatter(&user).await?;
    let mut draft = request::take_draft("ask").await?;
    if draft.values.is_empty() {
        draft.values.insert("mailbox".to_owned(), mailbox);
    }
    let mut mine = Vec::new();
    let found = request::services().store.requests_of(user.id).await;
    for it in found.map_err(request::internal)? {
        mine.push(line_of(it, &words, false).await?);
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
    let user = request::user().await?;
    let services = request::services();
    let mut errors = islands::error::FieldErrors::new();
    let address = mailbox
        .parse::<kalends_core::mailbox::SmtpAddress>()
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
    }
    if let (Ok(address), true) = (address, errors.is_empty()) {
        let entry = AuditEntry::by(user.id, AuditAction::MailboxRequested).about(address.as_str());
        let now = services.clock.now();
        let asked = services
            .store
            .ask_for_mailbox(user.id, &address, text, &entry, now)
            .await;
        if !asked.map_err(request::internal)? {
            let message = format!(
                "{MAX_WAITING} of your requests wait already. Withdraw one, or wait for an answer."
            );
            errors.insert(String::new(), message);
        }
    }
    if errors.is_empty() {
        let done = "Your request is with the administrators. You see here what they decide.";
        request::flash(done).await?;
    } else {
        let values = [
            ("mailbox".to_owned(), mailbox),
            ("reason".to_owned(), reason),
        ]
        .into();
        request::keep_draft("ask", FormDraft { values, errors }).await?;
    }
    request::see_other("/profile/exchange/request");
    Ok(())
}

#[server(endpoint = "withdraw_request")]
async fn withdraw_request(id: String) -> Result<(), AppError> {
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
    let entry =
        AuditEntry::by(user.id, AuditAction::RequestWithdrawn).about(found.mailbox.as_str());
    let now = services.clock.now();
    let change = (RequestState::Waiting, RequestState::Withdrawn);
    let withdrawn = services
        .store
        .decide_request(found.id, change, "", (&entry, None), now)
        .await;
    withdrawn.map_err(request::internal)?;
    request::see_other("/profile/exchange/request");
    Ok(())
}

#[component]
pub fn AskPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let mailbox = move || query.with(|query| query.get("mailbox").unwrap_or_default());
    loaded(
        move || ask_form(mailbox()),
        |view| {
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
                        <FormNotice errors />
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
        },
    )
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
