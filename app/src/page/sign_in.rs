//! Signing in and out.

mod code;

pub use code::SignInCodePage;

use crate::{
    AppError,
    component::{Field, FormNotice, Frame, loaded},
    draft::FormDraft,
    request,
};
use islands::error::FieldErrors;
use kalends::people::sign_in::{Entered, SignInError};
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

#[server(endpoint = "sign_in")]
async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: Password,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let mut errors = FieldErrors::new();
    if email.trim().is_empty() {
        errors.insert("email".to_owned(), "Enter your email address.".to_owned());
    }
    if password.reveal().is_empty() {
        errors.insert("password".to_owned(), "Enter your password.".to_owned());
    }
    if !errors.is_empty() {
        return ask_again(&email, &next, errors).await;
    }
    let services = request::services();
    let visitor = request::visitor();
    match kalends::people::sign_in::sign_in(&services, &email, &password, &visitor).await {
        Ok(Entered::NeedsCode(user)) => {
            request::await_code(&user, request::local_path(&next).unwrap_or_default()).await?;
            request::see_other("/sign-in/code");
            Ok(())
        }
        Ok(Entered::In(user)) => {
            request::start_session(&user).await?;
            request::see_other(request::local_path(&next).unwrap_or("/"));
            Ok(())
        }
        Err(SignInError::Busy(busy)) => Err(request::busy(busy)),
        Err(refused) => {
            ask_again(&email, &next, [(String::new(), refused.to_string())].into()).await
        }
    }
}

/// Shows the form once more, with what is wrong.
async fn ask_again(email: &str, next: &str, errors: FieldErrors) -> Result<(), AppError> {
    // Anybody may leave this behind, so it stays small; no address is longer.
    let email = email.chars().take(256).collect();
    let next = request::local_path(next).unwrap_or_default().to_owned();
    let draft = FormDraft {
        values: [("email".to_owned(), email), ("next".to_owned(), next)].into(),
        errors,
    };
    request::keep_draft("sign-in", draft).await?;
    request::see_other("/sign-in");
    Ok(())
}

#[server(endpoint = "sign_out")]
async fn sign_out() -> Result<(), AppError> {
    crate::request::end_session().await?;
    crate::request::see_other("/sign-in");
    Ok(())
}

/// What the page needs: a refused try, and whether the first admin is still to be made.
async fn sign_in_form(next: String) -> Result<FormDraft, AppError> {
    if kalends::people::setup::is_open(&request::services())
        .await
        .map_err(request::internal)?
    {
        request::see_other("/setup");
    }
    if request::user_if_signed_in().await?.is_some() {
        request::see_other(request::local_path(&next).unwrap_or("/"));
    }
    let mut draft = request::take_draft("sign-in").await?;
    if let Some(next) = request::local_path(&next) {
        draft.values.insert("next".to_owned(), next.to_owned());
    }
    Ok(draft)
}

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let next = move || query.with(|query| query.get("next").unwrap_or_default());
    loaded(
        move || sign_in_form(next()),
        |draft| view! { <SignInForm draft /> },
    )
}

#[component]
fn SignInForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <Frame title="Sign in" narrow=true>
            <form class="form form-narrow" method="post" action=SignIn::url() novalidate>
                <FormNotice errors />
                <Field
                    label="Email"
                    name="email"
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    value=draft.value("email")
                    errors
                />
                <Field label="Password" name="password" kind="password" autocomplete="current-password" errors />
                <input type="hidden" name="next" value=draft.value("next") />
                <button class="button button-primary">"Sign in"</button>
            </form>
        </Frame>
    }
}
