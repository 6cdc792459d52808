//! The first admin of a new Kalends, made with the one-time code that the server printed.

use crate::{
    AppError,
    component::{BrowserZone, Field, FormNotice, Frame, loaded},
    draft::FormDraft,
    request, time_zone as zones,
};
use kalends::people::{
    setup::{FirstAdmin, SetupError},
    sign_in::PasswordError,
};
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

/// What stands in the field before anybody or their browser names another.
const NO_ZONE: &str = "UTC";

#[server(endpoint = "setup")]
async fn setup(
    #[server(default)] code: String,
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: Password,
    #[server(default)] time_zone: Option<String>,
) -> Result<(), AppError> {
    let services = request::services();
    let visitor = request::visitor();
    let time_zone = time_zone.unwrap_or_else(|| NO_ZONE.to_owned());
    let zone = zones::find(&time_zone);
    let typed = FirstAdmin {
        code: &code,
        name: &name,
        email: &email,
        password: &password,
        time_zone: zone.as_deref().ok(),
    };
    match kalends::people::setup::make_first_admin(&services, &visitor, typed).await {
        Ok(user) => {
            request::start_session(&user).await?;
            request::see_other("/overview");
        }
        Err(SetupError::Store(error)) => return Err(request::internal(error)),
        Err(SetupError::Password(PasswordError::Busy(busy))) => return Err(request::busy(busy)),
        // There is nothing to set up, and what was typed is not kept: the page leads on to signing in.
        Err(SetupError::Closed) => request::see_other("/setup"),
        Err(refused) => {
            let mut draft = FormDraft {
                values: [
                    ("code".to_owned(), code),
                    ("name".to_owned(), name),
                    ("email".to_owned(), email),
                    ("time_zone".to_owned(), time_zone),
                ]
                .into(),
                errors: refused
                    .each()
                    .iter()
                    .map(|mistake| (mistake.field().to_owned(), mistake.to_string()))
                    .collect(),
            };
            if let Err(error) = zone {
                draft
                    .errors
                    .insert("time_zone".to_owned(), error.to_string());
            }
            request::keep_draft("setup", draft).await?;
            request::see_other("/setup");
        }
    }
    Ok(())
}

async fn setup_form() -> Result<FormDraft, AppError> {
    if !kalends::people::setup::is_open(&request::services())
        .await
        .map_err(request::internal)?
    {
        request::see_other("/sign-in");
    }
    request::take_draft("setup").await
}

#[component]
pub fn SetupPage() -> impl IntoView {
    loaded(setup_form, |draft| view! { <SetupForm draft /> })
}

#[component]
fn SetupForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    let typed = draft.values.get("time_zone").cloned();
    let takes = typed.is_none();
    view! {
        <Frame title="Set up Kalends" narrow=true>
            <p class="lead">"You are the first here. Make the administrator’s account."</p>
            <form class="form form-narrow" method="post" action=Setup::url() novalidate>
                <FormNotice errors />
                <Field
                    label="One-time code"
                    name="code"
                    hint="Kalends printed it when it started."
                    autocomplete="one-time-code"
                    value=draft.value("code")
                    errors
                />
                <Field label="Name" name="name" autocomplete="name" value=draft.value("name") errors />
                <Field
                    label="Email"
                    name="email"
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    value=draft.value("email")
                    errors
                />
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 12 characters."
                    errors
                />
                <Field
                    label="Time zone"
                    name="time_zone"
                    value=typed.unwrap_or_else(|| NO_ZONE.to_owned())
                    hint="Such as Europe/Berlin, or a city."
                    errors
                />
                <BrowserZone takes />
                <button class="button button-primary">"Create administrator"</button>
            </form>
        </Frame>
    }
}
