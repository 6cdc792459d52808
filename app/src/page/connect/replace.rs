//! A refused password replaced where the refusal is told: one field, one button, and what worked is used at once.

use crate::{
    AppError,
    component::{Field, FormNotice},
    draft::FormDraft,
    page::organisation::account_by_id,
    request,
};
use islands::error::FieldErrors;
use kalends::{
    accounts::{
        organisation::{AccountField, AccountForm, ChangeError, replace_password},
        permission::Forbidden,
    },
    connect::{self, FormField, OwnConnection},
};
use kalends_core::{
    account_name::Password,
    check::{Check, Goal, Outcome},
    connection::{ConnectionState, Mode},
    problem::Problem,
};
use kalends_store::{Account, User};
use leptos::{prelude::*, server_fn::ServerFn};

/// The form, for one password.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplaceView {
    pub whose: PasswordOwner,
    pub account: String,
    /// The page that it stands on.
    pub back: String,
    pub errors: FieldErrors,
}

/// Whose password is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOwner {
    /// That of the reader's saved connection.
    Mine,
    /// The one typed for a check, with this id, that connected nothing.
    Typed(String),
    /// That of an account of the organisation, with this id.
    Held(String),
}

/// The name of the field, which stands on pages with other passwords.
const FIELD: &str = "present_password";

const REFUSED: &str = "Exchange refused this password. Nothing was saved.";

/// What was wrong with the last try, told once.
async fn errors_of(form: &str) -> Result<FieldErrors, AppError> {
    Ok(request::take_draft(form).await?.errors)
}

/// Keeps what was wrong until the form is shown again.
pub async fn tell(form: &str, mistakes: FieldErrors) -> Result<(), AppError> {
    let errors = mistakes;
    let draft = FormDraft {
        errors,
        ..FormDraft::default()
    };
    request::keep_draft(form, draft).await
}

/// Everything but the password is saved, and cannot be wrong here.
pub fn mistakes(found: Vec<(FormField, String)>) -> FieldErrors {
    let name = |field| match field {
        FormField::Password => FIELD,
        _ => "",
    };
    found
        .into_iter()
        .map(|(field, message)| (name(field).to_owned(), message))
        .collect()
}

/// The form for a person's own connection, if its password is what is wrong.
pub async fn mine(user: &User, back: &str) -> Result<Option<ReplaceView>, AppError> {
    let mine = OwnConnection::of(&request::services(), user).await;
    let Some(mine) = mine.map_err(request::internal)? else {
        return Ok(None);
    };
    let connection = &mine.connection;
    let problem = connection.problem.as_ref();
    if connection.state == ConnectionState::Paused
        || !problem.is_some_and(Problem::is_about_password)
    {
        return Ok(None);
    }
    Ok(Some(ReplaceView {
        whose: PasswordOwner::Mine,
        account: connection.account.to_string(),
        back: back.to_owned(),
        errors: errors_of("replace").await?,
    }))
}

/// The form for an account of the organisation whose password was refused, unless another one has passed its test.
pub async fn held(account: &Account, back: &str) -> Result<Option<ReplaceView>, AppError> {
    if account.saved_refusals == 0 || account.next.is_some() {
        return Ok(None);
    }
    let id = account.id.to_string();
    Ok(Some(ReplaceView {
        account: account.name.to_string(),
        back: back.to_owned(),
        errors: errors_of(&format!("replace-{id}")).await?,
        whose: PasswordOwner::Held(id),
    }))
}

/// The form for the password that a check was refused with.
pub async fn of_check(user: &User, check: &Check) -> Result<Option<ReplaceView>, AppError> {
    let Some(Outcome::Failed { problem, .. }) = &check.outcome else {
        return Ok(None);
    };
    if !problem.is_about_password() {
        return Ok(None);
    }
    let back = format!("/profile/exchange/checks/{}", check.id);
    let view = match (check.typed.goal, check.mode) {
        (Goal::Connection, Mode::Organisation)
        | (Goal::SendAgain { .. } | Goal::ReplacePassword { .. }, _) => {
            held_by_check(user, check, &back).await?
        }
        (Goal::Connection, Mode::ServiceAccount | Mode::Personal) if check.user_id == user.id => {
            own(user, check, back).await?
        }
        _ => None,
    };
    let was_typed = check.mode != Mode::Organisation
        || matches!(check.typed.goal, Goal::ReplacePassword { .. });
    let is_refused = was_typed && matches!(**problem, Problem::SignInRefused { .. });
    Ok(view.map(|mut view| {
        if is_refused && view.errors.is_empty() {
            view.errors.insert(FIELD.to_owned(), REFUSED.to_owned());
        }
        view
    }))
}

async fn held_by_check(
    user: &User,
    check: &Check,
    back: &str,
) -> Result<Option<ReplaceView>, AppError> {
    let Some(id) = check.account_id else {
        return Ok(None);
    };
    if !request::may(user, request::Right::Organisation).await? {
        return Ok(None);
    }
    let found = request::services().store.held_account(id).await;
    match found.map_err(request::internal)? {
        Some(found) => held(&found.account, back).await,
        None => Ok(None),
    }
}

/// For the saved connection if that was tested, else for what was typed.
async fn own(user: &User, check: &Check, back: String) -> Result<Option<ReplaceView>, AppError> {
    let is_saved = OwnConnection::of(&request::services(), user)
        .await
        .map_err(request::internal)?
        .is_some_and(|mine| {
            let connection = &mine.connection;
            check.account_id == Some(connection.account_id)
                && check.typed.mailbox == connection.mailbox.as_str()
        });
    Ok(Some(ReplaceView {
        whose: if is_saved {
            PasswordOwner::Mine
        } else {
            PasswordOwner::Typed(check.id.to_string())
        },
        account: check.typed.account.clone(),
        back,
        errors: errors_of("replace").await?,
    }))
}

