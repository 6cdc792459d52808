//! Adding an account of the organisation, or moving one to where it signs in from now on: both are tested first.

#![expect(
    clippy::too_many_arguments,
    reason = "the server functions take one argument per field of the form"
)]

use super::fields::{SignInFields, TermsFields, account_by_id, errors_of};
use crate::{
    AppError,
    component::{FormNotice, Frame, loaded},
    draft::{FormDraft, ticked},
    request,
};
use kalends::accounts::organisation::{AccountForm, ChangeError, add, move_to};
use kalends_core::{account_name::Password, connection::SignInMethod};
use kalends_store::Conflict;
use leptos::{prelude::*, server_fn::ServerFn};

const FORM: &str = "account";

async fn account_form() -> Result<FormDraft, AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let mut draft = request::take_draft(FORM).await?;
    if draft.values.is_empty() {
        let control = admin.email.to_string();
        draft.values.insert("control".to_owned(), control);
    }
    keep_values(FORM, &draft).await?;
    Ok(draft)
}

/// The values stay until the next try, the messages are told once.
pub(super) async fn keep_values(form: &str, draft: &FormDraft) -> Result<(), AppError> {
    let values = draft.values.clone();
    let errors = islands::error::FieldErrors::new();
    crate::request::keep_draft(form, FormDraft { values, errors }).await
}

fn draft_of<const N: usize>(values: [(&str, &String); N]) -> FormDraft {
    FormDraft {
        values: values
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into(),
        ..FormDraft::default()
    }
}

#[server(endpoint = "add_account")]
async fn add_account(
    #[server(default)] label: String,
    #[server(default)] domains: String,
    #[server(default)] expires: String,
    #[server(default)] account: String,
    #[server(default)] password: Password,
    #[server(default)] control: String,
    #[server(default)] endpoint: String,
    #[server(default)] domain: String,
    #[server(default)] confirmed: String,
    #[server(default)] basic: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let values = [
        ("label", &label),
        ("domains", &domains),
        ("expires", &expires),
        ("account", &account),
        ("control", &control),
        ("endpoint", &endpoint),
        ("domain", &domain),
        ("confirmed", &confirmed),
        ("basic", &ticked(basic)),
    ];
    let mut draft = draft_of(values);
    let form = AccountForm {
        label,
        domains,
        expires,
        account,
        domain,
        password,
        endpoint,
        control,
        confirmed,
        basic,
    };
    let errors = match form.parse(request::services().clock.now()) {
        Ok((terms, request)) => match add(&request::services(), &admin, terms, request).await {
            Ok(id) => {
                request::keep_draft(FORM, draft).await?;
                request::see_other(&format!("/profile/exchange/checks/{id}"));
                return Ok(());
            }
            Err(ChangeError::Conflict(conflict)) => conflict_errors(&conflict),
            Err(ChangeError::Refused(refusal)) => [(String::new(), refusal.to_string())].into(),
            Err(ChangeError::Store(error)) => return Err(request::internal(error)),
        },
        Err(mistakes) => errors_of(mistakes),
    };
    draft.errors = errors;
    request::keep_draft(FORM, draft).await?;
    request::see_other("/organisation/accounts/new");
    Ok(())
}

/// What stands in the way, at the field that brings it about.
pub(super) fn conflict_errors(conflict: &kalends_store::Conflict) -> islands::error::FieldErrors {
    let field = match conflict {
        Conflict::Domain { .. } => "domains",
        Conflict::Account { .. } => "account",
        Conflict::Label { .. } => "label",
    };
    [(field.to_owned(), conflict.to_string())].into()
}

