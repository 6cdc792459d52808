//! What the connect form sends: it starts a check, or tells what is wrong with what was typed.

#![expect(
    clippy::too_many_arguments,
    reason = "the server function takes one argument per field of the form"
)]

use super::field_names::{FieldNames, PERSONAL, SERVICE};
use crate::{
    AppError,
    draft::{FormDraft, ticked},
    request,
};
use islands::{connect::ConnectAnswer, error::FieldErrors};
use kalends::{
    accounts::permission::{Forbidden, Refusal},
    connect::Form,
};
use kalends_core::{account_name::Password, connection::Mode};
use kalends_store::User;
use leptos::prelude::*;

/// Starts a check. Without JavaScript it leads to the check's page, or back to the form.
#[server(endpoint = "connect")]
pub async fn connect(
    #[server(default)] service: bool,
    #[server(default)] mailbox: String,
    #[server(default)] service_password: Password,
    #[server(default)] service_account: String,
    #[server(default)] service_server: String,
    #[server(default)] service_domain: String,
    #[server(default)] service_control: String,
    #[server(default)] email: String,
    #[server(default)] password: Password,
    #[server(default)] username: String,
    #[server(default)] server: String,
    #[server(default)] domain: String,
    #[server(default)] confirmed: String,
    #[server(default)] keep_trying: bool,
    #[server(default)] basic: bool,
) -> Result<ConnectAnswer, AppError> {
    let user = request::user().await?;
    let through_service = Form {
        mode: Mode::ServiceAccount,
        mailbox,
        password: service_password,
        account: service_account,
        endpoint: service_server,
        domain: service_domain,
        control: service_control,
        confirmed: confirmed.clone(),
        keep_trying,
        basic,
    };
    let personal = Form {
        mode: Mode::Personal,
        mailbox: email,
        password,
        account: username,
        endpoint: server,
        domain,
        control: String::new(),
        confirmed,
        keep_trying,
        basic,
    };
    let draft = values_of(&through_service, &personal, service);
    if service {
        submit(&user, through_service, SERVICE, draft).await
    } else {
        submit(&user, personal, PERSONAL, draft).await
    }
}

/// One click: through the organisation's account.
#[server(endpoint = "connect_mine")]
pub async fn connect_mine(#[server(default)] mailbox: String) -> Result<ConnectAnswer, AppError> {
    let user = request::user().await?;
    let draft = request::take_draft("connect").await?;
    let address = match mailbox.parse::<kalends_core::mailbox::SmtpAddress>() {
        Ok(address) => address,
        Err(_) => user.email.clone(),
    };
    match kalends::connect::connect_through(&request::services(), &user, &address).await {
        Ok(id) => {
            if request::is_plain() {
                request::see_other(&format!("/profile/exchange/checks/{id}"));
            }
            Ok(ConnectAnswer::Started(id.to_string()))
        }
        Err(Forbidden::Refused(refusal)) => tell_refusal(&refusal, "", draft).await,
        Err(Forbidden::Store(error)) => Err(request::internal(error)),
    }
}

/// What is kept of both field sets; passwords are not.
fn values_of(through_service: &Form, personal: &Form, service: bool) -> FormDraft {
    let values = [
        ("service", ticked(service)),
        ("mailbox", through_service.mailbox.clone()),
        ("service_account", through_service.account.clone()),
        ("service_server", through_service.endpoint.clone()),
        ("service_domain", through_service.domain.clone()),
        ("service_control", through_service.control.clone()),
        ("email", personal.mailbox.clone()),
        ("username", personal.account.clone()),
        ("server", personal.endpoint.clone()),
        ("domain", personal.domain.clone()),
        ("confirmed", personal.confirmed.clone()),
        ("basic", ticked(personal.basic)),
    ];
    FormDraft {
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..FormDraft::default()
    }
}

/// Starts a check with what was typed, or tells the mistakes at their fields.
async fn submit(
    user: &User,
    typed: Form,
    names: FieldNames,
    mut draft: FormDraft,
) -> Result<ConnectAnswer, AppError> {
    let parsed = match typed.parse() {
        Ok(parsed) => parsed,
        Err(mistakes) => return tell_mistakes(names.errors_of(mistakes), draft).await,
    };
    if let Some(endpoint) = &parsed.endpoint {
        let completed = endpoint.to_string();
        draft.values.insert(names.endpoint.to_owned(), completed);
    }
    let id = match kalends::connect::start(&request::services(), user, parsed).await {
        Ok(id) => id,
        Err(Forbidden::Refused(refusal)) => {
            return tell_refusal(&refusal, names.mailbox, draft).await;
        }
        Err(Forbidden::Store(error)) => return Err(request::internal(error)),
    };
    request::keep_draft("connect", draft).await?;
    if request::is_plain() {
        request::see_other(&format!("/profile/exchange/checks/{id}"));
    }
    Ok(ConnectAnswer::Started(id.to_string()))
}

/// What the organisation's rules forbid is told at the field; what may be asked for leads there.
async fn tell_refusal(
    refusal: &Refusal,
    field: &str,
    draft: FormDraft,
) -> Result<ConnectAnswer, AppError> {
    let field = if refusal.may_ask_for().is_some() {
        field
    } else {
        ""
    };
    tell_mistakes([(field.to_owned(), refusal.to_string())].into(), draft).await
}

async fn tell_mistakes(
    mistakes: FieldErrors,
    mut draft: FormDraft,
) -> Result<ConnectAnswer, AppError> {
    if request::is_plain() {
        draft.errors = mistakes.clone();
        request::keep_draft("connect", draft).await?;
        request::see_other("/profile/exchange/connect");
    }
    Ok(ConnectAnswer::Mistakes(mistakes))
}