/// Tests another password for the reader's saved connection, or for what was typed for a check; what works is used at
/// once.
#[server(endpoint = "replace_password")]
async fn replace_refused(
    #[server(default)] present_password: Password,
    #[server(default)] check: String,
    #[server(default)] back: String,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let services = request::services();
    let back = request::local_path(&back).unwrap_or("/profile");
    let mine = OwnConnection::of(&services, &user).await;
    let mine = mine
        .map_err(request::internal)?
        .filter(|_| check.is_empty());
    let typed = match &mine {
        Some(mine) => mine.with(present_password),
        None if check.is_empty() => {
            request::see_other("/profile/exchange/connect");
            return Ok(());
        }
        None => retyped(&user, &check, present_password).await?.parse(),
    };
    let mistakes = match typed {
        Ok(request) => {
            let started = match &mine {
                Some(mine) => connect::replace_mine(&services, &user, mine, request).await,
                None => connect::start(&services, &user, request).await,
            };
            match started {
                Ok(id) => {
                    request::see_other(&format!("/profile/exchange/checks/{id}"));
                    return Ok(());
                }
                Err(Forbidden::Refused(refusal)) => [(String::new(), refusal.to_string())].into(),
                Err(Forbidden::Store(error)) => return Err(request::internal(error)),
            }
        }
        Err(found) => mistakes(found),
    };
    tell("replace", mistakes).await?;
    request::see_other(back);
    Ok(())
}

/// What was typed for a person's own check, with another password. What the person said about it beside, such as a
/// host that may have the password, stands in the form that was kept, if it is still the same one.
async fn retyped(
    user: &kalends_store::User,
    check: &str,
    password: Password,
) -> Result<kalends::connect::Form, AppError> {
    let check = crate::page::check::check_for(user, check).await?;
    if check.user_id != user.id
        || check.typed.goal != Goal::Connection
        || check.mode == Mode::Organisation
    {
        return Err(request::not_there());
    }
    let typed = check.typed;
    let names = super::field_names::names_of(check.mode);
    let draft = request::look_at_draft("connect").await?;
    let is_same = draft.value(names.mailbox).trim() == typed.mailbox
        && draft.value(names.endpoint) == typed.endpoint;
    let kept = |name: &str| {
        if is_same {
            draft.value(name)
        } else {
            String::new()
        }
    };
    Ok(kalends::connect::Form {
        mode: check.mode,
        mailbox: typed.mailbox,
        account: typed.account,
        password,
        endpoint: typed.endpoint,
        domain: String::new(),
        control: kept("service_control"),
        confirmed: kept("confirmed"),
        keep_trying: false,
        basic: !kept("basic").is_empty(),
    })
}

/// Tests another password for a stopped account of the organisation, which signs in with it as soon as it has passed.
#[server(endpoint = "replace_account_password")]
async fn replace_account_password(
    #[server(default)] id: String,
    #[server(default)] present_password: Password,
    #[server(default)] back: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let held = account_by_id(&id).await?;
    let page = format!("/organisation/accounts/{id}");
    let back = request::local_path(&back).unwrap_or(&page);
    let control = held.account.control_mailbox.as_ref();
    let form = AccountForm {
        account: held.account.name.to_string(),
        password: present_password,
        endpoint: held.account.endpoint.to_string(),
        control: control.map(ToString::to_string).unwrap_or_default(),
        ..AccountForm::default()
    };
    let mistakes = match form.sign_in() {
        Ok(wanted) => match replace_password(&request::services(), &admin, &held, wanted).await {
            Ok(check) => {
                request::see_other(&format!("/profile/exchange/checks/{check}"));
                return Ok(());
            }
            Err(ChangeError::Refused(refusal)) => [(String::new(), refusal.to_string())].into(),
            Err(ChangeError::Conflict(other)) => return Err(request::internal(other)),
            Err(ChangeError::Store(error)) => return Err(request::internal(error)),
        },
        Err(found) => mistakes(
            found
                .into_iter()
                .filter_map(|(field, message)| match field {
                    AccountField::Sign(field) => Some((field, message)),
                    _ => None,
                })
                .collect(),
        ),
    };
    tell(&format!("replace-{id}"), mistakes).await?;
    request::see_other(back);
    Ok(())
}

/// One field and one button, right below what tells of the refusal.
#[component]
pub fn ReplacePassword(view: ReplaceView) -> impl IntoView {
    let ReplaceView {
        whose,
        account,
        back,
        errors,
    } = view;
    let (action, id) = match whose {
        PasswordOwner::Mine => (ReplaceRefused::url(), None),
        PasswordOwner::Typed(check) => (ReplaceRefused::url(), Some(("check", check))),
        PasswordOwner::Held(account) => (ReplaceAccountPassword::url(), Some(("id", account))),
    };
    let errors = Signal::stored(errors);
    view! {
        <form class="form replace" method="post" action=action novalidate>
            <FormNotice errors />
            <input type="hidden" name="back" value=back />
            {id.map(|(name, id)| view! { <input type="hidden" name=name value=id /> })}
            <Field
                label="Present password"
                name=FIELD
                kind="password"
                autocomplete="off"
                hint=format!("Of {account}. If it passes the test, it is saved and the calendar goes on at once.")
                errors
            />
            <button class="button button-primary">"Test and use it"</button>
        </form>
    }
}
