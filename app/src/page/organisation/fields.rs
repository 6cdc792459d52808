//! The fields of an account, and the short words about its state.

use crate::{AppError, component::Field, draft::FormDraft, moment::Formatter, request};
use islands::{
    connect::{ByBasic, DraftNote},
    error::FieldErrors,
};
use kalends::{
    accounts::organisation::{AccountField, Expiry, expiry},
    connect::FormField,
};
use kalends_core::clock::Timestamp;
use kalends_store::{Account, OrganisationAccount};
use leptos::prelude::*;

/// The messages by the names of their fields.
pub fn errors_of(mistakes: Vec<(AccountField, String)>) -> FieldErrors {
    let name = |field| match field {
        AccountField::Label => "label",
        AccountField::Domains => "domains",
        AccountField::Expires => "expires",
        AccountField::Sign(FormField::Mailbox | FormField::Control) => "control",
        AccountField::Sign(FormField::Account) => "account",
        AccountField::Sign(FormField::Password) => "password",
        AccountField::Sign(FormField::Endpoint) => "endpoint",
        AccountField::Sign(FormField::Domain) => "domain",
    };
    mistakes
        .into_iter()
        .map(|(field, message)| (name(field).to_owned(), message))
        .collect()
}

/// An account of the organisation.
pub async fn account_by_id(id: &str) -> Result<OrganisationAccount, AppError> {
    let found = match id.parse() {
        Ok(id) => {
            let store = request::services().store;
            store.held_account(id).await.map_err(request::internal)?
        }
        Err(_) => None,
    };
    found.ok_or_else(|| {
        request::set_not_found();
        AppError::NotYours
    })
}

/// What is unusual about an account, a few words each.
pub fn notes(account: &Account, words: &Formatter, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if account.paused_at.is_some() {
        notes.push("Paused".to_owned());
    }
    if let Some(until) = account.held_until.filter(|until| *until > now) {
        let until = words.appointment(until, false).text;
        notes.push(format!("Sign-ins wait until {until}"));
    }
    if account.saved_refusals > 0 {
        let why = match account.stopped_problem() {
            kalends_core::problem::Problem::SignInUnanswered => "Its sign-in was not answered",
            _ => "Its password was refused",
        };
        notes.push(match account.stopped_until.filter(|at| *at > now) {
            Some(at) => format!(
                "{why}; sent once more {}",
                words.appointment(at, false).text
            ),
            None => why.to_owned(),
        });
    }
    if account.next.is_some() {
        notes.push("A tested password waits to be switched to".to_owned());
    }
    match account.expires_at.and_then(|at| expiry(at, now)) {
        Some(Expiry::Soon { days: 0, .. }) => notes.push("Password ends today".to_owned()),
        Some(Expiry::Soon { days: 1, .. }) => notes.push("Password ends tomorrow".to_owned()),
        Some(Expiry::Soon { days, .. }) => notes.push(format!("Password ends in {days} days")),
        Some(Expiry::Over) => notes.push("Password has ended".to_owned()),
        None => {}
    }
    notes
}

/// What needs no password: name, domains, end of the password.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the props of a component own what they are given"
)]
#[component]
pub fn TermsFields(draft: FormDraft, errors: Signal<FieldErrors>) -> impl IntoView {
    view! {
        <Field label="Name" name="label" value=draft.value("label") hint="What administrators call it, such as Head office." errors />
        <Field
            label="Mail domains"
            name="domains"
            aside="optional"
            value=draft.value("domains")
            hint="Mailboxes of these domains connect through it. Empty: the domain of the control mailbox."
            errors
        />
        <Field
            label="Password ends on"
            name="expires"
            kind="date"
            aside="optional"
            value=draft.value("expires")
            hint="To the end of that day in UTC. Kalends warns here 14, 3 and 1 days ahead."
            errors
        />
    }
}

/// What is tested: account, password, control mailbox, endpoint.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the props of a component own what they are given"
)]
#[component]
pub fn SignInFields(draft: FormDraft, errors: Signal<FieldErrors>) -> impl IntoView {
    view! {
        <DraftNote note=draft.value("note") />
        <input type="hidden" name="confirmed" value=draft.value("confirmed") />
        <Field
            label="Service account username"
            name="account"
            value=draft.value("account")
            hint="As user@domain or DOMAIN\\user."
            errors
        />
        <Field
            label="Service account password"
            name="password"
            kind="password"
            autocomplete="off"
            hint="Sealed after the test; opened only to call Exchange."
            errors
        />
        <Field
            label="Control mailbox"
            name="control"
            kind="email"
            inputmode="email"
            value=draft.value("control")
            hint="A mailbox that the account can read. The test reads its calendar; later it tells a missing role from a mailbox outside the scope."
            errors
        />
        <Field
            label="Exchange server"
            name="endpoint"
            aside="optional"
            inputmode="url"
            value=draft.value("endpoint")
            hint="Leave empty to find it by Autodiscover. Otherwise like https://mail.example.com/EWS/Exchange.asmx."
            errors
        />
        <Field
            label="Domain"
            name="domain"
            aside="optional"
            value=draft.value("domain")
            hint="Only if the username is given without one."
            errors
        />
        <ByBasic checked=!draft.value("basic").is_empty() />
    }
}
