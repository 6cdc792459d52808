//! The first admin of a new Kalends, made with the one-time code that the server printed.

use crate::{
    AppError,
    component::{Field, FormNotice, Frame, loaded},
    draft::Draft,
};
use kalends::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

#[server(endpoint = "setup")]
async fn setup(
    #[server(default)] code: String,
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: Password,
) -> Result<(), AppError> {
    use crate::request;
    use kalends::{setup::SetupError, sign_in::PasswordError};
    let services = request::services();
    let visitor = request::visitor();
    match kalends::setup::make_first_admin(&services, &visitor, &code, &name, &email, &password)
        .await
    {
        Ok(user) => {
            request::start_session(&user).await?;
            request::see_other("/overview");
        }
        Err(SetupError::Store(error)) => return Err(request::internal(error)),
        Err(SetupError::Password(PasswordError::Busy(busy))) => return Err(request::busy(busy)),
        // There is nothing to set up, and what was typed is not kept: the page leads on to signing in.
        Err(SetupError::Closed) => request::see_other("/setup"),
        Err(refused) => {
            let draft = Draft {
                values: [
                    ("code".to_owned(), code),
                    ("name".to_owned(), name),
                    ("email".to_owned(), email),
                ]
                .into(),
                errors: refused
                    .each()
                    .iter()
                    .map(|mistake| (mistake.field().to_owned(), mistake.to_string()))
                    .collect(),
            };
            request::keep_draft("setup", draft).await?;
            request::see_other("/setup");
        }
    }
    Ok(())
}

#[server(endpoint = "setup_form")]
async fn setup_form() -> Result<Draft, AppError> {
    use crate::request;
    if !kalends::setup::is_open(&request::services())
        .await
        .map_err(request::internal)?
    {
        request::see_other("/sign-in");
    }
    request::take_draft("setup").await
}

#[component]
pub fn SetupPage() -> impl IntoView {
    loaded(
        Resource::new(|| (), |()| setup_form()),
        |draft| view! { <SetupForm draft /> },
    )
}

#[component]
fn SetupForm(draft: Draft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
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
                <button class="button button-primary">"Create administrator"</button>
            </form>
        </Frame>
    }
}