#[component]
pub fn AddAccountPage() -> impl IntoView {
    loaded(account_form, |draft| {
        let errors = Signal::stored(draft.errors.clone());
        view! {
            <Frame title="Add a service account">
                <p class="back"><a href="/organisation">"Organisation"</a></p>
                <div class="panel">
                    <p class="panel-hint">
                        "Kalends tests the account before it saves anything. "
                        <a href="/help/service-account" rel="external" target="_blank">"How to set one up in Exchange"</a>
                    </p>
                    <form class="form" method="post" action=AddAccount::url() novalidate>
                        <FormNotice errors />
                        <TermsFields draft=draft.clone() errors />
                        <SignInFields draft errors />
                        <div class="form-actions form-end">
                            <button class="button button-primary">"Test and save"</button>
                            <a class="button" href="/organisation">"Cancel"</a>
                        </div>
                    </form>
                </div>
            </Frame>
        }
    })
}

/// The form for another endpoint, with what is true now.
#[derive(Debug, Clone, PartialEq)]
struct MoveView {
    id: String,
    label: String,
    draft: FormDraft,
}

async fn move_account_form(id: String) -> Result<MoveView, AppError> {
    request::user_with(request::Right::Accounts).await?;
    let held = super::fields::account_by_id(&id).await?;
    let form = format!("move-{id}");
    let mut draft = request::take_draft(&form).await?;
    if draft.values.is_empty() {
        let account = &held.account;
        let control = account.control_mailbox.as_ref().map(ToString::to_string);
        draft.values = [
            ("account", account.name.to_string()),
            ("endpoint", account.endpoint.to_string()),
            ("control", control.unwrap_or_default()),
            (
                "basic",
                crate::draft::ticked(account.sign_in == SignInMethod::Basic),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    }
    keep_values(&form, &draft).await?;
    Ok(MoveView {
        id,
        label: held.account.label,
        draft,
    })
}

#[server(endpoint = "move_account")]
async fn move_account(
    id: String,
    #[server(default)] account: String,
    #[server(default)] password: Password,
    #[server(default)] control: String,
    #[server(default)] endpoint: String,
    #[server(default)] domain: String,
    #[server(default)] confirmed: String,
    #[server(default)] basic: bool,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let held = account_by_id(&id).await?;
    let values = [
        ("account", &account),
        ("control", &control),
        ("endpoint", &endpoint),
        ("domain", &domain),
        ("confirmed", &confirmed),
        ("basic", &ticked(basic)),
    ];
    let mut draft = draft_of(values);
    let form = AccountForm {
        account,
        domain,
        password,
        endpoint,
        control,
        confirmed,
        basic,
        ..AccountForm::default()
    };
    let kept = format!("move-{}", held.account.id);
    draft.errors = match form.sign_in() {
        Ok(request) => match move_to(&request::services(), &admin, &held, request).await {
            Ok(check) => {
                request::keep_draft(&kept, draft).await?;
                request::see_other(&format!("/profile/exchange/checks/{check}"));
                return Ok(());
            }
            Err(ChangeError::Conflict(conflict)) => conflict_errors(&conflict),
            Err(ChangeError::Refused(refusal)) => [(String::new(), refusal.to_string())].into(),
            Err(ChangeError::Store(error)) => return Err(request::internal(error)),
        },
        Err(mistakes) => errors_of(mistakes),
    };
    request::keep_draft(&kept, draft).await?;
    request::see_other(&format!(
        "/organisation/accounts/{}/server",
        held.account.id
    ));
    Ok(())
}

#[component]
pub fn MoveAccountPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    loaded(
        move || move_account_form(id()),
        |view| {
            let errors = Signal::stored(view.draft.errors.clone());
            let back = format!("/organisation/accounts/{}", view.id);
            view! {
                <Frame title="Change server or username">
                    <p class="back"><a href=back.clone()>{view.label}</a></p>
                    <div class="panel">
                        <p class="panel-hint">
                            "A password goes only where it was tested, so it is asked for again. Connections go on as before until the test has passed."
                        </p>
                        <form class="form" method="post" action=MoveAccount::url() novalidate>
                            <FormNotice errors />
                            <input type="hidden" name="id" value=view.id />
                            <SignInFields draft=view.draft errors />
                            <div class="form-actions form-end">
                                <button class="button button-primary">"Test and save"</button>
                                <a class="button" href=back>"Cancel"</a>
                            </div>
                        </form>
                    </div>
                </Frame>
            }
        },
    )
}
