//! The second page of signing in: the code, once the password was right.

use crate::{
    AppError,
    component::{Field, FormNotice, Frame, loaded},
    draft::FormDraft,
    request,
};
use islands::error::FieldErrors;
use kalends::people::two_factor::{self, TwoFactorError};
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

#[server(endpoint = "sign_in_code")]
async fn sign_in_code(#[server(default)] code: Password) -> Result<(), AppError> {
    let Some((user, next)) = request::awaited().await? else {
        request::see_other("/sign-in");
        return Ok(());
    };
    if code.reveal().trim().is_empty() {
        let errors = [("code".to_owned(), "Enter the code.".to_owned())].into();
        return ask_again(errors).await;
    }
    let services = request::services();
    match two_factor::sign_in(&services, &user, &code, &request::visitor()).await {
        Ok(()) => {
            request::start_session(&user).await?;
            request::see_other(request::local_path(&next).unwrap_or("/"));
        }
        Err(TwoFactorError::Failed(error)) => return Err(request::internal(error)),
        // Turned off meanwhile: the password alone is enough now, and is asked for again.
        Err(TwoFactorError::Expired) => request::see_other("/sign-in"),
        Err(refused) => {
            let errors = [(refused.field().to_owned(), refused.to_string())].into();
            return ask_again(errors).await;
        }
    }
    Ok(())
}

async fn ask_again(errors: FieldErrors) -> Result<(), AppError> {
    let draft = FormDraft {
        errors,
        ..FormDraft::default()
    };
    crate::request::keep_draft("sign-in-code", draft).await?;
    crate::request::see_other("/sign-in/code");
    Ok(())
}

async fn sign_in_code_form() -> Result<FormDraft, AppError> {
    if request::awaited().await?.is_none() {
        request::see_other("/sign-in");
    }
    request::take_draft("sign-in-code").await
}

#[component]
pub fn SignInCodePage() -> impl IntoView {
    loaded(sign_in_code_form, |draft| {
        let errors = Signal::stored(draft.errors);
        view! {
            <Frame title="Enter your code" narrow=true>
                <form class="form form-narrow" method="post" action=SignInCode::url() novalidate>
                    <FormNotice errors />
                    <Field
                        label="Code"
                        name="code"
                        autocomplete="one-time-code"
                        hint="Six digits from your authenticator app, or one of your recovery codes."
                        errors
                    />
                    <button class="button button-primary">"Sign in"</button>
                    <p class="field-hint"><a href="/sign-in">"Sign in as somebody else"</a></p>
                </form>
            </Frame>
        }
    })
}
